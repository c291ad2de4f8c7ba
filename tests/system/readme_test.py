"""The commands of the README, as they stand there."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from flamekeep import BIN, Server  # noqa: E402

# What needs files or programs that only a host of Arc Lamp's has, or a terminal's directory.
ELSEWHERE = ("/srv/", "stacks.folded", "stackcollapse", "redis-cli", "quickstart-data", "--config", "scripts/")


def commands():
    """Of the blocks of shell commands, those that can be run anywhere."""
    for block in re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S):
        for line in block.replace("\\\n", "").splitlines():
            if re.match(r"(flamekeep|curl|go tool) ", line) and not any(
                    word in line for word in ELSEWHERE):
                yield line


class ReadmeTest(unittest.TestCase):
    def test_commands(self):
        found = list(commands())
        self.assertGreater(len(found), 12, found)
        with Server() as server, tempfile.TemporaryDirectory(prefix="flamekeep-readme-") as place:
            (pathlib.Path(place) / "data").symlink_to(ROOT / "data")
            done = server.run("import", "--site", "local", ROOT / "data/mediawiki-sample.messages.zst")
            self.assertEqual(done.returncode, 0, done.stderr)
            path = f"{pathlib.Path(BIN).resolve().parent}:{os.environ['PATH']}:/usr/local/go/bin"
            for command in found:
                with self.subTest(command):
                    done = subprocess.run(
                        ["bash", "-euo", "pipefail", "-c",
                         command.replace("127.0.0.1:4040", server.http).replace("curl ", "curl -f ")],
                        cwd=place, timeout=120, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                        env={**os.environ, "PATH": path, "FLAMEKEEP_SERVER": server.grpc})
                    self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
