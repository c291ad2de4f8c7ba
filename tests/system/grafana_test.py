"""Grafana's Pyroscope datasource, as far as bytes go: its backend calls by Connect in binary (Go's
connect client, with gzip allowed), the profiles app through Grafana's proxy in JSON, older versions
by /pyroscope/render. The requests are what they send, as text; answers are read back with the code
that protoc makes of proto/compat/querier.proto."""

import gzip
import http.client
import json
import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from flamekeep import Server  # noqa: E402
from protocol import generate  # noqa: E402

# Headers of Go's client, and of a browser behind Grafana's proxy.
GO = {"Accept-Encoding": "gzip", "Connect-Protocol-Version": "1", "Connect-Timeout-Ms": "29998",
      "Content-Type": "application/proto", "User-Agent": "connect-go/1.16.2 (go1.22.4)",
      "X-Scope-OrgID": "1", "X-Datasource-Uid": "flamekeep"}
PROXY = {"Accept": "application/json, text/plain, */*", "Accept-Encoding": "gzip",
         "Content-Type": "application/json", "User-Agent": "Grafana/11.3.0",
         "X-Forwarded-For": "10.1.2.3, 10.1.2.4"}


def varint(number):
    out = b""
    while number > 0x7f:
        out += bytes([number & 0x7f | 0x80])
        number >>= 7
    return out + bytes([number])


def fixture(text):
    """Bytes from hexadecimal digits and "quoted text"; `<13:00>` is a time of the day in
    milliseconds, as a varint; # begins a comment."""
    out = b""
    for line in text.splitlines():
        for quoted, time, digits in re.findall(r'"([^"]*)"|<(\d\d:\d\d)>|([0-9a-f]{2})|#.*', line):
            if quoted:
                out += quoted.encode()
            elif time:
                hours, minutes = map(int, time.split(":"))
                out += varint((1795132800 + hours * 3600 + minutes * 60) * 1000)
            elif digits:
                out += bytes.fromhex(digits)
    return out


SAVE_AND_TEST = """
    08 e807  # start: 1000
    10 a01f  # end: 4000
"""
STACKTRACES = """
    0a 1c "excimer-wall:samples:count::"
    12 17 "{entry_point=~'index|'}"
    18 <13:00>
    20 <14:00>
    28 808001  # max_nodes: 16384
"""
EMPTY = """
    0a 2b "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
    12 02 "{}"
    18 <13:00>
    20 <14:00>
    28 808001
"""
SERIES = """
    0a 1c "excimer-wall:samples:count::"
    12 02 "{}"
    18 <13:00>
    20 <14:00>
    2a 0b "entry_point"
    31 0000000000002e40  # step: 15.0
    38 00  # aggregation: sum
"""
DIFF = """
    0a 30  # left
      0a 1c "excimer-wall:samples:count::"
      12 02 "{}"
      18 <13:00>
      20 <14:00>
    12 30  # right
      0a 1c "excimer-wall:samples:count::"
      12 02 "{}"
      18 <13:00>
      20 <14:00>
"""
LABEL_VALUES = """
    0a 0b "entry_point"
    12 02 "{}"
    18 <13:00>
    20 <14:00>
"""


class GrafanaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="flamekeep-grafana-")
        cls.addClassCleanup(directory.cleanup)
        generated = pathlib.Path(directory.name) / "generated"
        generated.mkdir()
        generate(generated)
        from compat import querier_pb2
        cls.messages = querier_pb2
        cls.server = cls.enterClassContext(Server())
        cls.empty = cls.enterClassContext(Server())
        path = pathlib.Path(directory.name) / "samples"
        path.write_bytes(b"/srv/w/index.php;main;run 30\n/srv/w/index.php;main;stop 10\n"
                         b"/srv/w/api.php;main;run 2\n")
        done = cls.server.run("import", "--site", "eqiad", "--type", "excimer-wall", "--time",
                              "2026-11-20T13:10", path)
        if done.returncode != 0:
            raise AssertionError(done.stderr.decode())

    def call(self, server, method, body, headers):
        connection = http.client.HTTPConnection(server.http, timeout=60)
        self.addCleanup(connection.close)
        if isinstance(method, str) and not method.startswith("/"):
            connection.request("POST", f"/querier.v1.QuerierService/{method}", body, headers)
        else:
            connection.request("GET", method, headers=headers)
        reply = connection.getresponse()
        body = reply.read()
        if reply.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        return reply, body

    def binary(self, method, text, kind, server=None):
        """As Grafana's backend does it."""
        reply, body = self.call(server or self.server, method, fixture(text), GO)
        self.assertEqual(reply.status, 200, body)
        self.assertEqual(reply.headers["Content-Type"], "application/proto")
        message = getattr(self.messages, kind)()
        message.ParseFromString(body)
        return message

    def json(self, method, question, server=None):
        """As the profiles app does it."""
        reply, body = self.call(server or self.server, method, json.dumps(question), PROXY)
        self.assertEqual(reply.status, 200, body)
        self.assertEqual(reply.headers["Content-Type"], "application/json")
        return json.loads(body)

    def test_save_and_test(self):
        types = self.binary("ProfileTypes", SAVE_AND_TEST, "ProfileTypesResponse")
        self.assertEqual([(t.ID, t.name, t.sample_type, t.sample_unit) for t in types.profile_types],
                         [("excimer-wall:samples:count::", "excimer-wall", "samples", "count")])
        types = self.binary("ProfileTypes", SAVE_AND_TEST, "ProfileTypesResponse", self.empty)
        self.assertEqual(len(types.profile_types), 0)

    def test_flame_graph(self):
        graph = self.binary("SelectMergeStacktraces", STACKTRACES,
                            "SelectMergeStacktracesResponse").flamegraph
        self.assertEqual(graph.total, 40)
        self.assertEqual(graph.names[graph.levels[0].values[3]], "total")
        self.assertEqual(list(graph.levels[-1].values)[:3], [0, 30, 30])
        for row in graph.levels:
            self.assertEqual(len(row.values) % 4, 0)
        nothing = self.binary("SelectMergeStacktraces", EMPTY, "SelectMergeStacktracesResponse")
        self.assertFalse(nothing.HasField("flamegraph"))

    def test_series(self):
        series = self.binary("SelectSeries", SERIES, "SelectSeriesResponse").series
        self.assertEqual([(s.labels[0].value, [(p.timestamp, p.value) for p in s.points])
                          for s in series],
                         [("index", [(1795180200000, 40)]), ("api", [(1795180200000, 2)])])

    def test_labels(self):
        values = self.binary("LabelValues", LABEL_VALUES, "LabelValuesResponse")
        self.assertEqual(list(values.names), ["api", "index"])
        names = self.binary("LabelNames", "10 <13:00> 18 <14:00>", "LabelNamesResponse")
        self.assertIn("entry_point", names.names)
        self.assertIn("site", names.names)

    def test_diff(self):
        diff = self.binary("Diff", DIFF, "DiffResponse").flamegraph
        self.assertEqual((diff.leftTicks, diff.rightTicks, diff.total), (42, 42, 84))
        self.assertEqual(list(diff.levels[0].values), [0, 42, 0, 0, 42, 0, 0])

    def test_profiles_app(self):
        times = {"start": 1795179600000, "end": 1795183200000}
        series = self.json("Series", {"matchers": [], "labelNames": ["site", "__profile_type__"],
                                      **times})
        self.assertEqual(series, {"labelsSet": [{"labels": [
            {"name": "__profile_type__", "value": "excimer-wall:samples:count::"},
            {"name": "site", "value": "eqiad"}]}]})
        graph = self.json("SelectMergeStacktraces", {
            "profile_typeID": "excimer-wall:samples:count::", "label_selector": '{site="eqiad"}',
            "maxNodes": "16384", "aFieldOfTomorrow": {"a": [1]}, **times})
        self.assertEqual(graph["flamegraph"]["total"], "42")
        self.assertEqual(self.json("GetProfileStats", {})["dataIngested"], True)
        self.assertEqual(self.json("Series", {"matchers": ["{}"], **times}, self.empty), {})

    def test_older_versions(self):
        path = ("/pyroscope/render?query=excimer-wall%3Asamples%3Acount%3A%3A%7Bentry_point%3D%22"
                "index%22%7D&from=1795179600000&until=1795183200000&format=json&maxNodes=1024")
        for server, ticks in ((self.server, 40), (self.empty, 0)):
            reply, body = self.call(server, path, None, {"Accept-Encoding": "gzip"})
            self.assertEqual(reply.status, 200, body)
            answer = json.loads(body)
            self.assertEqual(answer["flamebearer"]["numTicks"], ticks)
            self.assertEqual(answer["metadata"]["format"], "single")
            timeline = answer["timeline"]
            self.assertEqual(sum(timeline["samples"]), ticks)
            self.assertEqual(timeline["durationDelta"], 60)
            self.assertEqual(len(timeline["samples"]), 60)

    def test_what_is_not_there(self):
        reply, body = self.call(self.server, "SelectHeatmap", b"", GO)
        self.assertEqual((reply.status, json.loads(body)["code"]), (501, "unimplemented"))
        reply, body = self.call(self.server, "SelectMergeStacktraces", b"\x0a\x01{", GO)
        self.assertEqual((reply.status, json.loads(body)["code"]), (400, "invalid_argument"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
