# Mirrors Sources/Telemetry/PayloadEncoder.swift.
"""The version-2 payload: field order, number format and null rules as fixed in protocol/payload.md."""

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
    if measurement.sensor == NONE:
        output.append(b"null")
    else:
        output.append_quoted(SENSOR_NAMES[measurement.sensor])
    output.append(b',"quality":')
    output.append_quoted(QUALITY_NAMES[measurement.quality])
    output.append(b',"wifi_rssi":')
    if reading.wifi_rssi is None:
        output.append(b"null")
    else:
        output.append_signed(reading.wifi_rssi)
    output.append(b',"uptime_ms":')
    output.append_unsigned(reading.uptime_milliseconds)
    output.append(b',"timestamp":')
    if reading.unix_seconds is None:
        output.append(b"null")
    else:
        output.append(b'"')
        append_timestamp(output, reading.unix_seconds)
        output.append(b'"')
    output.append(b',"version":')
    output.append_json_string(firmware)
    if reading.suppressed > 0:
        output.append(b',"suppressed":')
        output.append_unsigned(reading.suppressed)
    dropped.encode(reading.boot, output)
    output.append(b"}")


def _append_level_or_null(output, level):
    if level == UNKNOWN:
        output.append(b"null")
    else:
        output.append_quoted(LEVEL_NAMES[level])
