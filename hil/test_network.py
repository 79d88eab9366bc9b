"""What a board has to do on a network that fails. Only on the virtual board the suite controls that: the emulated one
has no radio, and a real one hangs on an access point that nobody here can switch off.
"""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import sys
import urllib.request
from collections.abc import Iterator

import pytest
from targets import ROOT, Target

sys.path.insert(0, str(ROOT / "Tests/System"))
from stack import Process, Stack, wait_until  # noqa: E402 - its folder is no package

REASONS = {
    "rp2040": "this image has no Wi-Fi: Debian has no source for the wireless chip",
    "real": "the suite cannot switch off a real access point; docs/firmware.md says what to look for by hand",
}


class Networked:
    """One board with the shipped main.py, broker, config server and gateway."""

    def __init__(self, stack: Stack, scenario: str) -> None:
        self.stack = stack
        path = stack.directory / "scenario.yaml"
        path.write_text("visits: 3s\n" + scenario)
        self.process: Process = stack.boards(1, "--firmware", "micropython", "--scenario", str(path))
        self.process.start()
        wait_until("acknowledged readings", lambda: self.count("acknowledged") >= 2, seconds=90)

    def count(self, name: str) -> int:
        lines = re.findall(r"^made=.*$", self.process.text(), re.MULTILINE)
        return int(re.findall(rf"\b{name}=(\d+)", lines[-1])[0]) if lines else 0

    def console(self) -> str:
        return (self.stack.directory / "boards/Attic06/console.log").read_text()

    def finish(self) -> dict[str, int]:
        """Lets the board deliver what it holds; what became of its readings."""
        code = self.process.stop(signal.SIGINT, seconds=120)
        last = self.process.text().splitlines()[-1]
        assert code == 0, f"{last}\n{self.console()[-1500:]}"
        return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", last)}

    def journaled(self) -> list[tuple[int, int]]:
        file = f"file:{self.stack.directory / 'journal.sqlite'}?mode=ro"
        connection = sqlite3.connect(file, uri=True)
        try:
            return connection.execute("SELECT boot, seq FROM entry WHERE device = 'Attic06'").fetchall()
        finally:
            connection.close()


@pytest.fixture
def stack(board: Target) -> Iterator[Stack]:
    if board.name != "virtual":
        pytest.skip(REASONS.get(board.name, REASONS["real"]))
    with Stack(database=False) as running:
        yield running


def nothing_lost(life: Networked) -> None:
    counts = life.finish()
    rows = life.journaled()
    assert len(rows) == len(set(rows)) == counts["made"] == counts["acknowledged"], (counts, len(rows))
    assert counts["unsent"] == counts["dropped"] == 0, counts


def test_a_wifi_drop_loses_nothing(stack: Stack) -> None:
    life = Networked(stack, "events:\n  - {at: 12s, wifi: off}\n  - {at: 17s, wifi: on}\n")
    wait_until("the drop", lambda: "is gone" in life.console(), seconds=60)
    wait_until("the Wi-Fi again", lambda: life.console().count("joined the Wi-Fi") >= 2, seconds=60)
    nothing_lost(life)


def test_a_broker_drop_loses_nothing(stack: Stack) -> None:
    life = Networked(stack, "")
    stack.broker.kill()
    made = life.count("made")
    wait_until("readings without a broker", lambda: life.count("made") >= made + 3, seconds=60)
    stack.start(stack.broker)
    nothing_lost(life)


def test_a_power_cut_costs_at_most_what_was_in_ram(stack: Stack) -> None:
    life = Networked(stack, "events:\n  - {at: 12s, power_cut: 1s}\n")
    wait_until("the second start", lambda: ", boot 2," in life.console(), seconds=60)
    counts = life.finish()
    rows = life.journaled()
    assert len(rows) == len(set(rows))
    assert counts["made"] - counts.get("lost", 0) <= len(rows) <= counts["made"], (counts, len(rows))


def test_a_changed_configuration_reaches_the_board(stack: Stack) -> None:
    life = Networked(stack, "")
    document = json.loads(stack.configuration.read_text())
    document["device_global_config"]["heartbeat_publish_period"] = 2345
    stack.configuration.write_text(json.dumps(document))
    life.finish()
    url = f"http://127.0.0.1:{stack.config_port}/v1/devices/Attic06/config"
    with urllib.request.urlopen(url, timeout=10) as answer:
        tag = answer.headers["ETag"].encode()
    kept = stack.directory / "boards/Attic06/state/configuration"
    assert tag not in kept.read_bytes()
    life.process.start()
    # It is there only once the gateway was reached under it.
    wait_until("the new configuration in flash", lambda: tag in kept.read_bytes(), seconds=90)
    life.process.stop(signal.SIGTERM, seconds=120)
