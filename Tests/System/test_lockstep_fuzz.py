"""Promise 4, fuzzed: no change in either core that makes the two differ goes unnoticed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from stack import ROOT, binary

FIRMWARE = ROOT / "firmware-micropython"
LAST = r"lockstep: minutes=\d+ transactions=\d+ frames=\d+ payloads=\d+ differences=%d"

# One character each; a file, what it says, and what it says instead.
PYTHON_MUTANTS = (
    ("core/display/ssd1306.py", "_CHUNK = const(32)", "_CHUNK = const(31)"),
    ("core/sensors/bme280.py", "_FORCED_MODE = const(0b01)", "_FORCED_MODE = const(0b11)"),
    ("core/node/device.py", "_REDRAW_MILLISECONDS = const(1000)", "_REDRAW_MILLISECONDS = const(9000)"),
    ("core/node/device.py", "fan.set(index < (active or 0))", "fan.set(index > (active or 0))"),
    ("core/sensors/ds18b20.py", "_MARK_LOW = const(0xB2)", "_MARK_LOW = const(0xB3)"),
    ("core/sensors/on_chip_temperature.py", "SAMPLES = const(8)", "SAMPLES = const(9)"),
    ("core/node/configuration_record.py", "NOT_JSON = const(2)", "NOT_JSON = const(3)"),
)
SWIFT_MUTANT = ("Sources/Display/SSD1306.swift", "static var chunk: Int { 32 }", "static var chunk: Int { 31 }")


def lockstep(**variables: object) -> subprocess.CompletedProcess[str]:
    environment = {"PICOSIM": binary("picosim"), **{name: str(value) for name, value in variables.items()}}
    command = [str(ROOT / "scripts" / "lockstep")]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{path} says {old!r} no longer: name another mutant"
    path.write_text(text.replace(old, new))


class LockstepFuzz(unittest.TestCase):
    def assert_caught(self, result: subprocess.CompletedProcess[str]) -> None:
        lines = result.stdout.splitlines()
        self.assertEqual(result.returncode, 1, result.stdout[-2000:] + result.stderr)
        self.assertRegex(lines[-1], f"^{LAST % 1}$")
        self.assertRegex(lines[-2], r"^repeat: make lockstep SEED=\d+ LENGTH=\d+ms SCENARIO=\d+$")
        self.assertRegex(lines[-4], "^Swift        ")
        self.assertRegex(lines[-3], "^MicroPython  ")

    def test_both_cores_are_the_same_in_random_scenarios(self) -> None:
        # As many as fit into WITHIN: thousands on a machine that has nothing else to do.
        within = os.environ.get("LOCKSTEP_WITHIN", "60s")
        result = lockstep(MINUTES=1_000_000, LENGTH="8s", WITHIN=within)
        self.assertEqual(result.returncode, 0, result.stdout[-4000:] + result.stderr)
        lines = result.stdout.splitlines()
        print("\n" + "\n".join([lines[0], *lines[-2:]]))
        self.assertRegex(lines[-1], f"^{LAST % 0}$")
        frames = re.search(r"frames=(\d+) payloads=(\d+)", lines[-1])
        assert frames
        self.assertGreater(min(int(frames[1]), int(frames[2])), 100)

    def test_a_32_bit_micropython_with_32_bit_floats_does_the_same(self) -> None:
        build = subprocess.run(
            [str(ROOT / "simulators/micropython/build-32bit")], stdout=subprocess.PIPE, text=True, check=False
        )
        self.assertEqual(build.returncode, 0, "what build-32bit says is above")
        small = build.stdout.strip()
        life = {"MINUTES": 30, "LENGTH": "10s", "SEED": 32}
        stock, other = lockstep(**life), lockstep(**life, MICROPYTHON=small)
        self.assertEqual(other.returncode, 0, other.stdout[-4000:] + other.stderr)
        self.assertEqual(other.stdout, stock.stdout)

    def test_one_character_changed_in_the_micropython_core_is_caught_and_repeats(self) -> None:
        for name, old, new in PYTHON_MUTANTS:
            with self.subTest(mutant=f"{name}: {new}"), tempfile.TemporaryDirectory() as folder:
                mutant = Path(folder) / "firmware"
                shutil.copytree(FIRMWARE, mutant)
                change(mutant / name, old, new)
                first = lockstep(FIRMWARE=mutant, MINUTES=50, LENGTH="30s", SEED=11)
                self.assert_caught(first)
                words = dict(re.findall(r"(SEED|LENGTH|SCENARIO)=(\w+)", first.stdout.splitlines()[-2]))
                again = lockstep(FIRMWARE=mutant, **words)
                self.assertEqual(again.stdout.splitlines()[-4:-2], first.stdout.splitlines()[-4:-2])
                self.assertEqual(lockstep(**words).returncode, 0, "without the change it is the same")

    @unittest.skipUnless(os.environ.get("LOCKSTEP_SWIFT_MUTANT"), "builds a second picosim: make test-all")
    def test_one_character_changed_in_the_swift_core_is_caught(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder)
            for name in ("Package.swift", "Package.resolved", "Sources", "simulators", "gateway", "Tests", "bench"):
                if (ROOT / name).is_dir():
                    shutil.copytree(ROOT / name, copy / name)
                elif (ROOT / name).exists():
                    shutil.copy(ROOT / name, copy / name)
            name, old, new = SWIFT_MUTANT
            change(copy / name, old, new)
            build = ["swift", "build", "--package-path", folder, "--product", "picosim"]
            answer = subprocess.run(build, capture_output=True, text=True, check=False)
            self.assertEqual(answer.returncode, 0, answer.stdout[-2000:] + answer.stderr[-2000:])
            self.assert_caught(lockstep(PICOSIM=copy / ".build/debug/picosim", MINUTES=50, LENGTH="30s", SEED=11))
