"""A redis-server of a test's own, and a client of it that needs nothing but Python's library."""

import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import time


def free_port():
    """One that the kernel gives to nobody else while its server is down."""
    for port in random.sample(range(10000, 32000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass
    raise AssertionError("there is no free port")


class RedisError(Exception):
    """What the server answers instead."""


class Connection:
    """Sends commands and reads replies."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._file = self._socket.makefile("rb")

    def close(self):
        self._file.close()
        self._socket.close()

    def send(self, *words):
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self._socket.sendall(b"*%d\r\n" % len(parts) + b"".join(
            b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))

    def receive(self):
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the connection is lost")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self._file.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return None if rest == b"-1" else [self.receive() for _ in range(int(rest))]
        return rest.decode()

    def command(self, *words):
        self.send(*words)
        return self.receive()


class Redis:
    """A redis-server that keeps its port and its directory."""

    def __init__(self, *arguments, environment=None):
        self._environment = environment or {}
        self._directory = tempfile.TemporaryDirectory(prefix="flamekeep-redis-")
        self.directory = pathlib.Path(self._directory.name)
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._arguments = arguments
        self._process = None
        self._connection = None
        self.start()

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        self._process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "",
             "--dir", str(self.directory), *self._arguments],
            env={**os.environ, **self._environment}, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while True:
            try:
                self._connection = Connection(self.port)
                self._connection.command("PING")
                return
            except (OSError, RedisError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def kill(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._process.kill()
        self._process.wait()

    def close(self):
        self.kill()
        self._directory.cleanup()

    def command(self, *words):
        return self._connection.command(*words)

    def add(self, stream, stack, count=1, *options):
        """Adds entries all at once; returns the last id."""
        for _ in range(count):
            self._connection.send("XADD", stream, *options, "*", "stack", stack)
        return [self._connection.receive() for _ in range(count)][-1]

    def take_over(self, other):
        """Comes back with the data of another server, which is gone after that."""
        other.command("SAVE")
        self.kill()
        shutil.copy(other.directory / "dump.rdb", self.directory / "dump.rdb")
        other.kill()
        self.start()
