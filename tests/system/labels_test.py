"""What becomes of labels in the real program: rules, hashes whose salt rotates, nodes that agree about
them, nothing secret on disk, and limits that somebody is told of."""

import hashlib
import hmac
import json
import pathlib
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from flamekeep import BIN, Server, wait_for  # noqa: E402
from redis_server import Redis  # noqa: E402

DAY = 24 * 3600
USER = "ann.the.user@example.org"
HOST = "host-of-nobodys-business"
RULES = """
      - {hash: user}
      - {rename: wiki, to: project}
      - {drop: host}
"""
# As hexadecimal digits: the bytes are no text.
HEX = """return (redis.call('GET', KEYS[1]):gsub('.', function(c)
             return string.format('%02x', string.byte(c)) end))"""


def hash_of(salt, name, value):
    return hmac.new(salt, f"{name}\0{value}".encode(), hashlib.sha256).hexdigest()[:16]


class LabelsTest(unittest.TestCase):
    def redis(self, *arguments):
        redis = Redis(*arguments)
        self.addCleanup(redis.close)
        return redis

    def serve(self, config):
        server = Server(config=config)
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def salt(self, redis, period):
        return bytes.fromhex(redis.command("EVAL", HEX, 1, f"flamekeep:label-salt:{DAY}:{period}"))

    def values(self, server, label):
        done = server.run("labels", label, "--format", "csv")
        rows = done.stdout.decode().splitlines()[1:]
        return {row.split(",")[0] for row in rows} - {""}

    def wait_for_answer(self, server, selector, folded):
        """Until that is all that the selector has of the last days."""
        wait_for(lambda: server.run("query", selector, "--from", "now-20d", "--to", "now", "--format",
                                    "folded").stdout.strip() == folded, folded)

    def search(self, server, text):
        """How often it stands in the files of a server: store, configuration and log."""
        found = 0
        for path in server.directory.rglob("*"):
            try:
                found += path.read_bytes().count(text)
            except (IsADirectoryError, FileNotFoundError):
                pass  # a server that runs takes files away
        return found

    def sources(self, server):
        return json.loads(server.run("status", "--json").stdout)["sources"]

    def counter(self, server, name, **labels):
        status = json.loads(server.run("status", "--json").stdout)
        return sum(counter["value"] for counter in status["counters"]
                   if counter["name"] == name and labels.items() <=
                   {label["name"]: label["value"] for label in counter["labels"]}.items())

    def post(self, server, path, body, kind="application/json"):
        """The status and the body."""
        request = urllib.request.Request(f"http://{server.http}{path}", data=body,
                                         headers={"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def push(self, server, number, user, site="lab"):
        """The counts that a numbered client is answered with."""
        status, body = self.post(server, "/flamekeep.v1.IngestService/IngestBatch", json.dumps({
            "open": {"source": f"client-{user}", "site": site, "format": "FORMAT_FOLDED",
                     "profile_type": "cpu", "labels": [{"name": "user", "value": user}]},
            "batch": {"number": number,
                      "lines": "bWFpbjthIDEK"}}).encode())  # main;a 1
        self.assertEqual(status, 200, body)
        return json.loads(body)["counts"]

    # Two nodes read one stream and share their salts.

    def publish(self, redis, at, user, value):
        redis.command("XADD", "cpu", f"{int(at * 1000)}-*", "stack", f"main;work {value}",
                      "labels", f"user={user},host={HOST},wiki=enwiki")

    def nodes(self, redis):
        return [self.serve(f"""
node: {node}
sites:
  lab:
    redis: "{redis.url}"
    streams: [cpu]
    relabel: {RULES}
label_salts: {{redis: "{redis.url}/1", keep: 3d}}
""") for node in ("one", "two")]

    def test_nodes_agree_a_rotation_changes_the_hash_and_nothing_secret_is_on_disk(self):
        redis = self.redis()
        now = time.time()
        self.publish(redis, now - DAY, USER, 1)
        self.publish(redis, now - 30, USER, 2)
        self.publish(redis, now - 20, "bob", 4)
        nodes = self.nodes(redis)
        for node in nodes:
            wait_for(lambda node=node: len(self.values(node, "user")) == 3, "three hashes")
        redis.command("SELECT", 1)
        salts = [self.salt(redis, int((now - ago) // DAY)) for ago in (DAY, 30)]
        redis.command("SELECT", 0)
        self.assertNotEqual(salts[0], salts[1])
        hashes = [hash_of(salt, "user", USER) for salt in salts]
        for node in nodes:
            self.assertEqual(self.values(node, "user"),
                             {*hashes, hash_of(salts[1], "user", "bob")})
            self.assertEqual(self.values(node, "project"), {"enwiki"})
            self.assertEqual(self.values(node, "host"), set())
            for user, value in zip(hashes, (b"1", b"2")):
                self.wait_for_answer(node, f'cpu{{user="{user}"}}', b"main;work " + value)
            self.assertEqual(self.counter(node, "ingest_unhashed_labels_total"), 0)
        secrets = [USER.encode(), HOST.encode(), *salts, *(salt.hex().encode() for salt in salts)]
        for node in nodes:
            # What was just written is not packed yet: what is looked for would be found.
            self.assertGreater(self.search(node, hashes[1].encode()), 0)
            self.assertEqual([self.search(node, secret) for secret in secrets], [0] * 6)
        # A node that was killed goes on with the same salt.
        nodes[0].crash()
        self.publish(redis, now - 10, USER, 8)
        for node in nodes:
            self.wait_for_answer(node, f'cpu{{user="{hashes[1]}"}}', b"main;work 10")
            self.assertEqual(len(self.values(node, "user")), 3)
        for node in nodes:
            self.assertEqual(node.stop(), 0)
            self.assertEqual([self.search(node, secret) for secret in secrets], [0] * 6)

    def test_a_stream_waits_for_its_salts(self):
        redis, salts = self.redis(), self.redis()
        salts.kill()
        self.publish(redis, time.time() - 20, USER, 3)
        server = self.serve(f"""
sites: {{lab: {{redis: "{redis.url}", streams: [cpu], relabel: [{{hash: user}}]}}}}
label_salts: {{redis: "{salts.url}"}}
""")
        wait_for(lambda: "needs the salt" in self.sources(server)[0]["last_error"], "the reason")
        self.assertEqual(self.values(server, "user"), set())
        self.assertIn("salts of labels can not be had", server.log())
        salts.start()
        wait_for(lambda: len(self.values(server, "user")) == 1, "the entry")
        self.assertEqual(self.counter(server, "ingest_unhashed_labels_total"), 0)

    def test_a_label_whose_salt_is_gone_is_missing_and_told(self):
        redis = self.redis()
        self.publish(redis, time.time() - 10 * DAY, USER, 3)
        [server, _] = self.nodes(redis)
        wait_for(lambda: self.counter(server, "ingest_unhashed_labels_total") == 1, "the count")
        self.wait_for_answer(server, "cpu", b"main;work 3")
        done = server.run("query", "cpu", "--from", "now-20d", "--to", "now", "--format", "folded")
        self.assertIn(b"only their hashed labels", done.stderr)

    def test_salts_of_its_own(self):
        server = self.serve("push: {relabel: [{hash: user}]}\n")
        for number in (1, 2):
            self.push(server, number, USER)
        before = self.values(server, "user")
        self.assertEqual(len(before), 1)
        self.assertNotIn(USER, before)
        server.crash()
        self.push(server, 3, USER)
        self.assertEqual(len(self.values(server, "user")), 2)
        # With which nodes could not agree about a stream.
        config = server.directory / "wrong.yaml"
        config.write_text('sites: {lab: {redis: "redis://h", streams: [cpu]}}\n'
                          "relabel: [{hash: user}]\n")
        done = subprocess.run([BIN, "serve", "--data", server.directory / "other", "--config", config],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"about which all nodes must agree", done.stdout)

    def test_a_redis_that_writes_to_disk_is_warned_of(self):
        warning = "writes its data to disk, and the salts of labels with them"
        for arguments, warned in ((), False), (("--appendonly", "yes"), True), (
                ("--save", "3600 1"), True):
            redis = self.redis(*arguments)
            server = self.serve(f'label_salts: {{redis: "{redis.url}"}}\n')
            self.assertEqual(warning in server.log(), warned, arguments)

    # Limits.

    def test_pushes_beyond_the_limit_are_refused_with_a_sentence(self):
        server = self.serve("sites: {lab: {limits: {series_per_site: 3}}}\n"
                            "push: {site: lab, relabel: [{keep: user}]}\n")
        for user in ("a", "b", "c"):
            self.assertNotIn("rejected", self.push(server, 1, user))
        counts = self.push(server, 1, "d")
        [rejected] = counts["rejected"]
        self.assertEqual(rejected["reason"], "too_many_series")
        self.assertEqual(rejected["lines"], "1")
        for part in ('Site "lab" has 3 series', "its limit is 3", 'the label "user" has the most',
                     "`relabel`"):
            self.assertIn(part, rejected["sentence"])
        # What is there goes on, and other sites have their own limit.
        self.assertNotIn("rejected", self.push(server, 2, "a"))
        self.assertNotIn("rejected", self.push(server, 1, "d", site="other"))
        # Pyroscope's clients.
        now = int(time.time())
        name = urllib.parse.quote("app{user=e}")
        status, body = self.post(server, f"/ingest?name={name}&from={now}&until={now + 10}",
                                 b"main;a 3\n", "text/plain")
        self.assertEqual(status, 400, body)
        self.assertIn('Site \\"lab\\" has 3 series' if body.startswith("{") else
                      'Site "lab" has 3 series', body)
        self.assertEqual(self.counter(server, "ingest_rejected_lines_total",
                                      reason="too_many_series"), 2)
        self.assertEqual(self.values(server, "user"), {"a", "b", "c", "d"})
        # An import keeps its samples, without the label.
        done = subprocess.run(
            [BIN, "import", "--site", "lab", "--type", "cpu", "--time", "2026-11-20T13:00",
             "--label", "user=z", "-"], input=b"main;imported 5\n", stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env={"FLAMEKEEP_SERVER": server.grpc}, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.counter(server, "ingest_unlabelled_samples_total", source="import"), 1)
        done = server.run("query", 'cpu{user="",site="lab"}', "--from", "2026-11-20", "--to",
                          "2026-11-21", "--format", "folded")
        self.assertEqual(done.stdout.strip(), b"main;imported 5")
        metrics = urllib.request.urlopen(f"http://{server.http}/metrics", timeout=60).read().decode()
        self.assertIn('flamekeep_ingest_series_limit{site="lab"} 3', metrics)


if __name__ == "__main__":
    unittest.main()
