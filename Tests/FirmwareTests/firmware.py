"""Where MicroPython is, and how the tests that run under it become unittest cases."""

from __future__ import annotations

import os
import re
import subprocess
import unittest
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware-micropython"
SIMULATOR = ROOT / "simulators" / "micropython"
ON_MICROPYTHON = Path(__file__).parent / "on_micropython"


@cache
def micropython() -> str:
    """MicroPython's unix port; the test bed fetches it when it is missing. MICROPYTHON names another build."""
    given = os.environ.get("MICROPYTHON")
    if given:
        return given
    testbed = str(ROOT / "scripts" / "testbed")
    subprocess.run([testbed, "install"], check=True, capture_output=True)
    root = subprocess.run([testbed, "root"], check=True, capture_output=True, text=True).stdout.strip()
    return f"{root}/usr/bin/micropython"


@cache
def outcomes(path: Path) -> dict[str, str]:
    """Runs a file of tests once and gives for each test `""` or what went wrong."""
    command = [micropython(), "-X", "heapsize=1M", str(ON_MICROPYTHON / "run.py"), str(ROOT), str(path)]
    answer = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
    results: dict[str, str] = {}
    name = ""
    for line in answer.stdout.splitlines():
        found = re.fullmatch(r"(not )?ok (test_\w+)", line)
        if found:
            name = found[2]
            results[name] = "failed" if found[1] else ""
        elif name and results[name]:
            results[name] += f"\n{line}"
    if answer.returncode != 0 or not answer.stdout.endswith("done\n"):
        results["the file"] = f"exit code {answer.returncode}\n{answer.stdout[-2000:]}\n{answer.stderr[-4000:]}"
    return results


def suite(path: Path) -> type[unittest.TestCase]:
    """A case with one method for each `test_*` function of a file that runs under MicroPython."""

    def method(name: str):  # noqa: ANN202 - a bound method's type says nothing here
        def run(self: unittest.TestCase) -> None:
            results = outcomes(path)
            self.assertNotIn("the file", results, results.get("the file"))
            self.assertIn(name, results)
            self.assertEqual(results[name], "", results[name])

        return run

    names = re.findall(r"^def (test_\w+)\(", path.read_text(), re.MULTILINE)
    return type(path.stem, (unittest.TestCase,), {name: method(name) for name in names})
