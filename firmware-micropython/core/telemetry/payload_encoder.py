# Mirrors Sources/Telemetry/PayloadEncoder.swift.
"""The version-2 payload: field order, number format and null rules as fixed in protocol/payload.md."""

from core.telemetry.dropped_ranges import BOUND
from core.telemetry.measurement import NONE, QUALITY_NAMES, SENSOR_NAMES
from core.telemetry.reading import EVENT_NAMES, LEVEL_NAMES, UNKNOWN
from core.telemetry.timestamp import append_timestamp
from micropython import const

MAXIMUM_PAYLOAD_BYTES = const(512)


def encode(reading, device, firmware, dropped, output):
    """Appends a reading's payload to `output`; `overflowed` tells when it did not fit."""
    measurement = reading.measurement
    output.append(b'{"v":2,"device_id":')
    output.append_json_string(device)
    output.append(b',"boot":')
    output.append_unsigned(reading.boot)
    output.append(b',"seq":')
    output.append_unsigned(reading.seq)
    output.append(b',"event_type":"')
    output.append(EVENT_NAMES[reading.event])
    output.append(b'","temperature":')
    output.append_hundredths_or_null(measurement.temperature_centi_celsius)
    output.append(b',"humidity":')
    output.append_hundredths_or_null(measurement.humidity_centi_percent)
    output.append(b',"pressure":')
    # Pascals are hundredths of a hectopascal.
    output.append_hundredths_or_null(measurement.pressure_pascals)
    output.append(b',"motion":')
    _append_level_or_null(output, reading.motion)
    output.append(b',"switch":')
    _append_level_or_null(output, reading.switch_level)
    output.append(b',"sensor_type":')
    append_sensor_or_null(output, measurement.sensor)
    output.append(b',"quality":')
    output.append_quoted(QUALITY_NAMES[measurement.quality])
    output.append(b',"wifi_rssi":')
    append_signed_or_null(output, reading.wifi_rssi)
    output.append(b',"uptime_ms":')
    output.append_unsigned(reading.uptime_milliseconds)
    output.append(b',"timestamp":')
    append_timestamp_or_null(output, reading.unix_seconds)
    output.append(b',"version":')
    output.append_json_string(firmware)
    if reading.suppressed > 0:
        output.append(b',"suppressed":')
        output.append_unsigned(reading.suppressed)
    # Beside three ranges of drops there is no room for the fans in 512 bytes.
    if len(dropped.ranges) < BOUND:
        if reading.fan_duty_percent is not None:
            output.append(b',"fan_pwm":%d' % reading.fan_duty_percent)
        if reading.fans_active is not None:
            output.append(b',"fans_active_level":%d' % reading.fans_active)
    dropped.encode(reading.boot, output)
    output.append(b"}")


def _append_level_or_null(output, level):
    if level == UNKNOWN:
        output.append(b"null")
    else:
        output.append_quoted(LEVEL_NAMES[level])


def append_signed_or_null(output, value):
    """Appends a number, or `null` for None."""
    if value is None:
        output.append(b"null")
    else:
        output.append_signed(value)


def append_timestamp_or_null(output, unix_seconds):
    """Appends a time between quotes, or `null` for None."""
    if unix_seconds is None:
        output.append(b"null")
        return
    output.append(b'"')
    append_timestamp(output, unix_seconds)
    output.append(b'"')


def append_sensor_or_null(output, sensor):
    """Appends a chip's name between quotes, or `null` for none."""
    if sensor == NONE:
        output.append(b"null")
    else:
        output.append_quoted(SENSOR_NAMES[sensor])
