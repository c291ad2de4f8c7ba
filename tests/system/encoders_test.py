"""The formats of other tools, as their readers see them: Python's json, the code that protoc makes
of pprof's format, and `go tool pprof` itself where there is one. What they must hold is the folded
answer, which other tests compare with the samples."""

import gzip
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from flamekeep import Server, sums  # noqa: E402
from protocol import generate  # noqa: E402

SAMPLE = ROOT / "data/mediawiki-sample.messages.zst"
DEPTH = 900  # of a stack; json of Python reads no deeper one than some 1,000 objects
HOSTILE = b'quote " back \\ bell \x07 </script> <&> \xc3\xa9;tab\there;' + b"deep;" * DEPTH + b"leaf 3\n"
# Its first frame as ingest takes it: control characters are made visible.
FIRST = 'quote " back \\ bell \\x07 </script> <&> \xe9'


def go():
    return shutil.which("go") or (pathlib.Path("/usr/local/go/bin/go").exists() and "/usr/local/go/bin/go")


def pprof(*args):
    """What `go tool pprof` prints."""
    done = subprocess.run([go(), "tool", "pprof", *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout


class EncodersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="flamekeep-encoders-")
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        generated = cls.directory / "generated"
        generated.mkdir()
        generate(generated)
        cls.server = cls.enterClassContext(Server())
        cls.import_("--site", "eqiad", str(SAMPLE))
        hostile = cls.directory / "hostile.folded"
        hostile.write_bytes(HOSTILE)
        cls.import_("--site", "eqiad", "--type", "cpu:cpu:nanoseconds:cpu:nanoseconds",
                    "--time", "2026-11-20T13:00", str(hostile))
        cls.range = ("--from", "2020-01-01", "--to", "2030-01-01")
        cls.folded = cls.server.folded("excimer-wall", "2020-01-01", "2030-01-01")

    @classmethod
    def import_(cls, *args):
        done = cls.server.run("import", *args)
        if done.returncode != 0:
            raise AssertionError(done.stderr.decode())

    def query(self, selector, *args):
        done = self.server.run("query", selector, *self.range, *args)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done

    def file(self, name, selector="excimer-wall"):
        """The answer in the format that the file's name ends like."""
        path = self.directory / name
        self.query(selector, "-o", path)
        return path

    def assert_sums(self, got):
        if got != self.folded:  # unittest's own diff takes minutes
            wrong = [s for s in got.keys() | self.folded.keys() if got.get(s) != self.folded.get(s)]
            self.fail(f"{len(wrong)} stacks differ, first {wrong[0][:500]}")

    def read_pprof(self, path):
        from compat import pprof_pb2
        profile = pprof_pb2.Profile()
        profile.ParseFromString(gzip.decompress(path.read_bytes()))
        return profile

    def test_pprof_by_protoc(self):
        profile = self.read_pprof(self.file("day.pb.gz"))
        text = profile.string_table
        names = {f.id: text[f.name] for f in profile.function}
        at = {location.id: names[location.line[0].function_id] for location in profile.location}
        got = {}
        for sample in profile.sample:
            stack = ";".join(at[i] for i in reversed(sample.location_id)).encode()
            got[stack] = got.get(stack, 0) + sample.value[0]
        self.assert_sums(got)
        self.assertEqual(text[profile.sample_type[0].type], "samples")
        self.assertEqual(text[profile.sample_type[0].unit], "count")
        self.assertGreater(profile.duration_nanos, 0)

    def test_pprof_of_hostile_names(self):
        profile = self.read_pprof(self.file("hostile.pprof", "cpu"))
        self.assertEqual(len(profile.sample[0].location_id), DEPTH + 3)
        self.assertIn(FIRST, profile.string_table)
        self.assertEqual(profile.string_table[profile.period_type.unit], "nanoseconds")

    @unittest.skipUnless(go(), "there is no go")
    def test_pprof_by_go(self):
        path = self.file("go.pb.gz")
        total = sum(self.folded.values())
        top = pprof("-top", "-nodecount=5", path)
        self.assertIn("Type: samples", top)
        self.assertIn(f"of {total} total", top.replace("Total samples = ", "of "))
        leaves = {}
        for stack, value in self.folded.items():
            leaf = stack.rpartition(b";")[2].decode()
            leaves[leaf] = leaves.get(leaf, 0) + value
        rows = re.findall(r"^ *(\d+) +[\d.]+% +[\d.]+% +\d+ +[\d.]+% +(\S.*)$", top, re.M)
        self.assertEqual(len(rows), 5, top)
        for flat, name in rows:
            self.assertEqual(leaves.get(name), int(flat), name)
        raw = pprof("-raw", path)
        self.assertEqual(len(re.findall(r"^ +\d+: [\d ]+$", raw, re.M)), len(self.folded))
        self.assertIn("cpu/nanoseconds", pprof("-raw", self.file("hostile.pb.gz", "cpu")))

    def test_speedscope(self):
        file = json.loads(self.file("day.speedscope.json").read_bytes())
        # What the schema of speedscope's file format requires.
        self.assertEqual(file["$schema"], "https://www.speedscope.app/file-format-schema.json")
        self.assertEqual(list(file["shared"]), ["frames"])
        profile, = file["profiles"]
        self.assertEqual(set(profile), {"type", "name", "unit", "startValue", "endValue", "samples",
                                        "weights"})
        self.assertEqual((profile["type"], profile["unit"], profile["startValue"]),
                         ("sampled", "none", 0))
        for frame in file["shared"]["frames"]:
            self.assertLessEqual(set(frame), {"name", "file"})
        self.assertEqual(profile["endValue"], sum(profile["weights"]))
        names = [frame["name"] for frame in file["shared"]["frames"]]
        got = {}
        for stack, weight in zip(profile["samples"], profile["weights"], strict=True):
            key = ";".join(names[i] for i in stack).encode()
            got[key] = got.get(key, 0) + weight
        self.assert_sums(got)

    def test_json_of_hostile_names(self):
        speedscope = json.loads(self.file("hostile.speedscope.json", "cpu").read_bytes())
        self.assertIn({"name": FIRST}, speedscope["shared"]["frames"])
        self.assertEqual(speedscope["profiles"][0]["unit"], "nanoseconds")
        flamebearer = json.loads(self.file("hostile.flamebearer.json", "cpu").read_bytes())
        self.assertEqual(len(flamebearer["flamebearer"]["levels"]), DEPTH + 4)
        self.assertIn(FIRST, flamebearer["flamebearer"]["names"])
        limit = sys.getrecursionlimit()
        self.addCleanup(sys.setrecursionlimit, limit)
        sys.setrecursionlimit(20 * DEPTH)
        node = json.loads(self.file("hostile.d3.json", "cpu").read_bytes())
        path = []
        while "children" in node:
            node, = node["children"]
            path.append(node["name"])
        self.assertEqual((path[:2], len(path), node["value"]), ([FIRST, "tab\\x09here"], DEPTH + 3, 3))
        xml.etree.ElementTree.parse(self.file("hostile.svg", "cpu"))

    def d3_sums(self, root):
        """Folded sums of a tree of boxes: what of a box is not in its children."""
        got, todo = {}, [((), root)]
        while todo:
            path, node = todo.pop()
            children = node.get("children", [])
            self.assertEqual([c["value"] for c in children],
                             sorted((c["value"] for c in children), reverse=True))
            own = node["value"] - sum(child["value"] for child in children)
            if own:
                stack = ";".join(path).encode()
                got[stack] = got.get(stack, 0) + own
            todo += [(path + (child["name"],), child) for child in children]
        return got

    def test_d3_and_flamebearer_draw_the_same_boxes(self):
        everything = ("--max-nodes", "5000000")
        root = json.loads(self.query("excimer-wall", "--format", "d3", *everything).stdout)
        self.assertEqual(root["leftOut"], {"boxes": 0, "total": 0})
        self.assert_sums(self.d3_sums(root))
        file = json.loads(self.query("excimer-wall", "--format", "flamebearer", *everything).stdout)
        flamebearer = file["flamebearer"]
        self.assertEqual(file["metadata"]["format"], "single")
        # Rows from the top: each box lies in one of the row before.
        boxes, row = 0, [(0, root)]
        for level in flamebearer["levels"]:
            drawn, at = [], 0
            for i in range(0, len(level), 4):
                left, total, own, name = level[i:i + 4]
                drawn.append((at + left, total, flamebearer["names"][name]))
                at += left + total
            self.assertEqual(drawn, [(x, node["value"], node["name"]) for x, node in row])
            boxes += len(drawn)
            below = []
            for x, node in row:
                for child in node.get("children", []):
                    below.append((x, child))
                    x += child["value"]
            row = below
        self.assertEqual(row, [])
        self.assertEqual(flamebearer["numTicks"], root["value"])
        self.assertGreater(boxes, 1000)

    def test_drawings_say_what_they_leave_out(self):
        done = self.query("excimer-wall", "--format", "flamebearer", "--max-nodes", "50")
        left_out = json.loads(done.stdout)["leftOut"]
        self.assertGreater(left_out["boxes"], 1000)
        self.assertIn(f"{left_out['boxes']:,} nodes were left out", done.stderr.decode())
        wrong = self.server.run("query", "cpu", *self.range, "--format", "pprof", "--max-nodes", "9")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("--max-nodes", wrong.stderr.decode())
        wrong = self.server.run("query", "cpu", *self.range, "--format", "speedscope", "--inverted")
        self.assertEqual(wrong.returncode, 2)

    def test_the_same_bytes_again(self):
        for form in ("pprof", "speedscope", "flamebearer", "d3"):
            first = self.query("excimer-wall", "--format", form).stdout
            self.assertEqual(self.query("excimer-wall", "--format", form).stdout, first)


if __name__ == "__main__":
    unittest.main()
