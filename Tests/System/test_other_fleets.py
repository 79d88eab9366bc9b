"""Other fleets' messages become rows, each once, beside this project's own; what does not fit is kept with a reason."""

from __future__ import annotations

import json
import subprocess
import unittest

import paho.mqtt.publish as publish
from stack import Process, Stack, binary, wait_until

# Payloads of the projects' own documentation; Tests/ProfilesTests/ShippedProfilesTests.swift names the pages.
TASMOTA = {
    "Time": "2019-11-03T19:34:28",
    "BME280": {"Temperature": 21.7, "Humidity": 66.6, "Pressure": 988.6},
    "PressureUnit": "hPa",
    "TempUnit": "C",
}
ZIGBEE = {"temperature": 27.34, "humidity": 44.72}


class OtherFleets(unittest.TestCase):
    def test_tasmota_esphome_and_zigbee2mqtt_become_rows(self) -> None:
        with Stack() as stack:
            own = stack.directory / "weather.yaml"
            own.write_text(
                'profile: weather\ntopics: ["weather/{device}"]\ncolumns:\n'
                "  temperature: {at: /t, unit: fahrenheit}\nidentity: [/n]\n"
            )
            stack.gateway.stop()
            stack.gateway.environment["MARTLET_PROFILES"] = f"tasmota, esphome,zigbee2mqtt,{own}"
            stack.start(stack.gateway)
            wait_until("broker connection", lambda: stack.metrics().get("martlet_broker_up") == 1)
            messages = [
                ("tele/attic/SENSOR", json.dumps(TASMOTA)),
                ("livingroom/sensor/livingroom_temperature/state", "21.5"),
                ("zigbee2mqtt/0x00158d0001dc126a", json.dumps(ZIGBEE)),
                ("weather/roof", '{"n":1,"t":71.1}'),
                ("zigbee2mqtt/bridge/state", '{"state":"online"}'),
                ("zigbee2mqtt/broken", '{"temperature":"warm"}'),
            ]
            for topic, payload in messages:
                publish.single(topic, payload, qos=1, port=stack.broker_port)
            wait_until("four rows", lambda: stack.count() == 4)
            wait_until("one refusal", lambda: stack.refused() == {"wrong-type": 1})
            rows = stack.query(
                "SELECT device_id, event_type, temperature, humidity, pressure, sensor_type, boot, time_source, "
                "extra->>'profile' FROM sensor_data ORDER BY device_id"
            )
            self.assertEqual(
                rows,
                [
                    ("0x00158d0001dc126a", "heartbeat", 27.34, 44.72, None, None, -1, "received", "zigbee2mqtt"),
                    ("attic", "heartbeat", 21.7, 66.6, 988.6, "BME280", -1, "received", "tasmota"),
                    ("livingroom", "heartbeat", 21.5, None, None, None, -1, "received", "esphome"),
                    ("roof", "heartbeat", 21.72, None, None, None, -1, "received", "weather"),
                ],
            )
            self.redelivery(stack)

    def redelivery(self, stack: Stack) -> None:
        """The same Tasmota message again, after a kill and hours later for all the gateway knows: still one row."""
        stack.gateway.kill()
        publish.single("tele/attic/SENSOR", json.dumps(TASMOTA), qos=1, port=stack.broker_port)
        stack.start(stack.gateway)
        publish.single("weather/roof", '{"n":2,"t":71.1}', qos=1, port=stack.broker_port)
        wait_until("a fifth row", lambda: stack.count("sensor_data WHERE device_id = 'roof'") == 2)
        self.assertEqual(stack.count("sensor_data WHERE device_id = 'attic'"), 1)

    def test_learn_proposes_a_profile_that_decode_takes(self) -> None:
        with Stack(database=False) as stack:
            log = stack.directory / "learned.yaml"
            command = [binary("martlet"), "profile", "learn", "weather/#", "--messages", "2", "--name", "weather"]
            learner = Process("learner", [*command, "--broker-port", str(stack.broker_port)], log)
            publish.single("weather/roof", '{"temp_f":71.1,"rh":40}', qos=1, retain=True, port=stack.broker_port)
            publish.single("weather/hall", '{"temp_f":68.0,"rh":41}', qos=1, retain=True, port=stack.broker_port)
            learner.start()
            assert learner.running is not None
            self.assertEqual(learner.running.wait(30), 0, learner.tail())
            profile = stack.directory / "weather.yaml"
            profile.write_text("".join(line for line in log.open() if not line.startswith("learn: ")))
            decoded = subprocess.run(
                [binary("martlet"), "decode", "--profile", str(profile)],
                input='weather/roof\t{"temp_f":71.1,"rh":40}\nweather/roof\t{"temp_f":"x"}\n',
                capture_output=True,
                text=True,
                check=False,
                timeout=30,
            )
            self.assertEqual(decoded.returncode, 3, decoded.stderr)
            row, refusal = [json.loads(line) for line in decoded.stdout.splitlines()]
            self.assertEqual((row["device_id"], row["temperature"], row["humidity"]), ("roof", 21.72, 40.0))
            self.assertEqual(set(refusal), {"refused"})
            self.assertIn("/temp_f", refusal["refused"])
