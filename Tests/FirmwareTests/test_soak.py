"""The shipped firmware for some minutes of its own time: how much of the heap is free, and how long it pauses."""

from __future__ import annotations

import os
import re
import subprocess
import unittest

from firmware import ROOT, micropython

MINUTES = 8
# Objects of the stock 64-bit build take half as much again as a board's: 288 KB are its 192, 60 its 40.
HEAP, LEAST = "288k", 60_000


class SoakTests(unittest.TestCase):
    def soak(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(ROOT / "scripts" / "firmware-soak"), "--minutes", str(MINUTES), *arguments]
        environment = {**os.environ, "MICROPYTHON": micropython()}
        return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=600)

    def test_enough_heap_is_free_it_does_not_grow_and_sampling_does_not_pause(self) -> None:
        answer = self.soak("--heap", HEAP, "--least", str(LEAST))
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr[-3000:])
        last = re.fullmatch(
            rf"soak: minutes={MINUTES} heap=288k tls=0 free_after_start=\d+ free_min=\d+ largest_piece_min=(\d+)"
            r" growth=\d+ longest_pause_ms=(\d+) readings=(\d+) simulation=\d+",
            answer.stdout.splitlines()[-1],
        )
        assert last is not None, answer.stdout
        self.assertGreater(int(last[1]), 30_000, "the heap is in pieces")
        # A whole frame is 23 ms on the bus: less than a look at it means that the buses took no time.
        self.assertIn(int(last[2]), range(5, 51))
        self.assertGreater(int(last[3]), 60 * MINUTES // 2, "readings that were acknowledged")


if __name__ == "__main__":
    unittest.main()
