# Mirrors Sources/Telemetry/Measurement.swift.
"""What one look at the environment gave: fixed-point values, each known or None, and how much they can be trusted."""

from micropython import const

# Quality: why values are missing, or OK.
OK = const(0)
ABSENT = const(1)
NACK = const(2)
CRC = const(3)
RANGE = const(4)
STUCK = const(5)
POWER_ON = const(6)
QUALITY_NAMES = (b"ok", b"absent", b"nack", b"crc", b"range", b"stuck", b"power-on")

# SensorKind: the chips the drivers know.
NONE = const(0)
BME280 = const(1)
BMP280 = const(2)
SHT31 = const(3)
TMP117 = const(4)
DS18B20 = const(5)
ON_CHIP = const(6)
SENSOR_NAMES = (b"NONE", b"BME280", b"BMP280", b"SHT31", b"TMP117", b"DS18B20", b"RP2040")


class Measurement:
    """Temperature in 0.01 degrees C, humidity in 0.01 %RH, pressure in Pa; never changed once made."""

    def __init__(self, temperature_centi_celsius, humidity_centi_percent, pressure_pascals, quality, sensor):
        self.temperature_centi_celsius = temperature_centi_celsius
        self.humidity_centi_percent = humidity_centi_percent
        self.pressure_pascals = pressure_pascals
        self.quality = quality
        self.sensor = sensor

    def __eq__(self, other):
        return (
            self.temperature_centi_celsius == other.temperature_centi_celsius
            and self.humidity_centi_percent == other.humidity_centi_percent
            and self.pressure_pascals == other.pressure_pascals
            and self.quality == other.quality
            and self.sensor == other.sensor
        )

    def __repr__(self):
        return "Measurement(%r, %r, %r, %s, %s)" % (
            self.temperature_centi_celsius,
            self.humidity_centi_percent,
            self.pressure_pascals,
            QUALITY_NAMES[self.quality],
            SENSOR_NAMES[self.sensor],
        )


def missing(quality, sensor=NONE):
    """No value, and the reason."""
    return Measurement(None, None, None, quality, sensor)
