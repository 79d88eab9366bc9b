"""Devices as the existing fleet has them: version 1, QoS 1, no acknowledgement but the broker's."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator

import paho.mqtt.client as mqtt


class FormerDevice:
    """Publishes version-1 readings at a steady rate until told to stop, and waits for each PUBACK."""

    def __init__(self, name: str, port: int, per_second: int) -> None:
        self.name = name
        self.per_second = per_second
        self.published = 0
        self._stopping = threading.Event()
        # Held for a reading, and while none may go out.
        self._turn = threading.Lock()
        self._acknowledged = 0
        self._client = mqtt.Client(client_id=name, clean_session=False)
        self._client.max_inflight_messages_set(200)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_publish = self._on_publish
        self._client.connect("127.0.0.1", port)
        self._thread = threading.Thread(target=self._publish)

    def start(self) -> None:
        self._client.loop_start()
        self._thread.start()

    @contextlib.contextmanager
    def pausing(self, seconds: float = 60) -> Iterator[None]:
        """Publishes nothing while something happens that costs PUBACKed messages, and has nothing under way before.

        A broker that is killed loses what it acknowledged since it last saved. Version 1 knows no other
        acknowledgement; that is why version 2 does not rely on the broker's. Who kills it has it save meanwhile.
        The client's own thread stands still too: what waited in it for a connection would go out with the next one.
        """
        with self._turn:
            self._await_acknowledgements(seconds)
            self._client.loop_stop()
            try:
                yield
            finally:
                self._client.loop_start()

    def abandon(self) -> None:
        """Stops without waiting for anything."""
        self._stopping.set()
        self._client.loop_stop()

    def finish(self, seconds: float = 60) -> int:
        """Stops, waits until the broker has everything, and says how many readings that is."""
        self._stopping.set()
        self._thread.join()
        self._await_acknowledgements(seconds)
        self._client.loop_stop()
        self._client.disconnect()
        return self.published

    def _await_acknowledgements(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._acknowledged < self.published:
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name}: {self._acknowledged} PUBACKs for {self.published} readings")
            time.sleep(0.05)

    def _publish(self) -> None:
        while not self._stopping.wait(1 / self.per_second):
            with self._turn:
                self._publish_one()

    def _publish_one(self) -> None:
        self.published += 1
        payload = {
            "event_type": "heartbeat",
            "device_id": self.name,
            "temperature": 72.5,
            "humidity": "45.1",
            "pressure": 29.92,
            "motion": "LOW",
            "switch": "UNKNOWN",
            "sensor_type": "BME280",
            "uptime_seconds": self.published,
            "fan_pwm": 55,
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S"),
        }
        # Without a connection it waits in the client, which sends it after the reconnect.
        self._client.publish(f"iots6/{self.name}", json.dumps(payload), qos=1)

    def _on_publish(self, _client: mqtt.Client, _data: object, _number: int) -> None:
        self._acknowledged += 1
