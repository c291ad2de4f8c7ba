"""Backups through the whole program: made while it works, listed, verified, pruned and restored."""

import pathlib
import re
import signal
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from flamekeep import Server, run, start  # noqa: E402

RANGE = ("--from", "2026-11-20", "--to", "2026-11-21")


class BackupTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="flamekeep-backup-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.backups = self.directory / "backups"
        self.server = Server(config=f"backup_directory: {self.backups}\n")
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)

    def flamekeep(self, *args, code=0):
        done = run(*args, server=self.server.grpc)
        self.assertEqual(done.returncode, code, done.stderr)
        return (done.stdout if code == 0 else done.stderr).decode()

    def add(self, name, lines):
        path = self.directory / name
        path.write_text("".join(f"{line}\n" for line in lines))
        self.flamekeep("import", "--site", "eqiad", "--type", "excimer", "--time",
                       "2026-11-20T12:00", path)

    def answers(self):
        return [self.flamekeep("query", "excimer", *RANGE, "--format", form)
                for form in ("folded", "svg")]

    def test_a_restored_store_answers_with_the_same_bytes(self):
        self.add("one.log", (f"main;f{i};g{i % 7} {i + 1}" for i in range(500)))
        before = self.answers()
        made = self.flamekeep("backup", "create")
        self.assertRegex(made, r"^backup 1 of 20\S+Z is made in " + re.escape(str(self.backups)))
        self.add("two.log", ["main;later 5"])
        self.assertNotEqual(self.answers()[0], before[0])
        self.assertRegex(self.flamekeep("backup", "verify", self.backups), r"^backup 1: sound")

        restored = self.directory / "restored"
        self.assertIn("is a store in", self.flamekeep("backup", "restore", self.backups, restored))
        self.assertRegex(self.flamekeep("store", "check", restored), ": sound:")
        self.server.kill()
        self.server.store.rename(self.directory / "old")
        restored.rename(self.server.store)
        self.server.start()
        self.assertEqual(self.answers(), before)
        # What had been imported before the backup is known; what came later is not.
        self.add("one.log", (f"main;f{i};g{i % 7} {i + 1}" for i in range(500)))
        self.assertEqual(self.answers(), before)
        self.add("two.log", ["main;later 5"])
        self.assertIn("main;later 5", self.answers()[0])

    def test_list_and_prune(self):
        self.assertIn("there are no backups", self.flamekeep("backup", "list"))
        for number in range(3):
            self.add(f"{number}.log", [f"main;f{number} 1"])
            self.flamekeep("backup", "create", "--quiet")
        of_server = self.flamekeep("backup", "list")
        self.assertEqual(of_server, self.flamekeep("backup", "list", self.backups))
        self.assertEqual(re.findall(r"^ +(\d+) .* complete$", of_server, re.M), ["1", "2", "3"])
        self.assertIn("1 backups are left",
                      self.flamekeep("backup", "prune", self.backups, "--keep", "1"))
        self.assertEqual(re.findall(r"^ +(\d+) ", self.flamekeep("backup", "list"), re.M), ["3"])
        self.assertIn("there is no backup 1", self.flamekeep(
            "backup", "restore", self.backups, self.directory / "x", "--id", "1", code=1))

    def test_a_deletion_names_the_backups_that_hold_the_data(self):
        self.add("one.log", ["main;secret 1"])
        self.flamekeep("backup", "create")
        deleted = self.flamekeep("delete", "excimer", *RANGE, "--yes")
        self.assertRegex(deleted, r"backup 1 of 20\S+Z may still hold the data")

    def test_errors_are_one_sentence(self):
        self.assertIn("name an empty directory", self.refused_restore())
        with Server() as other:
            done = run("backup", "create", server=other.grpc)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"set `backup_directory`", done.stderr)
        self.assertIn("there is no directory",
                      self.flamekeep("backup", "list", self.directory / "none", code=1))
        self.assertIn("name another directory",
                      self.flamekeep("backup", "prune", self.server.store, "--keep", "1", code=1))

    def refused_restore(self):
        self.add("one.log", ["main;f 1"])
        self.flamekeep("backup", "create")
        return self.flamekeep("backup", "restore", self.backups, self.server.store, code=1)

    def test_a_server_that_is_killed_meanwhile_leaves_the_others(self):
        self.add("one.log", ["main;f 1"])
        self.flamekeep("backup", "create")
        for _ in range(5):
            self.add("one.log", ["main;f 1", "main;g 1"])
            creating = start("backup", "create", server=self.server.grpc)
            self.server._process.send_signal(signal.SIGKILL)
            creating.communicate()
            self.server.kill()
            self.server.start()
        self.flamekeep("backup", "create")
        listed = self.flamekeep("backup", "list")
        self.assertNotIn("damaged", listed)
        self.flamekeep("backup", "verify", self.backups)


if __name__ == "__main__":
    unittest.main()
