"""A disk that is full: writes wait and say so, queries go on, nothing is lost or counted twice. The
kernel's limit on the size of a file stands for the disk."""

import json
import pathlib
import resource
import sys
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from flamekeep import Server  # noqa: E402

TIME = "2026-11-20T12:00:00Z"
RANGE = ("2026-11-20", "2026-11-21")


class FullDiskTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(config="limits: {drain_timeout: 2s}\n")
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.commands = []
        self.addCleanup(self.end_commands)
        ready = json.loads((self.server.directory / "ready.json").read_text())
        self.pid, self.http = ready["pid"], ready["http"]

    def limit_files(self, size):
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://{self.http}{path}", timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def wait_for(self, status):
        deadline = time.monotonic() + 30
        while (answer := self.get("/readyz"))[0] != status:
            self.assertLess(time.monotonic(), deadline, answer)
            time.sleep(0.05)
        return answer[1]

    def file(self, name, text):
        path = self.server.directory / name
        path.write_text(text)
        return path

    def start_import(self, path):
        command = self.server.start_command("import", "--site", "eqiad", "--type", "wall",
                                            "--time", TIME, path)
        self.commands.append(command)
        return command

    def end_commands(self):
        for command in self.commands:
            command.kill()
            command.communicate()

    def folded(self):
        return self.server.folded("wall", *RANGE)

    def test_writes_wait_and_go_on(self):
        first = self.start_import(self.file("first.log", "main;a 1\n"))
        self.assertEqual(first.wait(timeout=60), 0)
        self.limit_files(1)
        second = self.start_import(self.file("second.log", "main;a 10\nmain;b 1\n"))
        reason = self.wait_for(503)
        self.assertRegex(reason, r"\Athe store can not write: [^\n]+\n\Z")
        self.assertEqual(self.get("/healthz")[0], 200)
        metrics = self.get("/metrics")[1]
        self.assertIn("\nflamekeep_store_writable 0\n", metrics)
        self.assertIn('\nflamekeep_store_seconds_to_full{limit="disk"} 0\n', metrics)
        status = json.loads(self.server.run("status", "--json").stdout)
        self.assertTrue(status["store"]["write_error"])
        self.assertEqual(self.folded(), {b"main;a": 1})
        self.assertIsNone(second.poll())

        self.limit_files(resource.RLIM_INFINITY)
        self.assertEqual(second.wait(timeout=60), 0)
        self.wait_for(200)
        self.assertEqual(self.folded(), {b"main;a": 11, b"main;b": 1})
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        self.assertEqual(self.folded(), {b"main;a": 11, b"main;b": 1})

    def test_a_server_that_can_not_write_still_ends(self):
        first = self.start_import(self.file("first.log", "main;a 1\n"))
        self.assertEqual(first.wait(timeout=60), 0)
        self.limit_files(1)
        second = self.start_import(self.file("second.log", "main;a 10\n"))
        self.wait_for(503)
        begin = time.monotonic()
        self.assertNotEqual(self.server.stop(), 0)
        self.assertLess(time.monotonic() - begin, 40)
        self.end_commands()
        self.server.start()
        self.assertEqual(self.folded(), {b"main;a": 1})
        third = self.start_import(self.file("second.log", "main;a 10\n"))
        self.assertEqual(third.wait(timeout=60), 0)
        self.assertEqual(self.folded(), {b"main;a": 11})

    def test_a_server_that_starts_on_a_full_disk_reads_and_then_writes(self):
        first = self.start_import(self.file("first.log", "main;a 1\n"))
        self.assertEqual(first.wait(timeout=60), 0)
        self.server.kill()
        # Room for the ready file, and for nothing that RocksDB writes.
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (128, limits[1]))
        try:
            self.server.start()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        self.pid, self.http = self.server.pid, self.server.http
        self.assertRegex(self.get("/readyz")[1], r"\Athe store can not write: [^\n]+\n\Z")
        self.assertEqual(self.get("/healthz")[0], 200)
        self.assertEqual(self.folded(), {b"main;a": 1})
        second = self.start_import(self.file("second.log", "main;a 10\n"))
        time.sleep(1)
        self.assertIsNone(second.poll())
        self.assertEqual(self.get("/readyz")[0], 503)

        self.limit_files(resource.RLIM_INFINITY)
        self.assertEqual(second.wait(timeout=60), 0)
        self.wait_for(200)
        self.assertEqual(self.folded(), {b"main;a": 11})
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        self.assertEqual(self.folded(), {b"main;a": 11})


if __name__ == "__main__":
    unittest.main(verbosity=2)
