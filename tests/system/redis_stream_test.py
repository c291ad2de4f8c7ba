"""Redis streams through the real program: nothing is lost or counted twice whatever is killed, and
what Redis itself threw away is told."""

import json
import pathlib
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from flamekeep import Server, sums  # noqa: E402
from redis_server import Connection, Redis  # noqa: E402

STACK = "/srv/mediawiki/w/index.php;main"
TIMEOUT = 60


class Publisher:
    """Adds entries from a thread of its own for as long as the context lasts."""

    def __init__(self, redis, stream, options=()):
        self.added = 0
        self._connection = Connection(redis.port)
        self._words = ("XADD", stream, *options, "*", "stack", f"{STACK} 1")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._stop.wait(0.005):
            for _ in range(10):
                self._connection.send(*self._words)
            for _ in range(10):
                self._connection.receive()
                self.added += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        self._connection.close()


class RedisStreamTest(unittest.TestCase):
    def serve(self, redis, reads, more=""):
        self.redis = redis
        self.server = Server(
            config=f'sites: {{lab: {{redis: "{redis.url}", {reads}}}}}\n' + more)
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)

    def start_again(self):
        self.server.grpc = "127.0.0.1:0"
        self.server.start()

    def start_redis(self, *arguments):
        redis = Redis(*arguments)
        self.addCleanup(redis.close)
        return redis

    def wait(self, holds):
        deadline = time.monotonic() + TIMEOUT
        while not holds():
            self.assertLess(time.monotonic(), deadline, self.server.log()[-3000:])
            time.sleep(0.05)

    def total(self, selector="excimer"):
        done = self.server.run("query", selector, "--from", "now-24h", "--to", "now",
                               "--format", "folded")
        return sum(sums(done.stdout.splitlines()).values()), done.stderr.decode()

    def wait_for_total(self, total, selector="excimer"):
        """What the answer notes, once it has the total."""
        self.wait(lambda: self.total(selector)[0] >= total)
        found, notes = self.total(selector)
        self.assertEqual(found, total)
        return notes

    def status(self, kind="KIND_STREAM", name="excimer"):
        status = json.loads(self.server.run("status", "--json").stdout)
        [source] = [source for source in status["sources"] if source["configured"]
                    and source["kind"] == kind and source["name"] == name]
        return source

    def counter(self, name, **labels):
        status = json.loads(self.server.run("status", "--json").stdout)
        return sum(
            counter["value"] for counter in status["counters"] if counter["name"] == name and
            labels.items() <= {label["name"]: label["value"] for label in counter["labels"]}.items())

    def test_nothing_is_lost_or_doubled_where_the_server_is_killed(self):
        redis = self.start_redis()
        self.serve(redis, "streams: [excimer]")
        with Publisher(redis, "excimer") as publisher:
            for _ in range(12):
                before = publisher.added
                self.wait(lambda: publisher.added > before + 300)
                self.server.crash()
        self.assertGreater(publisher.added, 3000)
        self.assertEqual(self.wait_for_total(publisher.added), "")
        # And where it ends in order.
        redis.add("excimer", f"{STACK} 1", 500)
        self.assertEqual(self.server.stop(), 0)
        self.start_again()
        self.assertEqual(self.wait_for_total(publisher.added + 500), "")

    def test_what_was_trimmed_is_told(self):
        redis = self.start_redis()
        redis.add("excimer", f"{STACK} 1", 100)
        self.serve(redis, "streams: [excimer]")
        self.assertEqual(self.wait_for_total(100), "")
        self.server.kill()
        redis.add("excimer", f"{STACK} 1", 1000, "MAXLEN", 300)
        self.start_again()
        notes = self.wait_for_total(400)
        self.assertRegex(notes, "note: samples of excimer at site lab are missing from [^\n]+: "
                                "the stream was trimmed before it was read\n")
        self.assertEqual(self.status()["lost"], "700")
        self.assertEqual(self.counter("redis_stream_lost_entries_total"), 700)
        # Also after another crash.
        self.server.crash()
        self.assertEqual(self.wait_for_total(400), notes)

    def test_a_stream_that_is_deleted_and_made_again(self):
        redis = self.start_redis()
        self.serve(redis, "streams: [excimer]")
        redis.add("excimer", f"{STACK} 1", 50)
        self.wait_for_total(50)
        for _ in range(2):
            self.server.kill()
            redis.command("DEL", "excimer")
            redis.add("excimer", f"{STACK} 1", 30)
            self.start_again()
        self.assertIn("the stream was replaced", self.wait_for_total(80))
        self.assertEqual(self.status()["last_error"], "")

    def test_redis_is_restarted(self):
        # With all its data: nothing happened.
        redis = self.start_redis("--appendonly", "yes", "--appendfsync", "always")
        self.serve(redis, "streams: [excimer]")
        published = 0
        for _ in range(3):
            redis.add("excimer", f"{STACK} 1", 20)
            published += 20
            redis.kill()
            redis.start()
            self.assertEqual(self.wait_for_total(published), "")
        # Without: what was read is there, and it is told that more may be missing.
        redis = self.start_redis()
        self.serve(redis, "streams: [excimer]")
        redis.add("excimer", f"{STACK} 1", 20)
        self.wait_for_total(20)
        redis.kill()
        self.wait(lambda: not self.status()["connected"])
        self.assertIn("127.0.0.1", self.status()["last_error"])
        redis.start()
        redis.add("excimer", f"{STACK} 1", 5)
        self.assertIn("the stream was replaced", self.wait_for_total(25))

    def test_a_replica_with_less_takes_over(self):
        redis = self.start_redis()
        replica = self.start_redis("--replicaof", "127.0.0.1", str(redis.port))
        self.serve(redis, "streams: [excimer]")
        redis.add("excimer", f"{STACK} 1", 40)
        self.assertEqual(redis.command("WAIT", "1", "30000"), 1)
        replica.command("REPLICAOF", "NO", "ONE")
        # Read from the old server, and unknown to the new one.
        redis.add("excimer", f"{STACK} 1", 10)
        self.assertEqual(self.wait_for_total(50), "")
        redis.take_over(replica)
        self.assertEqual(redis.command("XLEN", "excimer"), 40)
        redis.add("excimer", f"{STACK} 1", 7)
        self.assertIn("the stream was replaced", self.wait_for_total(57))

    def test_a_replica_is_read(self):
        redis = self.start_redis()
        replica = self.start_redis("--replicaof", "127.0.0.1", str(redis.port))
        self.serve(replica, "streams: [excimer]")
        redis.add("excimer", f"{STACK} 1", 40)
        self.assertEqual(self.wait_for_total(40), "")

    def test_entries_that_can_not_be_taken_in(self):
        redis = self.start_redis()
        self.serve(redis, "streams: [excimer]")
        before = self.server.peak_memory()
        for fields in (("trace", "a 1"), ("stack", "no count"), ("stack", "a 1", "type", "?"),
                       ("stack", "a 1", "labels", "x"), ("stack", "x" * (100 << 20) + " 1"),
                       ("stack", "a 1", "type", "excimer-wall", "labels", "wiki=enwiki")):
            redis.command("XADD", "excimer", "*", *fields)
        redis.add("excimer", f"{STACK} 1")
        self.assertEqual(self.wait_for_total(1), "")
        self.assertEqual(self.wait_for_total(1, 'excimer-wall{wiki="enwiki"}'), "")
        for reason in ("no_stack", "no_count", "no_channel", "bad_labels", "too_long"):
            self.assertEqual(self.counter("ingest_rejected_lines_total", reason=reason), 1, reason)
        self.assertEqual(self.status()["messages"], "7")
        self.assertLess(self.server.peak_memory() - before, 60 << 20)

    def test_two_servers_of_a_site(self):
        first = self.start_redis()
        second = self.start_redis()
        self.server = Server(config="sites: {lab: {redis: [\"%s\", \"%s\"], streams: [excimer]}}\n"
                             % (first.url, second.url))
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        for redis in (first, second):
            redis.add("excimer", f"{STACK} 1", 30)
        self.assertEqual(self.wait_for_total(60), "")
        # One that is gone does not hold up the other, and comes back.
        first.kill()
        second.add("excimer", f"{STACK} 1", 10)
        self.wait_for_total(70)
        first.start()
        first.add("excimer", f"{STACK} 1", 5)
        self.server.crash()
        self.wait_for_total(75)
        status = json.loads(self.server.run("status", "--json").stdout)
        self.assertEqual(len(status["sources"]), 2)

    def test_streams_and_a_channel_side_by_side(self):
        redis = self.start_redis()
        self.serve(redis, "channels: [excimer], streams: [excimer, excimer-wall]")
        self.wait(lambda: redis.command("PUBLISH", "excimer", f"{STACK} 1") == 1)
        published = 1
        for _ in range(20):
            redis.command("PUBLISH", "excimer", f"{STACK} 1")
            redis.add("excimer", f"{STACK} 1")
            redis.add("excimer-wall", f"{STACK} 1")
            published += 2
        self.assertEqual(self.wait_for_total(published), "")
        self.wait_for_total(20, "excimer-wall")
        self.assertEqual(self.status("KIND_PUBSUB")["messages"], "21")
        self.assertEqual(self.status()["messages"], "20")
        newest = redis.command("XREVRANGE", "excimer", "+", "-", "COUNT", "1")[0][0]
        self.assertEqual(self.status()["position"], newest)
        text = self.server.run("status").stdout.decode()
        self.assertIn("excimer (stream)", text)


if __name__ == "__main__":
    unittest.main()
