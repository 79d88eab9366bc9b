"""Which lines of Sources/ the tests run, a file a line; what is not run needs a reason in coverage-gaps.txt.

    scripts/coverage               the table
    scripts/coverage --missing     and the lines that nothing runs

Exit codes: 0 every file has 95 % or a reason, and all files without one together have 95 %; 1 not so.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

GAPS = Path(__file__).with_name("coverage-gaps.txt")
ENOUGH = 95.0


@dataclass
class File:
    """What the tests ran of one file."""

    name: str
    lines: int
    run: int
    missing: list[int]

    @property
    def percent(self) -> float:
        return 100 * self.run / self.lines if self.lines else 100.0


def gaps() -> dict[str, str]:
    """The files that may have less, and why."""
    lines = [line for line in GAPS.read_text().splitlines() if line and not line.startswith("#")]
    return {name: why.strip() for name, _, why in (line.partition(" ") for line in lines)}


def missing(segments: list[list[int]]) -> list[int]:
    """The first lines of regions that ran zero times: [line, column, count, has count, is entry, is gap] each."""
    return sorted({s[0] for s in segments if s[3] and s[4] and not s[5] and s[2] == 0})


def files(export: Path, root: Path) -> list[File]:
    """Every file of Sources/ in llvm-cov's export."""
    prefix = f"{root.resolve()}/"
    found = []
    for entry in json.loads(export.read_text())["data"][0]["files"]:
        name = entry["filename"].removeprefix(prefix)
        if name.startswith("Sources/"):
            lines = entry["summary"]["lines"]
            found.append(File(name, lines["count"], lines["covered"], missing(entry["segments"])))
    return sorted(found, key=lambda file: file.name)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/coverage", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("export", type=Path, help="what llvm-cov exported")
    parser.add_argument("root", type=Path, help="where the sources lie that it speaks of")
    parser.add_argument("--missing", action="store_true", help="name the lines that nothing runs")
    options = parser.parse_args()
    found = files(options.export, options.root)
    known = gaps()
    names = {file.name for file in found}
    there = {str(path.relative_to(options.root)) for path in options.root.glob("Sources/**/*.swift")}
    faults = [f"{name}: listed in {GAPS.name}, but there is no such file" for name in sorted(known.keys() - there)]
    faults += [
        f"{name}: no test links it; test it, or say why not in {GAPS.name}"
        for name in sorted(there - names - known.keys())
    ]
    for file in found:
        note = f"  ({known[file.name]})" if file.name in known else ""
        print(f"{file.percent:6.1f} %  {file.run:5}/{file.lines:<5} {file.name}{note}")
        if options.missing and file.missing:
            print(f"{'':17}not run from line {', '.join(map(str, file.missing))}")
        if file.name in known and file.percent >= ENOUGH:
            faults.append(f"{file.name}: has {file.percent:.1f} % and needs no reason in {GAPS.name} any more")
        if file.name not in known and file.percent < ENOUGH:
            faults.append(
                f"{file.name}: {file.percent:.1f} % of its lines run; test them, or say why not in {GAPS.name}"
            )
    asked = [file for file in found if file.name not in known]
    lines, run = sum(f.lines for f in asked), sum(f.run for f in asked)
    percent = 100 * run / max(lines, 1)
    if percent < ENOUGH:
        faults.append(f"all files together: {percent:.2f} %, not {ENOUGH:.0f} %")
    for fault in faults:
        print(f"coverage: {fault}", file=sys.stderr)
    every, every_run = sum(f.lines for f in found), sum(f.run for f in found)
    print(
        f"coverage: lines={run}/{lines} percent={percent:.2f} files={len(asked)} excused={len(found) - len(asked)} "
        f"with_excused={100 * every_run / max(every, 1):.2f}"
    )
    return 1 if faults or not found else 0


if __name__ == "__main__":
    sys.exit(main())
