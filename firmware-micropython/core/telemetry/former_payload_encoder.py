# Mirrors Sources/Telemetry/FormerPayloadEncoder.swift.
"""The version-1 payload, as the existing fleet writes it: degrees F, inHg, no boot and no seq (protocol/payload.md)."""

from core.telemetry.fleet_units import centi_fahrenheit, centi_inches_of_mercury
from core.telemetry.payload_encoder import append_sensor_or_null, append_signed_or_null, append_timestamp_or_null
from core.telemetry.reading import EVENT_NAMES, LEVEL_NAMES


def encode_version1(reading, device, firmware, output):
    """Appends a reading's payload to `output`; `overflowed` tells when it did not fit."""
    measurement = reading.measurement
    uptime = reading.uptime_milliseconds
    output.append(b'{"event_type":"')
    output.append(EVENT_NAMES[reading.event])
    output.append(b'","device_id":')
    output.append_json_string(device)
    output.append(b',"temperature":')
    output.append_hundredths_or_null(centi_fahrenheit(measurement.temperature_centi_celsius))
    output.append(b',"humidity":')
    output.append_hundredths_or_null(measurement.humidity_centi_percent)
    output.append(b',"pressure":')
    output.append_hundredths_or_null(centi_inches_of_mercury(measurement.pressure_pascals))
    output.append(b',"motion":')
    output.append_quoted(LEVEL_NAMES[reading.motion])
    output.append(b',"switch":')
    output.append_quoted(LEVEL_NAMES[reading.switch_level])
    output.append(b',"sensor_type":')
    append_sensor_or_null(output, measurement.sensor)
    output.append(b',"wifi_rssi":')
    append_signed_or_null(output, reading.wifi_rssi)
    # Three decimals: two readings of one second stay two where a message is known by its bytes alone.
    output.append(b',"uptime_seconds":%d.%03d,"fan_pwm":' % (uptime // 1000, uptime % 1000))
    append_signed_or_null(output, reading.fan_duty_percent)
    output.append(b',"fans_active_level":')
    append_signed_or_null(output, reading.fans_active)
    output.append(b',"timestamp":')
    append_timestamp_or_null(output, reading.unix_seconds)
    output.append(b',"version":')
    output.append_json_string(firmware)
    second = uptime // 1000 % 86_400
    output.append(
        b',"uptime":"%dd %02d:%02d:%02d"}' % (uptime // 86_400_000, second // 3600, second // 60 % 60, second % 60)
    )
