"""An MQTT 3.1.1 client for asyncio that never blocks: QoS 1 with several in flight, last will, keep-alive, TLS.

One task writes, one reads, one watches the time; all queues are bounded. Nothing is kept over a reconnect: the
device's outbox sends again what the gateway has not acknowledged. It connects again by itself, after waits with jitter.
"""

import asyncio
import time

from micropython import const
from ports import log, mqtt_packets, sockets
from ports.backoff import Backoff
from ports.mqtt_packets import MQTTError

_CONNECT_MILLISECONDS = const(20_000)  # a TLS handshake takes seconds on a Pico W
_WRITE_MILLISECONDS = const(10_000)
_ANSWER_MILLISECONDS = const(10_000)  # how long a PINGREQ may stay without an answer
_ACKNOWLEDGE_MILLISECONDS = const(30_000)  # how long a PUBLISH may stay without a PUBACK
_IN_FLIGHT = const(16)
_QUEUED_BYTES = const(6_144)
_PACKET_OVERHEAD = const(48)  # what the heap needs for a packet of a few bytes
_LONGEST_PACKET = const(1_024)
_PIECE = const(256)

_REFUSALS = ("", "protocol version", "client id", "server unavailable", "user name or password", "not authorised")


class MQTTOptions:
    """Where the broker is and who we are; texts are bytes, except the host."""

    def __init__(self, host, port, client_id):
        self.host = host
        self.port = port
        self.client_id = client_id
        self.user = None
        self.password = None
        self.keep_alive_seconds = 30
        self.connect_milliseconds = _CONNECT_MILLISECONDS
        self.answer_milliseconds = _ANSWER_MILLISECONDS
        self.tls_context = None

    def __eq__(self, other):
        return (self.host, self.port, self.user, self.password, self.tls_context is None) == (
            other.host,
            other.port,
            other.user,
            other.password,
            other.tls_context is None,
        )


class MQTTClient:
    """A client. `on_message(topic, message)` gets what arrives, `on_connection(is_up)` what becomes of the connection,
    `on_acknowledged(mark)` what the broker has taken of what was published with a mark.

    `will()` gives (topic, message) at each connect, `topics` are (topic, QoS) pairs. `may_connect()` says whether
    there is a network at all.
    """

    def __init__(self, options, topics, will, on_message, on_connection, may_connect, on_acknowledged=None):
        self.options = options
        self.is_connected = False
        self.trouble = None  # what went wrong last, for a person
        self.reconnects = 0
        self.backoff = Backoff()
        self.topics = topics
        self._will = will
        self._on_message = on_message
        self._on_connection = on_connection
        self._may_connect = may_connect
        self._on_acknowledged = on_acknowledged
        self._stream = None
        self._reader = mqtt_packets.PacketReader(_LONGEST_PACKET)
        self._queue = []
        self._queued_bytes = 0
        self._has_work = asyncio.Event()
        self._in_flight = {}  # packet id -> (tick of sending, mark or None)
        self._last_id = 0
        self._is_accepted = False
        self._sent_at = 0
        self._pinged_at = None
        self._wants_reconnect = False
        self._failure = None

    def publish(self, topic, message, qos=1, retain=False, mark=None):
        """Queues a message; False when the queue or the window is full, or there is no connection.

        `mark` comes back by `on_acknowledged` when the broker has taken a message at QoS 1.
        """
        if not self.is_connected or self._queued_bytes + len(message) > _QUEUED_BYTES:
            return False
        packet_id = 0
        if qos:
            if len(self._in_flight) >= _IN_FLIGHT:
                return False
            packet_id = self._next_id()
            self._in_flight[packet_id] = (time.ticks_ms(), mark)
        self._enqueue(mqtt_packets.publish(topic, message, qos, retain, packet_id))
        return True

    def can_publish(self):
        """Whether `publish` would take a payload at QoS 1 now."""
        return self.is_connected and len(self._in_flight) < _IN_FLIGHT and self._queued_bytes + 512 <= _QUEUED_BYTES

    def is_idle(self):
        """Whether everything that was published is with the broker."""
        return not self._queue and not self._in_flight

    def reconnect(self, options):
        """Goes on with other options."""
        self.options = options
        self._wants_reconnect = True

    async def run(self, progress):
        """Connects, works, and connects again, for ever. Calls `progress()` at least every few seconds."""
        backoff = self.backoff
        while True:
            progress()
            if not self._may_connect() or not self.options.host:
                await asyncio.sleep_ms(250)
                continue
            try:
                await self._connect()
                backoff.succeeded()
                await self._work(progress)
            except (OSError, ValueError, MQTTError, MemoryError) as error:
                self.trouble = "broker %s:%d: %s" % (self.options.host, self.options.port, log.words(error))
                log.warning(self.trouble)
            except asyncio.TimeoutError:
                self.trouble = "broker %s:%d does not answer" % (self.options.host, self.options.port)
                log.warning(self.trouble)
            finally:
                self._close()
            wait = backoff.next_wait()
            until = time.ticks_add(time.ticks_ms(), wait)
            while time.ticks_diff(until, time.ticks_ms()) > 0:
                progress()
                await asyncio.sleep_ms(min(500, wait))

    async def _connect(self):
        options = self.options
        self._wants_reconnect = False
        self._reader.reset()
        self._is_accepted = False
        self._stream = await asyncio.wait_for_ms(
            sockets.open_stream(options.host, options.port, options.tls_context), options.connect_milliseconds
        )
        topic, message = self._will()
        hello = mqtt_packets.connect(
            options.client_id, options.keep_alive_seconds, topic, message, options.user, options.password
        )
        await self._send(hello)
        await asyncio.wait_for_ms(self._read_until_accepted(), options.connect_milliseconds)
        self._send_subscription()
        self.is_connected = True
        self.trouble = None
        self.reconnects += 1
        log.info("broker %s:%d accepted the connection" % (options.host, options.port))
        self._on_connection(True)

    async def _read_until_accepted(self):
        while not self._is_accepted:
            await self._read_piece()

    async def _work(self, progress):
        self._failure = None
        tasks = [asyncio.create_task(self._guard(self._read)), asyncio.create_task(self._guard(self._write))]
        try:
            while self._failure is None:
                progress()
                self._watch()
                await asyncio.sleep_ms(250)
            raise self._failure
        finally:
            for task in tasks:
                task.cancel()
                try:
                    await task
                except asyncio.CancelledError:
                    pass  # as asked

    async def _guard(self, work):
        """Runs one of the two loops; what ends it ends the connection."""
        try:
            await work()
        except (OSError, ValueError, MQTTError, MemoryError, asyncio.TimeoutError) as error:
            self._failure = error

    def _watch(self):
        """Keep-alive, and the ends of patience. Raises MQTTError when the peer is gone."""
        if self._wants_reconnect:
            raise MQTTError("other settings arrived")
        if not self._may_connect():
            raise MQTTError("the Wi-Fi is gone")
        now = time.ticks_ms()
        if self._pinged_at is not None:
            if time.ticks_diff(now, self._pinged_at) > self.options.answer_milliseconds:
                raise MQTTError("no answer to a ping")
        elif time.ticks_diff(now, self._sent_at) > self.options.keep_alive_seconds * 500:
            self._pinged_at = now
            self._enqueue(mqtt_packets.PING)
        for sent_at, _ in self._in_flight.values():
            if time.ticks_diff(now, sent_at) > _ACKNOWLEDGE_MILLISECONDS:
                raise MQTTError("a message stays without its acknowledgement")

    async def _read(self):
        while True:
            await self._read_piece()

    async def _read_piece(self):
        piece = await self._stream.read(_PIECE)
        if not piece:
            raise MQTTError("the broker closed the connection")
        self._reader.feed(piece, self._arrived)

    async def _write(self):
        while True:
            if not self._queue:
                self._has_work.clear()
                await self._has_work.wait()
            packet = self._queue.pop(0)
            self._queued_bytes -= len(packet) + _PACKET_OVERHEAD
            await self._send(packet)

    async def _send(self, packet):
        self._stream.write(packet)
        await asyncio.wait_for_ms(self._stream.drain(), _WRITE_MILLISECONDS)
        self._sent_at = time.ticks_ms()

    def _enqueue(self, packet):
        # Answers count too: a peer that floods and does not read must not fill the heap.
        if self._queued_bytes > 2 * _QUEUED_BYTES:
            raise MQTTError("the broker does not take what it asks for")
        self._queue.append(packet)
        self._queued_bytes += len(packet) + _PACKET_OVERHEAD
        self._has_work.set()

    def _send_subscription(self):
        self._enqueue(mqtt_packets.subscribe(self._next_id(), self.topics))

    def _arrived(self, first, body, is_cut):
        kind = first & 0xF0
        if not self._is_accepted:
            self._accepted(kind, body)
        elif kind == mqtt_packets.PUBLISH:
            topic, packet_id, start = mqtt_packets.read_publish(first, body)
            if packet_id is not None:
                self._enqueue(mqtt_packets.puback(packet_id))
            if is_cut:
                log.warning("a message of more than %d bytes is passed over" % _LONGEST_PACKET)
            else:
                self._on_message(topic, bytes(body[start:]))
        elif kind == mqtt_packets.PUBACK:
            if len(body) < 2:
                raise MQTTError("a PUBACK without an identifier")
            _, mark = self._in_flight.pop(body[0] << 8 | body[1], (0, None))
            if mark is not None and self._on_acknowledged is not None:
                self._on_acknowledged(mark)
        elif kind == mqtt_packets.PINGRESP:
            self._pinged_at = None
        elif kind == mqtt_packets.SUBACK:
            if len(body) < 3 or max(body[2:]) >= 0x80:
                raise MQTTError("the broker refused the subscription")
        else:
            raise MQTTError("an unexpected packet of type %d" % (kind >> 4))

    def _accepted(self, kind, body):
        if kind != mqtt_packets.CONNACK or len(body) < 2:
            raise MQTTError("no CONNACK")
        if body[1]:
            raise MQTTError("refused: %s" % (_REFUSALS[body[1]] if body[1] < len(_REFUSALS) else body[1]))
        self._is_accepted = True

    def _next_id(self):
        while True:
            self._last_id = self._last_id % 65_535 + 1
            if self._last_id not in self._in_flight:
                return self._last_id

    def _close(self):
        was_connected = self.is_connected
        self.is_connected = False
        self._queue.clear()
        self._queued_bytes = 0
        self._in_flight.clear()
        self._pinged_at = None
        if self._stream is not None:
            try:
                self._stream.s.close()
            except OSError:
                pass  # it is gone either way
            self._stream = None
        if was_connected:
            self._on_connection(False)
