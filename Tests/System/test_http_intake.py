"""What a device posts is durable when it gets 202: it is in the database once, whatever is killed after the answer."""

from __future__ import annotations

import json
import unittest
import urllib.error
import urllib.request

from stack import Stack, free_port, wait_until


def post(port: int, body: object, key: str = "a-long-secret") -> tuple[int, dict[str, object]]:
    """Status and answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/readings",
        data=json.dumps(body).encode(),
        headers={"X-API-Key": key, "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def reading(seq: int) -> dict[str, object]:
    return {
        "v": 2, "device_id": "Attic06", "boot": 3, "seq": seq, "event_type": "heartbeat", "temperature": 22.53,
        "timestamp": "2026-11-20T08:00:00Z",
    }  # fmt: skip


class HTTPIntake(unittest.TestCase):
    def test_202_means_durable_and_once(self) -> None:
        with Stack() as stack:
            port = free_port()
            stack.gateway.stop()
            stack.gateway.environment |= {"MARTLET_INTAKE_PORT": str(port), "MARTLET_INTAKE_API_KEY": "a-long-secret"}
            stack.start(stack.gateway)
            former = {"device_id": "Garage02", "temperature": "72.5", "timestamp": "2026-11-20T08:00:00Z"}
            self.assertEqual(post(port, former), (202, {"accepted": 1, "duplicates": 0, "refused": []}))
            self.assertEqual(post(port, former)[1]["duplicates"], 1)
            self.assertEqual(post(port, former, key="another")[0], 401)
            self.assertEqual(post(port, {"v": 2, "device_id": "Attic06"})[0], 400)
            # The broker away is no reason not to take readings.
            stack.broker.stop()
            self.assertEqual(post(port, [reading(seq) for seq in range(1, 501)])[0], 202)
            stack.gateway.kill()
            stack.start(stack.broker, stack.gateway)
            self.assertEqual(post(port, [reading(seq) for seq in range(401, 601)])[1]["duplicates"], 100)
            wait_until("601 rows", lambda: stack.count() == 601)
            self.assertEqual(stack.count("(SELECT DISTINCT device_id, boot, seq FROM sensor_data) AS r"), 601)
            self.assertEqual(stack.refused(), {})
