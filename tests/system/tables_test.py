"""top, search, sandwich and compare against a real server, real samples, and a plain count."""

import csv
import fcntl
import io
import json
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import termios
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from flamekeep import BIN, Server, entry_point  # noqa: E402

SAMPLE = "data/mediawiki-sample.messages.zst"
RANGE = ("--from", "2026-11-01", "--to", "2026-12-01")


def stacks(channel):
    """The recorded stacks of a channel, with their values."""
    text = subprocess.run(["zstd", "-dcq", SAMPLE], stdout=subprocess.PIPE, check=True).stdout
    total = {}
    for line in text.splitlines():
        _, line_channel, folded = line.split(b"\t", 2)
        if line_channel == channel:
            stack, _, count = folded.rpartition(b" ")
            frames = tuple(f for f in stack.decode().split(";") if f)
            total[frames] = total.get(frames, 0) + int(count)
    return total


def sandwich_half(stacks, function, callers):
    """(depth, name) -> total, by each stack's outermost call of the function; names as a path."""
    boxes = {}
    for frames, value in stacks.items():
        if function not in frames:
            continue
        call = frames.index(function)
        path = frames[call::-1] if callers else frames[call:]
        for depth in range(1, len(path) + 1):
            boxes[path[:depth]] = boxes.get(path[:depth], 0) + value
    return boxes


class TablesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.start()
        done = cls.server.run("import", "--quiet", "--site", "eqiad", SAMPLE)
        assert done.returncode == 0, done.stderr
        cls.stacks = stacks(b"excimer-wall")
        cls.total = sum(cls.stacks.values())
        cls.self_of, cls.total_of = {}, {}
        for frames, value in cls.stacks.items():
            cls.self_of[frames[-1]] = cls.self_of.get(frames[-1], 0) + value
            for function in set(frames):
                cls.total_of[function] = cls.total_of.get(function, 0) + value

    @classmethod
    def tearDownClass(cls):
        cls.server.kill()
        cls.server.__exit__()

    def ask(self, *args, code=0):
        done = self.server.run(*args, *RANGE)
        self.assertEqual(done.returncode, code, done.stderr.decode())
        return done.stdout.decode()

    def rows(self, *args):
        return list(csv.DictReader(io.StringIO(self.ask(*args, "--format", "csv"), newline="")))

    def test_top_is_exact(self):
        for by, values in (("self", self.self_of), ("total", self.total_of)):
            rows = self.rows("top", "excimer-wall", "--by", by, "--limit", 100000)
            self.assertEqual({r["function"]: int(r["total"]) for r in rows}, self.total_of)
            self.assertEqual({r["function"]: int(r["self"]) for r in rows if r["self"] != "0"},
                             self.self_of)
            order = sorted(self.total_of, key=lambda f: (-values.get(f, 0), f.encode()))
            self.assertEqual([r["function"] for r in rows], order)
            self.assertAlmostEqual(float(rows[0][by + "_share"]),
                                   values[order[0]] / self.total)

    def test_limits_tell_what_they_leave_out(self):
        done = self.server.run("top", "excimer-wall", *RANGE, "--limit", 3, "--format", "jsonl")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(rows), 3)
        self.assertIn(f"{len(self.total_of) - 3} more rows", done.stderr.decode())
        text = self.ask("top", "excimer-wall", "--limit", 3)
        rest = self.total - sum(row["self"] for row in rows)
        self.assertIn(f"{len(self.total_of) - 3:,} more functions, with {rest:,} ", text)

    def test_top_fails_above_a_share(self):
        worst = max(self.self_of, key=self.self_of.get)
        share = 100 * self.self_of[worst] / self.total
        for limit, code in ((f"{share + 0.01}%", 0), (f"{share - 0.01}%", 3),
                            (str(share / 100 - 0.001), 3), ("100%", 0), ("0%", 3)):
            done = self.server.run("top", "excimer-wall", *RANGE, "--fail-above", limit)
            self.assertEqual(done.returncode, code, limit)
            self.assertIn(worst, done.stdout.decode())  # the table stands in any case
            self.assertEqual(worst in done.stderr.decode(), code == 3)
        # Only the functions that are shown count.
        self.ask("top", "excimer-wall", "--fail-above", f"{share - 0.01}%",
                 "--function", "^" + re.escape(worst).replace("\\:", ":") + "$", code=3)
        self.ask("top", "excimer-wall", "--fail-above", "0%", "--function", "no such function")
        self.ask("top", "excimer-wall", "--fail-above", "2", code=2)

    def test_search_counts_each_sample_once(self):
        rows = self.rows("search", "Rdbms", "excimer-wall", "--limit", 100000)
        want = {f: n for f, n in self.total_of.items() if "Rdbms" in f}
        self.assertEqual({r["function"]: int(r["total"]) for r in rows}, want)
        matched = sum(n for frames, n in self.stacks.items() if any("Rdbms" in f for f in frames))
        text = self.ask("search", "Rdbms", "excimer-wall", "--limit", 1)
        self.assertIn(f"{len(want):,} functions match; {matched:,} ({100 * matched / self.total:.2f}%)",
                      text)
        self.assertIn("0 functions match; 0 (0.00%)", self.ask("search", "no such", "excimer-wall"))
        self.ask("search", "(", "excimer-wall", code=2)

    def test_sandwich_is_exact(self):
        # One that calls itself.
        function = max((f for frames in self.stacks for f in frames if frames.count(f) > 1),
                       key=self.total_of.get)
        rows = self.rows("sandwich", function, "excimer-wall", "--exact", "--min-share", "0%")
        for side in ("callers", "callees"):
            want = sandwich_half(self.stacks, function, side == "callers")
            path, got = [], {}
            for row in rows:
                if row["side"] == side:
                    path = path[:int(row["depth"]) - 1] + [row["function"]]
                    got[tuple(path)] = int(row["total"])
            self.assertEqual(len(got), len(want))
            self.assertEqual(got, want)
        text = self.ask("sandwich", function, "excimer-wall", "--exact")
        self.assertIn(f"{function}: {self.total_of[function]:,} (", text)
        self.assertIn("Who calls it:", text)
        self.assertIn("more, with", text)  # what is too small is counted
        done = self.server.run("sandwich", "nobody", "excimer-wall", *RANGE)
        self.assertEqual(done.returncode, 0)
        self.assertIn("no sample holds nobody", done.stderr.decode())

    def test_compare_is_exact(self):
        rows = self.rows("compare", "excimer-wall", "--by", "entry_point", "--function", "Rdbms")
        want = {}
        for frames, value in self.stacks.items():
            tag = (entry_point(";".join(frames).encode()) or b"").decode()
            total, part = want.get(tag, (0, 0))
            want[tag] = (total + value, part + value * any("Rdbms" in f for f in frames))
        self.assertEqual({r["value"]: (int(r["total"]), int(r["function_total"])) for r in rows}, want)
        done = self.server.run("compare", "excimer-wall", "--by", "nothing", *RANGE)
        self.assertEqual(done.returncode, 1)
        self.assertIn("entry_point, site", done.stderr.decode())

    def test_frame_filters_come_first(self):
        rows = self.rows("top", "excimer-wall", "--drop", "Rdbms", "--limit", 100000)
        want = {}
        for frames, value in self.stacks.items():
            if not any("Rdbms" in f for f in frames):
                for function in set(frames):
                    want[function] = want.get(function, 0) + value
        self.assertEqual({r["function"]: int(r["total"]) for r in rows}, want)

    def test_a_terminal_gets_what_fits_and_nothing_it_obeys(self):
        done = self.server.run("import", "--quiet", "--site", "lab", "--time", "2026-11-20T13:00",
                               "--type", "evil", "-", stdin=b"main;red\x1b[31m" + b"x" * 300 + b" 1\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 90, 0, 0))
        subprocess.run([BIN, "top", "evil", *RANGE], stdout=slave, check=True,
                       env={**os.environ, "FLAMEKEEP_SERVER": self.server.grpc})
        os.close(slave)
        text = os.read(master, 65536).decode()
        os.close(master)
        table = text.split("\r\n\r\n")[0].splitlines()
        self.assertEqual(len(table), 3, text)
        self.assertLessEqual(max(map(len, table)), 90, text)
        self.assertNotIn("\x1b", text)
        self.assertIn("#####", text)


if __name__ == "__main__":
    unittest.main()
