# Mirrors Sources/Node/Node.swift, Node+Messages.swift and Node+Screen.swift.
"""The device's application: what to measure, publish and show, and when. It does no input or output of its own.

A shell around it calls `step` often, does what it returns, and tells it what came back. It works from the first
moment with nothing: no Wi-Fi, no configuration, no clock. Readings wait in the outbox until the gateway's
acknowledgement names them.
"""

from core.display.other_screens import BootScreen, DisabledScreen, OfflineScreen, SensorFaultScreen
from core.display.reading_screen import ReadingScreen
from core.display.screen import LinkMarks
from core.node.configuration_fetch import ConfigurationFetch
from core.node.node_configuration import NodeConfiguration
from core.sensors.motion_sensor import MotionSensor
from core.sensors.switch_sensor import SwitchSensor
from core.status_led import led_conditions, led_state
from core.telemetry import acknowledgement
from core.telemetry.json_cursor import JSONError
from core.telemetry.measurement import ABSENT, NONE, OK, QUALITY_NAMES, SENSOR_NAMES, STUCK, missing
from core.telemetry.outbox import Outbox
from core.telemetry.payload_encoder import encode
from core.telemetry.reading import HEARTBEAT, MOTION, SWITCH_CHANGE, Reading, level
from micropython import const

_BOOT_SCREEN_MILLISECONDS = const(1500)  # how long the board says that it starts
_GATEWAY_PATIENCE_MILLISECONDS = const(
    30_000
)  # without an acknowledgement, though something waits, the gateway is away
_LARGEST_UINT32 = const(0xFFFF_FFFF)


class NodeIdentity:
    """What tells one device from another: its id and version (bytes), and the count of starts."""

    def __init__(self, device, firmware, boot):
        self.device = device
        self.firmware = firmware
        self.boot = boot


class NodeInputs:
    """What the world says at one moment; reused from step to step."""

    def __init__(self):
        self.is_motion_high = False
        self.is_switch_high = False
        self.measurement = None  # one that has just finished, or failed
        self.link = Link()


class Link:
    """The way to the gateway, as far as the device itself can see."""

    def __init__(self, is_joined=False, rssi=None, is_connected=False):
        self.is_joined = is_joined  # Wi-Fi is joined
        self.rssi = rssi  # dBm, while joined
        self.is_connected = is_connected  # the broker has accepted the connection


class NodeActions:
    """What the shell is to do now; reused from step to step."""

    def __init__(self):
        self.measure = False  # begin a measurement
        self.fetch_configuration = False  # its end comes back by configuration_arrived, ..._is_unchanged or ..._failed
        self.led = led_state.BOOTING


class Node:
    """A device that has just started."""

    def __init__(self, identity, outbox_capacity, configuration=None):
        self.identity = identity
        self.configuration = configuration or NodeConfiguration()
        self.outbox = Outbox(outbox_capacity)
        self.measurement = missing(ABSENT)  # replaced, never kept as today's when it is too old
        self.configuration_tag = b""  # the ETag of the configuration in use; empty for the built-in one
        self.made = 0  # readings made since the boot
        self.uptime_milliseconds = 0
        self.boot_unix_milliseconds = None  # UTC in ms since 1970 at uptime 0; None while the clock was never set
        self.link = Link()
        self.identify_until = 0  # uptime until which the LED says which board this is
        self._motion = MotionSensor(self.configuration.motion_cooldown_milliseconds)
        self._door = SwitchSensor()
        self._is_started = False
        self._last_now = 0
        self._is_measuring = False
        self._measurement_due = 0
        self._measured_at = None
        self._heartbeat_due = 0  # the first one waits for the first measurement
        self._configuration_fetch = ConfigurationFetch()
        self._acknowledged_at = None
        self._actions = NodeActions()

    def step(self, now, inputs):
        """Goes on to `now`, a 32-bit ms tick that may wrap; two calls are less than 24 days apart."""
        if self._is_started:
            self.uptime_milliseconds += (now - self._last_now) & 0xFFFF_FFFF
        self._is_started = True
        self._last_now = now
        self.link = inputs.link
        self._take(inputs.measurement)
        actions = self._actions
        actions.measure = self._measure_when_due()
        self._watch_inputs(now, inputs)
        self._heartbeat_when_due()
        actions.fetch_configuration = self._configuration_fetch.begin(self.uptime_milliseconds, self.link.is_joined)
        actions.led = self.led_state()
        return actions

    def _take(self, finished):
        if finished is not None:
            self.measurement = finished
            self._measured_at = self.uptime_milliseconds
            self._is_measuring = False
        elif (
            self._measured_at is not None
            and self.measurement.quality == OK
            and self.uptime_milliseconds - self._measured_at
            > 2 * self.configuration.measurement_period_milliseconds + 1000
        ):
            # Yesterday's value is not shown as today's.
            self.measurement = missing(STUCK, self.measurement.sensor)

    def _measure_when_due(self):
        if self._is_measuring or self.uptime_milliseconds < self._measurement_due:
            return False
        self._is_measuring = True
        self._measurement_due = self.uptime_milliseconds + self.configuration.measurement_period_milliseconds
        return True

    def _watch_inputs(self, now, inputs):
        suppressed = self._motion.update(now, inputs.is_motion_high)
        if suppressed is not None:
            self._emit(MOTION, suppressed)
        if self._door.update(now, inputs.is_switch_high):
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

    def _emit(self, event, suppressed):
        if not self.configuration.is_enabled:
            return
        self.made += 1
        uptime = self.uptime_milliseconds
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
                self.unix_seconds(uptime),
                suppressed,
            )
        )

    def unix_seconds(self, uptime):
        """The wall time of an uptime of this boot, or None while the clock was never set."""
        if self.boot_unix_milliseconds is None:
            return None
        seconds = (self.boot_unix_milliseconds + uptime) // 1000
        return seconds if seconds <= _LARGEST_UINT32 else None

    # Node+Messages

    def take_payload(self, now, payload):
        """Writes the next payload that is due into `payload`; False when none is.

        Nothing is due before the first attempt to fetch the configuration has ended, well or badly, or while the
        broker is not connected.
        """
        if not self.link.is_connected or not self._configuration_fetch.has_ended:
            return False
        reading = self.outbox.take_next(now, self.unix_seconds)
        if reading is None:
            return False
        payload.remove_all()
        encode(reading, self.identity.device, self.identity.firmware, self.outbox.dropped, payload)
        return True

    def acknowledgement_arrived(self, text):
        """The gateway's acknowledgement came: forgets what it names and sets the clock by it. Gives how many were
        forgotten.
        """
        before = self.outbox.count
        try:
            time = acknowledgement.decode(text, self.outbox.acknowledge)
            self._acknowledged_at = self.uptime_milliseconds
            if time is not None:
                self.set_clock(time)
        except JSONError:
            pass  # half an acknowledgement names what it names; the rest will be sent and acknowledged again
        return before - self.outbox.count

    def set_clock(self, unix_milliseconds):
        """A time source said what time it is. Differences below two seconds are the network's, not the clock's."""
        if unix_milliseconds < self.uptime_milliseconds:
            return
        boot = unix_milliseconds - self.uptime_milliseconds
        known = self.boot_unix_milliseconds
        if known is not None and abs(known - boot) < 2000:
            return
        self.boot_unix_milliseconds = boot

    def connection_lost(self):
        """The broker's connection was lost: what is under way will be sent again."""
        self.outbox.connection_lost()

    def configuration_arrived(self, document, tag):
        """A configuration arrived. Gives the keys whose values were refused; their old values stay.

        Raises JSONError where the document is not JSON; the old configuration stays.
        """
        try:
            refused = self.configuration.apply(document)
        finally:
            # The next look is due by the new period; by the old one where this document is none.
            self._end_fetch(self.configuration.configuration_period_milliseconds)
        self._configuration_changed(tag)
        return refused

    def start_with(self, document, tag):
        """Begins with the last good configuration, which the shell kept; the first fetch is still due at once.

        Raises JSONError where the document is not JSON; the built-in configuration stays.
        """
        self.configuration.apply(document)
        self._configuration_changed(tag)

    def configuration_was_read(self, configuration, tag):
        """A configuration arrived that the shell has read key by key; the same as `configuration_arrived`."""
        self.configuration = configuration
        self._end_fetch(self.configuration.configuration_period_milliseconds)
        self._configuration_changed(tag)

    def configuration_is_unchanged(self):
        """The configuration in use is the newest."""
        self._end_fetch(self.configuration.configuration_period_milliseconds)

    def configuration_failed(self):
        """The configuration could not be fetched: the one in use stays, and it is tried again."""
        self._end_fetch(min(30_000, self.configuration.configuration_period_milliseconds))

    def configuration_announced(self, tag):
        """The gateway says which configuration is the newest: another one than in use is fetched at once."""
        if tag != self.configuration_tag:
            self._configuration_fetch.hurry()

    def _end_fetch(self, retry_after):
        self._configuration_fetch.end(self.uptime_milliseconds, retry_after)

    def _configuration_changed(self, tag):
        self.configuration_tag = tag
        self._motion.cooldown_milliseconds = self.configuration.motion_cooldown_milliseconds
        # A shorter period begins now, not after the longer one has run out.
        uptime = self.uptime_milliseconds
        self._measurement_due = min(self._measurement_due, uptime + self.configuration.measurement_period_milliseconds)
        self._heartbeat_due = min(self._heartbeat_due, uptime + self.configuration.heartbeat_period_milliseconds)

    def write_online_status(self, message):
        """The retained message that says this device is there."""
        self._write_status(b"online", message)
        message.append(b',"version":')
        message.append_json_string(self.identity.firmware)
        message.append(b',"config":')
        message.append_json_string(self.configuration_tag)
        message.append(b"}")

    def write_offline_status(self, message):
        """The last will: what the broker says when the device is gone."""
        self._write_status(b"offline", message)
        message.append(b"}")

    def _write_status(self, state, message):
        message.remove_all()
        message.append(b'{"state":"')
        message.append(state)
        message.append(b'","boot":')
        message.append_unsigned(self.identity.boot)

    # Node+Screen

    def led_state(self):
        """What is true of the board now, as the LED shows it."""
        return led_conditions.state(
            self.uptime_milliseconds < self.identify_until,
            not self.configuration.is_enabled,
            self.uptime_milliseconds < _BOOT_SCREEN_MILLISECONDS,
            not self.link.is_joined,
            not self._configuration_fetch.has_ended,
            not self.link.is_connected or not self.is_gateway_there(),
            self.measurement.quality != OK,
        )

    def is_gateway_there(self):
        """Whether the gateway answers, or nothing waits for its answer."""
        since = self.outbox.oldest_uptime_milliseconds()
        if since is None:
            return True
        if self._acknowledged_at is not None:
            since = max(since, self._acknowledged_at)
        return self.uptime_milliseconds - min(since, self.uptime_milliseconds) < _GATEWAY_PATIENCE_MILLISECONDS

    def screen(self):
        """What the display shows now."""
        device = self.identity.device
        link = self.link
        links = LinkMarks(
            link.is_joined,
            link.is_connected,
            link.is_connected and self._acknowledged_at is not None and self.is_gateway_there(),
        )
        measurement = self.measurement
        state = self.led_state()
        if state == led_state.BOOTING:
            return BootScreen(device, self.identity.firmware, b"starting")
        if state == led_state.DISABLED:
            return DisabledScreen(device)
        if state == led_state.SENSOR_FAULT and measurement.sensor != NONE:
            return SensorFaultScreen(
                device, SENSOR_NAMES[measurement.sensor], QUALITY_NAMES[measurement.quality], links
            )
        if state in (led_state.OFFLINE, led_state.JOINING_WIFI):
            return OfflineScreen(device, measurement.temperature_centi_celsius, links, self.outbox.count)
        return ReadingScreen(
            device,
            measurement.temperature_centi_celsius,
            measurement.humidity_centi_percent,
            measurement.pressure_pascals,
            b"" if measurement.quality == OK else QUALITY_NAMES[measurement.quality],
            self._motion.is_high,
            self._door.is_high,
            links,
            self.outbox.count,
        )
