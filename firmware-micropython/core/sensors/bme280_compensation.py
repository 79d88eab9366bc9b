# Mirrors Sources/Sensors/BME280Compensation.swift.
"""Bosch's integer compensation (BST-BME280-DS002 section 4.2.3): raw values and calibration to physical units.

Calibration comes over a wire without a checksum, so every step is defined for every input: it wraps where the
published C would overflow. What comes out of such input is caught by the range check.
"""

from core.telemetry.measurement import BME280, BMP280, OK, POWER_ON, RANGE, Measurement, missing
from core.telemetry.rounding import int32, int64, rounded_division, truncated_division


class BME280Raw:
    """What the converter gave, from the 8 bytes of one burst, most significant byte first."""

    def __init__(self, burst):
        self.pressure = burst[0] << 12 | burst[1] << 4 | burst[2] >> 4
        self.temperature = burst[3] << 12 | burst[4] << 4 | burst[5] >> 4
        self.humidity = burst[6] << 8 | burst[7]

    def holds_a_reset_value(self):
        """Whether any channel holds what it holds after a reset (table 18). One alone may be a real value."""
        return self.temperature == 0x80000 or self.pressure == 0x80000 or self.humidity == 0x8000

    def is_reset(self, sensor):
        """Whether every channel that `sensor` has holds what it holds after a reset: nothing was measured."""
        return (
            self.temperature == 0x80000 and self.pressure == 0x80000 and (self.humidity == 0x8000 or sensor == BMP280)
        )


def measurement(raw, calibration, sensor):
    """What a burst means: each value, or None and the reason."""
    if raw.is_reset(sensor):
        return missing(POWER_ON, sensor)
    fine = fine_temperature(raw.temperature, calibration)
    temperature = centi_celsius(fine)
    # Humidity and pressure are computed from the temperature; without one there is neither.
    if temperature is None:
        return missing(RANGE, sensor)
    quality = OK
    pressure = pascals(raw.pressure, fine, calibration)
    if pressure is None:
        quality = RANGE
    humidity = None
    if sensor == BME280:
        humidity = centi_percent(raw.humidity, fine, calibration)
        if humidity is None:
            quality = RANGE
    return Measurement(temperature, humidity, pressure, quality, sensor)


def fine_temperature(raw, c):
    """`t_fine`, the temperature that the other formulas use: 1/5120 degrees C."""
    linear = int32(((raw >> 3) - (c.t1 << 1)) * c.t2) >> 11
    offset = (raw >> 4) - c.t1
    square = int32((int32(offset * offset) >> 12) * c.t3) >> 14
    return int32(linear + square)


def centi_celsius(fine):
    """-4000 ... 8500 in 0.01 degrees C, or None outside: the chip cannot measure it."""
    if not -0x0C00_0000 < fine < 0x0C00_0000:
        return None
    # Bosch writes (t_fine * 5 + 128) >> 8, which rounds halves upwards; ours round away from zero.
    value = rounded_division(fine * 5, 256)
    return value if -4000 <= value <= 8500 else None


def pressure_q8(raw, fine, c):
    """Pressure in 1/256 Pa, by the 64-bit formula; None when the calibration asks for a division by zero."""
    t = fine - 128_000
    square = int64(t * t)
    offset = int64(square * c.p6)
    offset = int64(offset + int64(int64(t * c.p5) << 17))
    offset = int64(offset + int64(c.p4 << 35))
    scale = int64((int64(square * c.p3) >> 8) + int64(int64(t * c.p2) << 12))
    scale = int64(int64((1 << 47) + scale) * c.p1) >> 33
    numerator = int64(int64(int64((1_048_576 - raw) << 31) - offset) * 3125)
    if scale == 0:
        return None
    p = truncated_division(numerator, scale)
    # The one quotient that does not fit.
    if p == 0x8000_0000_0000_0000:
        return None
    p13 = p >> 13
    bend = int64(int64(c.p9 * p13) * p13) >> 25
    linear = int64(c.p8 * p) >> 19
    return int64((int64(int64(p + bend) + linear) >> 8) + (c.p7 << 4))


def pascals(raw, fine, c):
    """30,000 ... 110,000 Pa, or None outside: the chip cannot measure it."""
    q8 = pressure_q8(raw, fine, c)
    if q8 is None:
        return None
    value = rounded_division(q8, 256)
    return value if 30_000 <= value <= 110_000 else None


def humidity_q10(raw, fine, c):
    """Relative humidity in 1/1024 %RH. Bosch's C clamps to 0 ... 100; this does not, so that a fault stays visible."""
    t = int32(fine - 76_800)
    slope = int32((int32(t * c.h6) >> 10) * int32((int32(t * c.h3) >> 11) + 32_768))
    gain = int32(int32(int32((slope >> 10) + 2_097_152) * c.h2) + 8192) >> 14
    signal = int32(int32(int32(int32(raw << 14) - int32(c.h4 << 20)) - int32(c.h5 * t)) + 16_384) >> 15
    humidity = int32(signal * gain)
    fifteen = humidity >> 15
    bend = int32((int32(fifteen * fifteen) >> 7) * c.h1) >> 4
    return int32(humidity - bend) >> 12


def centi_percent(raw, fine, c):
    """0 ... 10,000 in 0.01 %RH, or None outside: the chip cannot measure it."""
    value = rounded_division(int32(humidity_q10(raw, fine, c) * 100), 1024)
    return value if 0 <= value <= 10_000 else None
