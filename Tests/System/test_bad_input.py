"""Promise 8: bad input is kept with a reason, counted, and stops nothing."""

from __future__ import annotations

import json
import unittest

import paho.mqtt.publish as publish
from stack import Stack, wait_until

GOOD = {
    "v": 2, "device_id": "Attic06", "boot": 1, "seq": 1, "event_type": "heartbeat", "temperature": 22.53,
    "humidity": 45.12, "pressure": 1013.25, "motion": "LOW", "switch": "HIGH", "sensor_type": "BME280", "quality": "ok",
    "wifi_rssi": -61, "uptime_ms": 1000, "timestamp": None, "version": "1.0.0",
}  # fmt: skip


class BadInput(unittest.TestCase):
    def test_bad_messages_become_dead_letters_with_a_reason_and_good_ones_still_arrive(self) -> None:
        deep = '{"v":2,"x":' + "[" * 5000 + "]" * 5000 + "}"
        cases: list[tuple[str, bytes | str, str]] = [
            ("iots6/Attic06", "hello", "not-json"),
            ("iots6/Attic06", "", "not-json"),
            ("iots6/Attic06", '{"v":2,"device_id":"Attic06"', "not-json"),
            ("iots6/Attic06", "[1,2]", "not-an-object"),
            ("iots6/Attic06", json.dumps({**GOOD, "temperature": "warm"}), "wrong-type"),
            ("iots6/Attic06", json.dumps({**GOOD, "boot": -1}), "out-of-range"),
            ("iots6/Attic06", json.dumps({**GOOD, "seq": 1e400}).replace("Infinity", "1e400"), "out-of-range"),
            ("iots6/Attic06", json.dumps({**GOOD, "v": 9}), "unsupported-version"),
            ("iots6/Attic06", json.dumps({**GOOD, "device_id": "Garage02"}), "identity-mismatch"),
            ("iots6/Attic06", json.dumps({**GOOD, "timestamp": "1970-01-01T00:00:10Z"}), "impossible-time"),
            ("iots6/Attic06", json.dumps(GOOD).replace('"boot"', '"boot":2,"boot"'), "duplicate-field"),
            ("iots6/Attic06", b'{"v":2,"device_id":"\xff\xfe"}', "invalid-utf8"),
            ("iots6/Attic06", b"x" * 1_000_000, "too-large"),
            ("iots6/Attic06", deep, "not-json"),
            ("iots6/Attic06/nonsense", "{}", "unknown-topic"),
        ]
        expected: dict[str, int] = {}
        for _, _, reason in cases:
            expected[reason] = expected.get(reason, 0) + 1
        with Stack(database=False) as stack:
            wait_until("broker connection", lambda: stack.metrics().get("martlet_broker_up") == 1)
            for topic, payload, _ in cases:
                publish.single(topic, payload, qos=1, port=stack.broker_port)
            publish.single("iots6/Attic06", json.dumps(GOOD), qos=1, port=stack.broker_port)
            publish.single("iots6/Garage02", "MQTT event: {}", qos=1, port=stack.broker_port)
            wait_until("two readings", lambda: stack.metrics().get("martlet_readings_committed_total") == 2)
            wait_until("refusals", lambda: sum(stack.refused().values()) == len(cases))
            self.assertEqual(stack.refused(), expected)
            self.assertTrue(stack.gateway.is_running)
