"""A node with a sensor, a config server and a gateway that do as they are told."""

from core.node import flight_record
from core.node.device_names import device_id
from core.node.node import Node
from core.node.node_inputs import Link, NodeIdentity, NodeInputs
from core.telemetry.inline_bytes import InlineBytes
from core.telemetry.measurement import BME280, OK, Measurement

MEASURED = Measurement(2253, 4512, 101325, OK, BME280)


class Stage:
    """A node and its surroundings."""

    def __init__(self, start=0, cause=flight_record.UNKNOWN, previous=None):
        self.node = Node(NodeIdentity(device_id(6), b"1.0.0", 17), 32, None, cause, previous)
        self.now = start
        self.inputs = NodeInputs()
        self.inputs.link = Link(True, -60, True)
        self.measurement = MEASURED
        self.sensor_delay = 10  # None: the sensor never answers
        self.is_server_up = True
        self.is_server_silent = False
        self.is_gateway_up = True
        self.fetches = 0
        self.stores = 0
        self.flight_stores = 0
        self.published = []
        self._measure_at = None
        self._payload = InlineBytes(512)

    def step(self):
        finished = None
        is_waiting = self._measure_at is not None and self.sensor_delay is not None
        if is_waiting and (self.now - self._measure_at) & 0xFFFF_FFFF >= self.sensor_delay:
            finished = self.measurement
            self._measure_at = None
        self.inputs.measurement = finished
        actions = self.node.step(self.now, self.inputs)
        if actions.measure:
            self._measure_at = self.now
        self.stores += actions.store_configuration
        self.flight_stores += actions.store_flight_record
        if actions.fetch_configuration:
            self.fetches += 1
            if self.is_server_silent:
                pass
            elif self.is_server_up:
                self.node.configuration_is_unchanged()
            else:
                self.node.configuration_failed()
        while self.node.take_payload(self.now, self._payload):
            self.published.append(bytes(self._payload.view()).decode())
        if self.is_gateway_up and self.inputs.link.is_connected:
            self.node.acknowledgement_arrived(b'{"boot":17,"seqs":[[1,%d]]}' % self.node.made)
        return actions

    def advance(self, milliseconds):
        for _ in range(milliseconds // 10):
            self.now = (self.now + 10) & 0xFFFF_FFFF
            self.step()

    def configure(self, document, tag=b'"abc"'):
        return self.node.configuration_arrived(document, tag)

    def messages(self, take):
        message = InlineBytes(512)
        found = []
        while take(message):
            assert not message.overflowed
            found.append(bytes(message.view()).decode())
        return found

    def answers(self):
        """The answers that are due, over a picture with one lit pixel."""
        picture = b"\x01" + bytes(1023)
        return self.messages(lambda message: self.node.take_command_answer(picture, message))

    def logs(self):
        return self.messages(self.node.take_log)

    def status(self):
        message = InlineBytes(512)
        self.node.write_online_status(message)
        assert not message.overflowed
        return bytes(message.view()).decode()

    def events(self):
        return [text.split('"event_type":"')[1].split('"')[0] for text in self.published]


def trial_stage(is_gateway_up=True):
    stage = Stage()
    stage.advance(2000)
    stage.is_gateway_up = is_gateway_up
    return stage
