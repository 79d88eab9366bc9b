"""MQTT 3.1.1 packets (OASIS mqtt-v3.1.1-os): what is written, and a reader that takes whatever a peer sends.

reader = PacketReader(2048)
for each piece that arrives:
    reader.feed(piece, on_packet)      # on_packet(first byte, body as memoryview, whether it was cut)
"""

import struct

from micropython import const

# Control packet types, section 2.2.1, with the flags that are fixed.
CONNECT = const(0x10)
CONNACK = const(0x20)
PUBLISH = const(0x30)
PUBACK = const(0x40)
SUBSCRIBE = const(0x82)
SUBACK = const(0x90)
PINGREQ = const(0xC0)
PINGRESP = const(0xD0)
DISCONNECT = const(0xE0)

PING = b"\xc0\x00"
GOOD_BYE = b"\xe0\x00"

_LONGEST_TEXT = const(65_535)


class MQTTError(Exception):
    """The peer does not speak MQTT as it should, or refuses: the connection has to end."""


def remaining_length(length):
    """The variable-length number after the first byte (section 2.2.3)."""
    encoded = bytearray()
    while True:
        byte = length & 0x7F
        length >>= 7
        if length == 0:
            encoded.append(byte)
            return encoded
        encoded.append(byte | 0x80)


def _text(content):
    if len(content) > _LONGEST_TEXT:
        raise ValueError("longer than a packet can say")
    return struct.pack(">H", len(content)) + content


def _packet(first, body):
    return bytes((first,)) + remaining_length(len(body)) + body


def connect(client_id, keep_alive_seconds, will_topic, will_message, user=None, password=None):
    """A CONNECT with clean session and a retained last will at QoS 1 (section 3.1)."""
    flags = 0x02 | 0x04 | 0x08 | 0x20
    if user:
        flags |= 0x80 | (0x40 if password else 0)
    body = b"\x00\x04MQTT\x04" + bytes((flags,)) + struct.pack(">H", keep_alive_seconds)
    body += _text(client_id) + _text(will_topic) + _text(will_message)
    if user:
        body += _text(user)
        if password:
            body += _text(password)
    return _packet(CONNECT, body)


def publish(topic, message, qos, retain, packet_id):
    """A PUBLISH (section 3.3)."""
    body = _text(topic)
    if qos:
        body += struct.pack(">H", packet_id)
    return _packet(PUBLISH | qos << 1 | (1 if retain else 0), body + message)


def subscribe(packet_id, topics):
    """A SUBSCRIBE to (topic, QoS) pairs (section 3.8)."""
    body = struct.pack(">H", packet_id)
    for topic, qos in topics:
        body += _text(topic) + bytes((qos,))
    return _packet(SUBSCRIBE, body)


def puback(packet_id):
    """A PUBACK (section 3.4)."""
    return struct.pack(">BBH", PUBACK, 2, packet_id)


def read_publish(first, body):
    """(topic, packet id or None, where the message starts) of a PUBLISH. Raises MQTTError."""
    qos = first >> 1 & 3
    if qos == 3 or len(body) < 2:
        raise MQTTError("a PUBLISH that is none")
    length = body[0] << 8 | body[1]
    start = 2 + length
    if start + (2 if qos else 0) > len(body):
        raise MQTTError("a PUBLISH that ends in its head")
    topic = bytes(body[2:start])
    if qos == 0:
        return topic, None, start
    packet_id = body[start] << 8 | body[start + 1]
    if packet_id == 0:
        raise MQTTError("a PUBLISH without an identifier")
    return topic, packet_id, start + 2


class PacketReader:
    """Puts packets together from pieces of any size. Of a packet longer than `longest` bytes the rest is passed
    over.
    """

    def __init__(self, longest):
        self._body = bytearray(longest)
        self.reset()

    def reset(self):
        """A new connection begins."""
        self._first = None
        self._length = 0
        self._shift = 0
        self._is_length_known = False
        self._seen = 0

    def feed(self, piece, on_packet):
        """Takes what arrived; calls `on_packet(first, body, is_cut)` for each packet that is complete. Raises
        MQTTError.
        """
        at = 0
        count = len(piece)
        while at < count:
            if self._first is None:
                self._first = piece[at]
                at += 1
                if not 0x20 <= self._first < 0xE0:
                    raise MQTTError("a server does not send packet type %d" % (self._first >> 4))
                continue
            if not self._is_length_known:
                byte = piece[at]
                at += 1
                self._length |= (byte & 0x7F) << self._shift
                self._shift += 7
                if byte & 0x80:
                    if self._shift > 21:
                        raise MQTTError("a length of more than four bytes")
                    continue
                self._is_length_known = True
            taken = min(self._length - self._seen, count - at)
            kept = min(taken, len(self._body) - self._seen)
            if kept > 0:
                self._body[self._seen : self._seen + kept] = piece[at : at + kept]
            self._seen += taken
            at += taken
            if self._seen == self._length:
                first, length = self._first, self._length
                self.reset()
                held = min(length, len(self._body))
                on_packet(first, memoryview(self._body)[:held], held < length)
