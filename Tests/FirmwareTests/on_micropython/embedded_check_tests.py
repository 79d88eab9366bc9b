"""The whole device against the constants of Sources/EmbeddedCheck: the same payloads, the same display checksum."""

from core.hal.i2c_bus import ADDRESS_NOT_ACKNOWLEDGED, I2CError
from core.hal.wiring import Wiring
from core.node.configuration_key import HEARTBEAT_PERIOD
from core.node.device import Device
from core.node.device_names import device_id
from core.node.node import Node
from core.node.node_configuration import NodeConfiguration
from core.node.node_inputs import Link, NodeIdentity
from core.telemetry.inline_bytes import InlineBytes
from core.telemetry.measurement import OK
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


class BusOf:
    """Passes on what goes to one address, and notes the others, which are not there."""

    def __init__(self, bus, address):
        self.strangers = set()
        self._bus = bus
        self._address = address

    def transaction(self, address, write, read):
        if address != self._address:
            self.strangers.add(address)
            raise I2CError(ADDRESS_NOT_ACKNOWLEDGED)
        self._bus.transaction(address, write, read)


def board(bus, display_bus=None):
    configuration = NodeConfiguration()
    configuration.set(HEARTBEAT_PERIOD, 5_000)
    node = Node(NodeIdentity(device_id(6), b"1.0.0", 17), 16, configuration)
    wiring = Wiring(bus, FixedPin(), FixedPin(), FixedPin())
    wiring.display_bus = display_bus or bus
    return Device(node, wiring)


def test_it_publishes_the_golden_payloads_and_paints_the_golden_pixels():
    bus = FixedBus()
    device = board(bus)
    node = device.node
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


def test_it_answers_with_the_golden_dialogue():
    device = board(FixedBus())
    node = device.node
    link = Link(True, -61, True)
    message = InlineBytes(512)
    lines = []
    now = 0

    def run():
        nonlocal now
        for _ in range(300):
            now += 10
            device.step(now, link)

    def say(take):
        while take(message):
            lines.append(bytes(message.view()).decode())

    run()
    for text in (b'{"id":"1","cmd":"read"}', b'{"id":"2","cmd":"screen"}', b'{"id":"2","cmd":"screen"}'):
        node.command_arrived(text)
    run()
    say(device.take_command_answer)
    node.command_arrived(b'{"id":"3","cmd":"dance"}')
    say(device.take_command_answer)
    say(node.take_log)
    node.configuration_arrived(b'{"fan_pwm_controller_config":{"enabled":1,"temp_min":2.5,"temp_max":"warm"}}', b"7")
    run()
    node.write_online_status(message)
    lines.append(bytes(message.view()).decode())
    equal("\n".join(lines) + "\n", read("Tests/EmbeddedCheckTests/golden/dialogue.txt"))


def test_a_display_on_its_own_bus_is_painted_there_and_nowhere_else():
    everything = FixedBus()
    sensors, displays = BusOf(everything, 0x76), BusOf(everything, 0x3C)
    device = board(sensors, displays)
    for now in range(0, 20_000, 10):
        if device.step(now, Link(True, -61, True)).fetch_configuration:
            device.node.configuration_is_unchanged()
    equal(device.node.measurement.quality, OK)
    equal(0x3C in sensors.strangers or 0x3D in sensors.strangers, False)
    equal(displays.strangers, set())
    equal(everything.checksum != FixedBus().checksum, True)
