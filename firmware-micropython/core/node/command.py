# Mirrors Sources/Node/Command.swift.
"""What a device may be asked on `<base>/<id>/cmd` (protocol/topics.md)."""

from core.telemetry.json_cursor import KEY, OBJECT_START, JSONCursor
from micropython import const

# Command.
IDENTIFY = const(0)  # blink and show who you are, for 30 s
READ = const(1)  # measure now and publish it
RESTART = const(2)  # start again
SCREEN = const(3)  # send the picture on the display
CONFIG = const(4)  # fetch the configuration
COMMAND_NAMES = (b"identify", b"read", b"restart", b"screen", b"config")

UNKNOWN_COMMAND = b"unknown-command"
DISABLED = b"disabled"

_BOUND = const(2)  # how many may wait for their answers
_REMEMBERED = const(8)
_LONGEST_ID = const(32)


class PendingCommand:
    """A command that waits for its answer; `command` is None for one there is not."""

    def __init__(self, command_id, command):
        self.id = command_id
        self.command = command
        self.failure = UNKNOWN_COMMAND if command is None else None  # why it is not carried out
        self.is_ready = True  # the answer can go out
        self.part = 0  # of SCREEN: the next part
        self.seq = 0  # of READ: the reading that was made


class CommandQueue:
    """The commands that were taken: at most two wait, and the last eight ids are remembered, so that a command which a
    broker delivers twice is carried out and answered once.
    """

    def __init__(self):
        self.waiting = []
        self._seen = []

    def append(self, pending):
        """Takes a command; False when it came before, or when there is no room: then it may be sent again."""
        mark = _hash(pending.id)
        if mark in self._seen or len(self.waiting) >= _BOUND:
            return False
        self._seen.append(mark)
        if len(self._seen) > _REMEMBERED:
            self._seen.pop(0)
        self.waiting.append(pending)
        return True

    def first_ready(self):
        """The place of the first that can be answered, or None."""
        for index, pending in enumerate(self.waiting):
            if pending.is_ready:
                return index
        return None

    def is_waiting(self):
        """Whether one waits for a reading."""
        return any(not pending.is_ready for pending in self.waiting)


def read(text):
    """The command in a text; None where it is none with an id of 1 to 32 bytes. Raises JSONError."""
    cursor = JSONCursor(text)
    command_id = b""
    command = None
    is_named = False
    if cursor.next() != OBJECT_START:
        return None
    while cursor.next() == KEY:
        key = cursor.slice
        value = cursor.skip_value()
        if text[value.start] != 0x22:
            continue
        look = JSONCursor(text, value.start)
        look.next()
        if key.matches(b"id", text):
            command_id = look.slice.string(text, _LONGEST_ID)
            if not command_id:
                return None
        elif key.matches(b"cmd", text):
            is_named = True
            command = _named(look.slice, text)
    cursor.next()
    if not is_named or not command_id:
        return None
    return PendingCommand(command_id, command)


def _named(name, text):
    for command in range(len(COMMAND_NAMES)):
        if name.matches(COMMAND_NAMES[command], text):
            return command
    return None


def _hash(command_id):
    """FNV-1a, as the Swift core remembers ids: two ids of one hash are one to both."""
    value = 2_166_136_261
    for byte in command_id:
        value = ((value ^ byte) * 16_777_619) & 0xFFFF_FFFF
    return max(value, 1)
