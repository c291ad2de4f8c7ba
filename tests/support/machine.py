"""A machine for one process whose clock and disk can be made worse: machine.c, preloaded."""

import ctypes
import mmap
import pathlib
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parent / "machine.c"
SECOND_NS = 1_000_000_000


def build_library(directory):
    """Compiles machine.c; returns the library's path."""
    library = pathlib.Path(directory) / "machine.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", library,
                    SOURCE, "-ldl"], check=True)
    return library


class _Page(ctypes.Structure):
    """As in machine.c."""

    _fields_ = [("clock_offset_ns", ctypes.c_int64), ("sync_delay_us", ctypes.c_int64),
                ("syncs_fail", ctypes.c_int64)]


class Machine:
    """The clock and the disk of one process, which is to be started with `environment`."""

    def __init__(self, library, page):
        page.write_bytes(bytes(mmap.PAGESIZE))
        with page.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self._page = _Page.from_buffer(self._memory)
        self.environment = {"LD_PRELOAD": str(library), "FAULT_PAGE": str(page)}

    @property
    def clock(self):
        """How far ahead its clock is, in seconds."""
        return self._page.clock_offset_ns / SECOND_NS

    @clock.setter
    def clock(self, seconds):
        self._page.clock_offset_ns = int(seconds * SECOND_NS)

    def set_disk(self, sync_seconds=0, fails=False):
        self._page.sync_delay_us = int(sync_seconds * 1_000_000)
        self._page.syncs_fail = int(fails)
