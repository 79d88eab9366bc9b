# Mirrors Sources/Node/Node+Screen.swift.
"""The node's part that says what LED and display show."""

from core.display import burn_in_care
from core.display.screen import (
    BOOT,
    DISABLED,
    IDENTIFY,
    JOINING,
    OFFLINE,
    READING,
    SENSOR_FAULT,
    LinkMarks,
    Screen,
    plain,
)
from core.node.configuration_key import DISPLAY_SHIFT_PERIOD
from core.status_led import led_conditions, led_state
from core.telemetry.measurement import NONE, OK
from core.telemetry.reading import UNKNOWN, level
from micropython import const

_BOOT_SCREEN_MILLISECONDS = const(1500)  # how long the board says that it starts
# Without an acknowledgement, though something waits for one, the gateway is away.
_GATEWAY_PATIENCE_MILLISECONDS = const(30_000)


class NodeScreen:
    """What a node shows."""

    def led_state(self):
        """What is true of the board now, as the LED shows it."""
        uptime = self.uptime_milliseconds
        return led_conditions.state(
            uptime < self._identify_until,
            not self.configuration.is_enabled,
            uptime < _BOOT_SCREEN_MILLISECONDS,
            not self.link.is_joined,
            not self._configuration_fetch.has_ended,
            not self.link.is_connected or not self.is_gateway_there(),
            self.measurement.quality != OK,
        )

    def is_gateway_there(self):
        """Whether the gateway answers, or nothing waits for its answer."""
        if self.outbox.count == 0:
            return True
        # What an earlier life left waits since this one began.
        since = max(self.outbox.oldest_uptime_milliseconds(self.identity.boot) or 0, self._acknowledged_at or 0)
        uptime = self.uptime_milliseconds
        return uptime - min(since, uptime) < _GATEWAY_PATIENCE_MILLISECONDS

    def screen(self):
        """What the display shows now."""
        kind = self._screen_kind()
        shift = burn_in_care.shift(self.uptime_milliseconds, self.configuration.values[DISPLAY_SHIFT_PERIOD])
        if kind in (BOOT, DISABLED, IDENTIFY):
            return plain(kind, shift)
        link = self.link
        is_gateway_there = link.is_connected and self._acknowledged_at is not None and self.is_gateway_there()
        return Screen(
            kind,
            self.measurement,
            self.configuration.display_unit,
            level(self._motion.is_high) if kind == READING else UNKNOWN,
            level(self._door.is_high) if kind == READING else UNKNOWN,
            LinkMarks(link.is_joined, link.is_connected, is_gateway_there),
            self.outbox.count,
            shift,
        )

    def _screen_kind(self):
        state = self.led_state()
        if state == led_state.IDENTIFY:
            return IDENTIFY
        if state == led_state.BOOTING:
            return BOOT
        if state == led_state.DISABLED:
            return DISABLED
        if state == led_state.JOINING_WIFI:
            return OFFLINE if self._has_joined else JOINING
        if state == led_state.OFFLINE:
            return OFFLINE
        # Where nothing was ever found the reading screen says so beside what there is.
        if state == led_state.SENSOR_FAULT and self.measurement.sensor != NONE:
            return SENSOR_FAULT
        return READING
