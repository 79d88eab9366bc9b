# Mirrors Sources/Telemetry/Reading.swift.
"""What the device wants to tell, as it waits in the outbox."""

from micropython import const

# EventKind: what makes a device speak.
HEARTBEAT = const(0)
MOTION = const(1)
SWITCH_CHANGE = const(2)
EVENT_NAMES = (b"heartbeat", b"motion", b"switch")

# Level of an input.
UNKNOWN = const(0)
LOW = const(1)
HIGH = const(2)
LEVEL_NAMES = (b"UNKNOWN", b"LOW", b"HIGH")


def level(is_high):
    """The level of a pin; None is unknown."""
    if is_high is None:
        return UNKNOWN
    return HIGH if is_high else LOW


class Reading:
    """Values, identity, moment."""

    def __init__(
        self,
        boot,
        seq,
        event,
        measurement,
        motion,
        switch_level,
        wifi_rssi,
        uptime_milliseconds,
        unix_seconds,
        suppressed,
        fan_duty_percent=None,
        fans_active=None,
    ):
        self.boot = boot  # the count of starts
        self.seq = seq  # the count within the boot, from 1
        self.event = event
        self.measurement = measurement
        self.motion = motion
        self.switch_level = switch_level
        self.wifi_rssi = wifi_rssi  # dBm, or None while not joined
        self.uptime_milliseconds = uptime_milliseconds
        self.unix_seconds = unix_seconds  # UTC, or None while the clock was never set
        self.suppressed = suppressed  # events inside a cool-down since the last reading that told any
        self.fan_duty_percent = fan_duty_percent  # what the PWM fan gets, or None where none is configured
        self.fans_active = fans_active  # how many of the switched fans run, or None where none are configured
