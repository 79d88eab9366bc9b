# Mirrors Sources/Telemetry/JSONCursor.swift.
"""Walks through a JSON text token by token, without building a tree: exactly RFC 8259, nested at most 16 deep.

    cursor = JSONCursor(text)
    while cursor.next() != END:
        ...

After KEY, STRING and NUMBER, `cursor.slice` says where in the text it stands.
"""

from core.telemetry.json_slice import JSONSlice, hex_value
from micropython import const

MAXIMUM_DEPTH = const(16)

# Tokens.
OBJECT_START = const(0)
OBJECT_END = const(1)
ARRAY_START = const(2)
ARRAY_END = const(3)
KEY = const(4)
STRING = const(5)
NUMBER = const(6)
TRUE = const(7)
FALSE = const(8)
NULL = const(9)
END = const(10)

# What comes next.
_VALUE = const(0)
_FIRST_VALUE = const(1)
_KEY = const(2)
_FIRST_KEY = const(3)
_COMMA = const(4)
_NOTHING = const(5)

# JSONError codes.
SYNTAX = const(0)
UNEXPECTED_END = const(1)
INVALID_UTF8 = const(2)
TOO_DEEP = const(3)
TRAILING = const(4)
ERROR_NAMES = ("syntax", "unexpectedEnd", "invalidUTF8", "tooDeep", "trailing")


class JSONError(Exception):
    """What is wrong with a JSON text (`code`), and at which byte (`offset`)."""

    def __init__(self, code, offset):
        super().__init__("%s at byte %d" % (ERROR_NAMES[code], offset))
        self.code = code
        self.offset = offset


class JSONCursor:
    """A cursor at `position` of `text`, some bytes, before its one top-level value."""

    def __init__(self, text, position=0):
        self.text = text
        self.position = position
        self.slice = None
        self._length = len(text)
        self._expectation = _VALUE
        self._depth = 0
        self._containers = 0  # one bit a level: 1 an object, 0 an array

    def next(self):
        """The next token, or END after the value and the white space behind it."""
        self._skip_white_space()
        expectation = self._expectation
        if expectation == _VALUE:
            return self._value()
        if expectation == _COMMA:
            is_in_object = self._is_in_object()
            byte = self._current()
            if byte == (0x7D if is_in_object else 0x5D):
                return self._close()
            if byte != 0x2C:
                raise JSONError(SYNTAX, self.position)
            self.position += 1
            self._skip_white_space()
            return self._key() if is_in_object else self._value()
        if expectation == _FIRST_KEY:
            return self._close() if self._current() == 0x7D else self._key()
        if expectation == _FIRST_VALUE:
            return self._close() if self._current() == 0x5D else self._value()
        if expectation == _KEY:
            return self._key()
        if self.position != self._length:
            raise JSONError(TRAILING, self.position)
        return END

    def skip_value(self):
        """Passes over the value that comes next, whatever it is, and gives where it starts and ends."""
        self._skip_white_space()
        start = self.position
        outside = self._depth
        while True:
            self.next()
            if self._depth <= outside:
                return JSONSlice(start, self.position, False)

    def is_at_object(self):
        """Whether the value that comes next is an object, should the text go on well."""
        self._skip_white_space()
        return self.position < self._length and self.text[self.position] == 0x7B

    def _is_in_object(self):
        return self._depth > 0 and (self._containers >> (self._depth - 1)) & 1 == 1

    def _current(self):
        if self.position >= self._length:
            raise JSONError(UNEXPECTED_END, self.position)
        return self.text[self.position]

    def _skip_white_space(self):
        text = self.text
        position = self.position
        length = self._length
        while position < length and text[position] in (0x20, 0x09, 0x0A, 0x0D):
            position += 1
        self.position = position

    def _open(self, is_object):
        if self._depth >= MAXIMUM_DEPTH:
            raise JSONError(TOO_DEEP, self.position)
        bit = 1 << self._depth
        self._containers = self._containers | bit if is_object else self._containers & ~bit
        self._depth += 1
        self.position += 1
        self._expectation = _FIRST_KEY if is_object else _FIRST_VALUE
        return OBJECT_START if is_object else ARRAY_START

    def _close(self):
        was_object = self._is_in_object()
        self._depth -= 1
        self.position += 1
        self._expectation = _NOTHING if self._depth == 0 else _COMMA
        return OBJECT_END if was_object else ARRAY_END

    def _key(self):
        if self._current() != 0x22:
            raise JSONError(SYNTAX, self.position)
        found = self._string()
        self._skip_white_space()
        if self._current() != 0x3A:
            raise JSONError(SYNTAX, self.position)
        self.position += 1
        self._expectation = _VALUE
        self.slice = found
        return KEY

    def _value(self):
        byte = self._current()
        if byte == 0x7B:
            return self._open(True)
        if byte == 0x5B:
            return self._open(False)
        if byte == 0x22:
            self.slice = self._string()
            token = STRING
        elif byte == 0x74:
            token = self._word(b"true", TRUE)
        elif byte == 0x66:
            token = self._word(b"false", FALSE)
        elif byte == 0x6E:
            token = self._word(b"null", NULL)
        elif byte == 0x2D or 0x30 <= byte <= 0x39:
            self.slice = self._number()
            token = NUMBER
        else:
            raise JSONError(SYNTAX, self.position)
        self._expectation = _NOTHING if self._depth == 0 else _COMMA
        return token

    def _word(self, word, token):
        for byte in word:
            if self._current() != byte:
                raise JSONError(SYNTAX, self.position)
            self.position += 1
        return token

    def _number(self):
        start = self.position
        if self.text[start] == 0x2D:
            self.position += 1
        if self._current() == 0x30:
            self.position += 1
        else:
            self._digits()
        if self.position < self._length and self.text[self.position] == 0x2E:
            self.position += 1
            self._digits()
        if self.position < self._length and self.text[self.position] | 0x20 == 0x65:
            self.position += 1
            if self._current() in (0x2B, 0x2D):
                self.position += 1
            self._digits()
        return JSONSlice(start, self.position, False)

    def _digits(self):
        start = self.position
        while self.position < self._length and 0x30 <= self.text[self.position] <= 0x39:
            self.position += 1
        if self.position == start:
            raise JSONError(SYNTAX if self.position < self._length else UNEXPECTED_END, self.position)

    def _string(self):
        self.position += 1
        start = self.position
        has_escapes = False
        while True:
            byte = self._current()
            if byte == 0x22:
                self.position += 1
                return JSONSlice(start, self.position - 1, has_escapes)
            if byte == 0x5C:
                has_escapes = True
                self._escape()
            elif byte < 0x20:
                raise JSONError(SYNTAX, self.position)
            elif byte >= 0x80:
                self.position += self._multibyte()
            else:
                self.position += 1

    def _escape(self):
        self.position += 1
        byte = self._current()
        if byte in b'"\\/bfnrt':
            self.position += 1
        elif byte == 0x75:
            self.position += 1
            for _ in range(4):
                if hex_value(self._current()) is None:
                    raise JSONError(SYNTAX, self.position)
                self.position += 1
        else:
            raise JSONError(SYNTAX, self.position)

    def _multibyte(self):
        """The length of the UTF-8 sequence at the cursor (RFC 3629 section 4: no overlong forms, no surrogates)."""
        first = self.text[self.position]
        lowest, highest = 0x80, 0xBF
        if 0xC2 <= first <= 0xDF:
            length = 2
        elif 0xE0 <= first <= 0xEF:
            length = 3
            if first == 0xE0:
                lowest = 0xA0
            elif first == 0xED:
                highest = 0x9F
        elif 0xF0 <= first <= 0xF4:
            length = 4
            if first == 0xF0:
                lowest = 0x90
            elif first == 0xF4:
                highest = 0x8F
        else:
            raise JSONError(INVALID_UTF8, self.position)
        if self.position + length > self._length:
            raise JSONError(UNEXPECTED_END, self.position)
        if not lowest <= self.text[self.position + 1] <= highest:
            raise JSONError(INVALID_UTF8, self.position)
        for index in range(2, length):
            if self.text[self.position + index] & 0xC0 != 0x80:
                raise JSONError(INVALID_UTF8, self.position)
        return length
