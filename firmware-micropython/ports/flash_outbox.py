"""Readings that wait in flash while there is no way to the gateway: bounded, power-cut safe, sparing with the flash.

Files of at most 32 records (protocol/outbox.md) are only appended to and removed whole. A record has a checksum, so a
torn tail is passed over. Records are written once a minute, in batches of up to 8: a power cut while offline costs the
readings of the last minute. A file is removed when the gateway has acknowledged all of it; a power cut before that
sends readings again, which the gateway knows.
"""

import os
import time

from core.telemetry import outbox_record
from core.telemetry.outbox_record import RECORD_BYTES
from micropython import const
from ports import flash, log

_RECORDS_PER_FILE = const(32)
_BATCH = const(8)  # more at once would stop the sampling for too long: a checksum takes a Pico W a millisecond
_EVERY_MILLISECONDS = const(60_000)
_RETRY_MILLISECONDS = const(60_000)


class FlashOutbox:
    """The files in `folder`, at most `most_files` of them."""

    def __init__(self, folder, outbox, most_files=64):
        self._folder = folder
        self._outbox = outbox
        self._most_files = most_files
        self._written = 0  # records in the newest file
        self._loaded = None  # the number of the file whose records are in the outbox, or on their way into it
        self._loading = None  # those of its records that have not been looked at
        self._spilled_at = None
        self._is_spilling = False
        self._failed_at = None
        self.is_usable = True
        self._numbers = []
        try:
            flash.make_directory(folder)
            self._numbers = sorted(
                int(name[:-2]) for name in os.listdir(folder) if name.endswith(".q") and name[:-2].isdigit()
            )
        except OSError as error:
            self.is_usable = False
            log.error("readings cannot be kept in flash", error)
        # What an earlier start wrote is not appended to: its tail may be torn.
        self._written = _RECORDS_PER_FILE

    @property
    def is_empty(self):
        """Whether nothing waits in flash."""
        return not self._numbers

    def work(self, is_online, unix_seconds):
        """To be called often; writes, reads back and removes when it is time."""
        if not self.is_usable:
            return
        if is_online:
            self._bring_back()
        else:
            if self._loaded is not None:
                self._outbox.leave_to_flash()
                self._loaded = self._loading = None
            self._spill_when_due(unix_seconds)

    def spill_all(self, unix_seconds):
        """Writes everything that can be written, before a restart that is meant."""
        self._outbox.connection_lost()
        self._failed_at = None
        while self.is_usable and self._outbox.count > self._outbox.from_flash:
            if not self._spill(unix_seconds):
                return

    def _spill_when_due(self, unix_seconds):
        now = time.ticks_ms()
        waiting = self._outbox.count
        if waiting == 0:
            self._is_spilling = False
            return
        if self._spilled_at is None:
            self._spilled_at = now
        is_crowded = waiting >= self._outbox.capacity * 3 // 4
        if is_crowded or time.ticks_diff(now, self._spilled_at) >= _EVERY_MILLISECONDS:
            self._spilled_at = now
            self._is_spilling = True
        # A batch a turn: a write to flash stops everything for some milliseconds.
        if self._is_spilling:
            self._is_spilling = self._spill(unix_seconds)

    def _spill(self, unix_seconds):
        """Writes a batch; False when there was nothing to write, or it failed."""
        now = time.ticks_ms()
        if self._failed_at is not None and time.ticks_diff(now, self._failed_at) < _RETRY_MILLISECONDS:
            return False
        if self._written >= _RECORDS_PER_FILE:
            self._begin_file()
        records = []
        while len(records) < min(_BATCH, _RECORDS_PER_FILE - self._written):
            record = self._outbox.take_record(unix_seconds)
            if record is None:
                break
            records.append(record)
        if not records:
            return False
        try:
            with open(self._path(self._numbers[-1]), "ab") as file:
                file.write(b"".join(records))
            self._written += len(records)
            self._failed_at = None
            return True
        except OSError as error:
            log.error("readings cannot be written to flash", error)
            self._failed_at = now
            self._written = _RECORDS_PER_FILE
            for record in records:
                self._outbox.bring_back(record, False)
            return False

    def _begin_file(self):
        while len(self._numbers) >= self._most_files:
            self._drop_oldest()
        self._numbers.append(self._numbers[-1] + 1 if self._numbers else 1)
        self._written = 0

    def _drop_oldest(self):
        number = self._numbers.pop(0)
        for record in self._records(number):
            reading, _ = outbox_record.decode(record)
            self._outbox.drop(reading.boot, reading.seq)
        log.warning("the flash is full of readings: the oldest are dropped")
        flash.remove(self._path(number))

    def _bring_back(self):
        if self._loading is not None:
            self._load_batch()
            return
        if self._loaded is not None:
            if self._outbox.from_flash > 0:
                return
            flash.remove(self._path(self._loaded))
            if self._loaded in self._numbers:
                self._numbers.remove(self._loaded)
            self._loaded = None
        # Live readings first: what is kept comes back only into free room.
        if not self._numbers or self._outbox.capacity - self._outbox.count < _RECORDS_PER_FILE * 3 // 2:
            return
        number = self._numbers[0]
        if number == self._numbers[-1]:
            self._written = _RECORDS_PER_FILE
        self._loaded = number
        self._loading = self._records(number)

    def _load_batch(self):
        for _ in range(_BATCH):
            # No room: then a reading of now came between; the rest of the file waits.
            if self._outbox.count == self._outbox.capacity:
                return
            record = next(self._loading, None)
            if record is None:
                self._loading = None
                return
            self._outbox.bring_back(record, True)

    def _records(self, number):
        try:
            with open(self._path(number), "rb") as file:
                content = file.read(_RECORDS_PER_FILE * RECORD_BYTES)
        except OSError as error:
            log.error("kept readings cannot be read", error)
            return
        for start in range(0, len(content) - RECORD_BYTES + 1, RECORD_BYTES):
            record = content[start : start + RECORD_BYTES]
            if outbox_record.decode(record) is not None:
                yield record

    def _path(self, number):
        return "%s/%08d.q" % (self._folder, number)
