"""The shipped firmware in a hurry: waiting costs little time, and computing what this process computes.

clock = install(pace)       # before the firmware is imported

`time` and `select` are replaced before the firmware sees them: a wait for the next task moves the clock, unless a
socket has something; so much faster than the real one at the most that servers can keep up. So a pause is what this
process computes, whatever else the machine does, and what the buses of a board take for what is sent over them.
"""

import select as _select
import sys
import time as _time

import board as boards
from micropython import const

# Tasks that asyncio's C part queues carry the real clock's tick: this one has to be ahead of it.
_AHEAD_MILLISECONDS = const(60_000)
_SHORTEST_WAIT_MILLISECONDS = const(10)
# I2C at 400 kHz: nine clocks of 2.5 us a byte; start, second start and stop a clock each.
_CLOCKS_A_BYTE = const(9)
_CLOCKS_AROUND = const(3)
# 1-Wire, standard speed (Maxim DS18B20): a reset with its presence pulse, and a slot with its pause.
_RESET_MICROSECONDS = const(960)
_SLOT_MICROSECONDS = const(65)


class HurriedTime:
    """`time`, with a clock of its own."""

    def __init__(self, pace):
        self._pace = pace
        self.ticks_add = _time.ticks_add
        self.ticks_diff = _time.ticks_diff
        self.ticks_us = _time.ticks_us
        self.time = _time.time
        self._began = _time.ticks_ms()
        self._start = _time.ticks_add(self._began, _AHEAD_MILLISECONDS)
        self._waited = 0
        self._rest = 0  # microseconds that are no millisecond yet
        # `from time import ticks_ms` takes no methods.
        self.ticks_ms = self._ticks_ms

    def _ticks_ms(self):
        """What was waited, and what was computed."""
        return _time.ticks_add(self._start, self._waited + int(_time.clock() * 1000))

    def sleep_ms(self, milliseconds):
        """Moves the clock."""
        self._waited += milliseconds

    def lead(self, milliseconds):
        """How long to wait in real time before the clock may move by so much, ms."""
        now = _time.ticks_ms()
        wanted = _time.ticks_add(self._began, (self._waited + milliseconds) // self._pace)
        wait = _time.ticks_diff(wanted, now)
        if wait < 0:
            # Time in which this process did not run gives it no lead over the servers, which did not run either.
            self._began = _time.ticks_add(self._began, -wait)
            return 0
        # Few long waits rather than many short ones: a busy machine is late each time.
        return wait if wait >= _SHORTEST_WAIT_MILLISECONDS else 0

    def sleep_us(self, microseconds):
        """Moves the clock."""
        self._rest += microseconds
        self._waited += self._rest // 1000
        self._rest %= 1000


class TimedBoard:
    """The board of constants, with buses that take their time."""

    def __init__(self, plain, clock):
        self._plain = plain
        self._clock = clock

    def call(self, operation, unit=0, argument=0, body=b""):
        """What the board answers, when it has."""
        answer = self._plain.call(operation, unit, argument, body)
        microseconds = 0
        if operation == boards.I2C_TRANSFER:
            count = 1
            if answer[0] == boards.OK:
                count += len(body) + (argument >> 16) + (1 if body and argument >> 16 else 0)
            microseconds = (count * _CLOCKS_A_BYTE + _CLOCKS_AROUND) * 5 // 2
        elif operation == boards.ONE_WIRE_RESET:
            microseconds = _RESET_MICROSECONDS
        elif operation in (boards.ONE_WIRE_WRITE, boards.ONE_WIRE_READ):
            microseconds = 8 * _SLOT_MICROSECONDS
        elif operation in (boards.ONE_WIRE_WRITE_BIT, boards.ONE_WIRE_READ_BIT):
            microseconds = _SLOT_MICROSECONDS
        self._clock.sleep_us(microseconds)
        return answer


class HurriedPoll:
    """A poll that moves the clock when no socket has anything."""

    def __init__(self, clock):
        self._clock = clock
        self._poll = _select.poll()
        self.register = self._poll.register
        self.unregister = self._poll.unregister
        self.modify = self._poll.modify

    def ipoll(self, milliseconds):
        """What is ready."""
        ready = self._poll.poll(self._clock.lead(milliseconds) if milliseconds > 0 else 0)
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


def install(pace):
    """Puts all that in its place; gives the clock, which runs at most `pace` times as fast as the real one."""
    clock = HurriedTime(pace)
    boards.board = TimedBoard(boards.board, clock)
    sys.modules["time"] = clock
    sys.modules["select"] = HurriedSelect(clock)
    return clock
