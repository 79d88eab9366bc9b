"""Checks announcements against Home Assistant's own discovery schemas; scripts/check-home-assistant runs it.

Standard input: topic TAB configuration, as `martlet home-assistant preview` prints them.
"""

from __future__ import annotations

import json
import sys

import voluptuous as vol
from homeassistant.components.mqtt import binary_sensor, sensor
from homeassistant.components.mqtt.discovery import MQTT_ORIGIN_INFO_SCHEMA, TOPIC_MATCHER

SCHEMAS = {"sensor": sensor.DISCOVERY_SCHEMA, "binary_sensor": binary_sensor.DISCOVERY_SCHEMA}


def check(topic: str, text: str) -> None:
    """As Home Assistant takes a message: the topic below its prefix, the origin, then the platform's schema."""
    match = TOPIC_MATCHER.match(topic.split("/", 1)[1])
    if not match:
        raise vol.Invalid("the topic is none of discovery")
    configuration = json.loads(text)
    MQTT_ORIGIN_INFO_SCHEMA(configuration.pop("origin"))
    SCHEMAS[match["component"]](configuration)


def main() -> int:
    faults = checked = 0
    for line in sys.stdin:
        topic, text = line.rstrip("\n").split("\t")
        broken = text.replace('"unique_id"', '"unique_identity"')
        try:
            check(topic, text)
            checked += 1
        except vol.Invalid as fault:
            faults += 1
            print(f"FAULT {topic}: {fault}")
        try:
            # The control: a schema that lets this pass would prove nothing.
            check(topic, broken.replace("value_template", "value_temperate"))
            check(topic, json.dumps({**json.loads(text), "state_topic": "a/#", "device": {}}))
            faults += 1
            print(f"FAULT {topic}: the schema also takes a wrong topic and a device without a name")
        except vol.Invalid:
            pass
    print(f"home-assistant: checked={checked} faults={faults}")
    return 1 if faults or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
