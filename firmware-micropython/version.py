"""The firmware's version, as payloads and status carry it; at most 24 bytes."""

VERSION = b"1.0.0"
