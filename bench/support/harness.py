"""What the scripts of this folder share: programs, servers, CPU times, results."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("FLAMEKEEP_BIN_DIR", ROOT / "build/release/bin"))
START_SECONDS = 60
STOP_SECONDS = 120
CORPUS_SECONDS = 605
TIME_DIGITS = 16  # of the unix microseconds that begin each message of the corpus
PUSHED_BYTES = 1 << 20
CHANNELS = ["excimer", "excimer-wall"]


def program(name):
    path = BIN / name
    if not path.exists():
        sys.exit(f"{path} is missing: ninja -C build/release {name}, or set FLAMEKEEP_BIN_DIR")
    return str(path)


def corpus():
    """As bench/support/corpus.cc finds it."""
    given = os.environ.get("FLAMEKEEP_CORPUS")
    if given:
        return pathlib.Path(given)
    whole = ROOT.parent / "shared/data/mediawiki-excimer.messages.zst"
    return whole if whole.exists() else ROOT / "data/mediawiki-sample.messages.zst"


def write_messages(path, samples):
    """Writes the corpus as plain text, again and again, each time 605 s later, up to a minute
    before the present."""
    lines = subprocess.run(["zstd", "-dcq", corpus()], check=True,
                           stdout=subprocess.PIPE).stdout.splitlines(keepends=True)
    repetitions = -(-samples // len(lines))
    first = int(lines[0][:TIME_DIGITS])
    latest = int((time.time() - 60 - repetitions * CORPUS_SECONDS) * 1e6)
    shift = min(0, latest - first)
    left = samples
    with open(path, "wb") as out:
        while left > 0:
            part = lines[:left]
            out.write(b"".join(b"%d%b" % (int(line[:TIME_DIGITS]) + shift, line[TIME_DIGITS:])
                               for line in part))
            left -= len(part)
            shift += CORPUS_SECONDS * 1_000_000


def folded_batch():
    """A megabyte of folded stacks as deep as MediaWiki's, most of them different; how many."""
    lines = []
    size = 0
    while size < PUSHED_BYTES:
        i = len(lines)
        line = b";".join(b"function_%d" % ((i * depth) % 5003) for depth in range(1, 41)) + b" 1\n"
        size += len(line)
        lines.append(line)
    return b"".join(lines), len(lines)


def end_of(store):
    """When a generated store ends, in Unix seconds."""
    for line in pathlib.Path(str(store).rstrip("/") + ".about").read_text().splitlines():
        name, value = line.split()
        if name == "end":
            return int(value)
    sys.exit(f"{store}.about names no end: make the store with generate_store")


def median(values):
    return statistics.median(values)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(done, seconds, what):
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            sys.exit(f"{what} did not happen within {seconds} s")
        time.sleep(0.02)


def cpu_seconds(pid):
    """User and system time of a running process, all threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def status_bytes(pid, field):
    """A field of /proc/PID/status, such as RssAnon."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    return 0


def timed(command, **kwargs):
    """Runs a command; its wall time and CPU time. Its failure ends the script."""
    start = time.monotonic()
    process = subprocess.Popen(command, **kwargs)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed with status {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime


class Scratch:
    """A directory that is removed at the end."""

    def __init__(self, parent=None):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="flamekeep-bench-", dir=parent)).resolve()

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


class Server:
    """`flamekeep serve` on free ports. `sites` maps a site to a Redis URL; `wrapper` is a command
    that executes the one behind it."""

    def __init__(self, data, sites=None, wrapper=()):
        self.data = pathlib.Path(data)
        ready = pathlib.Path(str(data) + ".ready")
        config = pathlib.Path(str(data) + ".yaml")
        lines = [f"data: {self.data}"]
        if sites:
            lines += ["sites:"] + [f'  {site}: "{url}"' for site, url in sites.items()]
        config.write_text("\n".join(lines) + "\n")
        ready.unlink(missing_ok=True)
        self.log = open(str(data) + ".log", "wb")
        start = time.monotonic()
        self.process = subprocess.Popen(
            [*wrapper, program("flamekeep"), "serve", "--config", config, "--grpc", "127.0.0.1:0",
             "--http", "127.0.0.1:0", "--ready-file", ready], stdout=self.log, stderr=self.log)
        wait_until(lambda: ready.exists() or self.process.poll() is not None, START_SECONDS,
                   "the server's start")
        if self.process.poll() is not None:
            sys.exit(f"the server did not start: see {self.log.name}")
        self.start_seconds, self.start_cpu = time.monotonic() - start, self.cpu()
        addresses = json.loads(ready.read_text())
        self.grpc, self.http = addresses["grpc"], addresses["http"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def metrics(self):
        """All rows of /metrics: {(name, labels): value}."""
        with urllib.request.urlopen(f"http://{self.http}/metrics", timeout=30) as reply:
            text = reply.read().decode()
        rows = {}
        for line in text.splitlines():
            if line.startswith("#") or not line:
                continue
            key, value = line.rsplit(" ", 1)
            name, _, labels = key.partition("{")
            rows[(name, labels.rstrip("}"))] = float(value)
        return rows

    def metric(self, name):
        """The sum of a metric's rows; `name` without "flamekeep_"."""
        return sum(v for (n, _), v in self.metrics().items() if n == "flamekeep_" + name)

    def log_bytes(self):
        """Of the store's write-ahead logs."""
        size = 0
        for path in (self.data / "rocksdb").glob("*.log"):
            with contextlib.suppress(FileNotFoundError):  # it is not needed any more
                size += path.stat().st_size
        return size

    def query(self, profile_type, begin, end, output="svg"):
        """The wall time of a query on the command line; times are Unix seconds."""
        wall, _ = timed([program("flamekeep"), "query", "--server", self.grpc, profile_type,
                         "--from", str(begin), "--to", str(end), "--format", output, "-o",
                         "/dev/null"])
        return wall

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(STOP_SECONDS)
        self.log.close()


class Redis:
    """A Redis server that drops no slow subscriber."""

    def __init__(self):
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--client-output-buffer-limit", "pubsub 0 0 0"],
            stdout=subprocess.DEVNULL)
        wait_until(lambda: self.ask("ping") == [b"PONG"], 10, "Redis' start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def ask(self, *words):
        return subprocess.run(["redis-cli", "-p", str(self.port), *words],
                              capture_output=True).stdout.split()

    def subscribers(self):
        return min(int(n) for n in self.ask("pubsub", "numsub", *CHANNELS)[1::2])

    def publish(self, count, rate=0):
        """Starts a publisher of the corpus; `rate` messages a second, 0: as fast as possible."""
        return subprocess.Popen(
            [program("redis_load"), "publish", "--port", str(self.port), "--count", str(count),
             "--rate", str(rate)], stdout=subprocess.PIPE)


class Results:
    """Rows of the table, as bench/support/results.h writes them."""

    def __init__(self, path, subject=""):
        self.path = path
        self.prefix = f"{subject}, " if subject else ""

    def add(self, what, measured, budget="", met=None):
        verdict = "" if met is None else "met" if met else "MISSED"
        what = self.prefix + what
        print(f"{what:56} {measured:>28}  {budget:20} {verdict}", flush=True)
        if self.path:
            answer = "" if met is None else "yes" if met else "no"
            with open(self.path, "a") as out:
                out.write(f"{what}\t{measured}\t{budget}\t{answer}\n")
