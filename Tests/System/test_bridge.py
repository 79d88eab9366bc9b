"""From an edge gateway to the cloud's database, under kills: a short form of `make bridge`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path


class Bridge(unittest.TestCase):
    def test_every_reading_reaches_the_clouds_database_once_while_each_part_is_killed(self) -> None:
        seed = os.environ.get("SEED") or "7"
        answer = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("bridge.py")), "--for", "25", "--seed", seed],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "CLOUD": ""},
        )
        last = answer.stdout.splitlines()[-1] if answer.returncode == 0 else ""
        self.assertRegex(
            last,
            re.compile(r"^bridge: sent=(\d+) cloud=\1 rows=\1 missing=0 duplicate=0$"),
            answer.stdout + answer.stderr,
        )


if __name__ == "__main__":
    unittest.main()
