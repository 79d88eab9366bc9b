"""The portable core alone, driven moment by moment by the board at the other end of the pipes; see PROTOCOL.md.

MARTLET_BOARD=pipe micropython lockstep.py DEVICE FIRMWARE BOOT
"""

import binascii
import sys

from board import ADC_READ, NOT_THERE, UNKNOWN_OPERATION, board
from core.hal.wiring import Wiring
from core.node import configuration_record, flight_record
from core.node.device import Device
from core.node.node import Node
from core.node.node_inputs import Link, NodeIdentity
from core.telemetry.inline_bytes import InlineBytes
from core.telemetry.json_cursor import JSONError
from core.telemetry.payload_encoder import MAXIMUM_PAYLOAD_BYTES
from micropython import const
from ports.adc import TemperatureInput
from ports.i2c import I2CWires
from ports.one_wire import OneWireLine
from ports.pins import InputPin, OutputPin, PWMPin

_NEXT_MOMENT = const(0x30)
_RESULT = const(0x31)
_OUTBOX_READINGS = const(32)
_TEMPERATURE_INPUT = const(4)
_ONLY_WHETHER = const(1)
_FAN = const(15)
_STEP_FANS = range(6, 14)


class _Input(TemperatureInput):
    """The chip's own sensor, which a scenario can take away."""

    def is_present(self):
        return board.call(ADC_READ, _TEMPERATURE_INPUT, _ONLY_WHETHER)[0] != NOT_THERE


class Life:
    """The device, and what its flash would hold over a restart."""

    def __init__(self, device_id, firmware, boot):
        self._names = (device_id, firmware)
        self._boot = boot
        self._wiring = Wiring(I2CWires(4, 5), InputPin(16), InputPin(14), OutputPin("LED"))
        self._wiring.wire = OneWireLine(22)
        self._wiring.adc = _Input()
        self._wiring.fan = PWMPin(_FAN, 64)
        self._wiring.step_fans = [OutputPin(number) for number in _STEP_FANS]
        self._last_good = self._candidate = self._refused = self._flight = b""
        self._status_edition = 0
        self._message = InlineBytes(MAXIMUM_PAYLOAD_BYTES)
        self.link = Link()
        self._begin(flight_record.UNKNOWN, None)

    def _begin(self, cause, previous):
        self.node = Node(NodeIdentity(*self._names, self._boot), _OUTBOX_READINGS, None, cause, previous)
        self.device = Device(self.node, self._wiring)

    def step(self, now):
        """Goes on to a moment; gives lines of what was done."""
        node, message = self.node, self._message
        actions = self.device.step(now, self.link)
        results = [
            b"actions %d %d %d %d %s %s %d"
            % (
                actions.measure,
                actions.fetch_configuration,
                actions.led,
                actions.is_display_dim,
                _or_dash(actions.fan_duty_percent),
                _or_dash(actions.fans_active),
                actions.restart,
            )
        ]
        if actions.store_configuration:
            candidate, refused = node.candidate_configuration, node.refused_configuration
            self._last_good = node.last_good_configuration.encode()
            self._candidate = b"" if candidate is None else candidate.encode()
            self._refused = b"" if refused is None else refused.encode()
            records = (self._last_good, self._candidate, self._refused)
            results.append(b"kept " + b" ".join(_hexadecimal(record) for record in records))
        if actions.store_flight_record:
            self._flight = node.flight.encode()
            results.append(b"flight " + _hexadecimal(self._flight))
        while node.take_payload(now, message):
            results.append(b"payload " + bytes(message.view()))
        while self.device.take_command_answer(message):
            results.append(b"answer " + bytes(message.view()))
        while node.take_log(message):
            results.append(b"log " + bytes(message.view()))
        if node.status_edition != self._status_edition:
            self._status_edition = node.status_edition
            node.write_online_status(message)
            results.append(b"status " + bytes(message.view()))
        results.append(b"outbox %d" % node.outbox.count)
        return results

    def restart(self, cause, place):
        """The next life, with what the last one left; in each record the byte at `place` is wrong."""
        outbox = self.node.outbox
        records = [outbox.record(index) for index in range(outbox.count)]
        self._boot += 1
        self._last_good = _damaged(self._last_good, place)
        self._candidate = _damaged(self._candidate, place)
        self._refused = _damaged(self._refused, place)
        self._flight = _damaged(self._flight, place)
        self._begin(cause, flight_record.decode(self._flight))
        self.node.restore_configuration(
            configuration_record.decode(self._last_good),
            configuration_record.decode(self._candidate),
            configuration_record.decode_refused(self._refused),
        )
        for record in records:
            self.node.restore(_damaged(record, place))
        self._status_edition = 0

    def happen(self, line):
        """One thing that the world does between two steps."""
        node, link = self.node, self.link
        what, _, rest = line.partition(b" ")
        if what == b"link":
            joined, rssi, connected = rest.split(b" ")
            link.is_joined = joined == b"1"
            link.rssi = None if rssi == b"-" else int(rssi)
            link.is_connected = connected == b"1"
        elif what == b"ack":
            node.acknowledgement_arrived(rest)
        elif what == b"config":
            tag, _, document = rest.partition(b" ")
            try:
                node.configuration_arrived(document, _tag(tag))
            except JSONError:
                pass  # the node keeps what it has; whoever drives compares that
        elif what == b"unchanged":
            node.configuration_is_unchanged()
        elif what == b"failed":
            node.configuration_failed()
        elif what == b"announce":
            node.configuration_announced(_tag(rest))
        elif what == b"quiet":
            node.is_quiet = rest == b"1"
        elif what == b"lost":
            node.connection_lost()
        elif what == b"clock":
            node.set_clock(int(rest))
        elif what == b"command":
            node.command_arrived(rest)
        elif what == b"puback":
            boot, seq, version = rest.split(b" ")
            node.broker_acknowledged(int(boot), int(seq), int(version))
        elif what == b"restart":
            cause, place = rest.split(b" ")
            self.restart(int(cause), int(place))
        else:
            raise ValueError("the board says %r" % line)


def _damaged(record, place):
    if place >= len(record):
        return record
    return record[:place] + bytes((record[place] ^ 0x10,)) + record[place + 1 :]


def _hexadecimal(record):
    return binascii.hexlify(record) if record else b"-"


def _or_dash(value):
    return b"-" if value is None else b"%d" % value


def _tag(word):
    return b"" if word == b"-" else word


def run(life):
    """Lives until the board ends it."""
    while True:
        status, now, text = board.call(_NEXT_MOMENT)
        if status == UNKNOWN_OPERATION:
            return
        for line in text.split(b"\n"):
            if line:
                life.happen(line)
        board.call(_RESULT, 0, 0, b"\n".join(life.step(now)))


if __name__ == "__main__":
    run(Life(sys.argv[1].encode(), sys.argv[2].encode(), int(sys.argv[3])))
