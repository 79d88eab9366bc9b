"""What the firmware says: a line to the console, and the last lines for who asks. A sink that fails never raises
here.
"""

import sys
import time

from micropython import const

_KEPT = const(16)
_LONGEST = const(160)

_lines = []  # (uptime in s, level, text)
_sinks = []  # called with (level, text); for the remote log
lines_lost = 0


def add_sink(sink):
    """Calls `sink(level, text)` for every line from now on."""
    _sinks.append(sink)


def recent():
    """The last lines, oldest first: (uptime in s, level, text)."""
    return _lines


def info(text):
    """Something worth knowing."""
    _write("info", text)


def warning(text):
    """Something is wrong and goes on."""
    _write("warning", text)


def error(text, cause=None):
    """Something failed; the cause's trace goes to the console."""
    _write("error", text if cause is None else "%s: %s" % (text, words(cause)))
    if cause is not None:
        sys.print_exception(cause, sys.stderr)


def words(failure):
    """What an error says to a person: `[Errno 111] ECONNREFUSED` rather than `OSError(111,)`, which stays for those
    that MicroPython has no name for. TLS puts its words between line ends.
    """
    text = str(failure).strip()
    return text if text.lstrip("-0123456789") else repr(failure)


def _write(level, text):
    global lines_lost
    text = text[:_LONGEST]
    _lines.append((time.ticks_ms() // 1000, level, text))
    if len(_lines) > _KEPT:
        _lines.pop(0)
    print("martlet", level, text, file=sys.stderr)
    for sink in _sinks:
        try:
            sink(level, text)
        except (OSError, ValueError, MemoryError):
            # A log that cannot be sent is no reason to fail; how many were lost is told.
            lines_lost += 1
