"""What the board went through, kept over a restart and told once when it is online again.

Reset cause, the last error with its trace, the heap's low-water mark, the longest pause of the sampling loop, the
history of the links. Written when something failed and once an hour.
"""

import gc
import io
import json
import sys
import time

from micropython import const
from ports import flash, log

_LONGEST_TRACE = const(700)
_LINKS_KEPT = const(12)
_SAVE_MILLISECONDS = const(3_600_000)


class FlightRecorder:
    """The recorder of this start; `previous` is the last start's record as JSON bytes, or None."""

    def __init__(self, path, boot, version, reset_cause):
        self._path = path
        self.previous = flash.read(path, 2_048)
        self._saved_at = time.ticks_ms()
        self._started = time.ticks_ms()
        self.uptime_seconds = 0
        self.heap_low = None  # free bytes after a collection, the least seen
        self.longest_pause = 0
        self.longest_collection = 0
        self._links = []
        self._error = None
        self._boot = boot
        self._version = version
        self._reset_cause = reset_cause

    def link(self, name, is_up):
        """A link came or went."""
        self._links.append([self.uptime_seconds, name, 1 if is_up else 0])
        if len(self._links) > _LINKS_KEPT:
            self._links.pop(0)

    def look(self, uptime_milliseconds):
        """To be called about once a second, after a collection."""
        self.uptime_seconds = uptime_milliseconds // 1000
        free = gc.mem_free()
        self.heap_low = free if self.heap_low is None else min(self.heap_low, free)
        if time.ticks_diff(time.ticks_ms(), self._saved_at) >= _SAVE_MILLISECONDS:
            self.save()

    def failed(self, error):
        """Keeps an error with its trace, at once."""
        trace = io.StringIO()
        sys.print_exception(error, trace)
        # The end of a trace says most.
        self._error = trace.getvalue()[-_LONGEST_TRACE:]
        self.save()

    def record(self):
        """The record as JSON bytes."""
        return json.dumps(
            {
                "boot": self._boot,
                "version": self._version,
                "reset": self._reset_cause,
                "uptime_s": self.uptime_seconds,
                "heap_low": self.heap_low,
                "pause_ms": self.longest_pause,
                "gc_ms": self.longest_collection,
                "links": self._links,
                "error": self._error,
            }
        ).encode()

    def save(self):
        """Writes the record to flash."""
        self._saved_at = time.ticks_ms()
        try:
            flash.write(self._path, self.record())
        except OSError as error:
            log.warning("the flight recorder cannot write: %r" % error)

    def was_told(self):
        """The last start's record has arrived."""
        self.previous = None
