"""Promise 1 down to the disk: what was acknowledged survives a power cut, whatever had not been written yet."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
import unittest
from pathlib import Path

from chaos import compiled
from former_fleet import FormerDevice
from stack import Process, Stack, binary, wait_until


class PowerCut(unittest.TestCase):
    CUTS = int(os.environ.get("SYSTEM_CUTS", "6"))

    def test_every_acknowledged_reading_survives_a_power_cut(self) -> None:
        self.assertEqual(self._missing_after_cuts(lies=False), 0)

    def test_a_log_that_is_not_synced_before_the_acknowledgement_loses_readings(self) -> None:
        """The control: a disk that lies must be seen by the test above. (It is harsher than `synchronous = NORMAL`.)"""
        self.assertGreater(self._missing_after_cuts(lies=True), 0)

    def _missing_after_cuts(self, *, lies: bool) -> int:
        seed = int(os.environ.get("SEED", str(random.randrange(1 << 32))))
        print(f"\npower cut: SEED={seed} SYSTEM_CUTS={self.CUTS}{' lying disk' if lies else ''}", flush=True)
        chance = random.Random(seed)
        with Stack(database=False) as stack:
            disk, kept = stack.directory / "disk", stack.directory / "kept"
            for folder in (disk, kept):
                folder.mkdir()
            stack.gateway.stop()
            command = stack.gateway.command
            command[command.index("--journal") + 1] = str(disk / "journal.sqlite")
            library = compiled("power_cut.c", stack.directory / "power_cut.so", "-shared", "-fPIC", "-ldl")
            stack.gateway.environment.update(
                LD_PRELOAD=str(library),
                POWER_CUT_FROM=f"{disk}/",
                POWER_CUT_TO=str(kept),
                POWER_CUT_EARLY="30",
                POWER_CUT_SEED=str(seed),
                POWER_CUT_LIE="1" if lies else "0",
            )
            stack.start(stack.gateway)
            load = compiled("load.c", stack.directory / "load", "-lmosquitto")
            truth = stack.directory / "truth"
            fleet = Process(
                "load", [str(load), str(stack.broker_port), "20", "40", "0", str(truth)], stack.directory / "load.log"
            )
            stack.processes.insert(0, fleet)
            fleet.start()
            former = FormerDevice("Cellar21", stack.broker_port, per_second=200)
            former.start()
            for _ in range(self.CUTS):
                time.sleep(chance.uniform(0.5, 2.5))  # the random moment is the test
                stack.gateway.kill()
                self._power_is_back(disk, kept)
                stack.start(stack.gateway)
            published = former.finish()
            fleet.stop(signal.SIGINT, seconds=120)
            wait_until("the last commit", lambda: stack.metrics().get("martlet_broker_up") == 1)
            stack.gateway.stop()
            self.assertNotIn("set aside", stack.gateway.text())
            return self._missing(disk / "journal.sqlite", truth, published)

    @staticmethod
    def _power_is_back(disk: Path, kept: Path) -> None:
        """The folder is what the disk had kept."""
        for file in disk.iterdir():
            if not file.name.endswith(".lock"):
                file.unlink()
        for file in kept.iterdir():
            if not file.name.endswith(".lock"):
                shutil.copyfile(file, disk / file.name)

    def _missing(self, journal: Path, truth: Path, former: int) -> int:
        verify = subprocess.run(
            [binary("martlet"), "journal", "verify", "--journal", str(journal)], capture_output=True, text=True
        )
        self.assertEqual(verify.returncode, 0, verify.stdout + verify.stderr)
        export = subprocess.run(
            [binary("martlet"), "journal", "export", "--quiet", "--journal", str(journal)],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        rows = [(row["device_id"], row["boot"], row["seq"]) for row in map(json.loads, export.splitlines())]
        self.assertEqual(len(rows), len(set(rows)), "doubled")
        made = former
        for device, count in re.findall(r"^made (\S+) 1 (\d+)$", truth.read_text(), re.MULTILINE):
            made += int(count)
            self.assertLessEqual(max((s for d, _, s in rows if d == device), default=0), int(count))
        print(f"power cut: made={made} kept={len(rows)} missing={made - len(rows)}", flush=True)
        self.assertGreater(made, 1000)
        return made - len(rows)
