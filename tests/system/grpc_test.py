"""The gRPC interface as a client in another language meets it: Python's own gRPC library, code
generated from proto/, and bytes that are no gRPC at all."""

import json
import pathlib
import queue
import socket
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

import grpc
from google.protobuf import timestamp_pb2

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from flamekeep import Server  # noqa: E402
from protocol import generate  # noqa: E402

# What of the foreign services is used here.
FOREIGN_PROTO = """
syntax = "proto3";
package %(package)s;
%(body)s
"""
HEALTH = FOREIGN_PROTO % {"package": "grpc.health.v1", "body": """
message HealthCheckRequest { string service = 1; }
message HealthCheckResponse { int32 status = 1; }
service Health { rpc Check(HealthCheckRequest) returns (HealthCheckResponse); }"""}
REFLECTION = FOREIGN_PROTO % {"package": "grpc.reflection.v1alpha", "body": """
message ServerReflectionRequest { string list_services = 7; }
message ServiceResponse { string name = 1; }
message ListServiceResponse { repeated ServiceResponse service = 1; }
message ServerReflectionResponse { ListServiceResponse list_services_response = 6; }
service ServerReflection {
  rpc ServerReflectionInfo(stream ServerReflectionRequest)
      returns (stream ServerReflectionResponse);
}"""}
SERVING = 1
NOT_SERVING = 2


class Stream:
    """One call of Ingest, step by step."""

    def __init__(self, stub, open_source=None):
        self._requests = queue.Queue()
        self.call = stub.Ingest(iter(self._requests.get, None))
        if open_source is not None:
            self._requests.put(ingest.IngestRequest(open=open_source))

    def send(self, number, lines, cursor=b"", **fields):
        self._requests.put(ingest.IngestRequest(
            batch=ingest.IngestBatch(number=number, lines=lines, cursor=cursor, **fields)))

    def wait_for(self, number):
        for response in self.call:
            if response.durable_number >= number:
                return response
        raise AssertionError(f"the stream ended before {number}")

    def close(self):
        """Half-closes; returns the last answer."""
        self._requests.put(None)
        last = None
        for last in self.call:
            pass
        return last

    def error(self):
        try:
            for _ in self.call:
                pass
        except grpc.RpcError as error:
            self._requests.put(None)
            return error
        raise AssertionError("no error")


def at(seconds):
    return timestamp_pb2.Timestamp(seconds=int(seconds))


class GrpcTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="flamekeep-grpc-")
        cls.addClassCleanup(directory.cleanup)
        generate(directory.name, health=HEALTH, reflection=REFLECTION)
        global admin, ingest, query, health, reflection, ingest_grpc, query_grpc, admin_grpc
        global health_grpc, reflection_grpc
        from flamekeep.v1 import admin_pb2 as admin
        from flamekeep.v1 import admin_pb2_grpc as admin_grpc
        from flamekeep.v1 import ingest_pb2 as ingest
        from flamekeep.v1 import ingest_pb2_grpc as ingest_grpc
        from flamekeep.v1 import query_pb2 as query
        from flamekeep.v1 import query_pb2_grpc as query_grpc
        import health_pb2 as health
        import health_pb2_grpc as health_grpc
        import reflection_pb2 as reflection
        import reflection_pb2_grpc as reflection_grpc

    def setUp(self):
        self.server = Server()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.connect()
        self.now = int(time.time()) // 60 * 60

    def connect(self):
        # A connection of its own: the shared one may not know yet that its server is gone.
        self.channel = grpc.insecure_channel(self.server.grpc,
                                             options=[("grpc.use_local_subchannel_pool", 1)])
        self.addCleanup(self.channel.close)
        self.ingest = ingest_grpc.IngestServiceStub(self.channel)
        self.query = query_grpc.QueryServiceStub(self.channel)
        self.admin = admin_grpc.AdminServiceStub(self.channel)

    def open(self, source="client", **fields):
        fields = {"site": "eqiad", "format": ingest.FORMAT_FOLDED, "profile_type": "excimer-wall",
                  "time": at(self.now - 600), **fields}
        return ingest.OpenSource(source=source, **fields)

    def selection(self, selector="excimer-wall", begin=-3600, end=60):
        return dict(selector=selector, range={
            "begin": at(self.now + begin), "end": at(self.now + end)})

    def folded(self, **fields):
        request = query.RenderRequest(selection=self.selection(**fields),
                                      format=query.RENDER_FORMAT_FOLDED)
        return b"".join(chunk.data for chunk in self.query.Render(request)).decode()

    def fails(self, code, text, act):
        with self.assertRaises(grpc.RpcError) as raised:
            act()
        self.assertEqual(raised.exception.code(), code, raised.exception.details())
        self.assertIn(text, raised.exception.details())

    def test_a_stream_is_acknowledged_and_counts_once(self):
        stream = Stream(self.ingest, self.open())
        self.assertEqual(stream.wait_for(0).durable_number, 0)
        stream.send(1, b"main;a 1\nmain;b 2\n", b"first")
        stream.send(2, b"main;a 3\nno count\n", b"second")
        answer = stream.wait_for(2)
        self.assertEqual((answer.cursor, answer.counts.lines, answer.counts.samples,
                          answer.counts.rejected_lines), (b"second", 4, 3, 1))
        stream.send(3, b"main;c 1")
        self.assertEqual(stream.close().durable_number, 3)
        self.assertEqual(self.folded(), "main;a 4\nmain;b 2\nmain;c 1\n")

        # The server dies; the client does not know what arrived and sends everything again.
        self.server.kill()
        self.server.start()
        self.connect()
        stream = Stream(self.ingest, self.open())
        self.assertEqual(stream.wait_for(0).durable_number, 3)
        stream.send(2, b"main;a 3\nno count\n")
        stream.send(3, b"main;c 1")
        stream.send(4, b"main;d 1")
        self.assertEqual(stream.close().durable_number, 4)
        self.assertEqual(self.folded(), "main;a 4\nmain;b 2\nmain;c 1\nmain;d 1\n")

    def test_errors_of_a_stream(self):
        gap = Stream(self.ingest, self.open("gap"))
        gap.send(2, b"a 1\n")
        self.assertEqual(gap.error().code(), grpc.StatusCode.FAILED_PRECONDITION)

        early = Stream(self.ingest)
        early.send(1, b"a 1\n")
        self.assertIn("first request must be `open`", early.error().details())

        first = Stream(self.ingest, self.open("twice"))
        first.wait_for(0)
        second = Stream(self.ingest, self.open("twice"))
        self.assertEqual(second.error().code(), grpc.StatusCode.ABORTED)
        first.send(1, b"a 1\n")
        self.assertEqual(first.close().durable_number, 1)

        for fields, text in (
                ({"site": "no site"}, "no site"),
                ({"site": ""}, "site"),
                ({"profile_type": "a b"}, "a b"),
                ({"profile_type": ""}, "profile_type"),
                ({"format": 0}, "`open.format` is not set"),
                ({"format": 9}, "9"),
                ({"resolution": 9}, "open.resolution"),
                ({"kind": 9}, "open.kind"),
                ({"time": timestamp_pb2.Timestamp(seconds=2**60)}, "open.time"),
                ({"labels": [{"name": "site", "value": "x"}]}, "site")):
            error = Stream(self.ingest, self.open("bad", **fields)).error()
            self.assertEqual(error.code(), grpc.StatusCode.INVALID_ARGUMENT, fields)
            self.assertIn(text, error.details())

        large = Stream(self.ingest, self.open("large"))
        large.send(1, b"a" * (5 << 20))
        self.assertEqual(large.error().code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        oversize = Stream(self.ingest, self.open("oversize"))
        oversize.send(1, b"a" * (17 << 20))
        self.assertEqual(oversize.error().code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        packed = Stream(self.ingest, self.open("packed"))
        packed.send(1, b"\x28\xb5\x2f\xfd\xff\xff", compression=1)
        self.assertEqual(packed.error().code(), grpc.StatusCode.INVALID_ARGUMENT)

        # Nothing of it was stored, and the server is well.
        self.assertEqual(self.folded(), "a 1\n")

    def test_a_client_that_vanishes_frees_its_source(self):
        stream = Stream(self.ingest, self.open())
        stream.wait_for(0)
        stream.call.cancel()
        deadline = time.monotonic() + 20
        while True:
            try:
                answer = self.ingest.IngestBatch(ingest.IngestBatchRequest(
                    open=self.open(), batch={"number": 1, "lines": b"a 1\n"}))
                break
            except grpc.RpcError as error:
                self.assertEqual(error.code(), grpc.StatusCode.ABORTED)
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.02)
        self.assertEqual(answer.durable_number, 1)

    def test_queries_and_their_errors(self):
        self.ingest.IngestBatch(ingest.IngestBatchRequest(
            open=self.open(), batch={"number": 1, "lines": b"/w/index.php;a 3\n/w/api.php;b 1\n"}))
        graph = self.query.FlameGraph(query.FlameGraphRequest(selection=self.selection()))
        self.assertEqual((graph.coverage.total, graph.coverage.observations), (4, 2))
        self.assertEqual(list(graph.depth), [0, 1, 2, 1, 2])
        self.assertEqual([graph.names[i] for i in graph.name],
                         ["all", "/w/index.php", "a", "/w/api.php", "b"])
        series = self.query.ListSeries(query.ListSeriesRequest(selector='{entry_point="api"}'))
        self.assertEqual(len(series.series), 1)

        def ask(**fields):
            return lambda: self.query.FlameGraph(query.FlameGraphRequest(
                selection=self.selection(**fields)))

        invalid, missing = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
        self.fails(invalid, "", ask(selector="excimer-wall{"))
        self.fails(invalid, "", ask(selector='excimer-wall{a=~"("}'))
        self.fails(invalid, "", ask(begin=60, end=-60))
        self.fails(invalid, "", ask(begin=0, end=0))
        self.fails(missing, "excimer-wall", ask(selector="excimer-wal"))
        self.fails(missing, "eqiad", ask(selector='excimer-wall{site="eqaid"}'))
        self.fails(invalid, "range", lambda: self.query.FlameGraph(query.FlameGraphRequest(
            selection={"selector": "excimer-wall"})))
        self.fails(invalid, "format", lambda: list(self.query.Render(query.RenderRequest(
            selection=self.selection()))))
        self.assertEqual(self.folded(selector='excimer-wall{entry_point="api"}'),
                         "/w/api.php;b 1\n")

    def test_status_health_and_reflection(self):
        status = self.admin.Status(admin.StatusRequest())
        self.assertEqual(status.store.directory, str(self.server.store))
        self.assertEqual([level.level for level in status.store.levels], [1, 2, 3, 4, 5])
        check = health_grpc.HealthStub(self.channel).Check
        services = [f"flamekeep.v1.{name}Service" for name in ("Ingest", "Query", "Admin")]
        for service in ["", *services]:
            self.assertEqual(check(health.HealthCheckRequest(service=service)).status, SERVING)
        listed = next(reflection_grpc.ServerReflectionStub(self.channel).ServerReflectionInfo(
            iter([reflection.ServerReflectionRequest(list_services="*")])))
        names = {service.name for service in listed.list_services_response.service}
        self.assertLessEqual({*services, "grpc.health.v1.Health"}, names)

    def test_garbage_and_silence_harm_nobody(self):
        host, port = self.server.grpc.split(":")
        silent = [socket.create_connection((host, int(port))) for _ in range(30)]
        for i in range(30):
            with socket.create_connection((host, int(port))) as garbage:
                try:
                    garbage.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" * (i % 2) +
                                    bytes(range(256)) * 100)
                except OSError:
                    pass  # cut off already
        # A message that is no protocol buffer, and a method that is not there.
        raw = self.channel.unary_unary("/flamekeep.v1.QueryService/FlameGraph",
                                       request_serializer=bytes, response_deserializer=bytes)
        with self.assertRaises(grpc.RpcError):
            raw(b"\xff" * 1000)
        with self.assertRaises(grpc.RpcError) as raised:
            self.channel.unary_unary("/flamekeep.v1.QueryService/Nothing",
                                     request_serializer=bytes, response_deserializer=bytes)(b"")
        self.assertEqual(raised.exception.code(), grpc.StatusCode.UNIMPLEMENTED)
        # Compressed messages could unpack to any size: our own services take none.
        with self.assertRaises(grpc.RpcError) as raised:
            self.ingest.IngestBatch(
                ingest.IngestBatchRequest(open=self.open(),
                                          batch={"number": 1, "lines": b"a" * (1 << 22)}),
                compression=grpc.Compression.Gzip)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.UNIMPLEMENTED)
        self.admin.Status(admin.StatusRequest())
        for connection in silent:
            connection.close()

    def test_sigterm_ends_streams_with_a_reason(self):
        idle = Stream(self.ingest, self.open("idle"))
        idle.wait_for(0)
        busy = Stream(self.ingest, self.open("busy"))
        for number in range(1, 21):
            busy.send(number, b"main;a 1\n")
        acknowledged = busy.wait_for(1).durable_number
        stopped = queue.Queue()
        threading.Thread(target=lambda: stopped.put(self.server.stop())).start()
        self.assertEqual(idle.error().code(), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual(busy.error().code(), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual(stopped.get(timeout=60), 0)
        self.server.start()
        self.connect()
        graph = self.query.FlameGraph(query.FlameGraphRequest(selection=self.selection()))
        self.assertGreaterEqual(graph.coverage.total, acknowledged)

    def test_http_beside_it(self):
        self.ingest.IngestBatch(ingest.IngestBatchRequest(
            open=self.open(), batch={"number": 1, "lines": b"a 1\nbroken\n"}))
        address = json.loads((self.server.directory / "ready.json").read_text())["http"]

        def get(path):
            with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as reply:
                return reply.read().decode()

        self.assertEqual(get("/healthz"), "ok\n")
        self.assertEqual(get("/readyz"), "ready\n")
        self.assertIn('reason="no_count"', get("/metrics"))
        with self.assertRaises(urllib.error.HTTPError) as raised:
            get("/nothing")
        self.assertEqual(raised.exception.code, 404)


if __name__ == "__main__":
    unittest.main(verbosity=2)
