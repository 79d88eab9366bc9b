# Mirrors Sources/Sensors/OnChipTemperature.swift.
"""The RP2040's own temperature sensor, ADC input 4: T = 27 - (V - 0.706) / 0.001721 (datasheet section 4.9.5)."""

from core.telemetry.measurement import ABSENT, OK, ON_CHIP, RANGE, Measurement, missing
from core.telemetry.rounding import rounded_division
from micropython import const

SAMPLES = const(8)  # one step of the converter is 0.47 degrees C, and its noise averages out


class OnChipTemperature:
    """The sensor behind `channel`, whose `read()` gives 12 bits while it `is_present()`."""

    kind = ON_CHIP

    def __init__(self, channel, offset_centi_celsius=0):
        self.channel = channel
        self.offset_centi_celsius = offset_centi_celsius

    def read(self):
        """Measures. Outside -40 ... 85 degrees C the chip does not work: RANGE."""
        if not self.channel.is_present():
            return missing(ABSENT, ON_CHIP)
        total = 0
        for _ in range(SAMPLES):
            total += self.channel.read() & 0x0FFF
        value = centi_celsius(total, SAMPLES) + self.offset_centi_celsius
        if not -4000 <= value <= 8500:
            return missing(RANGE, ON_CHIP)
        return Measurement(value, None, None, OK, ON_CHIP)


def centi_celsius(total, count=1):
    """The formula over the mean of `count` conversions, in 0.01 degrees C."""
    # In microvolts, over the common denominator 4095 * 1721 uV per degree; rounded once.
    denominator = count * 4095 * 1721
    excess = total * 3_300_000 - count * 706_000 * 4095
    return rounded_division(2700 * denominator - excess * 100, denominator)
