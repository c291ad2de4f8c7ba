"""The command line against a real server: what it stores, answers, says and returns."""

import array
import bz2
import fcntl
import gzip
import json
import os
import pathlib
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import termios
import time
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from flamekeep import Server, entry_point, run, sums  # noqa: E402

SAMPLE = "data/mediawiki-sample.messages.zst"


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def read_sample():
    return subprocess.run(["zstd", "-dcq", SAMPLE], stdout=subprocess.PIPE, check=True).stdout


def naive(lines, channel, begin=0, end=2**62, wanted=lambda stack: True):
    """What a query must answer, from lines with times."""
    folded = []
    for line in lines:
        time_us, line_channel, text = line.split(b"\t", 2)
        if line_channel == channel and begin <= int(time_us) < end:
            if wanted(text.rpartition(b" ")[0]):
                folded.append(text)
    return sums(folded)


class CliTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sample = read_sample()
        cls.lines = cls.sample.splitlines()
        first, last = (int(cls.lines[i].split(b"\t")[0]) for i in (0, -1))
        cls.begin, cls.end = str(first // 10**6 // 60 * 60), str(last // 10**6 // 60 * 60 + 60)

    def setUp(self):
        self.maxDiff = 2000
        directory = tempfile.TemporaryDirectory(prefix="flamekeep-cli-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def file(self, name, data):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def ok(self, done):
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout.decode()

    def fails(self, done, code, *texts):
        """One sentence on stderr that says all of this."""
        message = done.stderr.decode()
        self.assertEqual(done.returncode, code, message)
        self.assertRegex(message, r"\Aflamekeep: [^\n]+\n\Z")
        for text in texts:
            self.assertIn(str(text), message)

    def assert_equal_sums(self, got, want):
        if got != want:  # unittest's own diff of 100,000 entries takes minutes
            odd = [k for k in got.keys() | want.keys() if got.get(k) != want.get(k)]
            self.fail(f"{len(odd)} stacks differ: " +
                      ", ".join(f"{k!r}: {got.get(k)} not {want.get(k)}" for k in odd[:3]))

    def test_import_counts_once_and_answers_exactly(self):
        half = self.sample.index(b"\n", len(self.sample) // 2) + 30  # in the middle of a line
        path = self.file("a.log", self.sample[:half])
        with Server() as server:
            done = server.run("import", "--site", "eqiad", path)
            self.assertIn("lines", self.ok(done))
            self.assertIn("has no newline yet", done.stderr.decode())
            self.file("a.log", self.sample)
            self.assertIn("continued", self.ok(server.run("import", "--site", "eqiad", path)))
            for again in (path, SAMPLE, self.file("a.log.gz", gzip.compress(self.sample, 1)),
                          self.file("b.zst", zstd(self.sample))):
                self.assertIn("already imported",
                              self.ok(server.run("import", "--site", "eqiad", again)))
            self.assertIn("older, shorter copy", self.ok(server.run(
                "import", "--site", "eqiad", self.file("old.log", self.sample[:half]))))
            self.assertIn("already imported", self.ok(server.run(
                "import", "--site", "eqiad", "-", stdin=self.sample)))

            for channel in (b"excimer-wall", b"excimer"):
                self.assert_equal_sums(server.folded(channel.decode(), self.begin, self.end),
                                       naive(self.lines, channel))
            middle = (int(self.begin) + int(self.end)) // 2 // 60 * 60
            self.assert_equal_sums(
                server.folded('excimer-wall{site="eqiad",entry_point=~"index|api"}',
                              self.begin, middle),
                naive(self.lines, b"excimer-wall", end=middle * 10**6,
                      wanted=lambda stack: entry_point(stack) in (b"index", b"api")))

            # Another site's copy of the same lines is other samples.
            self.ok(server.run("import", "--quiet", "--site", "codfw", SAMPLE))
            both = naive(self.lines, b"excimer")
            self.assert_equal_sums(server.folded("excimer", self.begin, self.end),
                                   {stack: 2 * count for stack, count in both.items()})
            self.assertEqual(server.stop(), 0)

    def test_crashes_of_server_and_client_lose_and_double_nothing(self):
        # About 200 MB: every line again some microseconds later.
        parts = []
        for i in range(4):
            for line in self.lines:
                time_us, rest = line.split(b"\t", 1)
                parts.append(b"%d\t%s\n" % (int(time_us) // 10**6 * 10**6 + i, rest))
        path = self.file("big.log", b"".join(parts))
        want = {k: 4 * v for k, v in naive(self.lines, b"excimer-wall").items()}
        rng = random.Random(1)
        with Server() as server:
            client = server.start_command("import", "--site", "eqiad", path)
            for batches in (1, 30, 60, 90):
                server.wait_for_batches(batches)
                time.sleep(rng.uniform(0, 0.1))
                server.kill()
                server.start()
            server.wait_for_batches(100)
            client.kill()
            client.communicate()
            sent = server.batches()
            client = server.start_command("import", "--site", "eqiad", path)
            server.wait_for_batches(sent + 5)  # it has found the server
            server.kill()
            time.sleep(1)
            server.start()
            out, err = client.communicate(timeout=120)
            self.assertEqual(client.returncode, 0, err.decode())
            self.assertIn("already imported", self.ok(server.run("import", "--site", "eqiad", path)))
            self.assert_equal_sums(server.folded("excimer-wall", self.begin, self.end), want)
            server.kill()
            self.assertIn("sound", self.ok(run("store", "check", server.store)))

    def test_interrupted_import_goes_on(self):
        pipe = self.directory / "pipe"
        os.mkfifo(pipe)
        with Server() as server:
            client = server.start_command("import", "--site", "eqiad", pipe)
            with open(pipe, "wb") as writer:
                writer.write(self.sample[:20_000_000])
                writer.flush()
                time.sleep(0.3)
                client.send_signal(signal.SIGINT)
            _, err = client.communicate(timeout=60)
            self.assertEqual(client.returncode, 130, err.decode())
            self.assertIn("run the same command again", err.decode())
            self.ok(server.run("import", "--site", "eqiad", SAMPLE))
            self.assert_equal_sums(server.folded("excimer", self.begin, self.end),
                                   naive(self.lines, b"excimer"))

    def test_idle_pipe_is_given_up_at_the_first_signal(self):
        def wait_until_read(pipe):
            unread = array.array("i", [1])
            deadline = time.monotonic() + 60
            while unread[0] and time.monotonic() < deadline:
                fcntl.ioctl(pipe, termios.FIONREAD, unread)
                time.sleep(0.02)
            self.assertEqual(unread[0], 0)
            time.sleep(0.3)  # back in read()

        nobody = self.directory / "nobody"
        os.mkfifo(nobody)
        with Server() as server:
            for stop, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
                for source, given in (("-", b"1"), ("-", self.sample[:1_000_000]), (nobody, None)):
                    with self.subTest(stop=stop, source=source, given=given and len(given)):
                        client = server.start_command("import", "--site", "eqiad", source,
                                                      stdin=subprocess.PIPE)
                        if given is None:
                            time.sleep(1)  # in open()
                        else:
                            client.stdin.write(given)
                            client.stdin.flush()
                            wait_until_read(client.stdin)
                        client.send_signal(stop)
                        self.assertEqual(client.wait(timeout=30), code)
                        out, err = client.communicate()
                        self.assertRegex(err.decode(), r"\Aflamekeep: interrupted: [^\n]+\n\Z")
                        self.assertEqual(out, b"")

    def test_plain_folded_lines(self):
        path = self.file("stacks.folded", b"main;run;work 3\nmain;run;rest 4\nmain;run;work 5")
        with Server() as server:
            import_it = ["import", "--site", "lab", "--type", "cpu", "--time", "2026-11-20T13:37",
                         "--resolution", "hour", "--complete"]
            self.assertIn("3 samples", self.ok(server.run(*import_it, path)))
            self.assertIn("already imported", self.ok(server.run(*import_it, path)))
            self.assertIn("3 samples", self.ok(server.run(*import_it, "--label", "host=b", path)))
            done = server.run("query", "cpu", "--from", "2026-11-20T13:10", "--to", "2026-11-20T13:20")
            self.assertEqual(self.ok(done), "main;run;rest 8\nmain;run;work 16\n")
            self.assertIn("2026-11-20T13:00Z to 2026-11-20T14:00Z", done.stderr.decode())
            self.assertEqual(self.ok(server.run("query", 'cpu{host="b"}', "--from", "2026-11-20",
                                                "--to", "2026-11-21")),
                             "main;run;rest 4\nmain;run;work 8\n")

    def test_arclamp_directory(self):
        """Logs grow, are sorted, compressed and pruned between imports."""
        payloads = [line.split(b"\t", 2)[2] for line in self.lines
                    if line.split(b"\t", 2)[1] == b"excimer-wall"][:24_000]
        hourly = lambda hour: f"logs/hourly/2026-11-20_{hour:02}.excimer-wall.all.log"
        hours = {hour: payloads[hour * 1000:(hour + 1) * 1000] for hour in range(24)}
        text = lambda lines: b"".join(line + b"\n" for line in lines)
        ask = lambda server, begin, end: server.folded("excimer-wall", begin, end)
        with Server() as server:
            import_it = ["import", "--site", "eqiad", "--arclamp", self.directory]
            for hour in (12, 13):
                self.file(hourly(hour), text(hours[hour]))
            self.file("logs/hourly/2026-11-20_13.excimer-wall.index.log", text(hours[13][:100]))
            day = self.file("logs/daily/2026-11-20.excimer-wall.all.log",
                            text(payloads[:14_000]) + b"half a li")
            done = server.run(*import_it)
            self.assertIn("imported 2 hours and 1 days of 3 logs", self.ok(done))
            self.assertIn("1 logs are logs of one tag", self.ok(done))
            whole = ["2026-11-20", "2026-11-21"]
            self.assert_equal_sums(ask(server, *whole), sums(payloads[:14_000]))
            self.assert_equal_sums(ask(server, "2026-11-20T13:00", "2026-11-20T14:00"),
                                   sums(payloads[:14_000]))  # widened: the day is not known by hour
            self.assertIn("3 hours and days were imported before", self.ok(server.run(*import_it)))

            # The log of hour 12 is sorted and compressed, the day is complete, hour 14 comes.
            (self.directory / hourly(12)).unlink()
            self.file(hourly(12) + ".gz", gzip.compress(text(sorted(hours[12]))))
            self.file(hourly(14), text(hours[14]))
            day.write_bytes(text(payloads))
            done = server.run(*import_it)
            self.assertIn("imported 1 hours and 1 days", self.ok(done))
            self.assert_equal_sums(ask(server, *whole), sums(payloads))

            # Everything that is left is compressed; nothing is new.
            day.unlink()
            self.file("logs/daily/2026-11-20.excimer-wall.all.log.zst", zstd(text(sorted(payloads))))
            self.assertIn("imported 0 hours and 0 days", self.ok(server.run(*import_it)))
            self.assert_equal_sums(ask(server, *whole), sums(payloads))

    def test_svg(self):
        out = self.directory / "graph.svg"
        with Server() as server:
            self.ok(server.run("import", "-q", "--site", "eqiad", SAMPLE))
            query = ["query", "excimer-wall", "--from", self.begin, "--to", self.end]
            self.ok(server.run(*query, "-o", out, "--title", "a <title> & more"))
            root = xml.etree.ElementTree.parse(out).getroot()
            self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
            self.assertIn("a <title> & more", "".join(root.itertext()))
            self.assertEqual(os.listdir(self.directory), ["graph.svg"])
            self.assertEqual(stat.S_IMODE(out.stat().st_mode) & 0o400, 0o400)
            piped = self.ok(server.run(*query, "--format", "svg", "--inverted"))
            xml.etree.ElementTree.fromstring(piped)

            # A failed query leaves the old file alone.
            before = out.read_bytes()
            self.fails(server.run("query", "nope", "--from", self.begin, "--to", self.end, "-o", out),
                       1, "nope")
            self.assertEqual(out.read_bytes(), before)
            self.assertEqual(os.listdir(self.directory), ["graph.svg"])

            # A reader that goes away is no error.
            client = server.start_command(*query)
            client.stdout.close()
            self.assertEqual(client.stderr.read(), b"")
            self.assertEqual(client.wait(timeout=60), 0)
            client.stderr.close()

    def test_status(self):
        with Server() as server:
            self.ok(server.run("import", "-q", "--site", "eqiad",
                               self.file("a", self.sample[:100_000] + b"\n1795222421471786\tx\tno count\n")))
            text = self.ok(server.run("status"))
            self.assertIn("lines:", text)
            self.assertRegex(text, r"(?s)lost .*rejected.*Store ")  # losses stand first
            status = json.loads(self.ok(server.run("status", "--json")))
            self.assertEqual(status["sites"], ["eqiad"])
            losses = [c for c in status["counters"]
                      if c["severity"] == "SEVERITY_LOSS" and c["value"] > 0]
            self.assertTrue(losses)

    def test_errors(self):
        with Server() as server:
            self.ok(server.run("import", "-q", "--site", "eqiad",
                               self.file("a", self.sample[:1_000_000])))
            time_range = ["--from", self.begin, "--to", self.end]
            missing = self.directory / "missing.log"
            cases = [
                (1, ["import", "--site", "eqiad", missing], "can not read", missing),
                (2, ["import", "--site", "eqiad", self.directory], self.directory, "--arclamp"),
                (2, ["import", "--site", "9 9", SAMPLE], "9 9"),
                (2, ["import", "--site", "eqiad"], "nothing to import"),
                (2, ["import", SAMPLE], "--site"),
                (2, ["import", "--site", "x", self.file("plain", b"a;b 1\n")], "--time"),
                (2, ["import", "--site", "x", "--time", "now", "--type", "x", SAMPLE], "leave out"),
                (2, ["import", "--site", "x", "--label", "oops", SAMPLE], "NAME=VALUE"),
                (2, ["import", "--site", "x", self.file("x.bz2", bz2.compress(b"a"))], "bzip2"),
                (1, ["import", "--site", "x", self.file("cut.gz", gzip.compress(
                    self.sample[:500_000])[:-50])], "cut.gz", "compressed data"),
                (1, ["import", "--site", "x", "--arclamp", self.directory], "no logs of Arc Lamp"),
                (2, ["query", "excimer-wall{", *time_range], "selector", "position"),
                (2, ['query', 'excimer-wall{site=~"("}', *time_range], "("),
                (1, ["query", "no-such-type", *time_range], "no-such-type", "excimer-wall"),
                (1, ["query", 'excimer-wall{site="mars"}', *time_range], "mars"),
                (2, ["query", "excimer-wall", "--from", self.end, "--to", self.begin], "upside down"),
                (2, ["query", "excimer-wall", "--from", "2026-11-20", "--to", "2026-11-20"], "empty"),
                (2, ["query", "excimer-wall", "--from", "yesterday"], "yesterday", "now-24h"),
                (2, ["query", "excimer-wall"], "--from"),
                (2, ["query", "excimer-wall", *time_range, "--format", "png"], "png"),
                (1, ["query", "excimer-wall", *time_range, "-o", "/no/such/folder/x.svg"],
                 "/no/such/folder/x.svg"),
                (2, ["fly"], "fly", "--help"),
                (2, [], "--help"),
                (2, ["status", "--server", "http://x"], "http://x"),
            ]
            for code, args, *texts in cases:
                with self.subTest(args=args):
                    self.fails(server.run(*args), code, *texts)
            self.assertEqual(server.stop(), 0)
            for args in (["status"], ["query", "excimer-wall", *time_range],
                         ["import", "--site", "eqiad", SAMPLE]):
                with self.subTest(args=args):
                    self.fails(server.run(*args), 1, f"no server answers at {server.grpc}",
                               "flamekeep serve")
        self.fails(run("serve"), 2, "--data")
        self.fails(run("serve", "--data", self.directory / "s", "--config", "/no/such.yaml"), 1,
                   "/no/such.yaml")

    def test_store_check(self):
        with Server() as server:
            self.ok(server.run("import", "-q", "--site", "eqiad", SAMPLE))
            self.fails(run("store", "check", server.store), 1, server.store, "in use")
            self.assertEqual(server.stop(), 0)
            self.assertIn("sound", self.ok(run("store", "check", server.store)))
            self.fails(run("store", "check", self.directory / "none"), 1, self.directory / "none")
            self.fails(run("store", "check", self.directory), 1, self.directory)

            unknown = self.directory / "unknown"
            shutil.copytree(server.store, unknown)
            form = (unknown / "FORMAT").read_bytes()
            digit = max(i for i, byte in enumerate(form) if chr(byte).isdigit())
            (unknown / "FORMAT").write_bytes(form[:digit] + b"9999" + form[digit + 1:])
            self.fails(run("store", "check", unknown), 1, unknown)
            self.fails(run("serve", "--data", unknown, "--grpc", "127.0.0.1:0", "--http", "off"), 1,
                       unknown)

            corrupt = self.directory / "corrupt"
            shutil.copytree(server.store, corrupt)
            files = list((corrupt / "rocksdb").glob("*.sst")) + list((corrupt / "rocksdb").glob("*.log"))
            victim = max(files, key=lambda path: path.stat().st_size)
            data = bytearray(victim.read_bytes())
            for at in range(len(data) // 3, len(data) // 3 + 64):
                data[at] ^= 0xff
            victim.write_bytes(data)
            done = run("store", "check", corrupt)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertRegex(done.stderr.decode(), r"\Aflamekeep: [^\n]*corrupt[^\n]*\n\Z")

            done = run("store", "check", "--repair", corrupt)
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertIn("given up", done.stdout.decode())
            self.assertIn(str(corrupt / "damaged-1"), done.stdout.decode())
            self.assertTrue((corrupt / "damaged-1" / "rocksdb" / victim.name).exists())
            self.assertIn("sound", self.ok(run("store", "check", corrupt)))
            # There is nothing more to repair.
            self.assertIn("sound", self.ok(run("store", "check", "--repair", corrupt)))
            self.assertFalse((corrupt / "damaged-2").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
