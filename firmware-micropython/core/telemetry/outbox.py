# Mirrors Sources/Telemetry/Outbox.swift.
"""The readings a device holds until the gateway's acknowledgement names them: bounded, in order, allocated once.

Full, it drops the oldest heartbeat first and never a motion or switch event while a heartbeat remains; what it
dropped it tells with every payload until one of them is acknowledged. Several readings may be under way at once; one
that is not acknowledged in time is sent again, and all of them after a reconnect.

Readings are kept as packed records in one buffer. `take_record` and `restore_record` let a port move them to flash
and back.
"""

import struct

from core.telemetry.dropped_ranges import DroppedRanges
from core.telemetry.measurement import Measurement
from core.telemetry.reading import HEARTBEAT, Reading
from micropython import const

WINDOW = const(8)
RESEND_AFTER_MILLISECONDS = const(10_000)

# boot, seq, uptime (64 bit), unix, temperature, humidity, pressure, suppressed, event, motion, switch, quality, sensor,
# RSSI, which of the values are known
_FORMAT = "<IIQIiiiHBBBBBbB"
RECORD_BYTES = const(41)
_HAS_UNIX = const(0x01)
_HAS_TEMPERATURE = const(0x02)
_HAS_HUMIDITY = const(0x04)
_HAS_PRESSURE = const(0x08)
_HAS_RSSI = const(0x10)
_FROM_FLASH = const(0x40)
_WAS_SENT = const(0x80)

# A slot is the record, the tick of the last sending, whether it is under way, and the edition it carried.
_SLOT_BYTES = const(47)
_SENT_AT = const(41)
_UNDER_WAY = const(45)
_EDITION = const(46)
_FLAGS = const(40)
_EVENT = const(34)


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

    def oldest_uptime_milliseconds(self):
        """The uptime of the oldest reading, or None without one.

        Those from flash do not count: they may be another boot's.
        """
        for slot in self._order:
            start = slot * _SLOT_BYTES
            if not self._buffer[start + _FLAGS] & _FROM_FLASH:
                return struct.unpack_from("<Q", self._buffer, start + 8)[0]
        return None

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
        pack_into(reading, self._buffer, start)
        self._buffer[start + _UNDER_WAY] = 0
        self._buffer[start + _EDITION] = 0
        self._order.append(slot)

    def take_next(self, now, unix_seconds):
        """The next reading to send, marked as under way from `now`; None when nothing is due.

        `unix_seconds` gives the wall time of an uptime, or None. A reading without a time gets one now if it was
        never sent; once it was sent its bytes stay as they were.
        """
        buffer = self._buffer
        under_way = 0
        for slot in self._order:
            start = slot * _SLOT_BYTES
            if not buffer[start + _UNDER_WAY]:
                continue
            sent_at = struct.unpack_from("<I", buffer, start + _SENT_AT)[0]
            if (now - sent_at) & 0xFFFF_FFFF >= RESEND_AFTER_MILLISECONDS:
                return self._send(start, now, unix_seconds)
            under_way += 1
        if under_way >= WINDOW:
            return None
        for slot in self._order:
            start = slot * _SLOT_BYTES
            if not buffer[start + _UNDER_WAY]:
                return self._send(start, now, unix_seconds)
        return None

    def acknowledge(self, boot, first, last):
        """Forgets the readings `first` ... `last` of a boot: the gateway holds them. Gives how many were held."""
        removed = 0
        index = 0
        while index < len(self._order):
            start = self._order[index] * _SLOT_BYTES
            held_boot, seq = struct.unpack_from("<II", self._buffer, start)
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
            self._buffer[slot * _SLOT_BYTES + _UNDER_WAY] = 0

    def drop(self, boot, seq):
        """Notes that a reading is gone, so that the next payloads say so."""
        self.dropped.insert(boot, seq)
        self._edition = 1 if self._edition == 255 else self._edition + 1

    def take_record(self, unix_seconds):
        """Takes the oldest reading that is not under way out, as a record for flash; None when there is none.

        Its time is fixed here where the clock is set: later starts know nothing of this boot's clock.
        """
        for index, slot in enumerate(self._order):
            start = slot * _SLOT_BYTES
            if self._buffer[start + _UNDER_WAY] or self._buffer[start + _FLAGS] & _FROM_FLASH:
                continue
            self._fix_time(start, unix_seconds)
            record = bytes(memoryview(self._buffer)[start : start + RECORD_BYTES])
            self._release(index)
            return record
        return None

    def leave_to_flash(self):
        """Forgets the readings that are still in flash; they come back from there."""
        index = 0
        while index < len(self._order):
            if self._buffer[self._order[index] * _SLOT_BYTES + _FLAGS] & _FROM_FLASH:
                self._release(index)
            else:
                index += 1

    def restore_record(self, record, is_in_flash=False):
        """Adds a record from flash; False when there is no room. Nothing is dropped for it.

        `is_in_flash`: it stays there until it is acknowledged.
        """
        if not self._free:
            return False
        slot = self._free.pop()
        start = slot * _SLOT_BYTES
        self._buffer[start : start + RECORD_BYTES] = record
        # A time of this boot's clock would be wrong for a reading of another one.
        if is_in_flash:
            self._buffer[start + _FLAGS] |= _WAS_SENT | _FROM_FLASH
            self.from_flash += 1
        self._buffer[start + _UNDER_WAY] = 0
        self._buffer[start + _EDITION] = 0
        self._order.append(slot)
        return True

    def _send(self, start, now, unix_seconds):
        # The first sending fixes the time: a second copy with another time would be a second row where two gateways
        # received one copy each.
        self._fix_time(start, unix_seconds)
        self._buffer[start + _FLAGS] |= _WAS_SENT
        struct.pack_into("<I", self._buffer, start + _SENT_AT, now)
        self._buffer[start + _UNDER_WAY] = 1
        self._buffer[start + _EDITION] = self._edition if self.dropped.ranges else 0
        return unpack(self._buffer, start)

    def _fix_time(self, start, unix_seconds):
        if self._buffer[start + _FLAGS] & (_HAS_UNIX | _WAS_SENT):
            return
        seconds = unix_seconds(struct.unpack_from("<Q", self._buffer, start + 8)[0])
        if seconds is not None:
            struct.pack_into("<I", self._buffer, start + 16, seconds)
            self._buffer[start + _FLAGS] |= _HAS_UNIX

    def _oldest_heartbeat(self):
        for index, slot in enumerate(self._order):
            if self._buffer[slot * _SLOT_BYTES + _EVENT] == HEARTBEAT:
                return index
        return None

    def _drop_at(self, index):
        boot, seq = struct.unpack_from("<II", self._buffer, self._order[index] * _SLOT_BYTES)
        self._release(index)
        self.drop(boot, seq)

    def _release(self, index):
        slot = self._order.pop(index)
        if self._buffer[slot * _SLOT_BYTES + _FLAGS] & _FROM_FLASH:
            self.from_flash -= 1
        self._free.append(slot)


def pack_into(reading, buffer, start):
    """Writes a reading's record, RECORD_BYTES long."""
    measurement = reading.measurement
    flags = 0
    unix = reading.unix_seconds
    if unix is None:
        unix = 0
    else:
        flags |= _HAS_UNIX
    temperature = measurement.temperature_centi_celsius
    if temperature is None:
        temperature = 0
    else:
        flags |= _HAS_TEMPERATURE
    humidity = measurement.humidity_centi_percent
    if humidity is None:
        humidity = 0
    else:
        flags |= _HAS_HUMIDITY
    pressure = measurement.pressure_pascals
    if pressure is None:
        pressure = 0
    else:
        flags |= _HAS_PRESSURE
    rssi = reading.wifi_rssi
    if rssi is None:
        rssi = 0
    else:
        flags |= _HAS_RSSI
    struct.pack_into(
        _FORMAT,
        buffer,
        start,
        reading.boot,
        reading.seq,
        reading.uptime_milliseconds,
        unix,
        temperature,
        humidity,
        pressure,
        reading.suppressed,
        reading.event,
        reading.motion,
        reading.switch_level,
        measurement.quality,
        measurement.sensor,
        rssi,
        flags,
    )


def unpack(buffer, start=0):
    """The reading in a record."""
    (
        boot,
        seq,
        uptime,
        unix,
        temperature,
        humidity,
        pressure,
        suppressed,
        event,
        motion,
        switch,
        quality,
        sensor,
        rssi,
        flags,
    ) = struct.unpack_from(_FORMAT, buffer, start)
    measurement = Measurement(
        temperature if flags & _HAS_TEMPERATURE else None,
        humidity if flags & _HAS_HUMIDITY else None,
        pressure if flags & _HAS_PRESSURE else None,
        quality,
        sensor,
    )
    return Reading(
        boot,
        seq,
        event,
        measurement,
        motion,
        switch,
        rssi if flags & _HAS_RSSI else None,
        uptime,
        unix if flags & _HAS_UNIX else None,
        suppressed,
    )
