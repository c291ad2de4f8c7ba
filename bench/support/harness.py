"""What the scripts of this folder share: programs, servers, CPU times, results."""

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
    """`flamekeep serve` on free ports. `sites` maps a site to a Redis URL."""

    def __init__(self, data, sites=None):
        self.data = pathlib.Path(data)
        ready = pathlib.Path(str(data) + ".ready")
        config = pathlib.Path(str(data) + ".yaml")
        lines = [f"data: {self.data}"]
        if sites:
            lines += ["sites:"] + [f'  {site}: "{url}"' for site, url in sites.items()]
        config.write_text("\n".join(lines) + "\n")
        ready.unlink(missing_ok=True)
        self.log = open(str(data) + ".log", "wb")
        self.process = subprocess.Popen(
            [program("flamekeep"), "serve", "--config", config, "--grpc", "127.0.0.1:0", "--http",
             "127.0.0.1:0", "--ready-file", ready], stdout=self.log, stderr=self.log)
        wait_until(lambda: ready.exists() or self.process.poll() is not None, START_SECONDS,
                   "the server's start")
        if self.process.poll() is not None:
            sys.exit(f"the server did not start: see {self.log.name}")
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
