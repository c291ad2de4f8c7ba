"""Knows each sample: what was sent, what was acknowledged, and what an answer may therefore hold.

Every sample has a stack of its own and the value 1, so an answer shows what is lost and what is
counted twice line by line."""

import dataclasses
import threading

SENT = 1
ACKNOWLEDGED = 2
SHOWN = 3  # in an answer: it was durable, and stays


def stack(name, number):
    """The stack of a sample: it shares frames with others, its leaf is its own."""
    return f"fault;{name};f{number % 7};g{number % 101};n{number}"


def lines(name, numbers):
    """Folded lines, bytes."""
    return "".join(f"{stack(name, number)} 1\n" for number in numbers).encode()


@dataclasses.dataclass
class Difference:
    """How an answer differs from what it has to be: lists of numbers of samples, or of lines."""

    lost: list
    doubled: list
    foreign: list  # lines that nobody sent

    def __bool__(self):
        return bool(self.lost or self.doubled or self.foreign)

    def __str__(self):
        return "; ".join(f"{kind} {len(found)}: {', '.join(map(str, found[:5]))}"
                         for kind, found in dataclasses.asdict(self).items() if found) or "none"


class Ledger:
    """The samples of one profile type, numbered from 0. Thread-safe."""

    def __init__(self, name, through_redis=False):
        """What Redis acknowledged comes into answers later: it is `through_redis`."""
        self.name = name
        self._through_redis = through_redis
        self._lock = threading.Lock()
        self._state = bytearray()

    def send(self, count):
        """Before they are sent: the numbers of new samples, a range."""
        with self._lock:
            first = len(self._state)
            self._state += bytes([SENT]) * count
            return range(first, first + count)

    def acknowledge(self, numbers):
        with self._lock:
            for number in numbers:
                self._state[number] = max(self._state[number], ACKNOWLEDGED)

    def show(self, numbers):
        with self._lock:
            for number in numbers:
                self._state[number] = SHOWN

    def acknowledged(self):
        """How many."""
        with self._lock:
            return len(self._state) - self._state.count(SENT)

    def needed(self, drained=False):
        """A picture of what an answer to a query that begins now must hold. `drained`: all that was
        acknowledged, also by Redis."""
        least = SHOWN if self._through_redis and not drained else ACKNOWLEDGED
        with self._lock:
            picture = bytes(self._state)
        return [number for number, state in enumerate(picture) if state >= least]

    def compare(self, folded, needed):
        """The numbers of an answer (folded text, bytes) to a query that began when `needed` was
        taken, and its Difference. What was sent and not acknowledged may be in it or not."""
        with self._lock:
            sent = len(self._state)
        values, doubled, foreign = {}, [], []
        for line in folded.splitlines():
            path, _, value = line.decode(errors="replace").rpartition(" ")
            leaf = path.rpartition(";n")[2]
            number = int(leaf) if leaf.isdecimal() else -1
            if not 0 <= number < sent or path != stack(self.name, number):
                foreign.append(line)
            elif number in values or value != "1":
                doubled.append(number)
            values[number] = value
        values.pop(-1, None)
        lost = [number for number in needed if number not in values]
        return values.keys(), Difference(lost, doubled, foreign)
