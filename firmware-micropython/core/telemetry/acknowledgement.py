# Mirrors Sources/Telemetry/Acknowledgement.swift.
"""What the gateway answers: exactly these readings are durable, and what time it is.

{"boot":17,"seqs":[[1201,1230],[1234,1234]],"time":1795474529123}
"""

from core.telemetry.json_cursor import ARRAY_END, ARRAY_START, KEY, NUMBER, OBJECT_START, SYNTAX, JSONCursor, JSONError


def decode(text, on_range):
    """Calls `on_range(boot, first, last)` for each range in turn and gives the gateway's UTC in ms, or None.

    Raises JSONError where the text stops being an acknowledgement; ranges before that have been called, and each of
    them was well-formed.
    """
    cursor = JSONCursor(text)
    boot = None
    time = None
    if cursor.next() != OBJECT_START:
        raise JSONError(SYNTAX, 0)
    while cursor.next() == KEY:
        offset = cursor.position
        key = cursor.slice
        if key.matches(b"boot", text):
            boot = _number(cursor)
        elif key.matches(b"seqs", text):
            if boot is None or cursor.next() != ARRAY_START:
                raise JSONError(SYNTAX, offset)
            while cursor.next() == ARRAY_START:
                first = _number(cursor)
                last = _number(cursor)
                if cursor.next() != ARRAY_END or first > last:
                    raise JSONError(SYNTAX, offset)
                on_range(boot, first, last)
        elif key.matches(b"time", text):
            value = cursor.slice.integer(text) if cursor.next() == NUMBER else None
            if value is None or value <= 0:
                raise JSONError(SYNTAX, offset)
            time = value
        else:
            cursor.skip_value()
    return time


def _number(cursor):
    offset = cursor.position
    value = cursor.slice.integer(cursor.text) if cursor.next() == NUMBER else None
    if value is None or not 0 <= value <= 0xFFFF_FFFF:
        raise JSONError(SYNTAX, offset)
    return value
