"""Promise 1 and 2 with what is flashed on a Pico W: whatever is killed, nothing is lost or doubled."""

from __future__ import annotations

import os
import random
import re
import signal
import time
import unittest

from stack import Stack, wait_until
from test_lockstep import micropython

BOARDS = 3


def power_cuts(chance: random.Random, seconds: float) -> str:
    """A scenario in which each board loses its supply twice, and somebody comes by all the time."""
    events = [
        f"  - {{at: {at:.1f}s, power_cut: {chance.randrange(200, 2000)}ms, on: {name}}}"
        for name in ("Attic06", "Garage02", "LivingRoom04")
        for at in (chance.uniform(8, seconds / 2), chance.uniform(seconds / 2 + 8, seconds + 8))
    ]
    return "visits: 4s\nevents:\n" + "\n".join(events) + "\n"


@unittest.skipUnless(micropython(), "micropython is missing: scripts/testbed install")
class WholeWayMicroPython(unittest.TestCase):
    def test_no_reading_of_a_micropython_board_is_lost_or_doubled_whatever_is_killed(self) -> None:
        kills = int(os.environ.get("SYSTEM_KILLS", "5"))
        seed = int(os.environ.get("SEED", str(random.randrange(1 << 32))))
        print(f"\nsystem: SEED={seed} SYSTEM_KILLS={kills}", flush=True)
        chance = random.Random(seed)
        with Stack() as stack:
            stack.gateway.stop()
            stack.slow_down_the_disk(microseconds=1000)
            stack.start(stack.gateway)
            scenario = stack.directory / "power-cuts.yaml"
            scenario.write_text(power_cuts(chance, 8 + 3 * kills))
            boards = stack.boards(
                BOARDS, "--firmware", "micropython", "--stagger", "200ms", "--scenario", str(scenario), drain=120
            )
            boards.start()
            wait_until("acknowledged readings", lambda: "acknowledged=0" not in last(boards.text()), seconds=60)
            broker_kill = chance.randrange(kills)
            for kill in range(kills):
                time.sleep(chance.uniform(1.5, 4))  # the random moment is the test
                if kill == broker_kill:
                    stack.broker.kill()
                    time.sleep(chance.uniform(0, 2))
                    stack.start(stack.broker)
                stack.gateway.kill()
                stack.start(stack.gateway)
            wait_until("both power cuts of each board", lambda: starts(stack) == [3] * BOARDS, seconds=90)
            # The last life has to have been there: with readings, and on the way to the gateway.
            wait_until("readings of each third life", lambda: all(third_lives(stack)), seconds=90)
            code = boards.stop(signal.SIGINT, seconds=180)
            self.assertEqual(code, 0, boards.tail())
            self.check(stack, last(boards.text()), kills)

    def check(self, stack: Stack, summary: str, kills: int) -> None:
        pattern = r"picosim: boards=3 made=(\d+) sent=\d+ acknowledged=(\d+) unsent=0 dropped=0(?: lost=(\d+))?"
        found = re.fullmatch(pattern, summary)
        assert found, summary
        made, acknowledged, in_ram = int(found[1]), int(found[2]), int(found[3] or 0)
        # What a power cut finds in RAM nobody can bring back; picosim knows how many that were. The gateway may have
        # got some of them: their acknowledgement was under way.
        least = made - in_ram
        wait_until("rows", lambda: stack.count() >= least, seconds=60, must=False)
        rows = stack.count()
        distinct = stack.count("(SELECT DISTINCT device_id, boot, seq FROM sensor_data) AS keys")
        missing, duplicate = max(0, least - distinct), rows - distinct
        print(
            f"system: firmware=micropython published={made} rows={rows} missing={missing} duplicate={duplicate}"
            f" kills={kills + 1} power_cuts={2 * BOARDS} cut_off_in_ram={in_ram}",
            flush=True,
        )
        self.assertEqual((missing, duplicate), (0, 0), summary)
        self.assertLessEqual(rows, made)
        self.assertLessEqual(acknowledged, rows)
        holes = stack.query(
            "SELECT coalesce(sum(holes), 0) FROM (SELECT max(seq) - count(*) AS holes FROM sensor_data"
            " GROUP BY device_id, boot) AS boots"
        )[0][0]
        self.assertLessEqual(int(str(holes)), in_ram, "numbers missing inside a boot")


def starts(stack: Stack) -> list[int]:
    """How often each board has started."""
    logs = sorted((stack.directory / "boards").glob("*/console.log"))
    return [len(re.findall(r"^martlet info \w+, boot \d+,", log.read_text(), re.MULTILINE)) for log in logs]


def third_lives(stack: Stack) -> list[bool]:
    """Whether each board's third life has had an acknowledgement."""
    logs = sorted((stack.directory / "boards").glob("*/console.log"))
    lives = [log.read_text().partition(", boot 3,")[2] for log in logs]
    return [re.search(r" acknowledged [1-9]", life) is not None for life in lives]


def last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.startswith(("made=", "picosim: "))]
    return lines[-1] if lines else "acknowledged=0"
