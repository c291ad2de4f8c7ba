"""The faults: each a method that does one to the program or to Redis and leaves both running. What
lasts (a clock, a slow disk) lasts until the next fault of its kind, or until heal()."""

import time

from victims import pause
from redis_server import Connection, RedisError

CLOCK_SECONDS = 6 * 3600
# A Redis clock that goes back by more makes entries late by their own ids, which are left out and
# counted (docs/operations.md): that is no fault of the program's.
REDIS_BACK_SECONDS = 3
REDIS_AHEAD_SECONDS = 120
FULL_BYTES_LEFT = 64 << 10


class Faults:
    """Chooses and does them. `chance` decides everything, in one order."""

    def __init__(self, program, disk, redis, chance, failed):
        self._program, self._disk, self._redis = program, disk, redis
        self._chance = chance
        self._failed = failed
        self.counts = {}

    @classmethod
    def kinds(cls):
        """Every kind with its weight."""
        return {"kill": 8, "stop": 3, "redis-kill": 3, "redis-stop": 1, "redis-cut": 4, "full": 3,
                "slow": 2, "failing": 2, "clock": 4, "redis-clock": 2, "end": 1, "check": 0.3}

    def do(self, kinds):
        """One of these kinds, after a short time."""
        weights = [self.kinds()[kind] for kind in kinds]
        kind = self._chance.choices(kinds, weights)[0]
        time.sleep(self._chance.expovariate(1 / 0.15))
        getattr(self, "_" + kind.replace("-", "_"))()
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return kind

    def heal(self):
        self._disk.free()
        self._program.machine.set_disk()
        self._program.machine.clock = 0
        self._redis.machine.set_disk()

    def _kill(self):
        self._program.kill()
        self._program.start()

    def _end(self):
        """In order."""
        code = self._program.stop()
        if code != 0:
            self._failed(f"SIGTERM ended the server with {code}")
        self._program.start()

    def _check(self):
        """What a kill leaves is sound."""
        self._program.kill()
        found = self._program.check_store()
        if found:
            self._failed(f"after a kill the store is not sound: {found}")
        self._program.start()

    def _stop(self):
        pause(self._program, self._chance.uniform(0.02, 0.6))

    def _redis_kill(self):
        self._redis.kill()
        time.sleep(self._chance.uniform(0, 0.3))
        self._redis.start()

    def _redis_stop(self):
        pause(self._redis, self._chance.uniform(0.02, 0.6))

    def _redis_cut(self):
        """All connections: those of the program and those of the publishers."""
        try:
            connection = Connection(self._redis.port)
            connection.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            connection.close()
        except (OSError, RedisError) as error:
            self._failed(f"Redis did not cut connections: {error}")

    def _bad_disk(self):
        """While the disk is bad the program may be killed; it comes back when the disk is good."""
        killed = self._chance.random() < 0.3
        time.sleep(self._chance.uniform(0.1, 0.6))
        if killed:
            self._program.kill()
        return killed

    def _full(self):
        self._disk.fill(self._chance.randint(0, FULL_BYTES_LEFT), self._program)
        killed = self._bad_disk()
        self._disk.free()
        if killed:
            self._program.start()

    def _failing(self):
        """Syncs fail with EIO."""
        self._program.machine.set_disk(fails=True)
        killed = self._bad_disk()
        self._program.machine.set_disk()
        if killed:
            self._program.start()

    def _slow(self):
        """Each sync takes longer, of the program or of Redis, or not any more."""
        machine = self._chance.choice([self._program.machine, self._redis.machine])
        machine.set_disk(sync_seconds=self._chance.choice([0, 0.005, 0.02, 0.1]))

    def _clock(self):
        """The program's: a step to anywhere within hours, or back to what is right."""
        steps = [0, self._chance.uniform(-1, 1) * CLOCK_SECONDS, self._chance.uniform(-90, 90)]
        self._program.machine.clock = self._chance.choice(steps)

    def _redis_clock(self):
        """Redis's: ahead, or a little back."""
        step = self._chance.choice([-REDIS_BACK_SECONDS, self._chance.uniform(0, 1) *
                                    REDIS_AHEAD_SECONDS])
        self._redis.machine.clock += step
