"""Arc Lamp's URLs of the real program: every form of them, listings whose links all lead somewhere,
and files that hold what the command line says of the same range."""

import gzip
import html
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from flamekeep import Server, entry_point, sums  # noqa: E402

SAMPLE = ROOT / "data/mediawiki-sample.messages.zst"
DAY = "2026-11-21"
HOURS = (f"{DAY}_00", f"{DAY}_01")  # the recording lies across one o'clock
CONFIG = """
arclamp:
  functions:
    EditAction: "EditAction::show"
    PostSend: "MediaWiki::doPostOutputShutdown"
    Nowhere: "No\\\\Such::function"
"""


class ArcLampUrlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(config=CONFIG))
        for site in ("eqiad", "codfw"):
            done = cls.server.run("import", "--site", site, SAMPLE)
            if done.returncode != 0:
                raise AssertionError(done.stderr.decode())

    def get(self, path, headers=None, method="GET"):
        """The reply of a path below /arclamp/, also where it is an error; its body is .body."""
        request = urllib.request.Request(f"http://{self.server.http}/arclamp/{path}",
                                         headers=headers or {}, method=method)
        try:
            reply = urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            reply = error
        with reply:
            reply.body = reply.read()
        return reply

    def body(self, path, **options):
        reply = self.get(path, **options)
        self.assertEqual(reply.status, 200, (path, reply.body))
        return reply.body

    def query(self, selector, *arguments, begin=DAY, end="2026-11-22"):
        done = self.server.run("query", selector, "--from", begin, "--to", end, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_logs_are_what_the_command_line_says(self):
        for channel in ("excimer", "excimer-wall"):
            everything = self.query(channel, "--format", "folded")
            self.assertEqual(self.body(f"logs/daily/{DAY}.{channel}.all.log"), everything)
            by_tag = {}
            for stack, value in sums(everything.splitlines()).items():
                by_tag.setdefault(entry_point(stack), {})[stack] = value
            self.assertGreaterEqual(len(by_tag), 5)
            for tag, stacks in by_tag.items():
                log = self.body(f"logs/daily/{DAY}.{channel}.{tag.decode()}.log.gz")
                self.assertEqual(sums(gzip.decompress(log).splitlines()), stacks, tag)

    def test_lines_stand_as_sort_puts_them(self):
        log = self.body(f"logs/daily/{DAY}.excimer-wall.index.log")
        done = subprocess.run(["sort"], input=log, stdout=subprocess.PIPE, check=True,
                              env={**os.environ, "LC_ALL": "C"})
        self.assertEqual(log, done.stdout)
        self.assertEqual(len(log.splitlines()), len(sums(log.splitlines())))

    def test_hours_are_parts_of_the_day(self):
        total = {}
        for hour in HOURS:
            for stack, value in sums(self.body(f"logs/hourly/{hour}.excimer.all.log")
                                     .splitlines()).items():
                total[stack] = total.get(stack, 0) + value
        self.assertEqual(total, sums(self.body(f"logs/daily/{DAY}.excimer.all.log").splitlines()))
        self.assertEqual(
            self.body(f"logs/hourly/{HOURS[1]}.excimer.api.log"),
            self.query('excimer{entry_point="api"}', "--format", "folded", begin=f"{DAY}T01:00",
                       end=f"{DAY}T02:00"))

    def test_curl_saves_a_gzip_file(self):
        name = f"{DAY}.excimer.index.log.gz"
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run(["curl", "-sSfO", "--compressed",
                            f"http://{self.server.http}/arclamp/logs/daily/{name}"],
                           cwd=directory, check=True)
            done = subprocess.run(["zcat", name], cwd=directory, check=True,
                                  stdout=subprocess.PIPE)
        self.assertEqual(done.stdout, self.body(f"logs/daily/{DAY}.excimer.index.log"))

    def test_graphs_are_what_the_command_line_draws(self):
        for tag, selector in (("all", "excimer-wall"),
                              ("index", 'excimer-wall{entry_point="index"}')):
            title = f"MediaWiki - daily - {DAY}.excimer-wall.{tag}"
            svg = self.query(selector, "--format", "svg", "--title", title)
            self.assertEqual(self.body(f"svgs/daily/{DAY}.excimer-wall.{tag}.svgz"), svg)
            svg = self.query(selector, "--format", "svg", "--inverted", "--title",
                             f"{title} - reversed")
            self.assertEqual(self.body(f"svgs/daily/{DAY}.excimer-wall.{tag}.reversed.svgz"), svg)
        svg = self.body(f"svgs/hourly/{HOURS[0]}.excimer.rest.svgz").decode()
        self.assertIn(f"MediaWiki - hourly - {HOURS[0].replace('_', ' ')}.excimer.rest<", svg)

    def test_a_function_s_graph_has_its_stacks(self):
        stacks = sums(self.query("excimer-wall", "--format", "folded").splitlines())
        for label, function in (("EditAction", b"EditAction::show"),
                                ("PostSend", b"MediaWiki::doPostOutputShutdown")):
            expected = sum(value for stack, value in stacks.items()
                           if function in stack.split(b";"))
            self.assertGreater(expected, 1000)
            for reversed_ in ("", ".reversed"):
                svg = self.body(f"svgs/daily/{DAY}.excimer-wall.all.fn-{label}{reversed_}.svgz")
                self.assertIn(f">all ({expected:,} samples, 100".encode(), svg)
        # Samples, and none of them with the function.
        svg = self.body(f"svgs/daily/{DAY}.excimer-wall.all.fn-Nowhere.svgz")
        self.assertNotIn(b"index.php", svg)

    def test_graphs_are_sent_as_a_web_server_would(self):
        path = f"svgs/daily/{DAY}.excimer-wall.api.svgz"
        reply = self.get(path, {"Accept-Encoding": "gzip"})
        self.assertEqual(reply.headers["Content-Type"], "image/svg+xml")
        self.assertEqual(reply.headers["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(reply.body), self.body(path))
        etag = {"If-None-Match": reply.headers["ETag"]}
        self.assertEqual(self.get(path, etag).status, 304)
        self.assertEqual(self.get(path, method="HEAD").status, 200)
        self.assertEqual(self.get(path, method="HEAD").body, b"")
        log = self.get(f"logs/daily/{DAY}.excimer-wall.api.log")
        self.assertEqual(log.headers["Access-Control-Allow-Origin"], "*")

    def test_a_site_by_itself(self):
        one = sums(self.body(f"logs/daily/{DAY}.excimer.all.log?site=codfw").splitlines())
        both = sums(self.body(f"logs/daily/{DAY}.excimer.all.log").splitlines())
        self.assertEqual({stack: 2 * value for stack, value in one.items()}, both)

    def test_every_link_leads_somewhere(self):
        """Twenty older days as well, so that there are several pages."""
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "stacks"
            path.write_bytes(b"/w/index.php;main 2\n/w/load.php;main;EditAction::show;run 3\n")
            for day in range(1, 21):
                done = self.server.run("import", "--site", "eqiad", "--type", "excimer", "--time",
                                       f"2026-10-{day:02}T05:00", path)
                self.assertEqual(done.returncode, 0, done.stderr)
        seen = {""}
        waiting = [""]
        begin = time.monotonic()
        while waiting:
            base = waiting.pop()
            reply = self.get(base)
            self.assertEqual(reply.status, 200, (base, reply.body[:300]))
            if not reply.headers["Content-Type"].startswith("text/html"):
                continue
            for link in re.findall(rb'href="([^"]*)"', reply.body):
                url = urllib.parse.urljoin(f"http://host/arclamp/{base}", html.unescape(link.decode()))
                self.assertTrue(url.startswith("http://host/arclamp/"), url)
                target = url.removeprefix("http://host/arclamp/")
                # The sites' pages have the same links; one of each is enough.
                if "site=codfw" in target or target in seen:
                    continue
                if "site=eqiad" in target and "logs/" not in target:
                    continue
                seen.add(target)
                waiting.append(target)
        files = [path for path in seen if re.search(r"\.(svgz|log|log\.gz)$", path)]
        print(f"{len(seen)} links in {time.monotonic() - begin:.1f} s", file=sys.stderr)
        for form in (f"svgs/daily/{DAY}.excimer-wall.all.fn-EditAction.reversed.svgz",
                     f"svgs/hourly/{HOURS[1]}.excimer.RunSingleJob.svgz",
                     "svgs/daily/2026-10-01.excimer.index.reversed.svgz",
                     "svgs/hourly/2026-10-20_05.excimer.load.svgz"):
            self.assertIn(form, files)
        self.assertTrue(any(path.startswith("logs/daily/2026-10-03.excimer.load.log")
                            for path in files))
        self.assertGreater(len([path for path in seen if "before=" in path]), 1)

    def test_what_is_not_there(self):
        for path, words in ((f"svgs/daily/{DAY}.index.svgz", b"names no channel"),
                            ("svgs/daily/2020-01-01.excimer.all.svgz", b"no samples"),
                            ("svgs/daily/..%2f..%2fetc%2fpasswd", b"YYYY-MM-DD"),
                            ("svgs/monthly/", b"/arclamp/svgs/daily/"),
                            (f"svgs/daily/{DAY}.excimer.all.fn-Other.svgz", b"arclamp.functions")):
            reply = self.get(path)
            self.assertEqual(reply.status, 404, path)
            self.assertIn(words, reply.body)
            self.assertEqual(reply.body.count(b"\n"), 1)

    def test_metrics(self):
        metrics = self.body("metrics").decode()
        newest = re.findall(r'^arclamp_newest_svg_seconds\{period="daily",profiler="excimer-wall",'
                            r'entry="(\w+)"\} (\d+)$', metrics, re.MULTILINE)
        self.assertEqual({entry for entry, _ in newest},
                         {"all", "api", "index", "load", "rest", "RunSingleJob", "thumb"})
        begin = 1795219200  # of the day
        for _, seconds in newest:
            self.assertTrue(begin < int(seconds) <= begin + 86400, seconds)
        self.assertRegex(metrics, r'arclamp_oldest_log_seconds\{period="hourly",profiler="excimer-wall",'
                                  r'entry="api",compressed="(yes|no)"\} \d+\n')


if __name__ == "__main__":
    unittest.main(verbosity=2)
