"""Promise 1 and 2: whatever is killed, every reading is in the database exactly once."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import time
import unittest

from former_fleet import FormerDevice
from stack import Process, Stack, wait_until


class WholeWay(unittest.TestCase):
    def test_every_reading_is_in_the_database_exactly_once_whatever_is_killed(self) -> None:
        kills = int(os.environ.get("SYSTEM_KILLS", "5"))
        seed = int(os.environ.get("SEED", str(random.randrange(1 << 32))))
        print(f"\nsystem: SEED={seed} SYSTEM_KILLS={kills}", flush=True)
        chance = random.Random(seed)
        with Stack() as stack:
            # A commit then takes some 20 ms, so that most kills fall into one: see slow_disk.c.
            stack.gateway.stop()
            stack.slow_down_the_disk(microseconds=1000)
            stack.start(stack.gateway)
            boards = stack.boards(3)
            boards.start()
            former = FormerDevice("Cellar21", stack.broker_port, per_second=400)
            former.start()
            broker_restart, database_restart = chance.sample(range(kills), 2)
            for kill in range(kills):
                time.sleep(chance.uniform(1.5, 4))  # the random moment is the test
                stack.gateway.kill()
                if kill == broker_restart:
                    stack.broker.stop()
                    stack.start(stack.broker)
                if kill == database_restart:
                    stack.testbed("restart")
                stack.start(stack.gateway)
            # Both kinds of device reach the gateway that was started last.
            self._wait_for_news(stack)
            published = former.finish()
            made, summary = self._stop(boards)
            self._check(stack, made, published, summary, kills)

    @staticmethod
    def _wait_for_news(stack: Stack) -> None:
        """Until a reading of a board and one of the former device came after this moment."""
        where = ("boot >= 0", "boot = -1")
        before = [stack.count(f"sensor_data WHERE {which}") for which in where]
        wait_until(
            "news of both kinds",
            lambda: all(stack.count(f"sensor_data WHERE {w}") > n for w, n in zip(where, before, strict=True)),
            seconds=60,
        )

    def _stop(self, boards: Process) -> tuple[int, str]:
        code = boards.stop(signal.SIGINT, seconds=90)
        summary = boards.text().splitlines()[-1]
        self.assertEqual(code, 0, f"{summary}\n{boards.tail()}")
        found = re.fullmatch(r"picosim: boards=3 made=(\d+) sent=\d+ acknowledged=(\d+) unsent=0 dropped=0", summary)
        assert found, summary
        self.assertEqual(found[1], found[2], "made and acknowledged")
        return int(found[1]), summary

    def _check(self, stack: Stack, made: int, former: int, summary: str, kills: int) -> None:
        expected = made + former

        with contextlib.suppress(AssertionError):  # the numbers below say it better
            wait_until("rows", lambda: stack.count() == expected, seconds=60)
        rows = stack.count()
        distinct = stack.count("(SELECT DISTINCT device_id, boot, seq FROM sensor_data) AS keys")
        missing, duplicate = expected - distinct, rows - distinct
        print(
            f"system: published={expected} rows={rows} missing={missing} duplicate={duplicate} kills={kills}",
            flush=True,
        )
        self.assertEqual((rows, distinct), (expected, expected), f"{summary}\n{stack.gateway.tail()}")
        self.assertGreater(made, 10)
        holes = stack.query(
            "SELECT device_id, boot FROM sensor_data WHERE boot >= 0 GROUP BY 1, 2"
            " HAVING min(seq) <> 1 OR max(seq) <> count(*)"
        )
        self.assertEqual(holes, [], "numbers missing inside a boot")
        units = stack.query(
            "SELECT DISTINCT temperature, humidity, pressure, motion, switch, extra ->> 'fan_pwm'"
            " FROM sensor_data WHERE device_id = 'Cellar21'"
        )
        self.assertEqual(units, [(22.5, 45.1, 1013.21, False, None, "55")])
