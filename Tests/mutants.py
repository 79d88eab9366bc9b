"""Puts each deliberate fault of mutants.txt, alone, into a copy of the package; the tests it names must see it.

    scripts/mutants                every fault
    scripts/mutants ack window     those whose description or file holds one of these words

Exit codes: 0 every fault was caught, 1 one was not, 2 misused or mutants.txt does not fit the sources any more.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

LIST = Path(__file__).with_name("mutants.txt")
ROOT = Path(__file__).resolve().parents[1]


class Misfit(Exception):
    """mutants.txt does not say what it should."""


@dataclass
class Mutant:
    """One deliberate fault."""

    title: str
    line: int
    file: str = ""
    test: str = ""
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)

    @property
    def target(self) -> str:
        """The test target that must see it."""
        return self.test.partition(".")[0]

    def applied(self, text: str) -> str:
        """The file's text with the fault in it."""
        pattern = r"[ \t]*\n[ \t]*".join(re.escape(line) for line in self.old)
        found = list(re.finditer(pattern, text)) if self.old else []
        if len(found) != 1:
            raise Misfit(f"{LIST.name}:{self.line}: {len(found)} places in {self.file} fit, not 1")
        start, end = found[0].span()
        return text[:start] + "\n".join(self.new) + text[end:]


def read(text: str) -> list[Mutant]:
    """The faults of a list."""
    mutants: list[Mutant] = []
    for number, line in enumerate(text.splitlines(), 1):
        key, _, rest = line.partition(" ")
        if key == "==":
            mutants.append(Mutant(rest.strip(), number))
        elif not line or key.startswith("#"):
            continue
        elif not mutants or key not in ("file", "test", "-", "+"):
            raise Misfit(f"{LIST.name}:{number}: not understood: {line}")
        elif key == "file":
            mutants[-1].file = rest.strip()
        elif key == "test":
            mutants[-1].test = rest.strip()
        else:
            (mutants[-1].old if key == "-" else mutants[-1].new).append(rest.strip())
    for mutant in mutants:
        if not (mutant.file and mutant.test and mutant.old):
            raise Misfit(f"{LIST.name}:{mutant.line}: needs file, test and what stands there")
    return mutants


@dataclass
class Run:
    """How a command ended."""

    code: int | None
    output: str


class Package:
    """A copy that holds one test target and what it needs, and nothing else that would have to be built again."""

    def __init__(self, directory: Path, target: str) -> None:
        subprocess.run([ROOT / "scripts" / "portable-package", directory, target], check=True)
        self.directory = directory
        self.flags = ["--package-path", str(directory), "--scratch-path", str(directory.parent / "scratch")]

    def build(self) -> Run:
        return self._run(["swift", "build", *self.flags, "--build-tests", "--quiet"], 1800)

    def test(self, name: str) -> Run:
        command = ["swift", "test", *self.flags, "--skip-build", "--filter", name]
        return self._run(command, 120)

    @staticmethod
    def _run(command: list[str], seconds: float) -> Run:
        """Runs a command; one that does not end is ended, with what it started."""
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", process_group=0
        ) as process:
            try:
                output, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                subprocess.run(["kill", "-KILL", "--", f"-{process.pid}"], check=False)
                output, _ = process.communicate()
                return Run(None, output)
            return Run(process.returncode, output)


def witness(run: Run) -> str | None:
    """The test that saw the fault; `None` where none did."""
    if run.code == 0:
        return None
    if run.code is None:
        return "no end within two minutes"
    # A test that traps is named by the last line that says a test began; one that fails names itself.
    failed = re.findall(r"✘ Test (?!run)(.+?)(?: with \d+ test cases?)? (?:recorded an issue|failed)", run.output)
    started = re.findall(r"◇ Test (?!run)(?:case passing .* to )?(.+?) started", run.output)
    if failed:
        return str(failed[0])
    if "Test run with" in run.output and "passed" in run.output:
        return None
    return f"a trap in or near {started[-1]}" if started else None


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/mutants", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("words", nargs="*", metavar="WORD", help="only faults whose description or file holds a WORD")
    parser.add_argument("--directory", type=Path, required=True, help="where the copies go")
    options = parser.parse_args()
    try:
        every = read(LIST.read_text())
        # All of them fit before the first is built: hours later is too late to hear of a misprint.
        texts = {mutant.file: (ROOT / mutant.file).read_text() for mutant in every}
        faulty = {id(mutant): mutant.applied(texts[mutant.file]) for mutant in every}
    except (Misfit, OSError) as misfit:
        print(f"mutants: {misfit}", file=sys.stderr)
        return 2
    mutants = [m for m in every if not options.words or any(w in m.title or w in m.file for w in options.words)]
    if not mutants:
        print("mutants: no fault has these words; without any all are tried", file=sys.stderr)
        return 2

    packages: dict[str, Package] = {}
    for target in sorted({mutant.target for mutant in mutants}):
        print(f"mutants: building {target} without a fault", flush=True)
        package = packages[target] = Package(options.directory.resolve() / target / "package", target)
        if (sound := package.build()).code != 0:
            print(sound.output, file=sys.stderr)
            print(f"mutants: {target} does not build as it is", file=sys.stderr)
            return 2
        for test in sorted({mutant.test for mutant in mutants if mutant.target == target}):
            run = package.test(test)
            if run.code != 0 or not re.search(r"Test run with [1-9]", run.output):
                print(run.output, file=sys.stderr)
                print(f"mutants: {test} does not pass without a fault, or names no test", file=sys.stderr)
                return 2

    caught = 0
    for number, mutant in enumerate(mutants, 1):
        package = packages[mutant.target]
        path = package.directory / mutant.file
        try:
            path.write_text(faulty[id(mutant)])
            build = package.build()
            by = witness(package.test(mutant.test)) if build.code == 0 else None
        finally:
            path.write_text(texts[mutant.file])
        caught += by is not None
        print(f"{number:3}/{len(mutants)} {mutant.title}\n        {Path(mutant.file).name}: ", end="")
        if build.code != 0:
            errors = [line for line in build.output.splitlines() if "error:" in line]
            print("DOES NOT COMPILE: " + (errors or ["see swift build"])[0])
        else:
            print(f"caught by {by}" if by else f"LIVES: {mutant.test} sees nothing", flush=True)
    print(f"mutants: tried={len(mutants)} caught={caught}")
    return 0 if caught == len(mutants) else 1


if __name__ == "__main__":
    sys.exit(main())
