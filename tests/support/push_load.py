"""Many clients that push as fast as the server takes it, for tests and benchmarks.

Call protocol.generate() before."""

import random
import threading
import time

import grpc


class Clients:
    """`count` clients, each with a stream of its own, send `batches` batches of `lines`. What is
    refused for the moment, or breaks, is opened again, as the protocol says."""

    def __init__(self, address, count, batches, lines, site="eqiad", per_connection=20):
        from flamekeep.v1 import ingest_pb2, ingest_pb2_grpc
        self._pb = ingest_pb2
        self.batches = batches
        self._lines = lines
        self._site = site
        self.reopened = 0
        self.errors = []
        self._lock = threading.Lock()
        self._channels = [
            grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
            for _ in range((count + per_connection - 1) // per_connection)]
        stubs = [ingest_pb2_grpc.IngestServiceStub(channel) for channel in self._channels]
        self._threads = [
            threading.Thread(target=self._run, args=(stubs[i // per_connection], f"client{i}"))
            for i in range(count)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def running(self):
        return any(thread.is_alive() for thread in self._threads)

    def join(self):
        for thread in self._threads:
            thread.join()
        for channel in self._channels:
            channel.close()

    def _requests(self, source, opened, state):
        yield self._pb.IngestRequest(open=self._pb.OpenSource(
            source=source, site=self._site, format=self._pb.FORMAT_FOLDED, profile_type="load"))
        opened.wait()
        for number in range(state["durable"] + 1, self.batches + 1):
            yield self._pb.IngestRequest(
                batch=self._pb.IngestBatch(number=number, lines=self._lines))

    def _run(self, stub, source):
        state = {"durable": 0}
        pause = 0.05
        while state["durable"] < self.batches:
            opened = threading.Event()
            try:
                for answer in stub.Ingest(self._requests(source, opened, state)):
                    if answer.durable_number > state["durable"]:
                        pause = 0.05
                    state["durable"] = answer.durable_number
                    opened.set()
            except grpc.RpcError as error:
                if error.code() not in (grpc.StatusCode.RESOURCE_EXHAUSTED,
                                        grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED):
                    with self._lock:
                        self.errors.append(error.details())
                    return
                with self._lock:
                    self.reopened += 1
                time.sleep(pause * random.uniform(0.5, 1))
                pause = min(pause * 2, 2)
            finally:
                opened.set()
