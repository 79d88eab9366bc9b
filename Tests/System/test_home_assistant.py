"""Home Assistant is told of every device, in retained messages that a removal clears."""

from __future__ import annotations

import json
import subprocess
import threading
import unittest

import paho.mqtt.client as mqtt
import paho.mqtt.publish as publish
from stack import Stack, binary, wait_until

READING = {
    "v": 2, "device_id": "Attic06", "boot": 3, "seq": 1, "event_type": "heartbeat", "temperature": 22.53,
    "humidity": 45.1, "motion": "LOW", "quality": "ok", "timestamp": "2026-11-20T08:00:00Z", "version": "1.0.0",
}  # fmt: skip


def retained(port: int) -> dict[str, str]:
    """What a Home Assistant that starts now would get: all retained configurations, by topic."""
    found: dict[str, str] = {}
    done = threading.Event()
    client = mqtt.Client("observer", clean_session=True)

    def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if message.topic == "probe":
            done.set()
        else:
            found[message.topic] = message.payload.decode()

    client.on_message = on_message
    # Retained messages come before what is published after the subscription.
    client.on_subscribe = lambda *_: client.publish("probe", "x", qos=1)
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.subscribe([("homeassistant/#", 1), ("probe", 1)])
    assert done.wait(20)
    client.loop_stop()
    client.disconnect()
    return found


class HomeAssistant(unittest.TestCase):
    def test_devices_are_announced_and_cleared(self) -> None:
        with Stack(database=False) as stack:
            stack.gateway.stop()
            stack.gateway.environment["MARTLET_HOME_ASSISTANT_ENABLED"] = "true"
            stack.start(stack.gateway)
            wait_until("broker connection", lambda: stack.metrics().get("martlet_broker_up") == 1)
            publish.single("iots6/Attic06", json.dumps(READING), qos=1, port=stack.broker_port)
            publish.single("iots6/Garage02", '{"temperature":72.5}', qos=1, port=stack.broker_port)
            wait_until("five announcements", lambda: len(retained(stack.broker_port)) == 5)
            found = retained(stack.broker_port)
            config = json.loads(found["homeassistant/sensor/martlet_Attic06/temperature/config"])
            self.assertEqual(config["unit_of_measurement"], "°C")
            self.assertEqual(config["state_topic"], "iots6/Attic06")
            self.assertEqual(config["availability"][0]["topic"], "iots6/Attic06/status")
            self.assertIn("homeassistant/binary_sensor/martlet_Attic06/motion/config", found)
            former = json.loads(found["homeassistant/sensor/martlet_Garage02/temperature/config"])
            self.assertEqual(former["unit_of_measurement"], "°F")
            self.cleared(stack)

    def cleared(self, stack: Stack) -> None:
        command = [binary("martlet"), "home-assistant", "remove", "Attic06", "--broker-port", str(stack.broker_port)]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(set(retained(stack.broker_port)), {"homeassistant/sensor/martlet_Garage02/temperature/config"})
        # A restart of the gateway does not bring it back, a reading does.
        stack.gateway.stop()
        stack.start(stack.gateway)
        wait_until("broker connection", lambda: stack.metrics().get("martlet_broker_up") == 1)
        self.assertEqual(len(retained(stack.broker_port)), 1)
        publish.single("iots6/Attic06", json.dumps({**READING, "seq": 2}), qos=1, port=stack.broker_port)
        wait_until("announced again", lambda: len(retained(stack.broker_port)) == 5)
