"""The whole device against the constants of Sources/EmbeddedCheck: the same payloads, the same display checksum."""

from core.hal.i2c_bus import ADDRESS_NOT_ACKNOWLEDGED, I2CError
from core.node.device import Device
from core.node.device_names import device_id
from core.node.node import Link, Node, NodeIdentity
from core.node.node_configuration import HEARTBEAT_PERIOD, NodeConfiguration
from core.telemetry.inline_bytes import InlineBytes
from fixed_board import FixedBME280

from world import equal, read


class FixedBus:
    """A BME280 that always holds the same measurement at 0x76, and a checksum over what the display at 0x3C is sent."""

    def __init__(self):
        self.checksum = 2_166_136_261
        self._chip = FixedBME280()

    def transaction(self, address, write, read):
        if address == 0x3C:
            for byte in write or b"":
                self.checksum = ((self.checksum ^ byte) * 16_777_619) & 0xFFFF_FFFF
        elif address != 0x76:
            raise I2CError(ADDRESS_NOT_ACKNOWLEDGED)
        elif read is not None and len(write) == 1:
            for index in range(len(read)):
                read[index] = self._chip.register(write[0] + index)


class FixedPin:
    def is_high(self):
        return False

    def set(self, high):
        pass


def test_it_publishes_the_golden_payloads_and_paints_the_golden_pixels():
    configuration = NodeConfiguration()
    configuration.set(HEARTBEAT_PERIOD, 5_000)
    node = Node(NodeIdentity(device_id(6), b"1.0.0", 17), 16, configuration)
    bus = FixedBus()
    device = Device(node, bus, FixedPin(), FixedPin(), FixedPin())
    payload = InlineBytes(512)
    link = Link(True, -61, True)
    lines = []
    for now in range(0, 20_000, 10):
        if device.step(now, link).fetch_configuration:
            node.configuration_is_unchanged()
        while node.take_payload(now, payload):
            lines.append(bytes(payload.view()).decode())
            node.acknowledgement_arrived(
                b'{"boot":17,"seqs":[[1,%d]],"time":%d}' % (node.made, 1_795_473_924_000 + now)
            )
    lines.append("display=%d" % bus.checksum)
    equal("\n".join(lines) + "\n", read("Tests/EmbeddedCheckTests/golden/payloads.txt"))
