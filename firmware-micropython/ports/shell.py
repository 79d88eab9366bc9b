"""The shell around the device: everything that speaks to hardware and network, as tasks of one event loop.

The sampling loop never waits for a network. Wi-Fi, broker, configuration and time each have a task that fails and
tries again by itself; what they know reaches the sampling loop as plain values.
"""

import asyncio
import gc
import time

import machine
import network
from core.hal.wiring import Wiring
from core.node import flight_record
from core.node import log as grades
from core.node.configuration_key import path
from core.node.device import Device
from core.node.device_names import device_id
from core.node.node import Node
from core.node.node_configuration import ConfigurationReader
from core.node.node_inputs import Link, NodeIdentity
from core.telemetry import topic
from core.telemetry.inline_bytes import InlineBytes
from core.telemetry.json_cursor import KEY, OBJECT_START, STRING, JSONCursor, JSONError
from core.telemetry.payload_encoder import MAXIMUM_PAYLOAD_BYTES
from micropython import const
from ports import boot_counter, flash, http, log, ntp
from ports.adc import TemperatureInput
from ports.broker_settings import BrokerSettings
from ports.clock import Ticks
from ports.configuration_store import ConfigurationStore
from ports.flash_outbox import FlashOutbox
from ports.flight_recorder import FlightRecorder
from ports.i2c import I2CWires
from ports.mqtt import MQTTClient, MQTTOptions
from ports.one_wire import OneWireLine
from ports.pins import InputPin, OutputPin, PWMPin, straps
from ports.settings import tls_context
from ports.watchdog import TIMEOUT_MILLISECONDS, Watchdog
from ports.wifi import WiFi
from version import VERSION

_SAMPLE_MILLISECONDS = const(20)
_COLLECT_MILLISECONDS = const(1_000)
_OUTBOX_READINGS = const(64)
_LONGEST_CONFIGURATION = const(8_192)
_LONGEST_TAG = const(64)
_NETWORK_ALLOWANCE_MILLISECONDS = const(120_000)
_KEYS_AT_ONCE = const(8)
_RESTART_MILLISECONDS = const(3_000)  # how long a restart waits for its answer to reach the broker
_LONGEST_LINE = const(120)  # of a log line that goes to the broker

_GRADES = {"info": grades.INFO, "warning": grades.WARNING, "error": grades.ERROR}


class Restart(Exception):
    """Somebody asked for it; everything that is to be kept is in flash."""


class Shell:
    """A board with its settings; `run` never returns."""

    def __init__(self, settings):
        self._settings = settings
        state = settings.folder
        flash.make_directory(state)
        boot = boot_counter.next_boot(state + "/boot")
        name = settings.device_id or device_id(straps())
        self._ticks = Ticks()
        self.recorder = FlightRecorder(state)
        self._node = Node(
            NodeIdentity(name, VERSION, boot), _OUTBOX_READINGS, None, self.recorder.cause, self.recorder.previous
        )
        # What was said before there was a node to tell it: a flash that fails shows itself at the counter of starts.
        for _, level, text in log.recent():
            self._say(level, text)
        log.add_sink(self._say)
        self._store = ConfigurationStore(state)
        self._store.restore(self._node)
        self._broker = self._store.active(self._node)
        self._device = self._wire_up()
        self._payload = InlineBytes(MAXIMUM_PAYLOAD_BYTES)
        self._link = Link()
        self._flash_outbox = FlashOutbox(state + "/outbox", self._node.outbox)
        self._wants_configuration = asyncio.Event()
        self._told_edition = None  # of the status that the broker has
        self._restart_since = None
        self._reported_at = time.ticks_ms()
        self.sent = 0
        self.acknowledged = 0
        self._wifi = WiFi(network.WLAN(network.STA_IF), settings.ssid, settings.password)
        self._tls = None
        self._mqtt = MQTTClient(
            self._mqtt_options(),
            self._topics(),
            self._will,
            self._arrived,
            self._broker_changed,
            self._is_joined,
            self._taken_by_broker,
        )
        # Last: from here on the board restarts when it hangs.
        self._watchdog = Watchdog(machine.WDT(timeout=TIMEOUT_MILLISECONDS) if settings.has_watchdog else None)
        log.info("%s, boot %d, version %s" % (name.decode(), boot, VERSION.decode()))

    async def run(self):
        """Runs every task; an error in any of them ends all, and main.py restarts the board."""
        self._watchdog.expect("wifi", _NETWORK_ALLOWANCE_MILLISECONDS)
        self._watchdog.expect("mqtt", _NETWORK_ALLOWANCE_MILLISECONDS)
        await asyncio.gather(
            self._sample(),
            self._wifi.run(lambda: self._watchdog.progress("wifi")),
            self._mqtt.run(lambda: self._watchdog.progress("mqtt")),
            self._keep_configured(),
            ntp.run(self._settings.time_server, self._is_joined, self._node.set_clock),
        )

    def failed(self, error):
        """The last thing before a restart: what failed, and every reading, go to flash."""
        self.recorder.failed(error, self._node.flight)
        self._flash_outbox.spill_all(self._node.unix_seconds)

    # Sampling

    async def _sample(self):
        collected_at = time.ticks_ms()
        last = None
        while True:
            started = time.ticks_ms()
            if last is not None:
                self.recorder.longest_pause = max(
                    self.recorder.longest_pause, time.ticks_diff(started, last) - _SAMPLE_MILLISECONDS
                )
            last = started
            now = self._ticks.now()
            link = self._link
            link.is_joined = self._wifi.is_joined
            link.rssi = self._wifi.rssi
            link.is_connected = self._mqtt.is_connected
            self._act(self._device.step(now, link), started)
            self._publish(now)
            is_online = link.is_connected and self._node.is_gateway_there()
            self._flash_outbox.work(is_online, self._node.unix_seconds)
            self._watchdog.feed()
            if time.ticks_diff(started, collected_at) >= _COLLECT_MILLISECONDS:
                collected_at = started
                self._collect()
            await asyncio.sleep_ms(max(1, _SAMPLE_MILLISECONDS - time.ticks_diff(time.ticks_ms(), started)))

    def _act(self, actions, now):
        """Does what a step leaves to the shell."""
        if actions.fetch_configuration:
            self._wants_configuration.set()
        if actions.store_configuration:
            self._store.keep(self._node)
            self._take_broker(self._store.active(self._node))
        if actions.store_flight_record:
            self.recorder.store(self._node.flight)
        if actions.restart:
            self._restart_since = now
            # What is there is to go out; more of it would only wait in flash.
            self._node.is_quiet = True
        since = self._restart_since
        if since is not None and (self._mqtt.is_idle() or time.ticks_diff(now, since) > _RESTART_MILLISECONDS):
            self._flash_outbox.spill_all(self._node.unix_seconds)
            self.recorder.ends(flight_record.COMMAND, self._node.flight)
            raise Restart

    def _collect(self):
        """Collects here, where nothing waits, rather than where memory happens to run out."""
        before = time.ticks_ms()
        gc.collect()
        taken = time.ticks_diff(time.ticks_ms(), before)
        self.recorder.longest_collection = max(self.recorder.longest_collection, taken)
        self.recorder.look()
        if time.ticks_diff(before, self._reported_at) >= self._settings.report_seconds * 1000:
            self._reported_at = before
            self._report()

    def _report(self):
        recorder, outbox = self.recorder, self._node.outbox
        log.info(
            "up %d s: made %d sent %d acknowledged %d unsent %d dropped %d;"
            " heap free %d low %d; longest pause %d ms, gc %d ms"
            % (
                self._node.uptime_milliseconds // 1000,
                self._node.made,
                self.sent,
                self.acknowledged,
                outbox.count,
                outbox.dropped.total,
                gc.mem_free(),
                recorder.heap_low,
                recorder.longest_pause,
                recorder.longest_collection,
            )
        )

    def _publish(self, now):
        """Hands over what is due, as far as the client takes it: status, log, answers, readings."""
        mqtt, node, message = self._mqtt, self._node, self._payload
        edition = node.status_edition
        if edition != self._told_edition and mqtt.can_publish():
            node.write_online_status(message)
            if mqtt.publish(self._topic(topic.STATUS), bytes(message.view()), 1, True):
                self._told_edition = edition
        # Each step's log lines and answers before its readings: there are few, and a window full of readings would keep
        # them waiting for as long as the gateway does not answer.
        while mqtt.can_publish() and node.take_log(message):
            mqtt.publish(self._topic(topic.LOG), bytes(message.view()))
        while mqtt.can_publish() and self._device.take_command_answer(message):
            mqtt.publish(self._topic(topic.COMMAND_RESULT), bytes(message.view()))
        while mqtt.can_publish() and node.take_payload(now, message):
            mqtt.publish(self._topic(topic.PAYLOAD), bytes(message.view()), mark=node.taken)
            self.sent += 1

    def _say(self, level, text):
        """A line of the console for the remote log, in the characters that every reader takes."""
        words = bytes(byte if 0x20 <= byte < 0x7F else 0x3F for byte in text[:_LONGEST_LINE].encode())
        self._node.log(_GRADES[level], words[:_LONGEST_LINE])

    # The broker

    def _topic(self, suffix):
        return topic.topic(suffix, self._broker.base_topic, self._node.identity.device)

    def _topics(self):
        return (
            (self._topic(topic.ACKNOWLEDGEMENT), 0),
            (self._topic(topic.CONFIGURATION), 1),
            (self._topic(topic.COMMAND), 1),
        )

    def _will(self):
        message = InlineBytes(64)
        self._node.write_offline_status(message)
        return self._topic(topic.STATUS), bytes(message.view())

    def _is_joined(self):
        return self._wifi.is_joined

    def _broker_changed(self, is_up):
        # The broker has the will's message, or a status of an earlier connection.
        self._told_edition = None
        if not is_up:
            self._node.connection_lost()

    def _taken_by_broker(self, reading):
        self._node.broker_acknowledged(*reading)

    def _arrived(self, name, message):
        if name == self._topic(topic.ACKNOWLEDGEMENT):
            self.acknowledged += self._node.acknowledgement_arrived(message)
        elif name == self._topic(topic.CONFIGURATION):
            tag = _announced_tag(message)
            if tag is not None:
                self._node.configuration_announced(tag)
        elif name == self._topic(topic.COMMAND):
            self._node.command_arrived(message)

    def _mqtt_options(self):
        """The provisioned broker, or else the configuration's."""
        settings, broker = self._settings, self._broker
        is_provisioned = bool(settings.broker_host)
        host = settings.broker_host if is_provisioned else broker.host.decode()
        options = MQTTOptions(host, settings.broker_port if is_provisioned else broker.port, self._node.identity.device)
        options.user = settings.broker_user if is_provisioned else (broker.user or None)
        options.password = settings.broker_password if is_provisioned else (broker.password or None)
        if settings.is_tls if is_provisioned else broker.is_tls:
            try:
                options.tls_context = self._context()
            except (OSError, ValueError) as error:
                log.error("no connection without TLS that is checked", error)
                options.host = ""
        return options

    def _context(self):
        if self._tls is None:
            self._tls = tls_context(self._settings)
        return self._tls

    # The configuration

    async def _keep_configured(self):
        while True:
            await self._wants_configuration.wait()
            self._wants_configuration.clear()
            if not self._settings.config_url:
                self._node.configuration_is_unchanged()
                continue
            try:
                await self._fetch_configuration()
            except asyncio.TimeoutError:
                self._configuration_failed("the config server does not answer")
            except (OSError, http.HTTPError, ValueError, MemoryError) as error:
                self._configuration_failed("the configuration: %s" % log.words(error))

    def _configuration_failed(self, words):
        log.warning(words)
        self._node.configuration_failed()

    async def _fetch_configuration(self):
        node = self._node
        url = "%s/v1/devices/%s/config" % (self._settings.config_url, node.identity.device.decode())
        context = self._context() if url.startswith("https:") else None
        answer = await http.get(url, node.configuration_tag, _LONGEST_CONFIGURATION, context)
        if answer.status == 304:
            node.configuration_is_unchanged()
            return
        if answer.status != 200:
            raise http.HTTPError("status %d for %s" % (answer.status, url))
        tag = answer.tag if len(answer.tag) <= _LONGEST_TAG else b""
        if node.passes_over_configuration(tag):
            return
        reader = ConfigurationReader(answer.body)
        keys = 0
        try:
            while reader.read_key():
                keys += 1
                if keys % _KEYS_AT_ONCE == 0:
                    # Reading goes on after the next look at the sensors.
                    await asyncio.sleep_ms(_SAMPLE_MILLISECONDS)
        except JSONError as error:
            log.info("the configuration is no JSON: %s" % error)
            node.configuration_is_no_json(tag, error)
            return
        broker = BrokerSettings()
        broker.apply(answer.body)
        node.configuration_was_read(reader, tag)
        self._store.arrived(node, broker)
        for key in reader.refused:
            log.info("the configuration's %s is refused; its old value stays" % path(key).decode())

    def _take_broker(self, broker):
        """The configuration that runs is another one, and so may be its broker. Pins wait for the next start."""
        if broker is self._broker:
            return
        has_moved = broker.base_topic != self._broker.base_topic
        self._broker = broker
        self._mqtt.topics = self._topics()
        options = self._mqtt_options()
        if has_moved or options != self._mqtt.options:
            self._mqtt.reconnect(options)

    # Wiring

    def _wire_up(self):
        pins = self._broker
        board = Wiring(
            I2CWires(pins.sda, pins.scl), InputPin(pins.motion_pin), InputPin(pins.switch_pin), OutputPin("LED")
        )
        if None not in (pins.display_sda, pins.display_scl) and pins.display_sda != pins.sda:
            board.display_bus = I2CWires(pins.display_sda, pins.display_scl)
        board.wire = OneWireLine(pins.one_wire_pin)
        board.adc = TemperatureInput()
        if pins.fan_pin is not None:
            board.fan = PWMPin(pins.fan_pin, pins.fan_frequency)
        board.step_fans = [OutputPin(number) for number in pins.step_pins]
        for fan in board.step_fans:
            fan.set(False)
        return Device(self._node, board)


def _announced_tag(message):
    """The tag in `{"etag":"..."}`, or None."""
    try:
        cursor = JSONCursor(message)
        if cursor.next() != OBJECT_START:
            return None
        while cursor.next() == KEY:
            if cursor.slice.matches(b"etag", message):
                return cursor.slice.string(message, _LONGEST_TAG) if cursor.next() == STRING else None
            cursor.skip_value()
    except JSONError:
        pass  # half a message announces nothing
    return None
