"""The core's ADC channel over `machine.ADC`."""

from machine import ADC
from micropython import const

_TEMPERATURE_INPUT = const(4)


class TemperatureInput:
    """The RP2040's own temperature sensor."""

    def __init__(self):
        self._adc = ADC(_TEMPERATURE_INPUT)

    def is_present(self):
        """It is part of the chip."""
        return True

    def read(self):
        """One conversion, 12 bits; `read_u16` has them at the top."""
        return self._adc.read_u16() >> 4
