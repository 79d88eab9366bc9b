"""Runs a folder of Python tests. A test that is skipped proves nothing: unless skips.txt names it, that is a failure.

    python3 Tests/run_tests.py Tests/System                     everything in the folder
    python3 Tests/run_tests.py Tests/System test_bench_page     one file of it

Exit codes: 0 passed, 1 failed or skipped without leave, 2 misused.
"""

from __future__ import annotations

import argparse
import sys
import unittest
from pathlib import Path

ALLOWED = Path(__file__).with_name("skips.txt")


def allowed() -> dict[str, str]:
    """What may be skipped, by the head of its id, and why."""
    lines = [line for line in ALLOWED.read_text().splitlines() if line and not line.startswith("#")]
    return {head: why.strip() for head, _, why in (line.partition(" ") for line in lines)}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage="run_tests.py FOLDER [NAME…]"
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help="module, module.Class or module.Class.test")
    options = parser.parse_args()
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder")
    folder = str(options.folder.resolve())
    sys.path.insert(0, folder)
    loader = unittest.defaultTestLoader
    suite = loader.loadTestsFromNames(options.names) if options.names else loader.discover(folder)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    leave = allowed()
    refused = [(test.id(), why) for test, why in result.skipped if not test.id().startswith(tuple(leave))]
    for name, why in refused:
        print(f"run_tests: {name} was skipped ({why}); {ALLOWED.name} does not allow it", file=sys.stderr)
    if result.testsRun == 0:
        print("run_tests: no test ran", file=sys.stderr)
    return 0 if result.wasSuccessful() and not refused and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
