"""Requests of real senders, byte by byte as they sent them (tests/captured/)."""

import collections
import email.parser
import email.policy
import gzip
import http.client
import pathlib
import sys
import tempfile
import unittest

import grpc

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from flamekeep import Server  # noqa: E402
from protocol import generate  # noqa: E402

CAPTURED = ROOT / "tests/captured"
DAY = ("2026-11-30", "2026-12-01")  # when they were taken
CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
CPU_SAMPLES = "process_cpu:samples:count:cpu:nanoseconds"


def setUpModule():
    global otlp, push, pprof
    directory = tempfile.TemporaryDirectory(prefix="flamekeep-captured-")
    unittest.addModuleCleanup(directory.cleanup)
    generate(directory.name)
    from compat import otlp_profiles_pb2 as otlp
    from compat import pprof_pb2 as pprof
    from compat import pyroscope_push_pb2 as push


class Request:
    """One that was captured."""

    def __init__(self, name):
        path = CAPTURED / name
        first, *headers = path.with_suffix(".head").read_text().strip().splitlines()
        self.method, self.path = first.split(" ", 1)
        self.headers = dict(header.split(": ", 1) for header in headers)
        self.body = path.with_suffix(".body").read_bytes()

    def header(self, name):
        [value] = [value for key, value in self.headers.items() if key.lower() == name]
        return value

    def send(self, address):
        """The reply's body."""
        connection = http.client.HTTPConnection(address, timeout=60)
        connection.putrequest(self.method, self.path, skip_host=True, skip_accept_encoding=True)
        for header in self.headers.items():
            connection.putheader(*header)
        connection.endheaders(self.body)
        reply = connection.getresponse()
        body = reply.read()
        connection.close()
        if reply.status != 200:
            raise AssertionError(f"{self.path}: {reply.status} {body!r}")
        return body

    def form(self):
        """The parts of a multipart form."""
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(
            b"Content-Type: " + self.header("content-type").encode() + b"\r\n\r\n" + self.body)
        return {part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
                for part in message.iter_parts()}


def unzipped(data):
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def stacks_of_pprof(data):
    """For each sample type, a dictionary of folded stack to value."""
    profile = pprof.Profile.FromString(unzipped(data))
    text = profile.string_table
    functions = {function.id: text[function.name] for function in profile.function}
    locations = {location.id: [functions[line.function_id] for line in location.line]
                 for location in profile.location}
    types = {}
    for i, kind in enumerate(profile.sample_type):
        sums = types.setdefault(f"{text[kind.type]}:{text[kind.unit]}", collections.Counter())
        for sample in profile.sample:
            leaf_first = [name for location in sample.location_id for name in locations[location]
                          if name]  # Go's runtime has functions without
            sums[";".join(reversed(leaf_first)).encode()] += sample.value[i]
    return {kind: {stack: value for stack, value in sums.items() if value}
            for kind, sums in types.items()}


class CapturedTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(config="push: {site: lab, max_late: 36500d}\n")
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)

    def stored(self, selector):
        return self.server.folded(selector, *DAY)

    def test_pyroscope_go(self):
        for kind, name, period in (
                ("cpu", "process_cpu", "cpu:nanoseconds"), ("memory", "memory", "space:bytes"),
                ("goroutine", "goroutine", "goroutine:count"),
                ("mutex", "mutex", "contentions:count"), ("block", "block", "contentions:count")):
            request = Request(f"pyroscope-go/{kind}")
            self.assertEqual(request.send(self.server.http), b"")
            expected = stacks_of_pprof(request.form()["profile"])
            self.assertGreater(sum(len(stacks) for stacks in expected.values()), 0)
            for value_type, stacks in expected.items():
                selector = f'{name}:{value_type}:{period}{{service_name="checkout"}}'
                self.assertEqual(self.stored(selector), stacks, selector)
        # A profile's own labels, and what says where the program ran.
        paid = self.stored(CPU + '{region="eqiad"}')
        self.assertEqual(paid, self.stored(CPU))

    def test_pyroscope_python(self):
        expected = collections.Counter()
        for name in ("cpu", "cpu-again"):
            request = Request(f"pyroscope-python/{name}")
            request.send(self.server.http)
            message = push.PushRequest.FromString(unzipped(request.body))
            for series in message.series:
                for sample in series.samples:
                    expected.update(stacks_of_pprof(sample.raw_profile)["cpu:nanoseconds"])
        self.assertGreater(len(expected), 1)
        self.assertEqual(self.stored(CPU + '{service_name="worker",region="codfw"}'), expected)

    def test_opentelemetry(self):
        request = Request("opentelemetry/protobuf")
        message = otlp.ExportProfilesServiceRequest.FromString(unzipped(request.body))
        expected = self.stacks_of_otlp(message)
        self.assertEqual(set(expected), {CPU, CPU_SAMPLES})
        # Its profiles have ids, so that the same in three forms counts once.
        for send in (lambda: request.send(self.server.http),
                     lambda: Request("opentelemetry/json").send(self.server.http),
                     lambda: self.send_grpc(Request("opentelemetry/grpc"))):
            send()
            for profile_type, stacks in expected.items():
                self.assertEqual(self.stored(profile_type + '{service_name="checkout"}'), stacks)

    def test_opentelemetry_in_json_and_by_grpc(self):
        expected = self.stacks_of_otlp(otlp.ExportProfilesServiceRequest.FromString(
            unzipped(Request("opentelemetry/protobuf").body)))
        Request("opentelemetry/json").send(self.server.http)
        self.assertEqual(self.stored(CPU), expected[CPU])
        with Server(config="push: {max_late: 36500d}\n") as other:
            self.send_grpc(Request("opentelemetry/grpc"), other)
            self.assertEqual(other.folded(CPU, *DAY), expected[CPU])

    def send_grpc(self, request, server=None):
        with grpc.insecure_channel((server or self.server).grpc) as channel:
            call = channel.unary_unary(request.path, request_serializer=bytes,
                                       response_deserializer=bytes)
            self.assertEqual(call(request.body), b"")

    def stacks_of_otlp(self, message):
        """For each profile type, a dictionary of folded stack to value."""
        tables = message.dictionary
        text = tables.string_table

        def frames(stack):
            for location in tables.stack_table[stack].location_indices:
                for line in tables.location_table[location].lines:
                    name = text[tables.function_table[line.function_index].name_strindex]
                    if name:
                        yield name

        types = {}
        for resource in message.resource_profiles:
            for scope in resource.scope_profiles:
                for profile in scope.profiles:
                    kinds = (profile.sample_type, profile.period_type)
                    name = ":".join(text[part] for kind in kinds
                                    for part in (kind.type_strindex, kind.unit_strindex))
                    sums = types.setdefault(f"process_cpu:{name}", collections.Counter())
                    for sample in profile.samples:
                        sums[";".join(reversed(list(frames(sample.stack_index)))).encode()] += \
                            sum(sample.values)
        return types


if __name__ == "__main__":
    unittest.main()
