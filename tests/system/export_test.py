"""`flamekeep export` with the real program: what it writes adds up to the folded answer, a run that
is killed is finished by the next one with the same bytes, and only what has changed is written again.
Rows are read by zstd and Python's json; by DuckDB where its module is installed."""

import collections
import gzip
import hashlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from flamekeep import Server, sums, wait_for  # noqa: E402

try:
    import duckdb
except ImportError:
    duckdb = None

DAYS = [f"2026-11-{day:02}" for day in range(10, 22)]
RANGE = ("--from", DAYS[0], "--to", "2026-11-22")
MANIFEST = "_flamekeep.tsv"


def folded_lines(seed, stacks):
    """Folded text with tails of different lengths."""
    pick = random.Random(seed)
    lines = []
    for _ in range(stacks):
        entry = pick.choice(["index", "api", "load"])
        path = ";".join(f"Class{pick.randrange(40)}::method{pick.randrange(9)}" for _ in range(pick.randrange(1, 30)))
        lines.append(f"/srv/w/{entry}.php;{path} {pick.randrange(1, 50)}\n")
    return "".join(lines).encode()


def zstd(path):
    return subprocess.run(["zstd", "-dcq", str(path)], stdout=subprocess.PIPE, check=True).stdout


def read(path):
    data = path.read_bytes()
    if path.suffix == ".zst":
        return zstd(path)
    return gzip.decompress(data) if path.suffix == ".gz" else data


def files(directory):
    """Digest by name, of all but the manifest."""
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(directory.rglob("*")) if path.is_file()}


def rows(directory):
    found = []
    for path in sorted(directory.rglob("part-0.jsonl*")):
        for line in read(path).splitlines():
            row = json.loads(line)
            found.append(row)
            assert f"site={row['site']}/day={row['begin'][:10]}" in str(path), (path, row)
    return found


def row_sums(found):
    total = collections.Counter()
    for row in found:
        stack = row["stack"] if isinstance(row["stack"], str) else ";".join(row["stack"])
        total[stack.encode()] += row["value"]
    return dict(total)


class ExportTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="flamekeep-export-")
        cls.addClassCleanup(directory.cleanup)
        cls.server = cls.enterClassContext(Server())
        cls.directory = pathlib.Path(directory.name)
        for number, day in enumerate(DAYS):
            for site in ("eqiad", "codfw"):
                for hour in ("03:07", "03:59", "17:00"):
                    cls.import_(f"{site}{number}{hour}", site, f"{day}T{hour}")
        cls.import_("of a day", "eqiad", DAYS[3], "--resolution", "day")

    @classmethod
    def import_(cls, seed, site, when, *args, stacks=300):
        path = cls.directory / "in.folded"
        path.write_bytes(folded_lines(seed, stacks))
        done = cls.server.run("import", "--site", site, "--type", "cpu", "--time", when, *args, str(path))
        if done.returncode != 0:
            raise AssertionError(done.stderr.decode())

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="flamekeep-export-out-")
        self.addCleanup(directory.cleanup)
        self.out = pathlib.Path(directory.name) / "out"

    def export(self, *args, out=None, code=0, selector="cpu", time_range=RANGE):
        done = self.server.run("export", selector, *time_range, "--output", out or self.out, *args)
        self.assertEqual(done.returncode, code, done.stderr.decode())
        return (done.stdout if code == 0 else done.stderr).decode()

    def test_rows_add_up_to_the_folded_answer(self):
        expected = self.server.folded("cpu", DAYS[0], "2026-11-22")
        for level, args in (("hour", ()), ("minute", ("--level", "minute", "--stacks", "text", "--compress", "gz")),
                            ("day", ("--level", "day", "--compress", "none"))):
            out = self.out / level
            said = self.export(*args, out=out)
            found = rows(out)
            self.assertEqual(row_sums(found), expected, level)
            self.assertIn(f"{len(found):,} rows of {sum(expected.values()):,} count in 24 files", said)
            coarse = {"eqiad/2026-11-13"} if level != "day" else set()
            for row in found:
                day = f"{row['site']}/{row['begin'][:10]}"
                self.assertEqual(row["level"], "day" if day in coarse else level, row)
                self.assertEqual(row["profile_type"], "cpu:samples:count::")
                self.assertEqual(set(row["labels"]), {"entry_point"})
            if level == "minute":
                begins = {row["begin"] for row in found if row["begin"].startswith("2026-11-12")}
                self.assertEqual(begins, {f"2026-11-12T{t}:00Z" for t in ("03:07", "03:59", "17:00")})
            self.assertEqual({row["labels"]["entry_point"] for row in found}, {"index", "api", "load"})

    def test_selectors_and_filters(self):
        selector = 'cpu{site="codfw",entry_point="api"}'
        self.export("--keep", "Class7::", selector=selector)
        expected = sums(self.server.run("query", selector, *RANGE, "--keep", "Class7::").stdout.splitlines())
        self.assertGreater(len(expected), 10)
        self.assertEqual(row_sums(rows(self.out)), expected)
        self.assertEqual(sorted(os.listdir(self.out)), [MANIFEST, "site=codfw"])

    def test_a_second_run_writes_nothing(self):
        self.export()
        before = files(self.out)
        stamps = {path: path.stat().st_mtime_ns for path in self.out.rglob("part*")}
        self.assertIn("0 written, 24 as before", self.export())
        self.assertEqual(files(self.out), before)
        self.assertEqual({path: path.stat().st_mtime_ns for path in self.out.rglob("part*")}, stamps)
        # One that is damaged in its size is written again.
        victim = self.out / "site=eqiad/day=2026-11-15/part-0.jsonl.zst"
        victim.write_bytes(b"short")
        self.assertIn("1 written, 23 as before", self.export())
        self.assertEqual(files(self.out), before)
        # Written in another way, nothing stays of the old one.
        self.assertIn("24 written", self.export("--compress", "gz"))
        self.assertEqual(len(list(self.out.rglob("part*"))), 24)

    def test_killed_again_and_again(self):
        whole = self.out / "whole"
        self.export("--level", "minute", out=whole)
        expected = files(whole)
        broken = self.out / "broken"
        kills = 0
        for patience in range(1, 100):
            command = self.server.start_command("export", "cpu", *RANGE, "--level", "minute",
                                                "--output", str(broken))
            time.sleep(0.01 * patience)
            ended = command.poll() is not None
            command.send_signal(signal.SIGKILL)
            command.communicate()
            if ended:
                break
            kills += 1
        self.assertGreater(kills, 0)
        self.export("--level", "minute", out=broken)
        self.assertEqual(files(broken), expected)

    def test_goes_on_when_the_server_comes_back(self):
        with Server() as server:
            # On a port that it keeps.
            done = server.run("import", "--site", "eqiad", "--type", "cpu", "--time", DAYS[0], "-",
                              stdin=folded_lines("x", 2000))
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            for day in DAYS[1:]:
                server.run("import", "--site", "eqiad", "--type", "cpu", "--time", day, "-",
                           stdin=folded_lines(day, 2000))
            command = server.start_command("export", "cpu", *RANGE, "--level", "minute", "--output", str(self.out))
            manifest = self.out / MANIFEST
            wait_for(lambda: manifest.exists() and manifest.read_bytes().count(b"\n") > 2, "partitions")
            # In order, and without waiting for the whole export.
            started = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - started, 15)
            server.start()
            _, errors = command.communicate(timeout=120)
            self.assertEqual(command.returncode, 0, errors.decode())
            self.assertEqual(row_sums(rows(self.out)), server.folded("cpu", DAYS[0], "2026-11-22"))

    def test_what_has_changed_is_written_and_what_is_gone_removed(self):
        with Server() as server:
            for day in DAYS[:4]:
                server.run("import", "--site", "eqiad", "--type", "cpu", "--time", day + "T05:00", "-",
                           stdin=folded_lines(day, 50))
            command = ("export", "cpu", *RANGE, "--output", str(self.out))
            self.assertEqual(server.run(*command).returncode, 0)
            server.run("import", "--site", "eqiad", "--type", "cpu", "--time", DAYS[1] + "T09:00", "-",
                       stdin=folded_lines("late", 50))
            done = server.run("delete", "cpu", "--from", DAYS[2], "--to", DAYS[3], "--yes")
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            done = server.run(*command)
            self.assertIn(b"1 written, 2 as before, 1 removed", done.stdout)
            self.assertEqual(sorted(os.listdir(self.out / "site=eqiad")),
                             [f"day={day}" for day in (DAYS[0], DAYS[1], DAYS[3])])
            self.assertEqual(row_sums(rows(self.out)), server.folded("cpu", DAYS[0], "2026-11-22"))

    def test_days_are_not_made_less(self):
        part = ("--from", DAYS[0], "--to", DAYS[1] + "T12:00")
        self.export(time_range=part)
        self.export(time_range=("--from", DAYS[1], "--to", "2026-11-13"))
        before = files(self.out)
        said = self.export(code=1, time_range=("--from", DAYS[1] + "T02:00", "--to", DAYS[2]))
        self.assertIn("do not cut the day", said)
        self.assertEqual(files(self.out), before)
        self.assertEqual(row_sums(rows(self.out)), self.server.folded("cpu", DAYS[0], "2026-11-13"))

    def test_whole_files(self):
        expected = self.server.folded("cpu", DAYS[0], "2026-11-22")
        for name in ("all.folded", "all.folded.zst", "all.folded.gz"):
            path = self.out / name
            self.export("--format", "folded", out=path)
            self.assertEqual(sums(read(path).splitlines()), expected)
        self.export("--format", "pprof", out=self.out / "all.pb.gz")
        self.assertEqual((self.out / "all.pb.gz").read_bytes()[:2], b"\x1f\x8b")
        self.assertEqual(len(os.listdir(self.out)), 4)

    def test_the_manifest_tells_what_the_files_stand_on(self):
        self.export()
        head, *lines = (self.out / MANIFEST).read_text().splitlines()
        version, question = head.split("\t")
        self.assertEqual(version, "flamekeep export 2")
        self.assertEqual(json.loads(question)["selector"], "cpu")
        self.assertEqual(json.loads(question)["level"], "hour")
        kinds = [line.split("\t")[0] for line in lines]
        self.assertEqual(kinds, ["range"] + ["part"] * 24)
        whole = lines[0].split("\t")
        self.assertRegex(whole[-1], "^[0-9a-f]{32}$")
        # A range inside of it is one more; the whole again takes its place.
        part = ("--from", DAYS[1], "--to", DAYS[3])
        self.assertNotIn("removed", self.export(time_range=part))
        lines = (self.out / MANIFEST).read_text().splitlines()
        self.assertEqual([line.split("\t")[0] for line in lines[1:4]], ["range", "range", "part"])
        self.export()
        self.assertEqual((self.out / MANIFEST).read_text().splitlines()[1].split("\t"), whole)
        (self.out / MANIFEST).write_text("flamekeep export 1\t\"cpu\"\n" + lines[-1] + "\n")
        self.assertIn("was not written by this version", self.export(code=1))

    def test_what_can_not_be(self):
        self.assertIn("name a directory", self.export(out="-", code=2))
        self.assertIn("--level", self.export("--format", "folded", "--level", "day", code=2))
        self.assertIn("--compress", self.export("--format", "pprof", "--compress", "gz", code=2))
        file = self.directory / "a file"
        file.touch()
        self.assertIn("is a file", self.export(out=file, code=2))
        self.export()
        self.assertIn("is a directory", self.export("--format", "folded", code=2))
        self.assertIn("another selection", self.export("--level", "minute", code=1))
        self.assertIn("no profile type", self.export(selector="nothing", out=self.out / "x", code=1))

    @unittest.skipUnless(duckdb, "there is no duckdb")
    def test_duckdb(self):
        self.export()
        found = duckdb.sql(f"select site, day, stack[-1], value from "
                           f"read_json('{self.out}/*/*/*.zst', hive_partitioning = true)").fetchall()
        self.assertEqual(sum(row[3] for row in found),
                         sum(self.server.folded("cpu", DAYS[0], "2026-11-22").values()))
        self.assertEqual({row[0] for row in found}, {"eqiad", "codfw"})


if __name__ == "__main__":
    unittest.main()
