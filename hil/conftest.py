"""One set of cases, three targets: `--port virtual`, `rp2040`, or a serial port. What one cannot do is said by name."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from targets import CaseCannotRun, Target, target

outcomes: dict[str, str] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--port", default="virtual", help="virtual, rp2040 or a serial port")


@pytest.fixture(scope="session")
def board(request: pytest.FixtureRequest) -> Iterator[Target]:
    chosen = target(request.config.getoption("--port"))
    yield chosen
    chosen.close()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    try:
        return (yield)
    except CaseCannotRun as reason:
        pytest.skip(str(reason))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    name = report.nodeid.split("::")[-1]
    if report.failed:
        outcomes[name] = "failed"
    elif report.skipped:
        outcomes[name] = "cannot"
    elif report.when == "call":
        outcomes.setdefault(name, "passed")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not outcomes:
        return
    counts = " ".join(f"{word}={list(outcomes.values()).count(word)}" for word in ("passed", "failed", "cannot"))
    sys.stdout.flush()
    print(f"hil: target={config.getoption('--port')} {counts}", flush=True)
