"""What bounds queries, what is kept of them, and `flamekeep explain`."""

import pathlib
import re
import subprocess
import sys
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from flamekeep import BIN, Server  # noqa: E402

DAY = ("--from", "2026-11-20", "--to", "2026-11-21")


class GuardTest(unittest.TestCase):
    def serve(self, config=""):
        server = Server(config=config)
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def push(self, server, time, lines):
        """Files are imported at once; each is a source of its own."""
        path = server.directory / f"import-{time.replace(':', '')}-{len(lines)}.folded"
        path.write_text("".join(f"{line}\n" for line in lines))
        done = server.run("import", "--site", "eqiad", "--type", "cpu", "--time", time, "-q", path)
        self.assertEqual(done.returncode, 0, done.stderr)

    def metric(self, server, name):
        with urllib.request.urlopen(f"http://{server.http}/metrics") as answer:
            text = answer.read().decode()
        found = re.findall(rf"^flamekeep_{name}(?:\{{[^}}]*\}})? ([0-9.e+]+)$", text, re.M)
        self.assertTrue(found, f"no metric {name}")
        return sum(float(value) for value in found)

    def svg(self, server):
        done = server.run("query", "cpu", *DAY, "--format", "svg", "-o", server.directory / "out.svg")
        self.assertEqual(done.returncode, 0, done.stderr)
        return (server.directory / "out.svg").read_bytes()

    def test_answers_are_kept_until_something_changes(self):
        server = self.serve()
        self.push(server, "2026-11-20T13:00", ["main;a 3", "main;b 1"])
        first = self.svg(server)
        self.assertEqual(self.metric(server, "query_cache_misses_total"), 1)
        self.assertGreater(self.metric(server, "query_cache_bytes"), 0)
        self.push(server, "2026-11-21T13:00", ["main;elsewhere 1"])
        self.assertEqual(self.svg(server), first)
        self.assertEqual(self.metric(server, "query_cache_hits_total"), 1)
        self.push(server, "2026-11-20T03:00", ["main;late 1"])
        self.assertIn(b"late", self.svg(server))
        self.assertEqual(self.metric(server, "query_cache_misses_total"), 2)
        done = server.run("delete", "cpu", "--from", "2026-11-20T03:00", "--to",
                          "2026-11-20T03:01", "--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.svg(server), first)
        for gauge in ("queries_running", "queries_waiting"):
            self.assertEqual(self.metric(server, gauge), 0)

    def test_a_query_over_its_memory_says_what_to_do(self):
        server = self.serve("limits: {query_memory: 16MiB, query_cache_bytes: 0}\n")
        self.push(server, "2026-11-20T13:00",
                  [f"main;f{i % 500};g{i // 500} 1" for i in range(300_000)])
        done = server.run("query", "cpu", *DAY, "--format", "folded")
        self.assertEqual(done.returncode, 1)
        for words in (b"16 MiB", b"shorter range", b"limits.query_memory"):
            self.assertIn(words, done.stderr)
        self.assertEqual(done.stdout, b"")
        # It has given back what it took.
        self.assertEqual(self.metric(server, "query_memory_bytes"), 0)

    def test_budgets_that_contradict_each_other_are_refused(self):
        done = subprocess.run([BIN, "serve", "--data", "/nonexistent/store", "--config", "/dev/stdin"],
                              input=b"limits: {query_memory: 2GiB}\n", stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"limits.all_queries_memory", done.stderr)

    def test_explain_tells_what_is_read(self):
        server = self.serve()
        self.push(server, "2026-11-20T13:00", ["main;a 3", "main;b 1"])
        done = server.run("explain", "cpu", *DAY)
        self.assertEqual(done.returncode, 0, done.stderr)
        text = done.stdout.decode()
        self.assertRegex(text, r"(?m)^  site +level +buckets +from +to +columns +bytes +pairs +why$")
        self.assertRegex(text, r"(?m)^  eqiad +minute .* 1 .* 2  ")
        self.assertIn("reads   1 columns of 1 series", text)
        self.assertIn("time    short", text)
        done = server.run("explain", "nothing", *DAY)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cpu", done.stderr)


if __name__ == "__main__":
    unittest.main()
