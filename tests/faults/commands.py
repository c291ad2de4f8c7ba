"""Writers that are commands: `flamekeep push` and `flamekeep import` of a file, killed at any
moment and run again."""

import os
import subprocess
import time

import flamekeep
from oracle import lines
from writers import SITE, Writer, Wrong

DAY = 86400
COMMAND_SECONDS = 120


class Command(Writer):
    """A file that grows, and a command that brings it to the server. Where it ends with 0, the
    server has all that was in the file."""

    COMMAND = ()

    def __init__(self, name, seed, failed, address, directory):
        super().__init__(name, seed, failed)
        self._address = address
        self._file = directory / f"{name}.folded"
        self._waiting = []

    def step(self):
        numbers = self.ledger.send(self.chance.choice([10, 100, 1000]))
        self._waiting.append(numbers)
        with self._file.open("ab") as file:
            file.write(lines(self.name, numbers))
        while not self._run(killed_after=self.chance.uniform(0, 0.3)
                            if self.chance.random() < 0.4 else None):
            pass

    def _run(self, killed_after):
        """Whether it did its work."""
        done = 0
        with subprocess.Popen([flamekeep.BIN, *self.COMMAND, "--quiet", "--site", SITE, "--type",
                               self.name, str(self._file)],
                              env={**os.environ, "FLAMEKEEP_SERVER": self._address},
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as command:
            try:
                _, errors = command.communicate(timeout=killed_after or COMMAND_SECONDS)
                done = command.returncode
            except subprocess.TimeoutExpired:
                command.kill()
                _, errors = command.communicate()
                self.faults += 1
                if killed_after is None:
                    raise Wrong(f"flamekeep {self.COMMAND[0]} did not end in {COMMAND_SECONDS} s"
                                ) from None
                return False
        if done == 0:
            while self._waiting:
                self.ledger.acknowledge(self._waiting.pop())
            return True
        # It gives up after a while without a server; what it says is a sentence.
        if done != 1 or not errors.strip():
            raise Wrong(f"flamekeep {self.COMMAND[0]} ended with {done}: {errors.decode()}")
        time.sleep(0.05)
        return False


class PushCommand(Command):
    COMMAND = ("push", "--source", "faults")


class ImportCommand(Command):
    """Its samples are of a moment three days ago."""

    def __init__(self, *args):
        super().__init__(*args)
        self.COMMAND = ("import", "--time", str(int(time.time() - 3 * DAY)))
