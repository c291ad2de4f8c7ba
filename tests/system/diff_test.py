"""`flamekeep diff`: with the real program, a server and the shell around it."""

import csv
import io
import json
import pathlib
import sys
import unittest
import xml.etree.ElementTree as xml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from flamekeep import Server  # noqa: E402

MINUTES = 8


class DiffTest(unittest.TestCase):
    """Eight minutes from 13:00 on, and eight from 14:00 on, in which parse takes 10 points more."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__)
        for hour, parse, steady in ((13, 200, 100), (14, 300, 95)):
            for minute in range(MINUTES):
                cls.push(f"2026-11-20T{hour}:{minute:02}", parse + minute, steady)

    @classmethod
    def push(cls, time, parse, steady):
        path = cls.server.directory / f"{time.replace(':', '')}.folded"
        path.write_text("".join(
            ["main;parse 1\n"] * parse + ["main;steady 1\n"] * steady +
            ["main;query 1\n"] * (800 - parse - steady)))
        done = cls.server.run("import", "--site", "eqiad", "--type", "cpu", "--time", time, "-q",
                              path)
        assert done.returncode == 0, done.stderr

    def diff(self, *arguments, code=0, baseline=("--baseline-from", "2026-11-20T13:00",
                                                 "--baseline-to", "2026-11-20T13:08")):
        done = self.server.run("diff", "cpu", "--from", "2026-11-20T14:00", "--to",
                               "2026-11-20T14:08", *baseline, *arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def test_table(self):
        lines = self.diff().stdout.decode().splitlines()
        self.assertEqual(lines[0].split(), ["baseline", "now", "points", "p", "verdict", "function"])
        self.assertRegex(lines[1], r"^ +25\.\d\d% +37\.\d\d% +\+12\.50 +[\d.e-]+  beyond noise  parse$")
        self.assertRegex(lines[2], r"^ +62\.\d\d% +50\.\d\d% +-11\.8\d +[\d.e-]+  beyond noise  query$")
        self.assertRegex(lines[3], r"^ +12.50%  +11.8\d%   -0.6\d +[\d.]+  noise +steady$")
        self.assertIn("2 of 4 functions beyond noise", lines)
        self.assertEqual(self.diff("--limit", "1").stdout.decode().count("noise  "), 1)

    def test_rows_for_programs(self):
        rows = list(csv.DictReader(io.StringIO(self.diff("--format", "csv").stdout.decode())))
        self.assertEqual([row["function"] for row in rows], ["parse", "query", "steady", "main"])
        self.assertEqual(rows[0]["total_verdict"], "beyond_noise")
        self.assertAlmostEqual(float(rows[0]["total_difference"]), 0.125)
        self.assertEqual(int(rows[0]["baseline_total"]), sum(200 + i for i in range(MINUTES)))
        lines = self.diff("--format", "jsonl", "--by", "self").stdout.decode().splitlines()
        objects = [json.loads(line) for line in lines]
        self.assertEqual(objects[0]["function"], "parse")
        self.assertEqual(objects[3]["self"], 0)
        self.assertEqual(objects[2]["self_verdict"], "within_noise")

    def test_a_pipeline_can_stop(self):
        done = self.diff("--fail-above", "2%", code=3)
        self.assertIn(b"parse grew by 12.50 points, from 25", done.stderr)
        self.assertIn(b"beyond noise  parse", done.stdout)  # the table is there all the same
        self.diff("--fail-above", "0.13")
        self.diff("--fail-above", "2%", "--limit", "1", "--by", "self", code=3)
        self.assertIn(b"\"much\" is no share", self.diff("--fail-above", "much", code=2).stderr)
        # What shrank is no regression.
        back = self.server.run("diff", "cpu", "--from", "2026-11-20T13:00", "--to",
                               "2026-11-20T13:08", "--baseline-from", "2026-11-20T14:00",
                               "--baseline-to", "2026-11-20T14:08", "--drop", "query",
                               "--fail-above", "30%")
        self.assertEqual(back.returncode, 0, back.stderr)

    def test_not_enough_data(self):
        short = ("--baseline-from", "2026-11-20T13:00", "--baseline-to", "2026-11-20T13:04")
        done = self.diff(baseline=short)
        self.assertIn(b"4 buckets of the baseline and 8 of the selection", done.stderr)
        self.assertIn(b"too few", done.stdout)
        done = self.diff("--fail-above", "2%", baseline=short, code=1)
        self.assertIn(b"--fail-above can not be told", done.stderr)

    def test_svg(self):
        path = self.server.directory / "diff.svg"
        self.diff("-o", path, "--title", "A deployment")
        root = xml.parse(path).getroot()
        titles = [title.text for title in root.iter("{http://www.w3.org/2000/svg}title")]
        self.assertEqual(titles[0], "A deployment")
        parse = next(title for title in titles if title.startswith("parse ("))
        self.assertRegex(parse, r"\nbaseline 25\.\d\d%: \+12\.50 points, beyond noise \(p ")
        self.assertEqual(self.diff("-o", self.server.directory / "empty.svg", baseline=(
            "--baseline-from", "2026-11-19", "--baseline-to", "2026-11-20")).stderr.count(
                b"note: baseline: there are no samples"), 1)
        self.assertIn(b".svg", self.diff("-o", self.server.directory / "diff.png", code=2).stderr)
        self.diff("-o", path, "--width-of-baseline")
        self.assertIn("selection 37.", path.read_text())
        self.diff("-o", path, "--fail-above", "2%", code=3)

    def test_baselines(self):
        done = self.diff(baseline=(), code=2)
        self.assertIn(b"--baseline-from", done.stderr)
        # It ends where the range begins: with the minutes that nothing is known of.
        done = self.diff("--format", "csv", baseline=("--baseline-from", "2026-11-20T13:00"))
        self.assertIn(b"parse", done.stdout)
        # The same range with another selector.
        done = self.diff("--format", "csv", baseline=("--baseline", "cpu{site=\"eqiad\"}"))
        self.assertNotIn(b"beyond_noise", done.stdout)
        done = self.diff(baseline=("--baseline-from", "2026-11-20T15:00"), code=2)
        self.assertIn(b"of the baseline", done.stderr)
        done = self.diff(baseline=("--baseline-from", "2026-11-19", "--baseline-to", "2026-11-20"))
        self.assertIn(b"note: baseline: there are no samples", done.stderr)


if __name__ == "__main__":
    unittest.main()
