"""Mirrors Sources/Node/Device.swift: what the device does with the board by itself."""

from core.hal.i2c_bus import ADDRESS_NOT_ACKNOWLEDGED, I2CError
from core.hal.wiring import Wiring
from core.node.device import Device
from core.node.device_names import device_id
from core.node.node import Node
from core.node.node_inputs import Link, NodeIdentity
from fixed_board import FixedBME280

from world import equal

BOTH = (
    b'{"fan_pwm_controller_config":{"enabled":1,"manual_override":{"enabled":1,"manual_dutycycle":50}},'
    b'"fan_step_controller_config":{"enabled":1,"pins":[10,11,12],"manual_override":{"enabled":1,"fans_active":2}}}'
)
NEITHER = b'{"fan_pwm_controller_config":{"enabled":0},"fan_step_controller_config":{"enabled":0}}'


class Chip:
    """A bus with a BME280 and nothing else."""

    def __init__(self):
        self._chip = FixedBME280()

    def transaction(self, address, write, read):
        if address != 0x76:
            raise I2CError(ADDRESS_NOT_ACKNOWLEDGED)
        for index in range(len(read or b"")):
            read[index] = self._chip.register(write[0] + index)


class Pin:
    """Low; notes what it is driven to."""

    def __init__(self):
        self.log = []

    def is_high(self):
        return False

    def set(self, level):
        self.log.append(level)


def live(device, first, last):
    """From one second to another."""
    for now in range(first * 100, last * 100):
        if device.step(now * 10, Link(True, -60, True)).fetch_configuration:
            device.node.configuration_is_unchanged()


def wiring():
    return Wiring(Chip(), Pin(), Pin(), Pin())


def device(board):
    return Device(Node(NodeIdentity(device_id(6), b"1.0.0", 1), 16), board)


def test_fans_get_what_the_node_says_once_and_stand_still_without():
    board = wiring()
    board.fan = Pin()
    board.step_fans = [Pin(), Pin(), Pin()]
    subject = device(board)
    live(subject, 0, 1)
    equal([board.fan.log] + [fan.log for fan in board.step_fans], [[], [], [], []])
    subject.node.configuration_arrived(BOTH, b"1")
    live(subject, 1, 2)
    equal([board.fan.log] + [fan.log for fan in board.step_fans], [[50], [True], [True], [False]])
    subject.node.configuration_arrived(NEITHER, b"2")
    live(subject, 2, 3)
    equal(board.fan.log, [50, 0])
    equal([fan.log for fan in board.step_fans], [[True, False], [True, False], [False, False]])


def test_a_board_without_fans_is_told_of_them_and_drives_none():
    subject = device(wiring())
    subject.node.configuration_arrived(BOTH, b"1")
    live(subject, 0, 2)
    equal(subject.step(3000, Link()).fan_duty_percent, 50)
