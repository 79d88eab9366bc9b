"""The core's 1-Wire line over the firmware's `_onewire`, which keeps the slots' microseconds in C."""

import _onewire
from core.hal.one_wire_bus import NO_PRESENCE, SHORTED, OneWireError
from machine import Pin


class OneWireLine:
    """The line on a pin, with a resistor to 3.3 V."""

    def __init__(self, number):
        self._number = number
        self._pin = Pin(number, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
        self._is_powering = False

    def reset(self):
        """Pulls the line low for 480 us and listens."""
        if self._is_powering:
            self._pin.init(Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
            self._is_powering = False
        if not self._pin.value():
            raise OneWireError(SHORTED)
        if not _onewire.reset(self._pin):
            raise OneWireError(NO_PRESENCE)

    def write_bit(self, bit):
        """One write slot."""
        _onewire.writebit(self._pin, 1 if bit else 0)

    def read_bit(self):
        """One read slot."""
        return _onewire.readbit(self._pin) == 1

    def write(self, byte, keep_powered):
        """Eight write slots; then the line is driven high where a chip lives on its current."""
        _onewire.writebyte(self._pin, byte)
        if keep_powered:
            self._pin.init(Pin.OUT, value=1)
            self._is_powering = True

    def read_byte(self):
        """Eight read slots."""
        return _onewire.readbyte(self._pin)
