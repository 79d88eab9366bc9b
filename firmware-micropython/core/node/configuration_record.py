# Mirrors Sources/Node/ConfigurationRecord.swift.
"""A configuration and the tag it came with, as a shell keeps it in flash: a version, the values by key, the tag, a
checksum (protocol/configuration.md).

It is the effective configuration, with the old values where new ones were refused: a document kept instead would mean
something else after a restart.
"""

import struct

from core.node.configuration_key import COUNT
from core.node.node_configuration import NodeConfiguration
from core.telemetry import crc16
from micropython import const

LONGEST_RECORD = const(189)
LONGEST_TAG = const(64)
_VERSION = const(1)
LONGEST_REFUSED_RECORD = const(69)

# What came of a configuration that was refused.
PAST = const(0)  # another one has been taken since
GATEWAY_NOT_REACHED = const(1)
NOT_JSON = const(2)


class TaggedConfiguration:
    """A configuration, never changed once it is in here, and the document's `ETag`; empty for the built-in one."""

    def __init__(self, configuration, tag):
        self.configuration = configuration
        self.tag = tag

    def __eq__(self, other):
        return other is not None and self.tag == other.tag and self.configuration == other.configuration

    def encode(self):
        """The record: at most LONGEST_RECORD bytes."""
        body = bytearray((_VERSION, COUNT))
        for value in self.configuration.values:
            body.extend(struct.pack("<i", value))
        body.append(len(self.tag))
        body.extend(self.tag)
        return bytes(body) + struct.pack("<H", crc16.checksum(body))


def decode(record):
    """The configuration in a record. Values that a later firmware no longer takes become the built-in ones, and so do
    keys the record does not have yet.

    None when it is no record: torn, changed, or of another version.
    """
    if len(record) < 5 or record[0] != _VERSION:
        return None
    end = len(record) - 2
    if crc16.checksum(memoryview(record)[:end]) != record[end] | record[end + 1] << 8:
        return None
    count = record[1]
    tag_start = 3 + count * 4
    if tag_start > end or record[tag_start - 1] != end - tag_start or end - tag_start > LONGEST_TAG:
        return None
    configuration = NodeConfiguration()
    for key in range(min(count, COUNT)):
        configuration.set(key, struct.unpack_from("<i", record, 2 + key * 4)[0])
    return TaggedConfiguration(configuration, bytes(record[tag_start:end]))


class RefusedConfiguration:
    """What was refused last, as a shell keeps it in flash, so that a restart does not try it again."""

    def __init__(self, tag, reason):
        self.tag = tag
        self.reason = reason

    def __eq__(self, other):
        return other is not None and self.tag == other.tag and self.reason == other.reason

    def encode(self):
        """The record: at most LONGEST_REFUSED_RECORD bytes."""
        body = bytes((_VERSION, self.reason, len(self.tag))) + self.tag
        return body + struct.pack("<H", crc16.checksum(body))


def decode_refused(record):
    """The refusal in a record. None when it is no record: torn, changed, or of another version."""
    end = len(record) - 2
    if not 3 <= end <= LONGEST_REFUSED_RECORD - 2 or record[0] != _VERSION or record[2] != end - 3:
        return None
    if record[1] > NOT_JSON or crc16.checksum(memoryview(record)[:end]) != record[end] | record[end + 1] << 8:
        return None
    return RefusedConfiguration(bytes(record[3:end]), record[1])
