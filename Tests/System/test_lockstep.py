"""Promise 4: the Swift core and the MicroPython core do the same on the same board, to the byte."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from stack import ROOT, TESTBED, binary

SIMULATOR = ROOT / "simulators" / "micropython"


def micropython() -> str | None:
    """The interpreter: the one that is named, installed, or in the test bed."""
    if named := os.environ.get("MICROPYTHON") or shutil.which("micropython"):
        return named
    root = subprocess.run([str(TESTBED), "root"], capture_output=True, text=True, check=False).stdout.strip()
    found = Path(root) / "usr/bin/micropython"
    return str(found) if root and found.exists() else None


@unittest.skipUnless(micropython(), "micropython is missing: scripts/testbed install")
class Lockstep(unittest.TestCase):
    def lockstep(self, scenario: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(scenario)
            file.flush()
            command = [binary("picosim"), "lockstep", "--scenario", file.name, *arguments, "--"]
            program = [micropython() or "", "-X", "heapsize=1M", str(SIMULATOR / "lockstep.py")]
            environment = {**os.environ, "MICROPYPATH": f"{ROOT / 'firmware-micropython'}:{SIMULATOR}:.frozen"}
            return subprocess.run(
                [*command, *program, "Attic06", "1.0.0-sim", "1"],
                capture_output=True, text=True, timeout=600, env=environment, check=False,
            )  # fmt: skip

    def test_both_cores_live_the_same_whatever_the_network_does(self) -> None:
        for seed in range(1, 5):
            with self.subTest(seed=seed):
                result = self.lockstep("chips: [bme280]", "--seed", str(seed), "--for", "30m")
                self.assertEqual(result.returncode, 0, result.stdout[-4000:] + result.stderr)
                self.assertIn("the same", result.stdout)

    def test_both_cores_find_lose_and_change_sensors_alike(self) -> None:
        scenario = """
            chips: []
            events:
              - {at: 20s, plug: tmp117}
              - {at: 60s, plug: sht31}
              - {at: 150s, bus: {fault: flip, chip: sht31, byte: 1, bit: 3, times: 30}}
              - {at: 240s, plug: bme280}
              - {at: 330s, bus: {fault: nack_data, byte: 1, chip: bme280, times: 2}}
              - {at: 350s, bus: {fault: timeout, chip: bme280, times: 3}}
              - {at: 370s, bus: {fault: brown_out, chip: bme280, times: 3}}
              - {at: 390s, brown_out: bme280}
              - {at: 420s, temperature: {to: 95, during: 60s}}
              - {at: 500s, unplug: bme280}
              - {at: 520s, wifi: off}
              - {at: 560s, wifi: on}
              - {at: 580s, unplug: sht31}
            """
        result = self.lockstep(scenario, "--for", "12m")
        self.assertEqual(result.returncode, 0, result.stdout[-4000:] + result.stderr)

    def test_both_cores_fall_back_to_1_wire_and_the_chip_s_own_sensor_alike(self) -> None:
        scenario = """
            chips: [bme280, ds18b20, on-chip]
            events:
              - {at: 30s, unplug: bme280}
              - {at: 80s, bus: {fault: flip, chip: ds18b20, byte: 1, bit: 3, times: 2}}
              - {at: 100s, bus: {fault: stuck, chip: ds18b20, times: 2}}
              - {at: 120s, brown_out: ds18b20}
              - {at: 150s, unplug: ds18b20}
              - {at: 240s, temperature: {to: 90, during: 60s}}
              - {at: 330s, unplug: on-chip}
              - {at: 400s, plug: on-chip}
              - {at: 420s, plug: ds18b20}
              - {at: 520s, plug: bme280}
            """
        result = self.lockstep(scenario, "--for", "12m")
        self.assertEqual(result.returncode, 0, result.stdout[-4000:] + result.stderr)

    def test_a_difference_is_found_and_shown(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            changed = Path(folder) / "lockstep.py"
            changed.write_text((SIMULATOR / "lockstep.py").read_text().replace('b"actions %d', 'b"action %d'))
            command = [binary("picosim"), "lockstep", "--for", "10s", "--", micropython() or "", "-X", "heapsize=1M"]
            environment = {**os.environ, "MICROPYPATH": f"{ROOT / 'firmware-micropython'}:{SIMULATOR}:.frozen"}
            result = subprocess.run(
                [*command, str(changed), "Attic06", "1.0.0-sim", "1"],
                capture_output=True, text=True, timeout=60, env=environment, check=False,
            )  # fmt: skip
        self.assertEqual(result.returncode, 1)
        self.assertIn("the first difference, in step 1:", result.stdout)
        self.assertIn("MicroPython  action 1", result.stdout)
