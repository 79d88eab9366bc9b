# Mirrors Sources/Telemetry/Topic.swift.
"""The topics of a device under the base topic (protocol/topics.md)."""

PAYLOAD = b""
ACKNOWLEDGEMENT = b"/ack"
STATUS = b"/status"
CONFIGURATION = b"/config"
COMMAND = b"/cmd"
COMMAND_RESULT = b"/cmd/result"
LOG = b"/log"


def topic(suffix, base, device):
    """The whole topic, such as `iots6/Attic06/ack`."""
    return base + b"/" + device + suffix
