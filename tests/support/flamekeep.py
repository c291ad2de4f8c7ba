"""Runs the flamekeep program for system tests; needs nothing but Python's own library."""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

BIN = os.environ.get("FLAMEKEEP_BIN", "build/release/bin/flamekeep")


def is_sanitized():
    """Whether the program is one of the address sanitizer: it has other memory, and takes over calls."""
    return b"__asan_init" in pathlib.Path(BIN).read_bytes()



def run(*args, server=None, stdin=b"", env=None):
    """Runs a command to its end; returns the process with .stdout and .stderr as bytes."""
    environment = {k: v for k, v in os.environ.items() if k != "FLAMEKEEP_SERVER"}
    if server is not None:
        environment["FLAMEKEEP_SERVER"] = server
    environment.update(env or {})
    return subprocess.run([BIN, *map(str, args)], input=stdin, env=environment, timeout=300,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def start(*args, server, **options):
    """Starts a command and does not wait."""
    return subprocess.Popen([BIN, *map(str, args)],
                            env={**os.environ, "FLAMEKEEP_SERVER": server},
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


# The samples that tests import are of fixed days, and the server's clock goes on.
KEEP_ALL = "retention: {minute: forever, hour: forever}\n"


class Server:
    """A server on free ports with a store of its own. Use as a context manager."""

    def __init__(self, *flags, config=""):
        """`config` is YAML, without `retention`."""
        self._directory = tempfile.TemporaryDirectory(prefix="flamekeep-test-")
        self.directory = pathlib.Path(self._directory.name)
        self.store = self.directory / "store"
        self._config = self.directory / "config.yaml"
        self._config.write_text(KEEP_ALL + config)
        self._flags = flags
        self._process = None
        self.environment = {}
        self.grpc = "127.0.0.1:0"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        self._directory.cleanup()

    def start(self):
        """Starts it; again on the same port."""
        ready = self.directory / "ready.json"
        ready.unlink(missing_ok=True)
        with open(self.directory / "log", "ab") as log:
            self._process = subprocess.Popen(
                [BIN, "serve", "--data", str(self.store), "--grpc", self.grpc,
                 "--http", "127.0.0.1:0", "--ready-file", str(ready),
                 "--config", str(self._config), *self._flags],
                env={**os.environ, **self.environment}, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("the server did not start: " + self.log()[-2000:])
            time.sleep(0.02)
        listening = json.loads(ready.read_text())
        self.grpc, self.http = listening["grpc"], listening["http"]

    @property
    def pid(self):
        return self._process.pid

    def log(self):
        return (self.directory / "log").read_text(errors="replace")

    def stop(self):
        """Ends it in order; returns the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=120)

    def kill(self):
        """As a crash would."""
        self._process.kill()
        self._process.wait()

    def peak_memory(self):
        """The most memory that it has had resident, in bytes."""
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) * 1024

    def crash(self):
        """Kills it and starts it again, on another port: the old one may be taken meanwhile."""
        self.kill()
        self.grpc = "127.0.0.1:0"
        self.start()

    def run(self, *args, **options):
        return run(*args, server=self.grpc, **options)

    def start_command(self, *args, **options):
        return start(*args, server=self.grpc, **options)

    def anonymous_bytes(self):
        """Of its memory: mapped files apart."""
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+) kB", status).group(1)) * 1024

    def batches(self):
        """How many batches of all numbered sources are durable; 0 where the server does not say."""
        done = self.run("status", "--json")
        if done.returncode != 0:
            return 0
        return sum(int(source["position_number"]) for source in json.loads(done.stdout)["sources"])

    def wait_for_batches(self, count):
        """Until so many batches of all numbered sources are durable."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.batches() >= count:
                return
            time.sleep(0.02)
        raise AssertionError(f"fewer than {count} batches after a minute")

    def folded(self, selector, begin, end):
        """The exact answer as a dictionary of stack to value."""
        done = self.run("query", selector, "--from", begin, "--to", end, "--format", "folded")
        if done.returncode != 0:
            raise AssertionError(done.stderr.decode())
        return sums(done.stdout.splitlines())


def wait_for(condition, what, seconds=60):
    """Until condition() is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def sums(lines):
    """Adds up folded lines, as slowly and plainly as can be. Empty frames are none."""
    total = {}
    for line in lines:
        stack, _, count = line.rpartition(b" ")
        stack = b";".join(frame for frame in stack.split(b";") if frame)
        total[stack] = total.get(stack, 0) + int(count)
    return total


def entry_point(stack):
    """Arc Lamp's tag."""
    match = re.match(rb"(?:[^;]+/)*(\w+)\.php", stack)
    return match.group(1) if match else None
