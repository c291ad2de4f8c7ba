"""From a real Redis to an answer of the real program, and what an answer says of what was missed."""

import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from flamekeep import Server, sums  # noqa: E402
from redis_server import Redis  # noqa: E402

STACK = "/srv/mediawiki/w/index.php;main"


class RedisTest(unittest.TestCase):
    def setUp(self):
        self.redis = Redis()
        self.addCleanup(self.redis.close)
        self.server = Server(config=f'sites: {{lab: "{self.redis.url}"}}\n')
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.published = 0

    def publish(self):
        """One sample that the server hears."""
        deadline = time.monotonic() + 30
        while self.redis.command("PUBLISH", "excimer", f"{STACK} 1") != 1:
            self.assertLess(time.monotonic(), deadline, self.server.log()[-2000:])
            time.sleep(0.05)
        self.published += 1

    def query(self):
        """The whole of today and yesterday, once all that was published is in it."""
        deadline = time.monotonic() + 30
        while True:
            done = self.server.run("query", "excimer", "--from", "now-24h", "--to", "now",
                                   "--format", "folded")
            answer = sums(done.stdout.splitlines())
            if done.returncode == 0 and answer == {STACK.encode(): self.published}:
                return done.stderr.decode()
            self.assertLess(time.monotonic(), deadline, (done.stderr, answer))
            time.sleep(0.1)

    def connected(self):
        status = json.loads(self.server.run("status", "--json").stdout)
        return all(source.get("connected") for source in status["sources"]
                   if source.get("configured"))

    def test_what_was_missed_is_told(self):
        self.publish()
        self.assertEqual(self.query(), "")

        self.redis.kill()
        deadline = time.monotonic() + 30
        while self.connected():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self.assertEqual(self.query(), "")
        self.redis.start()
        self.publish()
        gap = r"note: samples of excimer at site lab are missing from [^\n]+: nobody listened\n"
        self.assertRegex(self.query(), gap)

        # The time in which the server was down, too: the gaps are two, or one where they touch.
        before = self.query().count("are missing")
        self.server.kill()
        self.server.start()
        self.publish()
        self.assertGreaterEqual(self.query().count("are missing"), before)

        # In the picture as well.
        picture = self.server.directory / "graph.svg"
        done = self.server.run("query", "excimer", "--from", "now-24h", "--to", "now",
                               "-o", picture)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("samples are missing from", picture.read_text())


class UnreachedTest(unittest.TestCase):
    def test_a_source_that_has_not_reported_is_told(self):
        with Server(config='sites: {lab: {redis: "redis://127.0.0.1:1", channels: [excimer]}}\n') as server:
            pushed = server.run("push", "--site", "lab", "--type", "excimer", stdin=b"a 1\n")
            self.assertEqual(pushed.returncode, 0, pushed.stderr)
            picture = server.directory / "graph.svg"
            for output in ("-", picture):
                done = server.run("query", "excimer", "--from", "now-24h", "--to", "now+1m", "-o", output)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(b"note: a configured source has not reported yet", done.stderr)
                self.assertNotIn(b"1970", done.stderr)
            self.assertIn("a source has not reported yet", picture.read_text())


if __name__ == "__main__":
    unittest.main()
