"""`scripts/flash` against a board that is a folder.

MicroPython's unix port has that folder as its root, behind an mpremote
that knows the few commands the script uses.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from firmware import ROOT, micropython

MPREMOTE = """#!/usr/bin/env python3
import pathlib, shutil, subprocess, sys, tempfile
board = pathlib.Path(%(board)r)
assert sys.argv[1] == "connect"
port, command, rest = sys.argv[2], sys.argv[3], sys.argv[4:]
with (board.parent / "commands").open("a") as log:
    log.write(command + " " + " ".join(rest[-1:])[:40].replace("\\n", " ") + "\\n")
if port != "a0":
    sys.exit("mpremote: no device found")
if command in ("exec", "run"):
    code = rest[0] if command == "exec" else pathlib.Path(rest[0]).read_text()
    prelude = "import vfs\\nvfs.umount('/')\\nvfs.mount(vfs.VfsPosix(%(board)r), '/')\\n"
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(prelude + code)
        file.flush()
        sys.exit(subprocess.run([%(micropython)r, file.name]).returncode)
elif command == "cp":
    target = board / rest[1].lstrip(":")
    shutil.copy(rest[0], target)
    if (board.parent / "broken").exists():
        target.write_bytes(b"flipped" + target.read_bytes()[7:])
elif command == "rm":
    (board / rest[0].lstrip(":")).unlink()
elif command != "reset":
    sys.exit("mpremote: unknown command " + command)
"""


class FlashTests(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.board = self.folder / "board"
        self.board.mkdir()
        real = subprocess.run([str(ROOT / "scripts" / "firmware-tools")], check=True, capture_output=True, text=True)
        tools = self.folder / "tools"
        (tools / "bin").mkdir(parents=True)
        shutil.copy(Path(real.stdout.strip()).parent / "packages", tools)
        (tools / "bin" / "mpy-cross").symlink_to(Path(real.stdout.strip()) / "mpy-cross")
        program = tools / "bin" / "mpremote"
        program.write_text(MPREMOTE % {"board": str(self.board), "micropython": micropython()})
        program.chmod(0o755)
        self.environment = {**os.environ, "MARTLET_FIRMWARE_TOOLS": str(tools)}

    def flash(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(ROOT / "scripts" / "flash"), *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True, env=self.environment)

    def test_everything_is_copied_then_only_what_differs_and_settings_stay(self) -> None:
        (self.board / "settings.json").write_text("{}")
        (self.board / "state").mkdir()
        (self.board / "state" / "boot").write_text("17")
        (self.board / "core").mkdir()
        (self.board / "core" / "old.py").write_text("of an earlier version")
        first = self.flash("a0")
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertRegex(first.stdout, r"flash: files=(\d+) copied=\1, every hash compared")
        self.assertTrue((self.board / "firmware.mpy").exists())
        self.assertFalse((self.board / "core" / "old.py").exists(), "a source would come before the compiled file")
        self.assertEqual((self.board / "settings.json").read_text(), "{}")
        self.assertEqual((self.board / "state" / "boot").read_text(), "17")
        (self.board / "firmware.mpy").write_bytes(b"torn")
        second = self.flash("a0")
        self.assertRegex(second.stdout, r"flash: files=\d+ copied=1, every hash compared")
        self.assertNotIn("provision", second.stdout)

    def test_a_copy_that_does_not_arrive_whole_is_named(self) -> None:
        (self.folder / "broken").touch()
        answer = self.flash("a0")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("not on the board as they should be", answer.stderr)
        self.assertTrue(re.search(r"[0-9a-f]{64} main\.py", answer.stderr))

    def test_without_a_board_it_says_what_to_look_at(self) -> None:
        answer = self.flash("a7")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("no board answers on a7", answer.stderr)

    def test_a_board_without_settings_is_told_to_be_provisioned(self) -> None:
        self.assertIn("make provision PORT=a0", self.flash("a0").stdout)


if __name__ == "__main__":
    unittest.main()
