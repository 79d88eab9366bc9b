# Mirrors Sources/Telemetry/OutboxRecord.swift.
"""A reading as it waits in flash: 40 bytes of fixed places, little-endian, behind them a checksum (protocol/outbox.md).

A record that was torn by a power cut, or whose bits changed, does not decode.
"""

import struct

from core.telemetry import crc16
from core.telemetry.measurement import ON_CHIP, POWER_ON, Measurement
from core.telemetry.reading import HIGH, SWITCH_CHANGE, Reading
from micropython import const

RECORD_BYTES = const(40)
BODY_BYTES = const(38)  # without the checksum
# Where things are: the outbox changes them in place.
LEVELS = const(1)
BOOT = const(4)
UNIX_SECONDS = const(20)
WAS_SENT = const(0x40)
EVENT_MASK = const(3)

_VERSION = const(1)
_NO_RSSI = const(127)  # no signal's strength in dBm
_NONE = const(255)
_UNKNOWN = -0x8000_0000
_LONGEST_UPTIME = (1 << 48) - 1

# version, levels, quality and sensor, RSSI, boot, seq, uptime (32 and 16 bits), suppressed, seconds, temperature,
# humidity, pressure, PWM fan, switched fans
_FORMAT = "<BBBbIIIHHIiiiBB"


def encode(reading, was_sent):
    """The record of a reading; `was_sent`: its bytes have been on the wire, so its time may not change any more."""
    record = bytearray(RECORD_BYTES)
    pack_into(reading, was_sent, record, 0)
    seal(record)
    return bytes(record)


def decode(record):
    """(reading, was it sent) in a record; None when it is none."""
    if len(record) != RECORD_BYTES or record[0] != _VERSION:
        return None
    if crc16.checksum(memoryview(record)[:BODY_BYTES]) != record[38] | record[39] << 8:
        return None
    levels, chip = record[1], record[2]
    if levels & 0x80 or levels & 3 > SWITCH_CHANGE or levels >> 2 & 3 > HIGH or levels >> 4 & 3 > HIGH:
        return None
    if chip & 15 > POWER_ON or chip >> 4 > ON_CHIP:
        return None
    return unpack(record, 0), levels & WAS_SENT != 0


def pack_into(reading, was_sent, buffer, start):
    """Writes the first BODY_BYTES of a reading's record."""
    measurement = reading.measurement
    uptime = min(reading.uptime_milliseconds, _LONGEST_UPTIME)
    struct.pack_into(
        _FORMAT,
        buffer,
        start,
        _VERSION,
        reading.event | reading.motion << 2 | reading.switch_level << 4 | (WAS_SENT if was_sent else 0),
        measurement.quality | measurement.sensor << 4,
        _NO_RSSI if reading.wifi_rssi is None else reading.wifi_rssi,
        reading.boot,
        reading.seq,
        uptime & 0xFFFF_FFFF,
        uptime >> 32,
        reading.suppressed,
        reading.unix_seconds or 0,
        _or_unknown(measurement.temperature_centi_celsius),
        _or_unknown(measurement.humidity_centi_percent),
        _or_unknown(measurement.pressure_pascals),
        _NONE if reading.fan_duty_percent is None else reading.fan_duty_percent,
        _NONE if reading.fans_active is None else reading.fans_active,
    )


def seal(record):
    """Writes the checksum behind the first BODY_BYTES."""
    struct.pack_into("<H", record, BODY_BYTES, crc16.checksum(memoryview(record)[:BODY_BYTES]))


def unpack(buffer, start):
    """The reading of a record whose bytes are in order."""
    (
        _,
        levels,
        chip,
        rssi,
        boot,
        seq,
        uptime_low,
        uptime_high,
        suppressed,
        seconds,
        temperature,
        humidity,
        pressure,
        fan_duty,
        fans,
    ) = struct.unpack_from(_FORMAT, buffer, start)
    measurement = Measurement(_known(temperature), _known(humidity), _known(pressure), chip & 15, chip >> 4)
    return Reading(
        boot,
        seq,
        levels & 3,
        measurement,
        levels >> 2 & 3,
        levels >> 4 & 3,
        None if rssi == _NO_RSSI else rssi,
        uptime_high << 32 | uptime_low,
        seconds or None,
        suppressed,
        None if fan_duty == _NONE else fan_duty,
        None if fans == _NONE else fans,
    )


def uptime_of(buffer, start):
    """The uptime in a record, ms."""
    low, high = struct.unpack_from("<IH", buffer, start + 12)
    return high << 32 | low


def _or_unknown(value):
    return _UNKNOWN if value is None else value


def _known(value):
    return None if value == _UNKNOWN else value
