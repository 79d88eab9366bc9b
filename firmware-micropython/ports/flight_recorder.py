"""Where the record of this life waits for the next one, and the measures that only the port can take.

The record itself (core/node/flight_record.py) is written once an hour and at an error; the trace of an error that ends
the firmware stands beside it and goes to the console at the next start.
"""

import gc
import io
import sys

import machine
from core.node import flight_record
from micropython import const
from ports import flash, log

_LONGEST_TRACE = const(700)


class FlightRecorder:
    """The recorder of this start; `previous` is the last life's record, or None, and `cause` is why this one began."""

    def __init__(self, folder):
        self._path = folder + "/flight"
        self._trace_path = folder + "/trace"
        self._ended_path = folder + "/ended"
        self.previous = flight_record.decode(flash.read(self._path) or b"")
        self.cause = self._find_cause()
        self.heap_low = None  # free bytes after a collection, the least seen
        self.longest_pause = 0
        self.longest_collection = 0
        trace = flash.read(self._trace_path, 4 * _LONGEST_TRACE)
        if trace is not None:
            log.warning("the last start ended with an error:")
            print(trace.decode(), file=sys.stderr)
            flash.remove(self._trace_path)

    def look(self):
        """To be called about once a second, after a collection."""
        free = gc.mem_free()
        self.heap_low = free if self.heap_low is None else min(self.heap_low, free)

    def store(self, flight):
        """Keeps the record as it is now."""
        self._write(self._path, flight.encode())

    def ends(self, cause, flight):
        """The firmware is about to restart the board on purpose: the next life shall know why."""
        self.store(flight)
        self._write(self._ended_path, bytes((cause,)))

    def failed(self, error, flight):
        """The firmware ends with an error: keeps it, and its trace."""
        trace = io.StringIO()
        sys.print_exception(error, trace)
        # The end of a trace says most.
        text = trace.getvalue()[-_LONGEST_TRACE:]
        self._write(self._trace_path, text.encode())
        flight.error = _in_short(text, error)
        self.ends(flight_record.FAULT, flight)

    def _find_cause(self):
        # The RP2040 restarts itself by its watchdog: what it was told to do is only known from flash.
        told = flash.read(self._ended_path, 1)
        if told is not None:
            flash.remove(self._ended_path)
            if len(told) == 1 and told[0] <= flight_record.FAULT:
                return told[0]
        cause = machine.reset_cause()
        if cause == machine.PWRON_RESET:
            return flight_record.POWER_ON
        return flight_record.WATCHDOG if cause == machine.WDT_RESET else flight_record.UNKNOWN

    def _write(self, path, content):
        try:
            flash.write(path, content)
        except OSError as error:
            log.warning("the flight recorder cannot write: %s" % log.words(error))


def _in_short(trace, error):
    """Where it happened and what: `shell.py:123 OSError(28,)`, cut to what a record holds."""
    place = ""
    for line in trace.split("\n"):
        if line.startswith("  File "):
            parts = line.split('"')
            number = line.rpartition("line ")[2].split(",")[0]
            place = "%s:%s " % (parts[1].rpartition("/")[2], number)
    return (place + repr(error)).encode()[: flight_record.LONGEST_ERROR]
