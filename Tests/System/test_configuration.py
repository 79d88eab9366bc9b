"""Boards follow the config server: they ask again with the ETag they have, and work on while it is away."""

from __future__ import annotations

import json
import unittest

from stack import Stack, wait_until


class Configuration(unittest.TestCase):
    def test_boards_follow_an_edit_and_work_on_while_the_server_is_away(self) -> None:
        with Stack(database=False, heartbeat_ms=3_600_000) as stack:
            document = json.loads(stack.configuration.read_text())
            document["system_global_config"]["check_config_file_period"] = 1000
            document["device_global_config"]["motion_cooldown_wait_period"] = 3_600_000
            stack.configuration.write_text(json.dumps(document))
            boards = stack.boards(1)
            boards.start()
            wait_until("the first heartbeat", lambda: stack.metrics().get("martlet_readings_committed_total", 0) >= 1)
            document["device_global_config"]["heartbeat_publish_period"] = 1000
            stack.configuration.write_text(json.dumps(document))
            # At the old period these would take hours.
            wait_until("the new period", lambda: stack.metrics().get("martlet_readings_committed_total", 0) >= 6)
            stack.config_server.stop()
            before = stack.metrics()["martlet_readings_committed_total"]
            wait_until(
                "readings without a config server",
                lambda: stack.metrics().get("martlet_readings_committed_total", 0) >= before + 4,
            )
            boards.kill()
