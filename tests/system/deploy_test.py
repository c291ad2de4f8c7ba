"""What deploy/ holds fits the program: configuration, alert rules, units."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from flamekeep import BIN, Server, wait_for  # noqa: E402
from redis_server import Redis  # noqa: E402

DEPLOY = ROOT / "deploy"


class DeployTest(unittest.TestCase):
    def test_the_example_configuration_is_accepted(self):
        with tempfile.TemporaryDirectory(prefix="flamekeep-deploy-") as directory:
            ready = pathlib.Path(directory) / "ready.json"
            server = subprocess.Popen(
                [BIN, "serve", "--config", DEPLOY / "flamekeep.yaml", "--data", f"{directory}/store",
                 "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--ready-file", ready],
                stderr=subprocess.PIPE)
            try:
                wait_for(lambda: ready.exists() or server.poll() is not None, "the server")
                self.assertIsNone(server.poll())
            finally:
                server.kill()
                errors = server.communicate()[1].decode()
            self.assertNotIn("error", errors)

    def test_the_example_configuration_has_every_key(self):
        keys = set()
        for source in ROOT.glob("server/config*.cc"):
            keys |= set(re.findall(r'^ *\{"([a-z_]+)",', source.read_text(), re.M))
        self.assertGreater(len(keys), 30)
        words = set(re.findall(r"[a-z_]+", (DEPLOY / "flamekeep.yaml").read_text()))
        self.assertEqual(keys - words, set())

    def test_grafana_dashboard(self):
        dashboard = json.loads((DEPLOY / "grafana/flamekeep.json").read_text())
        variables = {variable["name"] for variable in dashboard["templating"]["list"]}
        used = set(re.findall(r"\$\{?([a-z_]+)", json.dumps(dashboard)))
        self.assertEqual(used, variables)
        self.assertIn("grafana-pyroscope-datasource", (DEPLOY / "grafana/datasource.yaml").read_text())
        for panel in dashboard["panels"]:
            self.assertEqual(panel["datasource"]["type"], "grafana-pyroscope-datasource")

    def test_alert_rules(self):
        for command in (("check", "rules", "alerts.yaml"), ("test", "rules", "alerts_test.yaml")):
            done = subprocess.run(["promtool", *command], cwd=DEPLOY, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
            self.assertEqual(done.returncode, 0, done.stdout.decode())

    def test_alerts_name_metrics_that_exist(self):
        rules = (DEPLOY / "alerts.yaml").read_text()
        names = set(re.findall(r"\bflamekeep_[a-z_]+\b", "".join(
            line for line in rules.splitlines() if "expr:" in line)))
        self.assertGreater(len(names), 8)
        redis = Redis()
        self.addCleanup(redis.close)
        redis.add("wall", "main;f")
        with tempfile.TemporaryDirectory(prefix="flamekeep-deploy-") as backups:
            config = (f"backup_directory: {backups}\nmax_bytes: 1GiB\nsites:\n  eqiad:\n"
                      f"    redis: 'redis://127.0.0.1:{redis.port}'\n"
                      "    channels: [excimer]\n    streams: [wall]\n")
            with Server(config=config) as server:
                def served():
                    with urllib.request.urlopen(f"http://{server.http}/metrics") as reply:
                        return set(re.findall(r"^([a-z_]+)", reply.read().decode(), re.M))
                wait_for(lambda: "flamekeep_redis_stream_lag_seconds" in served(), "the stream")
                self.assertEqual(names - served() - {"flamekeep_"}, set())

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
    def test_units(self):
        units = [*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")]
        self.assertEqual(len(units), 3)
        done = subprocess.run(["systemd-analyze", "verify", *units], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        # The program is not installed here.
        said = [line for line in done.stdout.decode().splitlines()
                if "/usr/bin/flamekeep is not executable" not in line and "flamekeep" in line]
        self.assertEqual(said, [])


if __name__ == "__main__":
    unittest.main()
