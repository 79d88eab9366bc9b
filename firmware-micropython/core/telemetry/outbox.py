# Mirrors Sources/Telemetry/Outbox.swift, Sources/Telemetry/OutboxSlot.swift.
"""The readings a device holds until the gateway's acknowledgement names them: bounded, in order, allocated once.

Full, it drops the oldest heartbeat first and never a motion or switch event while a heartbeat remains; what it
dropped it tells with every payload until one of them is acknowledged. Several readings may be under way at once; one
that is not acknowledged in time is sent again, and all of them after a reconnect.

Readings are kept as packed records in one buffer. `take_record`, `bring_back` and `leave_to_flash` let a port move them
to flash and back.
"""

import struct

from core.telemetry.dropped_ranges import DroppedRanges
from core.telemetry.outbox_record import (
    BODY_BYTES,
    BOOT,
    EVENT_MASK,
    LEVELS,
    RECORD_BYTES,
    UNIX_SECONDS,
    WAS_SENT,
    decode,
    pack_into,
    seal,
    unpack,
    uptime_of,
)
from core.telemetry.reading import HEARTBEAT
from micropython import const

WINDOW = const(8)
RESEND_AFTER_MILLISECONDS = const(10_000)

# A slot is the record without its checksum, the tick of the last sending, what is true of it, and the edition of the
# drops that the last sending carried (0 none).
_SLOT_BYTES = const(44)
_SENT_AT = const(38)
_STATE = const(42)
_EDITION = const(43)
_UNDER_WAY = const(1)
_FROM_FLASH = const(2)


class Outbox:
    """An outbox of `capacity` readings."""

    def __init__(self, capacity):
        self.capacity = capacity
        self._buffer = bytearray(capacity * _SLOT_BYTES)
        self._order = []  # slot numbers, oldest reading first
        self._free = list(range(capacity - 1, -1, -1))
        self.dropped = DroppedRanges()
        self._edition = 1
        self.from_flash = 0  # how many of the readings held are still in flash too

    @property
    def count(self):
        """How many readings are held."""
        return len(self._order)

    def reading(self, index):
        """The reading at `index`, oldest first."""
        return unpack(self._buffer, self._order[index] * _SLOT_BYTES)

    def oldest_uptime_milliseconds(self, boot):
        """The uptime of the oldest reading of a boot, or None when none is held."""
        for slot in self._order:
            start = slot * _SLOT_BYTES
            if struct.unpack_from("<I", self._buffer, start + BOOT)[0] == boot:
                return uptime_of(self._buffer, start)
        return None

    def record(self, index):
        """The record of the reading at `index`, for flash."""
        return self._record(self._order[index] * _SLOT_BYTES)

    def restore(self, record):
        """Adds the reading of a record from flash, also of an earlier boot; full, one goes to make room.

        False when the bytes are no record: torn, changed, or never written.
        """
        decoded = decode(record)
        if decoded is None:
            return False
        reading, was_sent = decoded
        self.append(reading)
        for slot in self._order:
            start = slot * _SLOT_BYTES
            if struct.unpack_from("<II", self._buffer, start + BOOT) == (reading.boot, reading.seq):
                self._set_sent(start, was_sent)
        return True

    def append(self, reading):
        """Adds a reading at the end; full, one goes to make room."""
        if not self._free:
            victim = self._oldest_heartbeat()
            # A heartbeat does not push out an event: then it is the one that goes.
            if victim is None and reading.event == HEARTBEAT:
                self.drop(reading.boot, reading.seq)
                return
            self._drop_at(victim or 0)
        slot = self._free.pop()
        start = slot * _SLOT_BYTES
        pack_into(reading, False, self._buffer, start)
        self._buffer[start + _STATE] = 0
        self._buffer[start + _EDITION] = 0
        self._order.append(slot)

    def take_next(self, now, unix_seconds):
        """The next reading to send, marked as under way from `now`; None when nothing is due.

        `unix_seconds` gives the wall time of a boot's uptime, or None. A reading without a time gets one now if it
        was never sent; once it was sent its bytes stay as they were.
        """
        buffer = self._buffer
        under_way = 0
        for slot in self._order:
            start = slot * _SLOT_BYTES
            if not buffer[start + _STATE] & _UNDER_WAY:
                continue
            sent_at = struct.unpack_from("<I", buffer, start + _SENT_AT)[0]
            if (now - sent_at) & 0xFFFF_FFFF >= RESEND_AFTER_MILLISECONDS:
                return self._send(start, now, unix_seconds)
            under_way += 1
        if under_way >= WINDOW:
            return None
        for slot in self._order:
            start = slot * _SLOT_BYTES
            if not buffer[start + _STATE] & _UNDER_WAY:
                return self._send(start, now, unix_seconds)
        return None

    def acknowledge(self, boot, first, last):
        """Forgets the readings `first` ... `last` of a boot: the gateway holds them. Gives how many were held."""
        removed = 0
        index = 0
        while index < len(self._order):
            start = self._order[index] * _SLOT_BYTES
            held_boot, seq = struct.unpack_from("<II", self._buffer, start + BOOT)
            if held_boot == boot and first <= seq <= last:
                if self._buffer[start + _EDITION] == self._edition:
                    self.dropped.remove_all()
                self._release(index)
                removed += 1
            else:
                index += 1
        return removed

    def connection_lost(self):
        """Everything under way is to be sent again, in order."""
        for slot in self._order:
            self._buffer[slot * _SLOT_BYTES + _STATE] &= ~_UNDER_WAY & 0xFF

    def drop(self, boot, seq):
        """Notes that a reading is gone, so that the next payloads say so."""
        self.dropped.insert(boot, seq)
        self._edition = 1 if self._edition == 255 else self._edition + 1

    # For flash

    def take_record(self, unix_seconds):
        """Takes the oldest reading that is neither under way nor in flash out, as a record; None when there is none.

        Its time is fixed here where the clock is set: later starts know nothing of this boot's clock.
        """
        for index, slot in enumerate(self._order):
            start = slot * _SLOT_BYTES
            if self._buffer[start + _STATE]:
                continue
            self._fix_time(start, unix_seconds)
            record = self._record(start)
            self._release(index)
            return record
        return None

    def leave_to_flash(self):
        """Forgets the readings that are still in flash; they come back from there."""
        index = 0
        while index < len(self._order):
            if self._buffer[self._order[index] * _SLOT_BYTES + _STATE] & _FROM_FLASH:
                self._release(index)
            else:
                index += 1

    def bring_back(self, record, is_in_flash):
        """Adds a record from flash whose checksum is known to be right; False when there is no room. Nothing is dropped
        for it.

        `is_in_flash`: it stays there until it is acknowledged.
        """
        if not self._free:
            return False
        slot = self._free.pop()
        start = slot * _SLOT_BYTES
        self._buffer[start : start + BODY_BYTES] = record[:BODY_BYTES]
        self._buffer[start + _STATE] = 0
        self._buffer[start + _EDITION] = 0
        if is_in_flash:
            # What was in flash may have been on the wire without its copy there knowing: its time stays as it is.
            self._set_sent(start, True)
            self._buffer[start + _STATE] = _FROM_FLASH
            self.from_flash += 1
        self._order.append(slot)
        return True

    def _send(self, start, now, unix_seconds):
        # The first sending fixes the time: a second copy with another time would be a second row where two gateways
        # received one copy each.
        self._fix_time(start, unix_seconds)
        self._set_sent(start, True)
        struct.pack_into("<I", self._buffer, start + _SENT_AT, now)
        self._buffer[start + _STATE] |= _UNDER_WAY
        self._buffer[start + _EDITION] = self._edition if self.dropped.ranges else 0
        return unpack(self._buffer, start)

    def _set_sent(self, start, was_sent):
        levels = self._buffer[start + LEVELS]
        self._buffer[start + LEVELS] = levels | WAS_SENT if was_sent else levels & ~WAS_SENT & 0xFF

    def _fix_time(self, start, unix_seconds):
        boot = struct.unpack_from("<I", self._buffer, start + BOOT)[0]
        known = struct.unpack_from("<I", self._buffer, start + UNIX_SECONDS)[0]
        if known or self._buffer[start + LEVELS] & WAS_SENT:
            return
        seconds = unix_seconds(boot, uptime_of(self._buffer, start))
        if seconds is not None:
            struct.pack_into("<I", self._buffer, start + UNIX_SECONDS, seconds)

    def _record(self, start):
        record = bytearray(RECORD_BYTES)
        record[:BODY_BYTES] = memoryview(self._buffer)[start : start + BODY_BYTES]
        seal(record)
        return bytes(record)

    def _oldest_heartbeat(self):
        for index, slot in enumerate(self._order):
            if self._buffer[slot * _SLOT_BYTES + LEVELS] & EVENT_MASK == HEARTBEAT:
                return index
        return None

    def _drop_at(self, index):
        boot, seq = struct.unpack_from("<II", self._buffer, self._order[index] * _SLOT_BYTES + BOOT)
        self._release(index)
        self.drop(boot, seq)

    def _release(self, index):
        slot = self._order.pop(index)
        if self._buffer[slot * _SLOT_BYTES + _STATE] & _FROM_FLASH:
            self.from_flash -= 1
        self._free.append(slot)
