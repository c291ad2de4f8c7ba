"""One round: a new store, a new Redis, some faults, and then the proof that nothing is lost and
nothing is there twice."""

import collections
import pathlib
import random
import tempfile
import threading
import time

import grpc

from commands import ImportCommand, PushCommand
from faults import Faults
from victims import DurableRedis, Program, SmallDisk
from readers import Asker, Reader
from writers import NumberedStream, NumberedUnary, Publisher, WithIds

DRAIN_SECONDS = 120  # from the last fault until all is acknowledged and read
CALM_SECONDS = 20
STREAMS = ("stream-a", "stream-b")

Result = collections.namedtuple(
    "Result", "faults acknowledged lost doubled problems counts answers refused")


class Round:
    """Runs it; the seed fixes the faults and what the writers do, each in its order. How they fall
    together in time is the machine's."""

    def __init__(self, seed, library, kinds, say):
        self._seed, self._library, self._kinds, self._say = seed, library, kinds, say
        self._lock = threading.Lock()
        self._problems = []
        self._lost, self._doubled = set(), set()

    def _failed(self, problem):
        with self._lock:
            self._problems.append(problem)
        self._say(f"WRONG: {problem}")

    def _wrong(self, ledger, difference):
        with self._lock:
            self._lost |= {(ledger.name, number) for number in difference.lost}
            self._doubled |= {(ledger.name, number) for number in difference.doubled}
        self._failed(f"{ledger.name}: {difference}")

    def run(self, count, until, keep):
        """At most `count` faults and not past `until` (monotonic). `keep`: a directory that gets
        the stores and logs of a round that fails, or None."""
        with tempfile.TemporaryDirectory(prefix="flamekeep-faults-") as name:
            directory = pathlib.Path(name)
            redis = DurableRedis(self._library, directory / "redis-machine")
            config = (f"sites: {{lab: {{redis: \"{redis.url}\", "
                      f"streams: [{', '.join(STREAMS)}]}}}}\n"
                      "limits: {drain_timeout: 10s}\n")
            program = Program(self._library, config)
            try:
                with SmallDisk(directory / "disk") as disk:
                    if not disk.mounted:
                        self._say("no file system can be mounted here: a limit on the size of "
                                  "files stands for a full disk")
                    program.store = disk.path / "store"
                    with program:
                        result = self._run(program, disk, redis, directory, count, until)
                        if keep is not None and result.problems:
                            keep.mkdir(parents=True, exist_ok=True)
                            program.keep(keep)
                            redis.keep(keep)
                            self._say(f"the round's store, log and Redis are in {keep}")
                        return result
            finally:
                redis.close()

    def _run(self, program, disk, redis, directory, count, until):
        writers = [
            *(Publisher(name, self._seed, self._failed, redis.port) for name in STREAMS),
            NumberedStream("numbered", self._seed, self._failed, program.grpc),
            NumberedUnary("unary", self._seed, self._failed, program.grpc),
            WithIds("ids", self._seed, self._failed, program.grpc),
            PushCommand("pushed", self._seed, self._failed, program.grpc, directory),
            ImportCommand("imported", self._seed, self._failed, program.grpc, directory)]
        reader = Reader([writer.ledger for writer in writers], program.grpc, self._wrong,
                        self._failed)
        faults = Faults(program, disk, redis, random.Random(f"{self._seed} faults"), self._failed)
        for thread in (*writers, reader):
            thread.start()
        done = 0
        try:
            while done < count and time.monotonic() < until and not self._problems:
                faults.do(self._kinds)
                done += 1
        except AssertionError as error:
            self._failed(str(error))
        faults.heal()
        for writer in writers:
            writer.finish()
        for writer in writers:
            writer.join(timeout=DRAIN_SECONDS)
            if writer.is_alive():
                self._failed(f"{writer.name} is not done {DRAIN_SECONDS} s after the last fault")
        reader.finish()
        reader.join()
        self._prove(program, [writer.ledger for writer in writers])
        counts = collections.Counter(faults.counts)
        counts["clients"] = sum(writer.faults for writer in writers)
        return Result(sum(counts.values()),
                      sum(writer.ledger.acknowledged() for writer in writers), len(self._lost),
                      len(self._doubled), self._problems, counts, reader.answers,
                      reader.refused)

    def _prove(self, program, ledgers):
        """Everything is there once, also after a restart; no loss is told; the store is sound."""
        asker = Asker(program.grpc)
        self._compare(asker, ledgers, DRAIN_SECONDS)
        asker.close()
        try:
            code = program.stop()
            if code != 0:
                self._failed(f"SIGTERM ended the server with {code}")
            found = program.check_store()
            if found:
                self._failed(f"the store is not sound: {found}")
            program.start()
        except AssertionError as error:
            self._failed(str(error))
            return
        asker = Asker(program.grpc)
        self._compare(asker, ledgers, CALM_SECONDS)
        asker.close()

    def _compare(self, asker, ledgers, seconds):
        """Streams may still be read: what is not yet there is waited for."""
        deadline = time.monotonic() + seconds
        for ledger in ledgers:
            while True:
                last = time.monotonic() > deadline
                try:
                    difference, coverage = asker.difference(ledger, seconds=30, drained=True)
                except grpc.RpcError as error:
                    if not last:
                        time.sleep(0.1)
                        continue
                    self._failed(f"{ledger.name}: {error.code().name}: {error.details()}")
                    break
                waits = difference.lost and not difference.doubled and not difference.foreign
                if waits and not last:
                    time.sleep(0.1)
                    continue
                if difference:
                    self._wrong(ledger, difference)
                elif coverage is not None and coverage.gaps:
                    self._failed(f"{ledger.name}: nothing is lost, but gaps are told: "
                                 f"{coverage.gaps[0]}")
                break
