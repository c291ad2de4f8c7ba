"""HTTP as its users call it: curl with what docs/api.md shows, browsers' conditional requests,
`go tool pprof` where there is one, and clients that mean harm."""

import base64
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from flamekeep import Server  # noqa: E402

LINES = b"main;run 30\nmain;stop 40\nmain;run;deep 5\n"
OTHER = b"main;run 90\nmain;stop 10\n"
DAY = ("2026-11-20", "2026-11-21")


def go():
    return shutil.which("go") or (
        pathlib.Path("/usr/local/go/bin/go").exists() and "/usr/local/go/bin/go")


def curl(*args, stdin=b""):
    """The body, and the status as curl sees it."""
    done = subprocess.run(["curl", "-sS", "--max-time", "60", "-w", "\n%{http_code}", *args],
                          input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    if done.returncode != 0:
        raise AssertionError(done.stderr.decode())
    body, _, status = done.stdout.rpartition(b"\n")
    return body, int(status)


class HttpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="flamekeep-http-")
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        cls.server = cls.enterClassContext(Server())
        cls.url = f"http://{cls.server.http}"
        for name, day, lines in (("a", "2026-11-20", LINES), ("b", "2026-11-13", OTHER)):
            path = cls.directory / name
            path.write_bytes(lines)
            done = cls.server.run("import", "--site", "eqiad", "--type", "excimer-wall", "--time",
                                  f"{day}T13:00", path)
            if done.returncode != 0:
                raise AssertionError(done.stderr.decode())

    def json(self, method, question, *args):
        body, status = curl("-H", "Content-Type: application/json", "-d", json.dumps(question),
                            *args, f"{self.url}/flamekeep.v1.{method}")
        return json.loads(body), status

    def selection(self, selector="excimer-wall", day=DAY):
        return {"selector": selector,
                "range": {"begin": f"{day[0]}T00:00:00Z", "end": f"{day[1]}T00:00:00Z"}}

    def render(self, **parameters):
        arguments = []
        for name, value in {"query": "excimer-wall", "from": DAY[0], "to": DAY[1],
                            **parameters}.items():
            arguments += ["--data-urlencode", f"{name}={value}"]
        return curl("-G", *arguments, f"{self.url}/render")

    def test_curl_asks_in_json(self):
        answer, status = self.json("QueryService/Top", {"selection": self.selection()})
        self.assertEqual(status, 200)
        self.assertEqual([(row["function"], row["self"]) for row in answer["rows"][:2]],
                         [("stop", "40"), ("run", "30")])
        answer, status = self.json("QueryService/ListLabels", {})
        self.assertIn("site", [label["name"] for label in answer["labels"]])
        answer, status = self.json("AdminService/Status", {}, "--compressed")
        self.assertEqual(answer["sites"], ["eqiad"])

    def test_curl_is_told_what_is_wrong(self):
        answer, status = self.json("QueryService/Top", {"selection": self.selection("nothing")})
        self.assertEqual((answer["code"], status), ("not_found", 404))
        answer, status = self.json("QueryService/Top", {"sellection": {}})
        self.assertEqual((answer["code"], status), ("invalid_argument", 400))
        self.assertIn("sellection", answer["message"])

    def test_curl_sends_a_large_body(self):
        """It then waits for 100 Continue."""
        lines = b"".join(b"main;large_%d 1\n" % i for i in range(100_000))
        question = {"open": {"source": "curl", "site": "codfw", "format": "FORMAT_FOLDED",
                             "profileType": "large", "time": "2026-11-20T13:00:00Z",
                             "kind": "KIND_IMPORT"},
                    "batch": {"number": 1, "lines": base64.b64encode(lines).decode()}}
        path = self.directory / "large.json"
        path.write_text(json.dumps(question))
        body, status = curl("-H", "Content-Type: application/json", "--data-binary", f"@{path}",
                            f"{self.url}/flamekeep.v1.IngestService/IngestBatch")
        self.assertEqual(status, 200, body)
        self.assertEqual(json.loads(body)["counts"]["samples"], "100000")
        body, status = self.render(query="large", format="folded")
        self.assertEqual(body.count(b"\n"), 100_000)

    def test_a_stream_of_envelopes(self):
        message = json.dumps({"selection": self.selection(), "format": "RENDER_FORMAT_FOLDED"}).encode()
        request = urllib.request.Request(
            f"{self.url}/flamekeep.v1.QueryService/Render",
            data=b"\0" + struct.pack(">I", len(message)) + message,
            headers={"Content-Type": "application/connect+json"})
        with urllib.request.urlopen(request, timeout=60) as reply:
            body = reply.read()
        messages = []
        while body:
            flags, length = struct.unpack(">BI", body[:5])
            messages.append((flags, json.loads(body[5:5 + length])))
            body = body[5 + length:]
        self.assertEqual(messages[-1], (2, {}))
        self.assertEqual(messages[0][1]["coverage"]["total"], "75")

    def test_files_and_conditional_requests(self):
        body, status = self.render(format="folded")
        self.assertEqual(status, 200)
        self.assertEqual(body, b"main;run 30\nmain;run;deep 5\nmain;stop 40\n")
        url = f"{self.url}/render?query=excimer-wall&from={DAY[0]}&to={DAY[1]}&format=svg"
        with urllib.request.urlopen(url) as reply:
            etag = reply.headers["ETag"]
            self.assertIn("excimer-wall_2026-11-20", reply.headers["Content-Disposition"])
            coverage = json.loads(reply.headers["Flamekeep-Coverage"])
            self.assertEqual(coverage["total"], "75")
            self.assertEqual(coverage["covered"]["end"], f"{DAY[1]}T00:00:00Z")
            self.assertIn(coverage["version"], etag)
        with self.assertRaises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(urllib.request.Request(url, headers={"If-None-Match": etag}))
        self.assertEqual(raised.exception.code, 304)
        body, status = self.render(baseline_from="2026-11-13", baseline_to="2026-11-14")
        self.assertEqual(status, 200)
        self.assertIn(b"What changed in", body)

    def pprof(self, *args):
        done = subprocess.run([go(), "tool", "pprof", *args], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=400,
                              env={**os.environ, "PPROF_TMPDIR": str(self.directory)})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_go_tool_pprof(self):
        if not go():
            self.skipTest("there is no go")
        url = f"{self.url}/pprof?query=excimer-wall&from={DAY[0]}&to={DAY[1]}"
        base = f"{self.url}/pprof?query=excimer-wall&from=2026-11-13&until=2026-11-14"
        raw = self.pprof("-raw", url)
        self.assertIn("Duration: 24h0\n", raw)
        self.assertRegex(raw, r"samples/count")
        top = self.pprof("-top", "-unit=count", url)
        self.assertRegex(top, r"\n\s*40\s+53.33%.*stop\n")
        self.assertRegex(top, r"\n\s*30\s+40.00%.*\s35\s+46.67%\s+run\n")
        diff = self.pprof("-top", f"-diff_base={base}", url)
        self.assertRegex(diff, r"\n\s*-60\s.*run\n")
        self.assertRegex(diff, r"\n\s*30\s.*stop\n")

    def test_nobody_is_held_up(self):
        """Silent, dripping, half-sent and rude clients, and answers that nobody reads."""
        host, port = self.server.http.split(":")
        holders = []
        for i in range(300):
            holder = socket.create_connection((host, int(port)), timeout=10)
            holder.sendall([b"", b"GET /render?", b"POST /flamekeep.v1.QueryService/Top HTTP/1.1\r\n"
                            b"Content-Type: application/json\r\nContent-Length: 9999999\r\n\r\n{",
                            b"\x16\x03\x01\r\n\r\n"][i % 4])
            holders.append(holder)
        begin = time.monotonic()
        answer, status = self.json("QueryService/ListSeries", {})
        self.assertEqual(status, 200)
        self.assertLess(time.monotonic() - begin, 10)
        for holder in holders:
            holder.close()

    def test_a_client_that_goes_leaves_nothing(self):
        host, port = self.server.http.split(":")
        body = json.dumps({"selection": self.selection()}).encode()
        head = (b"POST /flamekeep.v1.QueryService/FlameGraph HTTP/1.1\r\nContent-Type: "
                b"application/json\r\nContent-Length: %d\r\n\r\n" % len(body))

        def rude():
            for _ in range(50):
                with socket.create_connection((host, int(port)), timeout=10) as client:
                    client.sendall(head + body)

        threads = [threading.Thread(target=rude) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        deadline = time.monotonic() + 30
        running = None
        while time.monotonic() < deadline:
            with urllib.request.urlopen(f"{self.url}/metrics") as reply:
                metrics = reply.read().decode()
            running = re.search(r'flamekeep_queries_running\{queue="query"\} (\d+)', metrics).group(1)
            if running == "0":
                break
            time.sleep(0.1)
        self.assertEqual(running, "0")
        answer, status = self.json("QueryService/ListSeries", {})
        self.assertEqual(status, 200)

    def test_shutdown_while_somebody_reads(self):
        server = self.enterContext(Server())
        host, port = server.http.split(":")
        with socket.create_connection((host, int(port)), timeout=10) as idle:
            self.assertEqual(server.stop(), 0)
            self.assertEqual(idle.recv(100), b"")


if __name__ == "__main__":
    unittest.main(verbosity=2)
