# Mirrors Sources/Node/Log.swift.
"""The remote log: a few lines that wait for the connection, and a bucket of tokens so that no fault floods the broker.

A line costs a token; ten fit, and one comes back every six seconds. A line without a token, or without room, is
counted, and the next line that goes out says how many there were.
"""

from micropython import const

# LogLevel: how grave a line is; a device sends those up to its configured level.
OFF = const(0)
ERROR = const(1)
WARNING = const(2)
INFO = const(3)
DEBUG = const(4)
LEVEL_NAMES = (b"off", b"error", b"warning", b"info", b"debug")

_BOUND = const(6)  # the most lines that wait
_BURST = const(10)  # the most tokens
_TOKEN_MILLISECONDS = const(6000)  # until a token comes back
_LARGEST = const(0xFFFF_FFFF)


class Log:
    """No lines, and all tokens."""

    def __init__(self):
        self._lines = []
        self._tokens = _BURST
        self._refilled_at = 0  # uptime at which the last token came back, ms
        self._left = 0

    def append(self, level, text, value, uptime_milliseconds):
        """Takes a line; `value` is a number that belongs to it, or None."""
        self._refill(uptime_milliseconds)
        if self._tokens == 0 or len(self._lines) >= _BOUND:
            self._left = min(self._left + 1, _LARGEST)
            return
        self._tokens -= 1
        self._lines.append((level, text, value, uptime_milliseconds))

    def take(self, message):
        """Writes the oldest line; False when there is none."""
        if not self._lines:
            return False
        level, text, value, uptime = self._lines.pop(0)
        message.remove_all()
        message.append(b'{"level":')
        message.append_quoted(LEVEL_NAMES[level])
        message.append(b',"uptime_ms":%d,"message":' % uptime)
        message.append_quoted(text)
        if value is not None:
            message.append(b',"value":%d' % value)
        if self._left > 0:
            message.append(b',"left_out":%d' % self._left)
            self._left = 0
        message.append(b"}")
        return True

    def _refill(self, uptime):
        earned = (uptime - min(self._refilled_at, uptime)) // _TOKEN_MILLISECONDS
        if earned > 0:
            self._tokens = min(self._tokens + earned, _BURST)
            self._refilled_at += earned * _TOKEN_MILLISECONDS
