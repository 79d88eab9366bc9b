"""The portable core alone, driven moment by moment by the board at the other end of the pipes; see PROTOCOL.md.

MARTLET_BOARD=pipe micropython lockstep.py DEVICE FIRMWARE BOOT
"""

import sys

from board import UNKNOWN_OPERATION, board
from core.node.device import Device
from core.node.node import Link, Node, NodeIdentity
from core.telemetry.inline_bytes import InlineBytes
from core.telemetry.json_cursor import JSONError
from core.telemetry.payload_encoder import MAXIMUM_PAYLOAD_BYTES
from micropython import const
from ports.adc import TemperatureInput
from ports.i2c import I2CWires
from ports.one_wire import OneWireLine
from ports.pins import InputPin, OutputPin

_NEXT_MOMENT = const(0x30)
_RESULT = const(0x31)
_OUTBOX_READINGS = const(32)


def run(device_id, firmware, boot, has_only_bus):
    """Lives until the board ends it."""
    node = Node(NodeIdentity(device_id, firmware, boot), _OUTBOX_READINGS)
    wire = None if has_only_bus else OneWireLine(22)
    adc = None if has_only_bus else TemperatureInput()
    device = Device(node, I2CWires(4, 5), InputPin(16), InputPin(14), OutputPin("LED"), wire, adc)
    link = Link()
    payload = InlineBytes(MAXIMUM_PAYLOAD_BYTES)
    while True:
        status, now, text = board.call(_NEXT_MOMENT)
        if status == UNKNOWN_OPERATION:
            return
        results = []
        for line in text.split(b"\n"):
            if line:
                happen(node, link, line)
        actions = device.step(now, link)
        results.append(b"actions %d %d %d" % (actions.measure, actions.fetch_configuration, actions.led))
        while node.take_payload(now, payload):
            results.append(b"payload " + bytes(payload.view()))
        results.append(b"outbox %d" % node.outbox.count)
        board.call(_RESULT, 0, 0, b"\n".join(results))


def happen(node, link, line):
    """One thing that the world does between two steps."""
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
            node.configuration_arrived(document, tag)
        except JSONError:
            pass  # the node keeps what it has; whoever drives compares that
    elif what == b"unchanged":
        node.configuration_is_unchanged()
    elif what == b"failed":
        node.configuration_failed()
    elif what == b"announce":
        node.configuration_announced(rest)
    elif what == b"lost":
        node.connection_lost()
    elif what == b"clock":
        node.set_clock(int(rest))
    else:
        raise ValueError("the board says %r" % line)


if __name__ == "__main__":
    run(sys.argv[1].encode(), sys.argv[2].encode(), int(sys.argv[3]), sys.argv[4:] == ["bus"])
