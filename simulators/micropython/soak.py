"""The shipped firmware in a hurry: waiting costs no time, and computing what this process computes.

micropython soak.py DIRECTORY MINUTES

`time` and `select` are replaced before the firmware sees them: a wait for the next task moves the clock instead, unless
a socket has something. So pauses are this process's own time, whatever else the machine does. Once a minute of that
time a line says how much heap is free after a collection, and `mem_info` what the largest piece is.
"""

import gc
import select as _select
import sys
import time as _time

import micropython

_MINUTE_MILLISECONDS = micropython.const(60_000)
# Tasks that asyncio's C part queues carry the real clock's tick: this one has to be ahead of it.
_AHEAD_MILLISECONDS = micropython.const(60_000)


class HurriedTime:
    """`time`, with a clock of its own."""

    def __init__(self):
        self.ticks_add = _time.ticks_add
        self.ticks_diff = _time.ticks_diff
        self.ticks_us = _time.ticks_us
        self.time = _time.time
        self._start = _time.ticks_add(_time.ticks_ms(), _AHEAD_MILLISECONDS)
        self._waited = 0
        # `from time import ticks_ms` takes no methods.
        self.ticks_ms = self._ticks_ms

    def _ticks_ms(self):
        """What was waited, and what was computed."""
        return _time.ticks_add(self._start, self._waited + int(_time.clock() * 1000))

    def sleep_ms(self, milliseconds):
        """Moves the clock."""
        self._waited += milliseconds

    def sleep_us(self, microseconds):
        """Too short to count."""


class HurriedPoll:
    """A poll that moves the clock instead of waiting, when no socket has anything."""

    def __init__(self, clock):
        self._clock = clock
        self._poll = _select.poll()
        self.register = self._poll.register
        self.unregister = self._poll.unregister
        self.modify = self._poll.modify

    def ipoll(self, milliseconds):
        """What is ready."""
        ready = self._poll.poll(0)
        if not ready:
            self._clock.sleep_ms(max(milliseconds, 0))
        return ready


class HurriedSelect:
    """`select`, with that poll."""

    def __init__(self, clock):
        self._clock = clock
        self.POLLIN = _select.POLLIN
        self.POLLOUT = _select.POLLOUT
        self.POLLERR = _select.POLLERR
        self.POLLHUP = _select.POLLHUP

    def poll(self):
        """A new one."""
        return HurriedPoll(self._clock)


async def watch(minutes):
    """Says how much heap is free, and ends everything."""
    for minute in range(minutes + 1):
        gc.collect()
        print("soak", minute, gc.mem_free())
        micropython.mem_info()
        await asyncio.sleep_ms(_MINUTE_MILLISECONDS if minute else 2_000)
    sys.exit(0)


def free():
    """Free bytes after a collection."""
    gc.collect()
    return gc.mem_free()


before = free()
import _onewire  # noqa: E402, F401 - what each takes is measured
import machine  # noqa: E402, F401
import network  # noqa: E402, F401

print("simulation", before - free())
print("block", 16 if sys.maxsize < 1 << 32 else 32)  # of the heap, bytes
sys.modules["time"] = clock = HurriedTime()
sys.modules["select"] = HurriedSelect(clock)
import asyncio  # noqa: E402

import main  # noqa: E402

asyncio.create_task(watch(int(sys.argv[2])))
main.main(sys.argv[1])
