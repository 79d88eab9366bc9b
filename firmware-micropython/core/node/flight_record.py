# Mirrors Sources/Node/FlightRecord.swift.
"""What a board went through in one life: how it began, the last error, and the last comings and goings of its links.

A shell keeps the record where a restart does not reach it (`encode`), hands it to the node of the next life, and that
node tells it once, as one message on the log topic, when it is online.
"""

import struct

from core.telemetry import crc16
from micropython import const

# ResetCause: why a board started.
UNKNOWN = const(0)
POWER_ON = const(1)
BROWN_OUT = const(2)
WATCHDOG = const(3)
COMMAND = const(4)
FAULT = const(5)
CAUSE_NAMES = (b"unknown", b"power-on", b"brown-out", b"watchdog", b"command", b"fault")

# Link: what comes and goes.
WIFI = const(0)
BROKER = const(1)
GATEWAY = const(2)
LINK_NAMES = (b"wifi", b"broker", b"gateway")

LINK_BOUND = const(8)  # how many comings and goings are kept: the newest
RECORD_BYTES = const(95)
LONGEST_ERROR = const(40)

_VERSION = const(1)
_LINKS_AT = const(12)
_ERROR_AT = const(44)
_CHECKSUM_AT = const(93)


class FlightRecord:
    """The record of a life that has just begun."""

    def __init__(self, boot, cause):
        self.boot = boot
        self.cause = cause
        self.uptime_seconds = 0  # how long it lasted at least
        self.error = b""  # the last error; empty when there was none
        # The uptimes in seconds, the link above them in bits 29 and 30, bit 31 set when it came.
        self._links = [0] * LINK_BOUND
        self._count = 0

    def note(self, link, is_up):
        """A link came or went."""
        if self._count == LINK_BOUND:
            self._links[:-1] = self._links[1:]
            self._count -= 1
        # 29 bits are 17 years.
        self._links[self._count] = min(self.uptime_seconds, 0x1FFF_FFFF) | link << 29 | (1 << 31 if is_up else 0)
        self._count += 1

    def encode(self):
        """The record, RECORD_BYTES with a checksum (protocol/topics.md)."""
        record = bytearray(RECORD_BYTES)
        struct.pack_into(
            "<BBBBII", record, 0, _VERSION, self.cause, self._count, len(self.error), self.boot, self.uptime_seconds
        )
        for index, link in enumerate(self._links):
            struct.pack_into("<I", record, _LINKS_AT + index * 4, link)
        record[_ERROR_AT : _ERROR_AT + len(self.error)] = self.error
        struct.pack_into("<H", record, _CHECKSUM_AT, crc16.checksum(memoryview(record)[:_CHECKSUM_AT]))
        return bytes(record)

    def write(self, ended_by, firmware, message):
        """Writes the message; `ended_by` is why the next life began, or None."""
        message.remove_all()
        message.append(b'{"boot":%d,"version":' % self.boot)
        message.append_json_string(firmware)
        message.append(b',"reset":')
        message.append_quoted(CAUSE_NAMES[self.cause])
        message.append(b',"uptime_s":%d,"links":[' % self.uptime_seconds)
        for index in range(self._count):
            link = self._links[index]
            if index > 0:
                message.append(b",")
            name = LINK_NAMES[min(link >> 29 & 3, GATEWAY)]
            message.append(b'[%d,"%s",%d]' % (link & 0x1FFF_FFFF, name, link >> 31))
        message.append(b'],"error":')
        if self.error:
            message.append_json_string(self.error)
        else:
            message.append(b"null")
        if ended_by is not None:
            message.append(b',"ended_by":')
            message.append_quoted(CAUSE_NAMES[ended_by])
        message.append(b"}")


def decode(record):
    """The life in a record; None when it is none: torn, changed, or memory that was never written."""
    if len(record) != RECORD_BYTES or record[0] != _VERSION:
        return None
    if crc16.checksum(memoryview(record)[:_CHECKSUM_AT]) != record[93] | record[94] << 8:
        return None
    if record[1] > FAULT or record[2] > LINK_BOUND or record[3] > LONGEST_ERROR:
        return None
    _, cause, count, length, boot, uptime = struct.unpack_from("<BBBBII", record, 0)
    life = FlightRecord(boot, cause)
    life.uptime_seconds = uptime
    life._count = count
    for index in range(LINK_BOUND):
        life._links[index] = struct.unpack_from("<I", record, _LINKS_AT + index * 4)[0]
    life.error = bytes(record[_ERROR_AT : _ERROR_AT + length])
    return life
