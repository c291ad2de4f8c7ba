"""What clients push: `flamekeep push`, numbers and ids of batches, bounds, crashes, load."""

import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from flamekeep import Server, sums, wait_for, is_sanitized  # noqa: E402
import push_load  # noqa: E402
from protocol import generate  # noqa: E402

DAY = 86400
SMALL_MEMORY = "limits: {rpc_memory: 64MiB}\nblock_cache: 32MiB\n"


def setUpModule():
    directory = tempfile.TemporaryDirectory(prefix="flamekeep-push-")
    unittest.addModuleCleanup(directory.cleanup)
    generate(directory.name)


class PushTestCase(unittest.TestCase):
    CONFIG = ""

    def setUp(self):
        self.server = Server(config=self.CONFIG)
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        directory = tempfile.TemporaryDirectory(prefix="flamekeep-push-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def stored(self, selector="cpu", begin="now-30d", end="now"):
        done = self.server.run("query", selector, "--from", begin, "--to", end, "--format",
                               "folded")
        if b"has no samples yet" in done.stderr or b"no profile type" in done.stderr:
            return {}
        self.assertEqual(done.returncode, 0, done.stderr)
        return sums(done.stdout.splitlines())

    def push(self, *args, code=0, **options):
        done = self.server.run("push", "--site", "lab", *args, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def start(self, *args, **options):
        client = self.server.start_command("push", "--site", "lab", *args, **options)
        self.addCleanup(client.kill)
        return client

    def finish(self, client, code, seconds=120):
        client.wait(timeout=seconds)
        self.assertEqual(client.returncode, code, client.stderr.read())
        for pipe in (client.stdin, client.stdout, client.stderr):
            if pipe is not None:
                pipe.close()

    def sources(self):
        return json.loads(self.server.run("status", "--json").stdout).get("sources", [])


class CommandTest(PushTestCase):
    def test_standard_input_is_always_new(self):
        done = self.push("--type", "cpu", stdin=b"main;a 1\nmain;b 2")
        self.assertEqual(done.stdout.split(b" (")[0],
                         b"standard input: 2 lines, 2 samples")
        self.assertEqual(done.stderr, b"")
        self.push("--type", "cpu", "--quiet", stdin=b"main;a 1\n")
        self.assertEqual(self.stored(), {b"main;a": 2, b"main;b": 2})
        self.assertEqual(len(self.sources()), 1)
        self.push("--type", "cpu", stdin=b"")
        self.assertEqual(self.stored(), {b"main;a": 2, b"main;b": 2})

    def test_labels_times_and_timed_lines(self):
        hour_ago = int(time.time()) // 60 * 60 - 3600
        self.push("--type", "cpu", "--time", hour_ago, "--label", "host=mw1", stdin=b"a 1\n")
        self.push(stdin=b"%d\tcpu\tb 2\n" % (hour_ago * 1000000))
        minute = {"begin": hour_ago, "end": hour_ago + 60}
        self.assertEqual(self.stored(**minute), {b"a": 1, b"b": 2})
        self.assertEqual(self.stored('cpu{host="mw1"}', **minute), {b"a": 1})
        # By default they happened when they came.
        self.push("--type", "cpu", stdin=b"c 1\n")
        self.assertEqual(self.stored(begin=hour_ago + 60), {b"c": 1})

    def test_what_can_not_be_meant(self):
        done = self.server.run("push", "--type", "cpu", stdin=b"")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"--site", done.stderr)
        self.assertIn(b"--time goes with --type", self.push("--time", "now", code=2).stderr)
        self.assertIn(b"--label", self.push("--type", "cpu", "--label", "x", code=2).stderr)
        self.assertIn(b"no such file", self.push("--type", "cpu", "nowhere", code=1).stderr)
        file = self.directory / "file"
        file.write_bytes(b"a 1\n")
        self.assertIn(b"--follow", self.push("--type", "cpu", "--follow", file, code=2).stderr)

    def test_a_file_goes_on_where_it_was(self):
        file = self.directory / "stacks"
        file.write_bytes(b"a 1\nb 2\n")
        self.push("--type", "cpu", file)
        self.assertIn(b"nothing new", self.push("--type", "cpu", file).stdout)
        with file.open("ab") as more:
            more.write(b"c 3\nno newline yet 4")
        done = self.push("--type", "cpu", file)
        self.assertIn(b"continued: 1 lines", done.stdout)
        self.assertIn(b"left out", done.stderr)
        self.assertEqual(self.stored(), {b"a": 1, b"b": 2, b"c": 3})
        # Rotated: it begins otherwise, so it is new; and another file is another source.
        file.write_bytes(b"z 1\na 1\n")
        other = self.directory / "other"
        other.write_bytes(b"o 1\n")
        self.push("--type", "cpu", file, other)
        self.assertIn(b"nothing new", self.push("--type", "cpu", file, other).stdout)
        self.assertEqual(self.stored(), {b"a": 2, b"b": 2, b"c": 3, b"z": 1, b"o": 1})

    def test_outside_the_bounds_is_told_and_the_rest_is_stored(self):
        now = time.time()
        lines = b"".join(b"%d\tcpu\t%s 1\n" % ((now + offset) * 1000000, name)
                         for offset, name in ((-8 * DAY, b"late"), (-9 * DAY, b"late"),
                                              (-6 * DAY, b"good"), (600, b"early")))
        done = self.push(stdin=lines)
        self.assertIn(b"4 lines, 1 samples, 3 lines rejected", done.stdout)
        self.assertIn(b"2 lines rejected: Lines with a time over 7d before", done.stderr)
        self.assertIn(b"push.max_late", done.stderr)
        self.assertIn(b"1 lines rejected: Lines with a time over 5m ahead", done.stderr)
        self.assertEqual(self.stored(end="now+1h"), {b"good": 1})
        counters = json.loads(self.server.run("status", "--json").stdout)["counters"]
        reasons = {label["value"]: int(row["value"]) for row in counters
                   if row["name"].endswith("ingest_rejected_lines_total") and int(row["value"])
                   for label in row["labels"] if label["name"] == "reason"}
        self.assertEqual(reasons, {"too_late": 2, "too_early": 1})
        # A script sees when nothing at all was taken in.
        done = self.push(stdin=b"%d\tcpu\tlate 1\n" % ((now - 8 * DAY) * 1000000), code=1)
        self.assertIn(b"none of the 1 lines was taken in", done.stderr)
        # Imports have no bounds.
        self.assertEqual(self.server.run("import", "--site", "lab", "-", stdin=lines).returncode, 0)
        self.assertEqual(self.stored(end="now+1h"), {b"good": 2, b"late": 2, b"early": 1})

    def test_a_pipe_is_sent_as_it_comes(self):
        client = self.start("--type", "cpu", stdin=subprocess.PIPE)
        client.stdin.write(b"a 1\nb ")
        client.stdin.flush()
        wait_for(lambda: self.stored() == {b"a": 1}, "the first line")
        # The server dies meanwhile; the client stays.
        self.server.kill()
        client.stdin.write(b"2\nc 3\n")
        client.stdin.flush()
        self.server.start()
        wait_for(lambda: self.stored() == {b"a": 1, b"b": 2, b"c": 3}, "the rest")
        # Ctrl-C sends what was read.
        client.stdin.write(b"d 4\ncut")
        client.stdin.flush()
        wait_for(lambda: self.is_empty(client.stdin), "reading")
        client.send_signal(signal.SIGINT)
        self.finish(client, 130)
        self.assertEqual(self.stored(), {b"a": 1, b"b": 2, b"c": 3, b"d": 4})

    @staticmethod
    def is_empty(pipe):
        import fcntl
        import struct
        import termios
        return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0] == 0

    def test_a_named_pipe_has_one_writer_after_the_other(self):
        fifo = self.directory / "fifo"
        os.mkfifo(fifo)
        client = self.start("--type", "cpu", "--follow", fifo)
        for i in range(1, 4):
            with open(fifo, "wb") as pipe:
                pipe.write(b"a 1\n")
            wait_for(lambda: self.stored() == {b"a": i}, f"writer {i}")
        client.send_signal(signal.SIGTERM)
        self.finish(client, 143)

    def test_follow_waits_for_the_server(self):
        self.server.kill()
        client = self.start("--type", "cpu", "--follow", stdin=subprocess.PIPE)
        client.stdin.write(b"a 1\n")
        client.stdin.close()
        self.server.start()
        self.finish(client, 0)
        self.assertEqual(self.stored(), {b"a": 1})

    def test_whoever_is_killed_nothing_is_lost_or_doubled(self):
        lines = [b"main;f%d;g%d %d" % (i % 1000, i % 77, i % 5 + 1) for i in range(400_000)]
        file = self.directory / "stacks"
        file.write_bytes(b"\n".join(lines) + b"\n")
        for kill in range(4):
            before = self.server.batches()
            client = self.start("--type", "cpu", file)
            wait_for(lambda: client.poll() is not None or self.server.batches() > before, "a batch")
            if kill % 2 == 0:
                self.server.kill()
                self.server.start()
            client.kill()
            client.communicate()
        self.push("--type", "cpu", file)
        self.assertEqual(self.stored(), sums(lines))
        # Standard input with a server that dies under it.
        before = self.server.batches()
        cat = subprocess.Popen(["cat", file], stdout=subprocess.PIPE)
        self.addCleanup(cat.wait)
        with cat.stdout:
            client = self.start("--type", "wall", stdin=cat.stdout)
        wait_for(lambda: client.poll() is not None or self.server.batches() > before, "a batch")
        self.server.kill()
        self.server.start()
        self.finish(client, 0)
        self.assertEqual(self.stored("wall"), sums(lines))


class ProtocolTest(PushTestCase):
    def setUp(self):
        super().setUp()
        global ingest, ingest_grpc
        from flamekeep.v1 import ingest_pb2 as ingest
        from flamekeep.v1 import ingest_pb2_grpc as ingest_grpc
        self.connect()

    def connect(self):
        channel = grpc.insecure_channel(self.server.grpc,
                                        options=[("grpc.use_local_subchannel_pool", 1)])
        self.addCleanup(channel.close)
        self.ingest = ingest_grpc.IngestServiceStub(channel)

    def restart(self):
        self.server.kill()
        self.server.start()
        self.connect()

    def send(self, lines, number=0, batch_id=b"", source="client", **fields):
        return self.ingest.IngestBatch(ingest.IngestBatchRequest(
            open=ingest.OpenSource(source=source, site="lab", format=ingest.FORMAT_FOLDED,
                                   profile_type="cpu", **fields),
            batch=ingest.IngestBatch(number=number, lines=lines), batch_id=batch_id), timeout=60)

    def refused(self, code, text, *args, **fields):
        with self.assertRaises(grpc.RpcError) as raised:
            self.send(*args, **fields)
        self.assertEqual(raised.exception.code(), code, raised.exception.details())
        self.assertIn(text, raised.exception.details())

    def test_a_numbered_batch_counts_once_over_a_kill(self):
        self.assertEqual(self.send(b"a 1", number=1).durable_number, 1)
        self.restart()
        self.assertEqual(self.send(b"a 1", number=1).durable_number, 1)
        self.assertEqual(self.send(b"a 1", number=2).durable_number, 2)
        self.refused(grpc.StatusCode.FAILED_PRECONDITION, "leaves a gap", b"a 1", number=4)
        self.refused(grpc.StatusCode.FAILED_PRECONDITION, "push.forget_clients", b"a 1", number=4,
                     source="new")
        self.assertEqual(self.stored(), {b"a": 2})
        self.assertEqual(len(self.sources()), 1)

    def test_a_batch_with_an_id_counts_once_over_a_kill(self):
        first = self.send(b"a 1", batch_id=b"\0one")
        self.assertEqual((first.duplicate, first.counts.samples), (False, 1))
        again = self.send(b"a 1", batch_id=b"\0one")
        self.assertEqual((again.duplicate, again.counts.samples), (True, 0))
        self.restart()
        self.assertTrue(self.send(b"a 1", batch_id=b"\0one").duplicate)
        self.assertFalse(self.send(b"a 1", batch_id=b"\0two").duplicate)
        self.assertFalse(self.send(b"a 1", batch_id=b"\0one", source="other").duplicate)
        self.assertEqual(self.stored(), {b"a": 3})
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, "128", b"a 1", batch_id=b"x" * 129)
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, "number", b"a 1", number=1, batch_id=b"x")

    def test_the_same_id_at_once_and_killed_in_between(self):
        stop = threading.Event()
        answers = queue.Queue()

        def sender():
            for i in range(100):
                while True:
                    try:
                        answers.put((i, self.send(b"a 1", batch_id=b"%d" % i).duplicate))
                        break
                    except grpc.RpcError as error:
                        if error.code() != grpc.StatusCode.UNAVAILABLE or stop.is_set():
                            raise
                        time.sleep(0.05)

        senders = [threading.Thread(target=sender) for _ in range(6)]
        for thread in senders:
            thread.start()
        for _ in range(3):
            size = answers.qsize()
            wait_for(lambda: answers.qsize() > size + 50 or not any(
                thread.is_alive() for thread in senders), "answers")
            self.restart()
        for thread in senders:
            thread.join()
        self.assertEqual(answers.qsize(), 600)
        self.assertEqual(self.stored(), {b"a": 100})

    def test_amend_is_for_imports(self):
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, "amend", b"a 1", number=1, amend=True)


class LoadTest(PushTestCase):
    CONFIG = SMALL_MEMORY

    def test_memory_is_bounded_under_many_fast_clients(self):
        count, batches = 100, 4
        line = b"main;" + b";".join(b"function_%d" % i for i in range(60)) + b" 1\n"
        lines = line * ((1 << 20) // len(line))
        clients = push_load.Clients(self.server.grpc, count, batches, lines, site="lab")
        clients.start()
        peak = 0
        while clients.running():
            peak = max(peak, self.server.anonymous_bytes())
            time.sleep(0.02)
        clients.join()
        self.assertEqual(clients.errors, [])
        # Held batches, gRPC's buffers, the head, and what a server needs by itself. The clients
        # together send 400 MiB, as fast as they can.
        # What the sanitizer keeps of freed memory is no matter of ours.
        limit = (1 << 30) if is_sanitized() else (256 << 20)
        self.assertLess(peak, limit, f"{clients.reopened} streams were opened again")
        expected = count * batches * lines.count(b"\n")
        self.assertEqual(sum(self.stored("load").values()), expected)


if __name__ == "__main__":
    unittest.main()
