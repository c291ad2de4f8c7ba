"""Retention by site, statistics of a store, and deletion, with the real program."""

import json
import os
import pathlib
import pty
import sys
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from flamekeep import BIN, Server, run  # noqa: E402

DAY = "2026-11-20"


def lines(minutes, stacks, hour=13, day=DAY):
    """Lines with their times inside: each stack once in each minute."""
    start = int(time.mktime(time.strptime(f"{day} UTC", "%Y-%m-%d %Z"))) - time.timezone
    out = []
    for minute in minutes:
        microseconds = (start + hour * 3600 + minute * 60) * 1_000_000
        out += [f"{microseconds}\texcimer\t{stack} 1" for stack in stacks]
    return ("\n".join(out) + "\n").encode()


class RetentionTest(unittest.TestCase):
    def ok(self, done):
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout.decode()

    def feed(self, server, site, content, label="host=a"):
        self.ok(server.run("import", "--site", site, "--label", label, "-", stdin=content))

    def status(self, server):
        return json.loads(self.ok(server.run("status", "--json")))

    def test_a_site_keeps_its_minutes_for_its_own_time(self):
        with Server(config="sites: {codfw: {retention: {minute: 1h}}}\n") as server:
            for site in ("eqiad", "codfw"):
                self.feed(server, site, lines(range(60), ["main;a"]))
            begin, end = f"{DAY}T13:10", f"{DAY}T13:20"
            self.assertEqual(server.folded('excimer{site="eqiad"}', begin, end), {b"main;a": 10})
            self.assertEqual(server.folded('excimer{site="codfw"}', begin, end), {b"main;a": 60})
            self.assertEqual(server.folded("excimer", begin, end), {b"main;a": 120})

    def test_stats_of_a_server_and_of_a_directory(self):
        with Server(config="max_bytes: 1GiB\n") as server:
            self.feed(server, "eqiad", lines(range(60), [f"main;f{i}" for i in range(50)]))
            stats = json.loads(self.ok(server.run("store", "stats", "--json")))
            self.assertEqual([site["site"] for site in stats["sites"]], ["eqiad"])
            self.assertEqual(int(stats["dictionary"]["frames"]), 52)
            self.assertFalse(stats["dictionary"]["measured"])
            self.assertEqual(int(stats["forecast"]["limit_bytes"]), 1 << 30)
            self.assertTrue(stats["forecast"]["limit_is_max_bytes"])
            self.assertEqual({family["name"] for family in stats["families"]},
                             {"default", "dictionary", "minute", "hour", "day", "month", "year"})
            self.assertIn("max_bytes of 1.1 GB", self.ok(server.run("store", "stats")))
            self.assertIn("max_bytes is 1.1 GB", self.ok(server.run("status")))
            self.assertEqual(self.status(server)["store"]["cap"]["unmet_bytes"], "0")

            ready = json.loads((server.directory / "ready.json").read_text())
            page = urllib.request.urlopen(f"http://{ready['http']}/metrics").read().decode()
            self.assertIn('flamekeep_store_seconds_to_full{limit="max_bytes"', page)
            self.assertIn("flamekeep_store_max_bytes", page)
            self.assertIn("flamekeep_store_cap_unmet_bytes", page)

            self.assertEqual(run("store", "stats", server.store).returncode, 1)  # in use
            self.assertEqual(server.stop(), 0)
            offline = json.loads(self.ok(run("store", "stats", server.store, "--json")))
            self.assertEqual(offline["dictionary"]["stacks"], stats["dictionary"]["stacks"])
            self.assertNotIn("forecast", {key for key, value in offline.items() if value})
            self.assertIn("give --config", self.ok(run("store", "stats", server.store)))
            config = server.directory / "config.yaml"
            self.assertIn("max_bytes of 1.1 GB",
                          self.ok(run("store", "stats", server.store, "--config", config)))

    def test_delete_takes_a_selection_and_nothing_else(self):
        with Server() as server:
            self.feed(server, "eqiad", lines(range(60), ["main;open", "main;secret"]), "host=a")
            self.feed(server, "eqiad", lines(range(60), ["main;open"]), "host=b")
            wanted = ("delete", 'excimer{host="a"}', "--from", f"{DAY}T13:10", "--to",
                      f"{DAY}T13:40")
            done = server.run(*wanted)
            self.assertEqual(done.returncode, 2)
            self.assertIn(b"--yes", done.stderr)
            self.assertIn("60 samples in 30 columns of 1 series would go",
                          self.ok(server.run(*wanted, "--dry-run")))
            before = server.folded("excimer", DAY, "2026-11-21")
            out = self.ok(server.run(*wanted, "--yes"))
            self.assertIn("deleted 60 samples in 30 columns of 1 series; 0 names", out)
            self.assertIn("backups elsewhere", out)
            self.assertEqual(server.folded("excimer", DAY, "2026-11-21"),
                             {b"main;open": before[b"main;open"] - 30, b"main;secret": 30})
            self.assertEqual(server.folded('excimer{host="b"}', f"{DAY}T13:10", f"{DAY}T13:40"),
                             {b"main;open": 30})
            done = server.run(*wanted, "--yes")
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"there is nothing to delete", done.stderr)
            out = self.ok(server.run("delete", 'excimer{host="a"}', "--from", DAY, "--to",
                                     "2026-11-21", "--yes"))
            self.assertIn("1 names", out)
            # It may come again; the cache of the decoder still knows it.
            self.feed(server, "eqiad", lines([1], ["main;secret"], hour=15), "host=c")
            server.kill()
            server.start()
            self.assertEqual(server.folded("excimer", DAY, "2026-11-21"),
                             {b"main;open": 60, b"main;secret": 1})
            self.assertEqual(server.stop(), 0)
            self.assertIn("sound", self.ok(run("store", "check", server.store)))

    def test_delete_asks_at_a_terminal(self):
        with Server() as server:
            self.feed(server, "eqiad", lines(range(3), ["main;a"]))
            for answer, code, left in ((b"no\n", 1, {b"main;a": 3}), (b"delete\n", 0, {})):
                process, terminal = pty.fork()
                if process == 0:
                    os.execve(BIN, [BIN, "delete", "excimer", "--from", DAY, "--to", "2026-11-21",
                                    "--server", server.grpc], os.environ)
                shown = b""
                while b"Type" not in shown:
                    shown += os.read(terminal, 4096)
                self.assertIn(b"3 samples in 3 columns of 1 series go for good", shown)
                os.write(terminal, answer)
                try:
                    while os.read(terminal, 4096):
                        pass
                except OSError:
                    pass  # the terminal's other end is closed
                self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), code)
                os.close(terminal)
                self.assertEqual(server.folded("excimer", DAY, "2026-11-21"), left)

    def test_delete_refuses_an_edge_that_is_too_fine(self):
        with Server(config="sites: {eqiad: {retention: {minute: 1h}}}\n") as server:
            self.feed(server, "eqiad", lines(range(60), ["main;a"]))
            done = server.run("delete", "excimer", "--from", f"{DAY}T13:10", "--to",
                              f"{DAY}T15:00", "--yes")
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"delete {DAY}T13:00Z to {DAY}T15:00Z".encode(), done.stderr)
            self.assertEqual(server.folded("excimer", DAY, "2026-11-21"), {b"main;a": 60})

    def test_delete_is_finished_after_a_kill(self):
        with Server() as server:
            stacks = [f"main;f{i}" for i in range(30)]
            for hour in range(4):
                self.feed(server, "eqiad", lines(range(60), stacks, hour=hour))
            everything = server.folded("excimer", DAY, "2026-11-21")
            nothing_yet = True
            for attempt in range(20):
                deleting = server.start_command("delete", "excimer", "--from", f"{DAY}T01:10",
                                                "--to", f"{DAY}T03:20", "--yes")
                # The kill comes a little later each time, until it finds the deletion recorded.
                deadline = time.monotonic() + attempt * 0.02
                while time.monotonic() < deadline and deleting.poll() is None:
                    pass
                server.kill()
                deleting.communicate()
                server.start()
                begun = self.status(server)["store"]["deleting"]
                sums = server.folded("excimer", f"{DAY}T01:10", f"{DAY}T03:20")
                if sums:
                    self.assertFalse(begun)
                    self.assertEqual(sums, {stack.encode(): 130 for stack in stacks})
                    self.assertEqual(server.folded("excimer", DAY, "2026-11-21"), everything)
                    continue
                nothing_yet = False
                break
            self.assertFalse(nothing_yet)
            deadline = time.monotonic() + 60
            while self.status(server)["store"]["deleting"]:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.02)
            self.assertEqual(server.folded("excimer", DAY, "2026-11-21"),
                             {stack.encode(): 240 - 130 for stack in stacks})
            self.assertEqual(server.stop(), 0)
            self.assertIn("sound", self.ok(run("store", "check", server.store)))


if __name__ == "__main__":
    unittest.main()
