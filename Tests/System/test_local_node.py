"""A device inside the gateway's process beside one that comes by the broker: the same way, the same promise."""

from __future__ import annotations

import json
import unittest

from stack import Stack, get, wait_until

DEVICE = "Shelf01"


class LocalNode(unittest.TestCase):
    def test_its_readings_are_there_once_whatever_happens_to_the_gateway(self) -> None:
        stack = Stack()
        stack.gateway.environment |= {
            "MARTLET_LOCAL_NODE_DEVICE": DEVICE,
            "MARTLET_LOCAL_NODE_BOARD": "virtual",
            "MARTLET_LOCAL_NODE_CONFIG_SERVER": f"http://127.0.0.1:{stack.config_port}",
            "MARTLET_LOCAL_NODE_STATE_FOLDER": str(stack.directory / "local-node"),
        }
        with stack:
            boards = stack.boards(1)
            boards.start()
            wait_until("both on the page", lambda: {DEVICE, "Attic06"} <= self._devices(stack), seconds=60)
            for boot in (1, 2):
                wait_until("readings", lambda boot=boot: self._rows(stack, boot) >= 5, seconds=60)
                stack.gateway.kill()
                stack.start(stack.gateway)
            wait_until("readings", lambda: self._rows(stack, 3) >= 5, seconds=60)
            # It ends well: what is not acknowledged waits in the folder, and comes with the next start.
            self.assertEqual(stack.gateway.stop(), 0, stack.gateway.tail())
            stack.start(stack.gateway)
            wait_until("readings", lambda: self._rows(stack, 4) >= 3, seconds=60)
            boots = stack.query(
                "SELECT boot, count(*), count(DISTINCT seq), max(seq) FROM sensor_data"
                f" WHERE device_id = '{DEVICE}' GROUP BY boot ORDER BY boot"
            )
        self.assertEqual([row[0] for row in boots], [1, 2, 3, 4])
        for boot, rows, distinct, last in boots:
            self.assertEqual((rows, distinct), (last, last), f"boot {boot}")

    def test_a_bus_that_is_not_there_is_named(self) -> None:
        stack = Stack(database=False)
        stack.gateway.environment |= {"MARTLET_LOCAL_NODE_DEVICE": DEVICE, "MARTLET_LOCAL_NODE_I2C": "77"}
        try:
            stack.gateway.start()
            wait_until("its end", lambda: not stack.gateway.is_running)
            self.assertIn("martlet: /dev/i2c-77: ", stack.gateway.text())
        finally:
            stack.__exit__()

    @staticmethod
    def _rows(stack: Stack, boot: int) -> int:
        return stack.count(f"sensor_data WHERE device_id = '{DEVICE}' AND boot = {boot}")

    @staticmethod
    def _devices(stack: Stack) -> set[str]:
        answer = get(f"{stack.page}/api/fleet")
        return {device["device_id"] for device in json.loads(answer)["devices"]} if answer else set()


if __name__ == "__main__":
    unittest.main()
