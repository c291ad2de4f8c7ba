"""What the faults happen to: flamekeep and redis-server, each on a machine of its own, and a small
disk for the store."""

import os
import resource
import shutil
import signal
import subprocess
import time

from flamekeep import Server
from machine import Machine
from redis_server import Redis, free_port

DISK_BYTES = 512 << 20


class SmallDisk:
    """Where the store is: a file system of DISK_BYTES in memory. Where none may be mounted,
    `mounted` is false, and a limit on the size of the program's files stands for it. A context
    manager."""

    def __init__(self, path):
        self.path = path
        self.mounted = False
        self._ballast = path / "ballast"
        self._limited = None

    def __enter__(self):
        self.path.mkdir()
        self.mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", self.path],
            stderr=subprocess.DEVNULL).returncode == 0
        return self

    def __exit__(self, *_):
        if self.mounted:
            subprocess.run(["umount", self.path], check=True)

    def fill(self, left, program):
        """Leaves so many bytes free, as far as nobody else writes meanwhile."""
        if not self.mounted:
            self._limited = program.pid
            resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
            return
        state = os.statvfs(self.path)
        size = state.f_bavail * state.f_frsize - left
        if size <= 0:
            return
        with self._ballast.open("wb") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, size)
            except OSError:
                pass  # somebody was faster: it is full

    def free(self):
        self._ballast.unlink(missing_ok=True)
        if self._limited is None:
            return
        try:
            resource.prlimit(self._limited, resource.RLIMIT_FSIZE,
                             (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        except ProcessLookupError:
            pass  # killed meanwhile
        self._limited = None


class Program(Server):
    """flamekeep serve on a fixed port, with its store on a disk."""

    def __init__(self, library, config):
        super().__init__(config=config)
        self.machine = Machine(library, self.directory / "machine")
        self.environment = self.machine.environment
        self.grpc = f"127.0.0.1:{free_port()}"

    def keep(self, directory):
        """Copies the store and the log."""
        shutil.copytree(self.store, directory / "store", dirs_exist_ok=True)
        shutil.copy(self.directory / "log", directory / "log")

    def check_store(self):
        """Of the stopped server; the faults found, or an empty string."""
        done = self.run("store", "check", self.store)
        return "" if done.returncode == 0 else (done.stdout + done.stderr).decode()[-1000:]


class DurableRedis(Redis):
    """What its XADD acknowledged survives a kill."""

    def __init__(self, library, page):
        self.machine = Machine(library, page)
        super().__init__("--appendonly", "yes", "--appendfsync", "always",
                         environment=self.machine.environment)

    def keep(self, directory):
        shutil.copytree(self.directory, directory / "redis", dirs_exist_ok=True)


def pause(process, seconds):
    """SIGSTOP and SIGCONT."""
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGCONT)
