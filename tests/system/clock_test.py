"""The time of day is set forward and back under a running server: nothing waits for it."""

import pathlib
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from flamekeep import Server, is_sanitized, wait_for  # noqa: E402
from machine import Machine, build_library  # noqa: E402
from redis_server import Redis  # noqa: E402

HOUR = 3600
# A wait that was measured by the time of day would take an hour, and then this test.
STEPS = (HOUR, -HOUR, 0, -2 * HOUR, 3 * HOUR, 2 * HOUR)


@unittest.skipIf(is_sanitized(),
                 "the address sanitizer takes over the same calls as the library that moves the clock")
class ClockTest(unittest.TestCase):
    def test_steps(self):
        redis = Redis()
        self.addCleanup(redis.close)
        directory = tempfile.TemporaryDirectory(prefix="flamekeep-clock-")
        self.addCleanup(directory.cleanup)
        server = Server(config=f"sites: {{lab: {{redis: \"{redis.url}\", channels: [channel], "
                               "streams: [stream]}}\n")
        machine = Machine(build_library(directory.name), server.directory / "machine")
        server.environment = machine.environment
        server.__enter__()
        self.addCleanup(server.__exit__)
        wait_for(lambda: redis.command("PUBLISH", "channel", "a 1"), "a subscriber")

        def stored(selector):
            now = int(time.time())
            done = server.run("query", selector, "--from", now - 6 * HOUR, "--to", now + 6 * HOUR,
                              "--format", "folded")
            return done.stdout
        for count, step in enumerate(STEPS, start=1):
            machine.clock = step
            redis.add("stream", "a 1")
            redis.command("PUBLISH", "channel", "a 1")
            push = server.start_command("push", "--site", "lab", "--type", "pushed", "--source",
                                        f"client{count}", "--time", int(time.time()) - 12 * HOUR,
                                        str(self.file(directory.name)))
            self.addCleanup(push.communicate)
            self.addCleanup(push.kill)
            self.assertEqual(push.wait(timeout=60), 0)
            wait_for(lambda: stored("stream") == b"a %d\n" % count, f"the stream after {step} s")
            wait_for(lambda: stored("channel") == b"a %d\n" % (count + 1),
                     f"the channel after {step} s")

    def test_a_query_that_runs_goes_on(self):
        directory = tempfile.TemporaryDirectory(prefix="flamekeep-clock-")
        self.addCleanup(directory.cleanup)
        server = Server()
        machine = Machine(build_library(directory.name), server.directory / "machine")
        server.environment = machine.environment
        server.__enter__()
        self.addCleanup(server.__exit__)
        # More than lies between a server and a client that does not read.
        lines = [b"%s%d 1" % (b"x" * 2000, i) for i in range(10_000)]
        pushed = server.run("push", "--site", "lab", "--type", "long", stdin=b"\n".join(lines) + b"\n")
        self.assertEqual(pushed.returncode, 0, pushed.stderr)
        now = int(time.time())
        query = server.start_command("query", "long", "--from", now - HOUR, "--to", now + HOUR,
                                     "--format", "folded")
        self.addCleanup(query.kill)
        begin = query.stdout.read(1)
        machine.clock = HOUR
        answer = begin + query.stdout.read()
        errors = query.communicate(timeout=60)[1]
        self.assertEqual(query.returncode, 0, errors)
        self.assertEqual(sorted(answer.splitlines()), sorted(lines))

    @staticmethod
    def file(directory):
        path = pathlib.Path(directory) / "stacks"
        path.write_bytes(b"a 1\n")
        return path


if __name__ == "__main__":
    unittest.main(verbosity=2)
