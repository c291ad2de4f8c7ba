"""Who writes while the faults happen, and tells the oracle what was acknowledged. Each writer is a
thread with a profile type, a ledger and a random sequence of its own."""

import random
import threading
import time

import grpc

from oracle import Ledger, lines, stack
from redis_server import Connection, RedisError

SITE = "lab"
# What the protocol calls passing: the batch is to be sent again.
PASSING = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED, grpc.StatusCode.RESOURCE_EXHAUSTED,
           grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}
DAY = 86400
CALL_SECONDS = 5
CHANNEL_OPTIONS = [("grpc.use_local_subchannel_pool", 1), ("grpc.initial_reconnect_backoff_ms", 50),
                   ("grpc.min_reconnect_backoff_ms", 2000), ("grpc.max_reconnect_backoff_ms", 200)]


class Wrong(Exception):
    """The product did what it never may."""


class Writer(threading.Thread):
    """Calls step() again and again until it is told to finish. `faults` counts what the writer did
    to its own connection or process."""

    def __init__(self, name, seed, failed, through_redis=False):
        super().__init__(name=name, daemon=True)
        self.ledger = Ledger(name, through_redis)
        self.chance = random.Random(f"{seed} {name}")
        self.faults = 0
        self._failed = failed
        self._finish = threading.Event()

    def finish(self):
        """No new samples; what is in hand is brought to its end."""
        self._finish.set()

    @property
    def finishing(self):
        return self._finish.is_set()

    def run(self):
        try:
            while not self.finishing:
                self.step()
                self._finish.wait(self.chance.uniform(0, 0.1))
            self.end()
        except Exception as error:  # pylint: disable=broad-exception-caught
            self._failed(f"{self.name}: {type(error).__name__}: {error}")

    def step(self):
        raise NotImplementedError

    def end(self):
        """What is left to do."""


class Publisher(Writer):
    """Adds entries to a Redis stream, many at once. An entry without an answer may be there: it is
    not sent again."""

    def __init__(self, name, seed, failed, port):
        super().__init__(name, seed, failed, through_redis=True)
        self._port = port
        self._connection = None

    def step(self):
        try:
            if self._connection is None:
                self._connection = Connection(self._port)
            entries = []
            for _ in range(self.chance.randint(1, 20)):
                entries.append(self.ledger.send(self.chance.randint(1, 3)))
                self._connection.send("XADD", self.name, "*", "stack",
                                      lines(self.name, entries[-1]).rstrip(b"\n"))
            for numbers in entries:
                self._connection.receive()
                self.ledger.acknowledge(numbers)
        except (OSError, RedisError):
            self.close()

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def end(self):
        """Redis's own word on what had no answer."""
        self.close()
        connection = Connection(self._port)
        there = [fields[1] for _, fields in connection.command("XRANGE", self.name, "-", "+")]
        connection.close()
        numbers = [int(line.rpartition(" ")[0].rpartition(";n")[2])
                   for text in there for line in text.splitlines()]
        self.ledger.acknowledge(numbers)


class GrpcWriter(Writer):
    """Opens a channel and has what the calls need."""

    def __init__(self, name, seed, failed, address):
        from flamekeep.v1 import ingest_pb2, ingest_pb2_grpc
        super().__init__(name, seed, failed)
        self.pb = ingest_pb2
        self._channel = grpc.insecure_channel(address, options=CHANNEL_OPTIONS)
        self.stub = ingest_pb2_grpc.IngestServiceStub(self._channel)

    def open_source(self):
        return self.pb.OpenSource(source=self.name, site=SITE, format=self.pb.FORMAT_FOLDED,
                                  profile_type=self.name)

    def end(self):
        # A connection that nobody reads would hold up the server's orderly end.
        self._channel.close()

    def batch(self):
        """Numbers of new samples."""
        return self.ledger.send(self.chance.choice([1, 5, 20, 60]))

    def passing(self, error):
        if error.code() not in PASSING:
            raise Wrong(f"{error.code().name}: {error.details()}")
        time.sleep(0.02)

    def unary(self, request):
        """Sends it until it is acknowledged; sometimes the first answers are not waited for."""
        while True:
            patience = CALL_SECONDS
            if self.chance.random() < 0.1:
                patience = self.chance.uniform(0.001, 0.05)
                self.faults += 1
            try:
                return self.stub.IngestBatch(request, timeout=patience, wait_for_ready=True)
            except grpc.RpcError as error:
                self.passing(error)


class NumberedUnary(GrpcWriter):
    """One numbered batch a call, sent again until the server has it."""

    def __init__(self, *args):
        super().__init__(*args)
        self._number = 0

    def step(self):
        numbers = self.batch()
        self._number += 1
        answer = self.unary(self.pb.IngestBatchRequest(
            open=self.open_source(),
            batch=self.pb.IngestBatch(number=self._number, lines=lines(self.name, numbers))))
        if answer.durable_number != self._number:
            raise Wrong(f"batch {self._number} was answered with {answer.durable_number}")
        self.ledger.acknowledge(numbers)


class WithIds(GrpcWriter):
    """Batches with ids; some are sent again long after they were acknowledged."""

    def __init__(self, *args):
        super().__init__(*args)
        self._old = []

    def step(self):
        numbers = self.batch()
        request = self.pb.IngestBatchRequest(
            open=self.open_source(), batch_id=f"id {numbers[0]}".encode(),
            batch=self.pb.IngestBatch(lines=lines(self.name, numbers)))
        self.unary(request)
        self.ledger.acknowledge(numbers)
        self._old.append(request)
        if self.chance.random() < 0.3:
            self.faults += 1
            if not self.unary(self.chance.choice(self._old)).duplicate:
                raise Wrong("a batch with an id that was acknowledged is no duplicate")


class NumberedStream(GrpcWriter):
    """Numbered batches in a stream, several ahead of the answers. Streams are abandoned at any
    moment, and the next goes on where the server says. The samples have times of the last days."""

    def __init__(self, *args):
        super().__init__(*args)
        self._batches = {}  # number -> numbers of samples, what is not yet acknowledged
        self._texts = {}
        self._next = 1
        self._durable = 0

    def open_source(self):
        return self.pb.OpenSource(source=self.name, site=SITE,
                                  format=self.pb.FORMAT_TIMED_FOLDED)

    def _text(self, numbers):
        now = time.time()
        return "".join(
            f"{int((now - self.chance.uniform(1, 3) * DAY) * 1e6)}\t{self.name}\t"
            f"{stack(self.name, number)} 1\n" for number in numbers).encode()

    def _take(self, durable):
        if not self._durable <= durable < self._next:
            raise Wrong(f"batches to {durable} are durable, after {self._durable} were and before "
                        f"{self._next} was sent")
        for number in range(self._durable + 1, durable + 1):
            self.ledger.acknowledge(self._batches.pop(number))
            del self._texts[number]
        self._durable = durable

    def _add_batches(self, count):
        for number in range(self._next, self._next + count):
            numbers = self.batch()
            self._batches[number], self._texts[number] = numbers, self._text(numbers)
        self._next += count

    def _requests(self, texts, opened, stand):
        """Runs in a thread of gRPC's, also for a while after its stream was abandoned."""
        yield self.pb.IngestRequest(open=self.open_source())
        if not opened.wait(CALL_SECONDS):
            return
        for number in sorted(texts):
            if number > stand[0]:
                yield self.pb.IngestRequest(
                    batch=self.pb.IngestBatch(number=number, lines=texts[number]))

    def _call(self, abandon_after=None):
        """Sends what is not acknowledged; abandons the stream after so many seconds."""
        opened, stand = threading.Event(), []
        call = self.stub.Ingest(self._requests(dict(self._texts), opened, stand),
                                timeout=CALL_SECONDS, wait_for_ready=True)
        abandon = threading.Timer(abandon_after or 0, call.cancel)
        if abandon_after is not None:
            self.faults += 1
            abandon.start()
        try:
            for answer in call:
                stand.append(answer.durable_number)
                self._take(answer.durable_number)
                opened.set()
        except grpc.RpcError as error:
            self.passing(error)
        finally:
            abandon.cancel()

    def step(self):
        self._add_batches(self.chance.randint(1, 10))
        self._call(self.chance.uniform(0, 0.15) if self.chance.random() < 0.3 else None)

    def end(self):
        while self._batches:
            self._call()
        super().end()
