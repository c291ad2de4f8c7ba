"""Queries while the faults happen. A query may fail with a clear status; an answer never lacks what
was acknowledged before the query began and never has anything twice."""

import collections
import threading
import time

import grpc
from google.protobuf import timestamp_pb2

from writers import CALL_SECONDS, CHANNEL_OPTIONS, PASSING

DAY = 86400
# Pushed samples are at most three days old; clocks are set by less than a day.
BEGIN_DAYS = 5
END_DAYS = 2


def timestamp(seconds):
    return timestamp_pb2.Timestamp(seconds=int(seconds))


class Asker:
    """Asks for all samples of a profile type."""

    def __init__(self, address):
        from flamekeep.v1 import common_pb2, query_pb2, query_pb2_grpc
        self._common, self._pb = common_pb2, query_pb2
        self._channel = grpc.insecure_channel(
            address, options=[*CHANNEL_OPTIONS, ("grpc.max_receive_message_length", -1)])
        self._stub = query_pb2_grpc.QueryServiceStub(self._channel)

    def close(self):
        self._channel.close()

    def ask(self, profile_type, seconds):
        """Folded text and coverage. None where nothing of the type is in the store. Raises
        grpc.RpcError."""
        now = time.time()
        request = self._pb.RenderRequest(
            format=self._pb.RENDER_FORMAT_FOLDED,
            selection=dict(selector=profile_type, range=self._common.TimeRange(
                begin=timestamp(now - BEGIN_DAYS * DAY), end=timestamp(now + END_DAYS * DAY))))
        try:
            answers = list(self._stub.Render(request, timeout=seconds, wait_for_ready=True))
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                return b"", None
            raise
        return b"".join(answer.data for answer in answers), answers[0].coverage

    def difference(self, ledger, seconds=CALL_SECONDS, drained=False):
        """Of the answer to what is asked now, and the answer's coverage."""
        needed = ledger.needed(drained)
        folded, coverage = self.ask(ledger.name, seconds)
        shown, difference = ledger.compare(folded, needed)
        total = coverage.total if coverage else 0
        if not difference and total != len(shown):
            difference.foreign.append(f"a total of {total} for {len(shown)} samples")
        ledger.show(number for number in shown if number not in difference.doubled)
        return difference, coverage


class Reader(threading.Thread):
    """Asks for one ledger after the other. `wrong(ledger, difference)` is told what is wrong."""

    def __init__(self, ledgers, address, wrong, failed):
        super().__init__(name="reader", daemon=True)
        self._ledgers = ledgers
        self._asker = Asker(address)
        self._wrong, self._failed = wrong, failed
        self._finish = threading.Event()
        self.answers = 0
        self.refused = collections.Counter()  # by status

    def finish(self):
        self._finish.set()

    def run(self):
        try:
            while not self._finish.is_set():
                for ledger in self._ledgers:
                    self._ask(ledger)
                    self._finish.wait(0.03)
            self._asker.close()
        except Exception as error:  # pylint: disable=broad-exception-caught
            self._failed(f"{self.name}: {type(error).__name__}: {error}")

    def _ask(self, ledger):
        try:
            difference, _ = self._asker.difference(ledger)
        except grpc.RpcError as error:
            self.refused[error.code().name] += 1
            if error.code() not in PASSING:
                self._failed(f"a query failed with {error.code().name}: {error.details()}")
            return
        self.answers += 1
        if difference:
            self._wrong(ledger, difference)
