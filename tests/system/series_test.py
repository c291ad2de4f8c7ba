"""`flamekeep series`, `heatmap`, `labels` and `types` with the real program."""

import csv
import io
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from flamekeep import Server  # noqa: E402

DAY = ("--from", "2026-11-20", "--to", "2026-11-21")


class SeriesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__)
        for number, (site, time, host, lines) in enumerate([
                ("eqiad", "2026-11-20T10:00", "mw1", "main;parse 3\nmain;load 1\n"),
                ("eqiad", "2026-11-20T10:30", "mw2", "main;parse;parse 2\n"),
                ("codfw", "2026-11-20T11:00", "mw1", "main;load 6\n")]):
            path = cls.server.directory / f"{number}.folded"
            path.write_text(lines)
            done = cls.server.run("import", "--site", site, "--type", "cpu", "--time", time,
                                  "--label", f"host={host}", "-q", path)
            assert done.returncode == 0, done.stderr

    def ok(self, *words):
        done = self.server.run(*words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def rows(self, *words):
        text = self.ok(*words, "--format", "csv")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def test_points_add_up_to_the_folded_text(self):
        rows = self.rows("series", "cpu", *DAY, "--step", "1h", "--function", "parse", "--exact")
        self.assertEqual(len(rows), 24)
        for row in rows:
            stacks = self.server.folded("cpu", row["begin"], row["end"])
            self.assertEqual(int(row["total"]), sum(stacks.values()))
            self.assertEqual(int(row["value"]),
                             sum(v for s, v in stacks.items() if b"parse" in s.split(b";")))
            self.assertEqual(int(row["self"]),
                             sum(v for s, v in stacks.items() if s.split(b";")[-1] == b"parse"))
        self.assertEqual([int(row["total"]) for row in rows[10:12]], [6, 6])
        self.assertEqual(rows[10]["share"][:6], "0.8333")
        self.assertEqual(rows[9]["share"], "")

    def test_groups(self):
        lines = self.ok("series", "cpu", *DAY, "--step", "1d", "--by", "site,host",
                        "--format", "jsonl").splitlines()
        rows = [json.loads(line) for line in lines]
        self.assertEqual([(row["site"], row["host"], row["total"]) for row in rows],
                         [("codfw", "mw1", 6), ("eqiad", "mw1", 4), ("eqiad", "mw2", 2)])
        rows = self.rows("series", "cpu", *DAY, "--step", "1d", "--by", "site,host",
                         "--max-groups", "1")
        self.assertEqual([(row["rest"], row["total"]) for row in rows],
                         [("false", "6"), ("true", "6")])
        table = self.ok("series", "cpu", *DAY, "--by", "site")
        self.assertRegex(table, r"(?m)^  site +total +samples +course$")
        self.assertRegex(table, r"(?m)^  codfw +6 +1 ")

    def test_plain_table_and_matches(self):
        table = self.ok("series", "cpu", "--from", "2026-11-20T10:00", "--to", "2026-11-20T12:00",
                        "--step", "1h", "--function", "^(parse|load)$")
        self.assertEqual(table.splitlines()[1:], [
            "  2026-11-20T10:00Z      6        3      6     6  100.00%",
            "  2026-11-20T11:00Z      6        1      6     6  100.00%"])

    def test_heat_map(self):
        rows = self.rows("heatmap", "cpu", *DAY, "--function", "load")
        self.assertEqual(len(rows), 24)
        self.assertEqual([row["value"] for row in rows[9:12]], ["0", "1", "6"])
        self.assertEqual(self.ok("heatmap", "cpu", *DAY, "--function", "load"),
                         self.ok("heatmap", "cpu", *DAY, "--function", "load", "--format", "csv"))
        drawing = self.ok("heatmap", "cpu", *DAY, "--format", "map")
        self.assertIn("2026-11-20 Fri", drawing)
        self.assertIn("█", drawing)

    def test_labels_and_types(self):
        self.assertEqual(self.ok("labels").split(),
                         "label values series host 2 3 site 2 3".split())
        self.assertEqual([row["value"] for row in self.rows("labels", "site")],
                         ["codfw", "eqiad"])
        self.assertEqual([row["value"] for row in
                          self.rows("labels", "host", "--selector", 'cpu{site="codfw"}')],
                         ["mw1"])
        done = self.server.run("labels", "nothing")
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"nothing that matches", done.stderr)
        self.assertEqual(self.rows("types"),
                         [{"name": "cpu", "unit": "count", "series": "3",
                           "id": "cpu:samples:count::"}])

    def test_errors(self):
        for words, code, text in [
                (("series", "cpu", *DAY, "--step", "5s"), 2, b"like 5m or 1mo"),
                (("series", "cpu", *DAY, "--exact"), 2, b"--function"),
                (("series", "cpu", "--from", "2020-01-01", "--to", "2026-01-01", "--step", "1m"), 2,
                 b"at most 20000"),
                (("series", "cpu", *DAY, "--function", "("), 2, b"RE2"),
                (("series", "unknown", *DAY), 1, b"cpu"),
                (("heatmap", "cpu", "--from", "2000-01-01", "--to", "2026-01-01"), 2, b"4000"),
                (("labels", "site", "--selector", "{"), 2, b"selector")]:
            done = self.server.run(*words)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(text, done.stderr)
            self.assertEqual(done.stdout, b"")
            self.assertEqual(done.stderr.count(b"\n"), 1)


if __name__ == "__main__":
    unittest.main()
