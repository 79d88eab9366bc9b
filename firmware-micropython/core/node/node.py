# Mirrors Sources/Node/Node.swift.
"""The device's application: what to measure, publish and show, and when. It does no input or output of its own.

A shell around it calls `step` often, does what it returns, and tells it what came back. It works from the first
moment with nothing: no Wi-Fi, no configuration, no clock. Readings wait in the outbox until the gateway's
acknowledgement names them. What Swift has as extensions are the classes it inherits.
"""

from core.display import burn_in_care
from core.fans import pwm_fan, step_fans
from core.fans.fan_state import FanState
from core.node import flight_record, log
from core.node.command import CommandQueue
from core.node.configuration_fetch import ConfigurationFetch
from core.node.configuration_key import (
    DISPLAY_DIM_PERIOD,
    MOTION_CHECK_PERIOD,
    PWM_ENABLED,
    STEP_ENABLED,
    SWITCH_CHECK_PERIOD,
    SWITCH_DEBOUNCE,
)
from core.node.configuration_record import TaggedConfiguration
from core.node.configuration_trial import ConfigurationTrial
from core.node.flight_record import FlightRecord
from core.node.node_commands import NodeCommands
from core.node.node_configuration import NodeConfiguration
from core.node.node_configurations import NodeConfigurations
from core.node.node_inputs import Link, NodeActions
from core.node.node_messages import CLOCK_UNSET, NodeMessages
from core.node.node_screen import NodeScreen
from core.sensors.motion_sensor import MotionSensor
from core.sensors.switch_sensor import SwitchSensor
from core.telemetry.measurement import ABSENT, OK, QUALITY_NAMES, STUCK, missing
from core.telemetry.outbox import Outbox
from core.telemetry.reading import HEARTBEAT, MOTION, SWITCH_CHANGE, Reading, level
from micropython import const

# No chip takes that long; a measurement that does is given up and begun again.
_MEASURING_PATIENCE_MILLISECONDS = const(10_000)
_LARGEST_UINT32 = const(0xFFFF_FFFF)
_LARGEST_INT32 = const(0x7FFF_FFFF)


class Node(NodeConfigurations, NodeMessages, NodeCommands, NodeScreen):
    """A device that has just started; `previous` is the flight record of its last life, or None."""

    def __init__(self, identity, outbox_capacity, configuration=None, cause=flight_record.UNKNOWN, previous=None):
        self.identity = identity
        self.configuration = configuration or NodeConfiguration()
        self.outbox = Outbox(outbox_capacity)
        self.measurement = missing(ABSENT)  # replaced, never kept as today's when it is too old
        self.configuration_tag = b""  # the ETag of the configuration in use; empty for the built-in one
        self.made = 0  # readings made since the boot
        self.taken = None  # which reading `take_payload` gave last, and as which version: (boot, seq, 1 or 2)
        self.clock = CLOCK_UNSET
        # Whether no readings are made: for a shell that is about to end, and lets the outbox empty first.
        self.is_quiet = False
        self.status_edition = 0  # grows when the status message says something new: publish it again then
        self.flight = FlightRecord(identity.boot, cause)  # keep it when NodeActions.store_flight_record says so
        self.uptime_milliseconds = 0
        self.boot_unix_milliseconds = None  # UTC in ms since 1970 at uptime 0; None while the clock was never set
        self.link = Link()
        self._motion = MotionSensor(self.configuration.motion_cooldown_milliseconds)
        self._door = SwitchSensor(self.configuration.values[SWITCH_DEBOUNCE])
        self._has_joined = False
        self._was_gateway_there = False
        self._is_started = False
        self._last_now = 0
        self._measuring_since = None  # uptime at which the measurement under way began
        self._measurement_due = 0
        self._measured_at = None
        self._heartbeat_due = 0  # the first one waits for the first measurement
        self._motion_due = 0
        self._door_due = 0
        self._seen_at = 0  # uptime at which somebody was last seen
        self._configuration_fetch = ConfigurationFetch()
        self._trial = ConfigurationTrial(TaggedConfiguration(self.configuration, b""))
        self._refused_keys = ()
        self._acknowledged_at = None
        self._identify_until = 0
        self._commands = CommandQueue()
        self._is_restart_wanted = False
        self._is_storing_configuration = False
        self._is_storing_flight_record = False
        self._lines = log.Log()
        self._previous_flight = previous
        self._is_flight_told = False
        self._pwm_state = FanState()
        self._step_state = FanState()
        self._fan_duty_percent = None
        self._fans_active = None
        self._take_fans()
        self._actions = NodeActions()

    def step(self, now, inputs):
        """Goes on to `now`, a 32-bit ms tick that may wrap; two calls are less than 24 days apart."""
        elapsed = (now - self._last_now) & 0xFFFF_FFFF if self._is_started else 0
        self.uptime_milliseconds += elapsed
        self._is_started = True
        self._last_now = now
        self._follow(inputs.link)
        if self.link.is_joined and self._trial.advance(elapsed, self.made + 1):
            self._run_active_configuration()
        self._take(inputs.measurement)
        actions = self._actions
        actions.measure = self._measure_when_due()
        self._watch_inputs(now, inputs)
        self._heartbeat_when_due()
        self._drive_fans(now)
        actions.led = self.led_state()
        actions.fetch_configuration = self._configuration_fetch.begin(self.uptime_milliseconds, self.link.is_joined)
        actions.is_display_dim = burn_in_care.is_dim(
            self.uptime_milliseconds - self._seen_at, self.configuration.values[DISPLAY_DIM_PERIOD]
        )
        actions.fan_duty_percent = self._fan_duty_percent
        actions.fans_active = self._fans_active
        actions.store_configuration = self._is_storing_configuration
        actions.store_flight_record = self._is_storing_flight_record
        actions.restart = self._is_restart_wanted
        self._is_storing_configuration = False
        self._is_storing_flight_record = False
        self._is_restart_wanted = False
        return actions

    def _follow(self, link):
        seconds = self.uptime_milliseconds // 1000 & _LARGEST_UINT32
        flight = self.flight
        # Once an hour the record of this life is kept as it is: a board that dies leaves at most so much untold.
        if seconds // 3600 != flight.uptime_seconds // 3600:
            self._is_storing_flight_record = True
        flight.uptime_seconds = seconds
        known = self.link
        if link.is_joined != known.is_joined:
            self._note(flight_record.WIFI, link.is_joined)
        if link.is_connected != known.is_connected:
            self._note(flight_record.BROKER, link.is_connected)
        # Copied: the shell has one link that it changes, and what happens between two steps goes by the last step's.
        known.is_joined, known.rssi, known.is_connected = link.is_joined, link.rssi, link.is_connected
        if link.is_joined:
            self._has_joined = True
        is_there = link.is_connected and self._acknowledged_at is not None and self.is_gateway_there()
        if is_there != self._was_gateway_there:
            self._note(flight_record.GATEWAY, is_there)
            self._was_gateway_there = is_there

    def _note(self, link, is_up):
        self.flight.note(link, is_up)
        self.log(log.INFO, (b"link up: " if is_up else b"link down: ") + flight_record.LINK_NAMES[link])

    def _take(self, finished):
        uptime = self.uptime_milliseconds
        if (
            finished is None
            and self._measuring_since is not None
            and uptime - self._measuring_since >= _MEASURING_PATIENCE_MILLISECONDS
        ):
            finished = missing(STUCK, self.measurement.sensor)
        if finished is not None:
            self._tell_sensor_change(finished)
            self.measurement = finished
            self._measured_at = uptime
            self._measuring_since = None
            if self._commands.is_waiting():
                self._emit(HEARTBEAT, 0)
                self._answer_reads(self.made)
        elif self._is_measurement_old():
            # Yesterday's value is not shown as today's.
            stuck = missing(STUCK, self.measurement.sensor)
            self._tell_sensor_change(stuck)
            self.measurement = stuck

    def _is_measurement_old(self):
        return (
            self._measured_at is not None
            and self.measurement.quality == OK
            and self.uptime_milliseconds - self._measured_at
            > 2 * self.configuration.measurement_period_milliseconds + 1000
        )

    def _tell_sensor_change(self, following):
        if following.quality == self.measurement.quality or (self._measured_at is None and following.quality == OK):
            return
        if following.quality == OK:
            self.log(log.INFO, b"sensor is back")
        else:
            self.log(log.WARNING, b"sensor: " + QUALITY_NAMES[following.quality])

    def _measure_when_due(self):
        if self._measuring_since is not None or self.uptime_milliseconds < self._measurement_due:
            return False
        self._measuring_since = self.uptime_milliseconds
        self._measurement_due = self.uptime_milliseconds + self.configuration.measurement_period_milliseconds
        return True

    def _watch_inputs(self, now, inputs):
        uptime = self.uptime_milliseconds
        values = self.configuration.values
        if uptime >= self._motion_due:
            self._motion_due = uptime + values[MOTION_CHECK_PERIOD]
            motion = self._motion
            was_stuck = motion.is_stuck
            suppressed = motion.update(now, inputs.is_motion_high)
            if motion.is_stuck and not was_stuck:
                self.log(log.WARNING, b"motion sensor: " + QUALITY_NAMES[STUCK])
            # Somebody who goes on moving keeps the display bright, events or not; a pin that hangs does not.
            if inputs.is_motion_high and not motion.is_stuck:
                self._seen_at = uptime
            if suppressed is not None:
                self._emit(MOTION, suppressed)
        if uptime >= self._door_due:
            self._door_due = uptime + values[SWITCH_CHECK_PERIOD]
            if self._door.update(now, inputs.is_switch_high):
                self._seen_at = uptime
                self._emit(SWITCH_CHANGE, 0)

    def _heartbeat_when_due(self):
        if self._measured_at is None or self.uptime_milliseconds < self._heartbeat_due:
            return
        period = self.configuration.heartbeat_period_milliseconds
        # The rhythm stays, but beats that a long pause swallowed are not made up for.
        self._heartbeat_due += period
        if self._heartbeat_due <= self.uptime_milliseconds:
            self._heartbeat_due = self.uptime_milliseconds + period
        self._emit(HEARTBEAT, 0)

    def _take_fans(self):
        """What the configuration says of fans, taken apart once and not at each step."""
        values = self.configuration.values
        self._pwm_fan = self.configuration.pwm_fan() if values[PWM_ENABLED] else None
        self._step_fans = self.configuration.step_fans() if values[STEP_ENABLED] else None

    def _drive_fans(self, now):
        temperature = self.measurement.temperature_centi_celsius
        if self._pwm_fan is not None:
            self._fan_duty_percent = pwm_fan.duty(self._pwm_fan, temperature, now, self._pwm_state)
        elif self._fan_duty_percent is not None:
            self._fan_duty_percent = None
            self._pwm_state.reset()
        if self._step_fans is not None:
            self._fans_active = step_fans.count(self._step_fans, temperature, now, self._step_state)
        elif self._fans_active is not None:
            self._fans_active = None
            self._step_state.reset()

    def _emit(self, event, suppressed):
        if not self.configuration.is_enabled or self.is_quiet:
            return
        self.made += 1
        uptime = self.uptime_milliseconds
        told = self.outbox.dropped.total
        self.outbox.append(
            Reading(
                self.identity.boot,
                self.made,
                event,
                self.measurement,
                level(self._motion.is_high),
                level(self._door.is_high),
                self.link.rssi,
                uptime,
                self.unix_seconds(self.identity.boot, uptime),
                suppressed,
                self._fan_duty_percent,
                self._fans_active,
            )
        )
        if self.outbox.dropped.total > told:
            self.log(log.WARNING, b"readings dropped", min(self.outbox.dropped.total, _LARGEST_INT32))

    def unix_seconds(self, boot, uptime):
        """The wall time of an uptime, or None: while the clock was never set, and of earlier boots, whose beginning
        nobody knows; the gateway may.
        """
        if self.boot_unix_milliseconds is None or boot != self.identity.boot:
            return None
        seconds = (self.boot_unix_milliseconds + uptime) // 1000
        return seconds if seconds <= _LARGEST_UINT32 else None

    def log(self, grade, text, value=None):
        """Notes something for the remote log; an error also for the flight record."""
        if grade == log.ERROR:
            self.flight.error = text[: flight_record.LONGEST_ERROR]
            self._is_storing_flight_record = True
        if grade <= self.configuration.log_level:
            self._lines.append(grade, text, value, self.uptime_milliseconds)
