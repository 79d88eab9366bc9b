# Mirrors Sources/Sensors/SensorError.swift.
"""Why a driver has no value, and at which register or command it happened."""

from core.hal import i2c_bus, one_wire_bus
from core.telemetry import measurement
from micropython import const

BUS = const(0)  # the bus failed; `cause` is the I2CError's code
ONE_WIRE = const(1)  # the line failed; `cause` is the OneWireError's code
UNEXPECTED_ID = const(2)  # another chip lives at this address; `cause` is its id
STARTING = const(3)  # the chip would answer with power-on values
UNSTABLE = const(4)  # two reads of the same constant bytes differ
CHECKSUM = const(5)  # what was read does not fit its checksum
IGNORED = const(6)  # a command was not carried out


class SensorError(Exception):
    """One of the seven codes, its cause and the register or command."""

    def __init__(self, code, cause=0, register=0):
        super().__init__(code, cause, register)
        self.code = code
        self.cause = cause
        self.register = register

    def quality(self):
        """How the failure shows in a measurement. An unexpected chip is no chip of ours: ABSENT."""
        code = self.code
        if code == BUS:
            if self.cause in (i2c_bus.ADDRESS_NOT_ACKNOWLEDGED, i2c_bus.DATA_NOT_ACKNOWLEDGED):
                return measurement.NACK
            return measurement.STUCK
        if code == ONE_WIRE:
            return measurement.NACK if self.cause == one_wire_bus.NO_PRESENCE else measurement.STUCK
        if code == UNEXPECTED_ID:
            return measurement.ABSENT
        if code == STARTING:
            return measurement.POWER_ON
        return measurement.CRC

    def is_silence(self):
        """Whether nobody answered at all."""
        if self.code == BUS:
            return self.cause == i2c_bus.ADDRESS_NOT_ACKNOWLEDGED
        return self.code == ONE_WIRE and self.cause == one_wire_bus.NO_PRESENCE
