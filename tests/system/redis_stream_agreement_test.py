"""Two servers read one stream. One of them is killed again and again while entries come. What they
answer for a range that is final is the same, byte by byte."""

import pathlib
import random
import sys
import tempfile
import threading
import time
import unittest

import grpc
from google.protobuf import timestamp_pb2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from flamekeep import Server  # noqa: E402
from protocol import generate  # noqa: E402
from redis_server import Connection, Redis  # noqa: E402

ROUNDS = 15


def at(seconds):
    return timestamp_pb2.Timestamp(seconds=int(seconds))


class AgreementTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="flamekeep-agreement-")
        cls.addClassCleanup(directory.cleanup)
        generate(directory.name)
        global common, query, query_grpc  # pylint: disable=global-variable-undefined
        from flamekeep.v1 import common_pb2 as common
        from flamekeep.v1 import query_pb2 as query
        from flamekeep.v1 import query_pb2_grpc as query_grpc

    def render(self, server, selector, begin, end, render_format):
        """The first message's coverage, and all bytes."""
        with grpc.insecure_channel(server.grpc) as channel:
            stub = query_grpc.QueryServiceStub(channel)
            request = query.RenderRequest(format=render_format, selection=dict(
                selector=selector, range=common.TimeRange(begin=at(begin), end=at(end))))
            responses = list(stub.Render(request, timeout=60))
        return responses[0].coverage, b"".join(response.data for response in responses)

    def publish(self, redis, stop):
        """Two streams, types, labels, and what can not be taken in."""
        chance = random.Random(20261120)
        connection = Connection(redis.port)
        while not stop.wait(0.01):
            for _ in range(20):
                depth = chance.randint(1, 12)
                stack = ";".join(["/w/index.php", *(f"f{chance.randint(0, 50)}"
                                                    for _ in range(depth))])
                fields = ["stack", f"{stack} {chance.randint(1, 5)}"]
                if chance.random() < 0.3:
                    fields += ["labels", f"wiki=w{chance.randint(0, 5)}"]
                if chance.random() < 0.05:
                    fields += ["type", "excimer-wall"]
                if chance.random() < 0.02:
                    fields = ["trace", "x"]
                stream = chance.choice(["excimer", "excimer-wall"])
                connection.send("XADD", stream, "*", *fields)
            for _ in range(20):
                connection.receive()
                self.added += 1
        connection.close()

    def test_both_answer_the_same(self):
        redis = Redis()
        self.addCleanup(redis.close)
        # Read from here on: the range of the comparison lies in what both have recorded.
        begin = (int(time.time()) // 60 - 10) * 60
        for stream in ("excimer", "excimer-wall"):
            redis.command("XADD", stream, f"{begin * 1000}-0", "stack", "/w/index.php;first 1")
        servers = []
        for node in ("fk1", "fk2"):
            server = Server(config=f"node: {node}\nsites: {{lab: {{redis: \"{redis.url}\", "
                                   "streams: [excimer, excimer-wall]}}\n"
                                   "frame_rules: [{match: \"f1(?P<digit>[0-9])\", "
                                   "replace: \"f1x\"}]\n")
            server.__enter__()
            self.addCleanup(server.__exit__)
            servers.append(server)
        self.added = 0
        stop = threading.Event()
        publisher = threading.Thread(target=self.publish, args=(redis, stop))
        publisher.start()

        def end_publishing():
            stop.set()
            publisher.join()
        self.addCleanup(end_publishing)
        chance = random.Random(7)
        for _ in range(ROUNDS):
            time.sleep(chance.uniform(0.1, 1.5))  # any moment is as good
            servers[1].crash()
        end_publishing()
        self.assertGreater(self.added, 5000)

        end = (int(time.time()) // 60 + 1) * 60
        deadline = time.monotonic() + 120
        for selector in ("excimer", "excimer-wall", 'excimer{wiki=~"w[1-3]"}',
                         'excimer{digit="3"}'):
            for render_format in (query.RENDER_FORMAT_FOLDED, query.RENDER_FORMAT_SVG):
                answers = []
                for server in servers:
                    while True:
                        coverage, data = self.render(server, selector, begin, end, render_format)
                        if coverage.final:
                            break
                        self.assertLess(time.monotonic(), deadline, coverage)
                        time.sleep(0.5)
                    answers.append((coverage.version, coverage.total, coverage.observations,
                                    list(coverage.gaps), data))
                self.assertEqual(answers[0], answers[1], selector)
                self.assertEqual(answers[0][3], [])
                self.assertGreater(answers[0][1], 10)
                if selector == "excimer":
                    self.assertGreater(answers[0][2], 2000)


if __name__ == "__main__":
    unittest.main()
