"""What live sources have made final is changed by `import --amend` only."""

import json
import pathlib
import sys
import tempfile
import time
import unittest

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from flamekeep import Server, sums, wait_for  # noqa: E402
from protocol import generate  # noqa: E402
from redis_server import Redis  # noqa: E402


class AmendTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="flamekeep-amend-")
        cls.addClassCleanup(directory.cleanup)
        generate(directory.name)

    def setUp(self):
        self.redis = Redis()
        self.addCleanup(self.redis.close)
        self.server = Server(config=f'sites: {{lab: "redis://127.0.0.1:{self.redis.port}"}}\n')
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        directory = tempfile.TemporaryDirectory(prefix="flamekeep-amend-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def stored(self, selector):
        done = self.server.run("query", selector, "--from", "now-7d", "--to", "now+1h", "--format",
                               "folded")
        return sums(done.stdout.splitlines())

    def complete_through(self):
        """Unix seconds; 0: nothing is yet."""
        from flamekeep.v1 import query_pb2, query_pb2_grpc
        now = int(time.time())
        channel = grpc.insecure_channel(self.server.grpc)
        with channel:
            graph = query_pb2_grpc.QueryServiceStub(channel).FlameGraph(
                query_pb2.FlameGraphRequest(selection={
                    "selector": "excimer",
                    "range": {"begin": {"seconds": now - 3600}, "end": {"seconds": now + 60}}}))
        return graph.coverage.complete_through.seconds

    def wait_until_final(self):
        """Until the channel is complete through a moment after its first sample, which is returned:
        its minute is final in part."""
        wait_for(lambda: self.redis.command("PUBLISH", "excimer", "main;live 1") == 1,
                 "the subscription")
        heard = int(time.time()) + 1
        wait_for(lambda: self.stored("excimer") != {}, "the sample")
        wait_for(lambda: self.complete_through() > heard, "progress")
        return heard

    def run_import(self, *args, stdin):
        return self.server.run("import", "--site", "lab", *args, "-", stdin=stdin)

    def test_what_is_final_is_changed_by_amend_only(self):
        now = self.wait_until_final()
        timed = b"%d\texcimer\tmain;late 1\n" % (now * 1000000)
        refused = self.run_import(stdin=timed)
        self.assertEqual(refused.returncode, 1)
        for text in (b"excimer:samples:count::", b"site lab", b"--amend", b"final"):
            self.assertIn(text, refused.stderr)
        refused = self.run_import("--time", now, "--type", "excimer", "--resolution", "hour",
                                  stdin=b"main;late 1\n")
        self.assertEqual(refused.returncode, 1)
        self.assertIn(b"--amend", refused.stderr)
        # Before it, and of another type, freely.
        before = self.run_import("--time", "now-2d", "--type", "excimer", stdin=b"main;old 1\n")
        self.assertEqual(before.returncode, 0, before.stderr)
        other = self.run_import("--time", now, "--type", "other", stdin=b"main;other 1\n")
        self.assertEqual(other.returncode, 0, other.stderr)
        self.assertNotIn(b"main;late", self.stored("excimer"))

        amended = self.run_import("--amend", stdin=timed)
        self.assertEqual(amended.returncode, 0, amended.stderr)
        self.assertEqual(self.stored("excimer")[b"main;late"], 1)
        self.assertIn("--amend", self.server.log())
        counters = json.loads(self.server.run("status", "--json").stdout)["counters"]
        self.assertEqual([int(row["value"]) for row in counters
                          if row["name"].endswith("storage_amendments_total")], [1])

    def test_the_history_of_a_running_arc_lamp_imports(self):
        hour = self.wait_until_final() // 3600 * 3600
        logs = self.directory / "logs/hourly"
        logs.mkdir(parents=True)
        for back in (3, 2, 1, 0):
            name = time.strftime("%Y-%m-%d_%H", time.gmtime(hour - back * 3600))
            (logs / f"{name}.excimer.all.log").write_bytes(b"main;log 1\n")
        until = time.strftime("%Y-%m-%dT%H:00", time.gmtime(hour))
        for _ in range(2):
            done = self.server.run("import", "--site", "lab", "--arclamp", self.directory / "logs",
                                   "--until", until)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.stored("excimer")[b"main;log"], 3)
        # The hour in which the channel was heard would count twice.
        done = self.server.run("import", "--site", "lab", "--arclamp", self.directory / "logs")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"--amend", done.stderr)
        self.assertEqual(self.stored("excimer")[b"main;log"], 3)


if __name__ == "__main__":
    unittest.main()
