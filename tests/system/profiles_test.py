"""What other profilers send: files of pprof, perf and speedscope; Pyroscope's and OpenTelemetry's
clients over gRPC, Connect and HTTP; retries, and requests that are wrong."""

import base64
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import grpc

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from flamekeep import Server, wait_for  # noqa: E402
from protocol import generate  # noqa: E402

CONFIG = """push:
  site: lab
  relabel: [{keep: service_name}, {rename: k8s.pod.name, to: pod}]
"""
CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
SAMPLES = "process_cpu:samples:count:cpu:nanoseconds"
CORPUS = ROOT / "tests/corpus"


def setUpModule():
    global otlp, otlp_grpc, push, push_grpc, pprof
    directory = tempfile.TemporaryDirectory(prefix="flamekeep-profiles-")
    unittest.addModuleCleanup(directory.cleanup)
    generate(directory.name)
    from compat import otlp_profiles_pb2 as otlp
    from compat import otlp_profiles_pb2_grpc as otlp_grpc
    from compat import pprof_pb2 as pprof
    from compat import pyroscope_push_pb2 as push
    from compat import pyroscope_push_pb2_grpc as push_grpc


def cpu_profile(value, begin=None):
    profile = pprof.Profile(string_table=["", "cpu", "nanoseconds", "main", "main.go"],
                            time_nanos=int(begin * 1e9) if begin else time.time_ns(),
                            duration_nanos=10**10)
    profile.sample_type.add(type=1, unit=2)
    profile.period_type.type, profile.period_type.unit = 1, 2
    profile.function.add(id=1, name=3, filename=4)
    profile.location.add(id=1).line.add(function_id=1)
    profile.sample.add(location_id=[1], value=[value])
    return gzip.compress(profile.SerializeToString())


def otlp_request(values, profile_id=b""):
    request = otlp.ExportProfilesServiceRequest()
    dictionary = request.dictionary
    dictionary.string_table.extend(["", "samples", "count", "cpu", "nanoseconds", "main"])
    dictionary.function_table.add()
    dictionary.function_table.add(name_strindex=5)
    dictionary.location_table.add()
    dictionary.location_table.add().lines.add(function_index=1)
    dictionary.stack_table.add()
    dictionary.stack_table.add(location_indices=[1])
    resource = request.resource_profiles.add()
    for key, value in (("service.name", "web"), ("k8s.pod.name", "web-1"), ("host.name", "h")):
        resource.resource.attributes.add(key=key).value.string_value = value
    profile = resource.scope_profiles.add().profiles.add(
        time_unix_nano=time.time_ns(), profile_id=profile_id)
    profile.sample_type.type_strindex, profile.sample_type.unit_strindex = 1, 2
    profile.period_type.type_strindex, profile.period_type.unit_strindex = 3, 4
    for value in values:
        profile.samples.add(stack_index=1, values=[value])
    return request


class ProfilesTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(config=CONFIG)
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.channel = grpc.insecure_channel(self.server.grpc)
        self.addCleanup(self.channel.close)

    def post(self, path, body, content_type, code=200, **headers):
        request = urllib.request.Request(
            f"http://{self.server.http}{path}", data=body, method="POST",
            headers={"Content-Type": content_type,
                     **{name.replace("_", "-"): value for name, value in headers.items()}})
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                self.assertEqual(reply.status, code)
                return reply.read()
        except urllib.error.HTTPError as error:
            text = error.read()
            self.assertEqual(error.code, code, text)
            return text

    def stored(self, selector, begin="now-1h", end="now"):
        return self.server.folded(selector, begin, end)

    def bring(self, *args, code=0, **options):
        done = self.server.run("import", "--site", "lab", *args, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def test_files(self):
        for again in (False, True):
            done = self.bring("--time", "2026-11-20T13:00", CORPUS / "pprof/go-cpu.pb.gz")
            self.assertEqual(b"nothing new" in done.stdout, again, done.stdout)
        day = ("2026-11-20", "2026-11-21")
        stacks = self.stored(CPU, *day)
        self.assertEqual(sum(stacks.values()), 40_000_000)
        self.assertTrue(any(b"main.outer;main.inlined;main.busy" in stack for stack in stacks))

        # A profile has its own time, and two are told apart by their content.
        mine = gzip.decompress(cpu_profile(7))
        self.bring("--type", "mine", "-", stdin=mine)
        self.assertEqual(self.stored("mine:cpu:nanoseconds:cpu:nanoseconds"), {b"main": 7})

        script = (CORPUS / "perf_script/usual").read_bytes()
        self.assertIn(b"give --time", self.bring("-", stdin=script, code=2).stderr)
        for _ in range(2):
            self.bring("--time", "2026-11-20T13:00", "-", stdin=script)
        self.assertEqual(self.stored("perf:samples:count:cpu-clock:count", *day),
                         {b"swapper;default_idle;native_safe_halt": 1})

        self.bring("--time", "2026-11-20T13:00", CORPUS / "speedscope/sampled")
        self.assertEqual(self.stored("speedscope:time:nanoseconds::", *day),
                         {b"main": 1_000_000, b"main;b": 2_000_000})

        self.assertIn(b"perf script", self.bring("-", stdin=b"PERFILE2" + bytes(100), code=2).stderr)
        self.bring("-", stdin=b'{"profiles": [{}]}', code=2)

    def test_upload(self):
        file = self.server.directory / "cpu.pb.gz"
        file.write_bytes(cpu_profile(9))
        def upload(query, *args):
            done = subprocess.run(
                ["curl", "-sS", "-T", str(file), "-w", " %{http_code}", *args,
                 f"http://{self.server.http}/upload?{query}"], stdout=subprocess.PIPE, check=True)
            return done.stdout
        for _ in range(2):  # a retry
            self.assertEqual(upload("service_name=web&site=codfw"), b"stored\n 200")
        self.assertEqual(upload("name=mine&service_name=web&k8s.pod.name=web-2"), b"stored\n 200")
        self.assertEqual(self.stored(CPU + '{site="codfw",service_name="web"}'), {b"main": 9})
        self.assertEqual(self.stored('mine:cpu:nanoseconds:cpu:nanoseconds{pod="web-2"}'), {b"main": 9})
        # What is not stored is not called stored, and may be sent again.
        file.write_bytes(cpu_profile(9, time.time() - 40 * 86400))
        for _ in range(2):
            refused = upload("service_name=web")
            self.assertIn(b"push.max_late", refused)
            self.assertTrue(refused.endswith(b" 400"), refused)
        self.assertIn(b"`time` is no parameter", upload("time=2026-11-20"))
        file.write_bytes(cpu_profile(9))
        self.assertTrue(upload("a=b", "-H", "Origin: http://evil.example").endswith(b" 403"))
        file.write_bytes(b"no profile")
        self.assertTrue(upload("service_name=web").endswith(b" 400"))
        file.write_bytes(b"")
        self.assertIn(b"there is no profile in this request", upload("service_name=web"))

    def test_pyroscope(self):
        now = int(time.time())
        path = f"/ingest?name=app.cpu%7Bpod%3Dx%7D&from={now}&until={now + 10}&sampleRate=100"
        self.assertEqual(self.post(path, b"main;a 3\nmain;b 1\n", "text/plain"), b"")
        self.assertEqual(self.stored(CPU + '{service_name="app",site="lab"}'),
                         {b"main;a": 30_000_000, b"main;b": 10_000_000})
        self.assertIn(b"send folded", self.post("/ingest?name=a&format=jfr", b"x", "text/plain", 400))
        self.assertIn(b"end it with .alloc_space", self.post(
            "/ingest?name=app.heap&units=bytes", b"main 5\n", "text/plain", 400))
        self.assertIn(b"push.max_late", self.post(
            f"/ingest?name=app.cpu&from={now - 40 * 86400}", b"main 5\n", "text/plain", 400))

        request = push.PushRequest()
        series = request.series.add()
        for name, value in (("__name__", "process_cpu"), ("service_name", "svc")):
            series.labels.add(name=name, value=value)
        series.samples.add(raw_profile=cpu_profile(5), ID="one")
        stub = push_grpc.PusherServiceStub(self.channel)
        for compression in (grpc.Compression.Gzip, grpc.Compression.NoCompression):
            stub.Push(request, compression=compression)
        # The same by Connect, as JSON too.
        route = "/push.v1.PusherService/Push"
        self.post(route, request.SerializeToString(), "application/proto")
        self.post(route, gzip.compress(request.SerializeToString()), "application/proto",
                  Content_Encoding="gzip")
        as_json = {"series": [{"labels": [{"name": "__name__", "value": "process_cpu"},
                                          {"name": "service_name", "value": "svc"}],
                               "samples": [{"rawProfile": base64.b64encode(cpu_profile(6)).decode(),
                                            "ID": "two"}]}]}
        self.post(route, json.dumps(as_json).encode(), "application/json")
        self.assertEqual(self.stored(CPU + '{service_name="svc"}'), {b"main": 11})
        series.samples.add(raw_profile=b"no profile")
        with self.assertRaises(grpc.RpcError) as raised:
            stub.Push(request)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        self.assertIn("1 of 2 profiles", raised.exception.details())

    def test_opentelemetry(self):
        stub = otlp_grpc.ProfilesServiceStub(self.channel)
        request = otlp_request([3], b"0123456789abcdef")
        for compression in (grpc.Compression.Gzip, grpc.Compression.NoCompression):
            reply = stub.Export(request, compression=compression)
            self.assertEqual(reply, otlp.ExportProfilesServiceResponse())
        path = "/v1development/profiles"
        body = otlp_request([4], b"fedcba9876543210").SerializeToString()
        self.post(path, body, "application/x-protobuf")
        self.post(path, gzip.compress(body), "application/x-protobuf", Content_Encoding="gzip")
        from google.protobuf import json_format
        text = json_format.MessageToJson(otlp_request([5]))
        self.assertEqual(json.loads(self.post(path, text.encode(), "application/json")), {})
        self.assertEqual(self.stored(SAMPLES + '{service_name="web",pod="web-1"}'), {b"main": 12})
        self.assertEqual(self.stored(SAMPLES + '{host_name=""}'), {b"main": 12})

        reply = stub.Export(otlp_request([1, -1]))
        self.assertEqual(reply.partial_success.rejected_profiles, 0)
        self.assertIn("below 0", reply.partial_success.error_message)
        old = otlp_request([])
        old.resource_profiles[0].scope_profiles[0].profiles[0].samples.add(
            stack_index=1, attribute_indices=[77])
        reply = stub.Export(old)
        self.assertEqual(reply.partial_success.rejected_profiles, 1)
        self.assertIn("v1.9.0", reply.partial_success.error_message)

    def test_a_bomb_is_refused(self):
        bomb = gzip.compress(bytes(100 << 20))
        call = self.channel.unary_unary("/push.v1.PusherService/Push", request_serializer=bytes,
                                        response_deserializer=bytes)
        with self.assertRaises(grpc.RpcError) as raised:
            call(bomb)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        with self.assertRaises(grpc.RpcError) as raised:
            call(bytes(100 << 10) + b"\xff" * 1000, compression=grpc.Compression.Gzip)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        self.assertLess(self.server.peak_memory(), 1 << 30)

    def test_acknowledged_is_durable(self):
        request = otlp_request([3], b"0123456789abcdef")
        otlp_grpc.ProfilesServiceStub(self.channel).Export(request)
        self.server.crash()
        def again():
            """What a client does: a connection to the server before may still be about to break."""
            with grpc.insecure_channel(self.server.grpc) as channel:
                try:
                    otlp_grpc.ProfilesServiceStub(channel).Export(request)
                    return True
                except grpc.RpcError as error:
                    self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE)
                    return False
        wait_for(again, "the retry is taken")
        self.assertEqual(self.stored(SAMPLES), {b"main": 3})


if __name__ == "__main__":
    unittest.main()
