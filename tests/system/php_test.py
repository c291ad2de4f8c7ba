"""What PHP publishes: Excimer in a web server, as MediaWiki runs it, and the example of
docs/publishing.md."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "support"))
from flamekeep import Server, entry_point, sums, wait_for  # noqa: E402
from redis_server import Redis, free_port  # noqa: E402

PHP = TESTS / "php"
REQUESTS = 5


class PhpTest(unittest.TestCase):
    def setUp(self):
        self.redis = Redis()
        self.addCleanup(self.redis.close)
        directory = tempfile.TemporaryDirectory(prefix="flamekeep-php-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.published = self.directory / "published"
        self.published.touch()

    def serve(self, reads):
        self.server = Server(config=f'sites: {{lab: {{redis: "{self.redis.url}", {reads}}}}}\n')
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)

    def start_php(self, prepended, root=PHP / "w"):
        """A web server whose every request begins with that file; its address."""
        port = free_port()
        log = open(self.directory / "php.log", "ab")
        self.addCleanup(log.close)
        process = subprocess.Popen(
            ["php", "-d", f"auto_prepend_file={prepended}", "-d", "display_errors=stderr",
             "-d", "zend.exception_ignore_args=1", "-S", f"127.0.0.1:{port}", "-t", str(root)],
            env={**os.environ, "REDIS_PORT": str(self.redis.port), "PUBLISHED": str(self.published)},
            stdout=subprocess.DEVNULL, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return f"http://127.0.0.1:{port}"

    def get(self, url):
        def answers():
            try:
                with urllib.request.urlopen(url, timeout=60) as answer:
                    return answer.status == 200
            except ConnectionRefusedError:
                return False
            except urllib.error.URLError as error:
                if isinstance(error.reason, ConnectionRefusedError):
                    return False
                raise
        wait_for(answers, f"{url} answers")

    def query(self, selector):
        return self.server.run("query", selector, "--from", "now-24h", "--to", "now",
                               "--format", "folded")

    def ask(self, selector):
        return sums(self.query(selector).stdout.splitlines())

    def php_log(self):
        return (self.directory / "php.log").read_text(errors="replace")

    def test_arc_lamps_client(self):
        self.serve("channels: [excimer, excimer-wall]")
        wait_for(lambda: self.redis.command("PUBSUB", "NUMSUB", "excimer", "excimer-wall")
                 == ["excimer", 1, "excimer-wall", 1], "both channels are heard")
        wiki = self.start_php(PHP / "arclamp.php")
        for _ in range(REQUESTS):
            self.get(wiki + "/index.php")
        self.get(wiki + "/thumb-handler.php")

        lines = {"excimer": [], "excimer-wall": []}
        for line in self.published.read_bytes().splitlines():
            channel, _, folded = line.partition(b"\t")
            lines[channel.decode()].append(folded)
        for channel, published in lines.items():
            expected = sums(published)
            self.assertGreater(len(expected), 5, self.php_log())
            wait_for(lambda: self.ask(channel) == expected, f"all of {channel} is stored")
            # Arc Lamp's tags, as labels.
            index = {stack: count for stack, count in expected.items()
                     if entry_point(stack) == b"index"}
            self.assertLess(len(index), len(expected))
            self.assertEqual(self.ask(channel + '{entry_point="index"}'), index)
        self.see_hard_frames(b"\n".join(lines["excimer-wall"]))
        # Nobody is told of a loss where there was none.
        self.assertEqual(self.query("excimer").stderr, b"")

    def see_hard_frames(self, lines):
        """That the samples hold what they are for: else this would test less than it says. (A stack
        that was cut has no such mark from Debian's version of Excimer.)"""
        for hard in (rb"/work\.php\(\d+\)", rb"class@anonymous", rb"([\w\\]+::descend;){240}",
                     rb"Page::__destruct"):
            self.assertIsNotNone(re.search(hard, lines), hard)

    def test_the_example_of_the_docs(self):
        text = (TESTS.parent / "docs" / "publishing.md").read_text()
        [example] = re.findall(r"```php\n(.*?)```", text, re.S)
        self.assertIn("'arclamp1001', 6379, 0.1", example)
        prepended = self.directory / "prepended.php"
        prepended.write_text(
            example.replace("'arclamp1001', 6379, 0.1", f"'127.0.0.1', {self.redis.port}, 20"))
        self.serve("streams: [excimer-wall]")
        wiki = self.start_php(prepended)
        for _ in range(REQUESTS):
            self.get(wiki + "/index.php")

        entries = self.redis.command("XRANGE", "excimer-wall", "-", "+")
        fields = [dict(zip(words[::2], words[1::2])) for _, words in entries]
        expected = sums(entry["stack"].encode() for entry in fields)
        self.assertGreater(sum(expected.values()), REQUESTS, self.php_log())
        self.assertEqual({entry["labels"] for entry in fields}, {"script=index.php"})
        wait_for(lambda: self.ask('excimer-wall{script="index.php"}') == expected,
                 "all entries are stored")


if __name__ == "__main__":
    unittest.main()
