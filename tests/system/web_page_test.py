"""The page and speedscope over real HTTP, by curl."""

import pathlib
import re
import subprocess
import sys
import unittest
from urllib.parse import urljoin

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from flamekeep import Server  # noqa: E402

BROWSER = ("-H", "Accept: text/html,*/*;q=0.8")


class Reply:
    def __init__(self, *args):
        done = subprocess.run(["curl", "-sS", "-i", *args], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60)
        if done.returncode != 0:
            raise AssertionError(done.stderr.decode())
        head, _, self.body = done.stdout.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        self.status = int(status.split()[1])
        self.headers = {name.lower(): value for name, value in
                        (line.split(": ", 1) for line in lines)}


class WebPageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())
        cls.url = f"http://{cls.server.http}/"

    def check_folder(self, url):
        """The page at a URL, and all that its HTML refers to, which must be beside it."""
        page = Reply(*BROWSER, url)
        self.assertEqual(page.status, 200)
        self.assertEqual(page.headers["content-type"], "text/html; charset=utf-8")
        self.assertEqual(page.headers["cache-control"], "no-cache")
        self.assertIn("default-src 'none'", page.headers["content-security-policy"])
        known = Reply(*BROWSER, "-H", f"If-None-Match: {page.headers['etag']}", url)
        self.assertEqual((known.status, known.body), (304, b""))
        files = re.findall(r'(?:src|href)="([^"]*)"', page.body.decode())
        self.assertTrue(files)
        for file in files:
            self.assertNotRegex(file, "^(/|[a-z]+:)")
            packed = Reply("-H", "Accept-Encoding: gzip", urljoin(url, file))
            self.assertEqual(packed.status, 200, file)
            self.assertIn("immutable", packed.headers["cache-control"], file)
            self.assertEqual(packed.headers["content-encoding"], "gzip", file)
            plain = Reply(urljoin(url, file))
            self.assertNotIn("content-encoding", plain.headers)
            unpacked = Reply("--compressed", urljoin(url, file))
            self.assertEqual(unpacked.body, plain.body, file)
            head = Reply("-I", urljoin(url, file))
            self.assertEqual(head.headers["content-length"], str(len(plain.body)), file)
        return files

    def test_the_page(self):
        files = self.check_folder(self.url)
        self.assertTrue(any(file.endswith(".js") for file in files), files)

    def test_speedscope(self):
        files = self.check_folder(self.url + "speedscope/")
        self.assertTrue(any(file.endswith(".js") for file in files), files)
        self.assertIn(b"MIT License", Reply(self.url + "speedscope/LICENSE.txt").body)
        moved = Reply(self.url + "speedscope")
        self.assertEqual((moved.status, moved.headers["location"]), (308, "speedscope/"))

    def test_text_for_others(self):
        reply = Reply(self.url)
        self.assertEqual(reply.headers["content-type"], "text/plain; charset=utf-8")
        self.assertIn(b"/render", reply.body)

    def test_unknown_files(self):
        for path in ("assets/none-00000000.js", "speedscope/none.js", "none"):
            reply = Reply(*BROWSER, self.url + path)
            self.assertEqual(reply.status, 404, path)
            self.assertIn(f"there is nothing at /{path}".encode(), reply.body)

    def test_pages_may_ask_and_not_change(self):
        origin = ("-H", f"Origin: {self.url[:-1]}", "-H", "Content-Type: application/proto", "-d", "")
        asked = Reply(*origin, self.url + "flamekeep.v1.QueryService/ListSeries")
        self.assertEqual(asked.status, 200)
        self.assertEqual(asked.headers["content-type"], "application/proto")
        changes = Reply(*origin, self.url + "flamekeep.v1.AdminService/Delete")
        self.assertEqual(changes.status, 403)


if __name__ == "__main__":
    unittest.main(verbosity=2)
