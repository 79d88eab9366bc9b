# Mirrors Sources/Telemetry/InlineBytes.swift.
"""At most `capacity` bytes, allocated once: payloads, topics, messages."""

from micropython import const

_ZERO = const(0x30)
_QUOTE = const(0x22)


class InlineBytes:
    """A writer into a buffer of fixed size.

    Writing beyond the capacity keeps what fits, sets `overflowed` and stays so until `remove_all`: a writer checks
    once, at the end.
    """

    def __init__(self, capacity, text=b""):
        self.capacity = capacity
        self.buffer = bytearray(capacity)
        self.count = 0
        self.overflowed = False
        self.append(text)

    def view(self):
        """The bytes held, without a copy; valid until the next change."""
        return memoryview(self.buffer)[: self.count]

    def remove_all(self):
        """Forgets everything, the overflow too."""
        self.count = 0
        self.overflowed = False

    def append_byte(self, byte):
        """Appends one byte."""
        if self.count >= self.capacity:
            self.overflowed = True
            return
        self.buffer[self.count] = byte
        self.count += 1

    def append(self, text):
        """Appends a copy of some bytes."""
        length = len(text)
        room = self.capacity - self.count
        if length > room:
            self.overflowed = True
            length = room
            text = text[:room]
        self.buffer[self.count : self.count + length] = text
        self.count += length

    def append_unsigned(self, value):
        """Appends a number that is not negative in decimal digits."""
        self.append(b"%d" % value)

    def append_signed(self, value):
        """Appends a number in decimal digits, with a minus sign where it is negative."""
        self.append(b"%d" % value)

    def append_hundredths(self, value):
        """Appends hundredths with exactly two decimals: -5 is `-0.05`."""
        self.append(hundredths(value))

    def append_json_string(self, text):
        """Appends text as a JSON string, quoted and escaped."""
        self.append_byte(_QUOTE)
        for byte in text:
            if byte in (0x22, 0x5C):
                self.append_byte(0x5C)
                self.append_byte(byte)
            elif byte < 0x20:
                self.append(b"\\u00%02x" % byte)
            else:
                self.append_byte(byte)
        self.append_byte(_QUOTE)

    def append_quoted(self, text):
        """Appends text that needs no escapes, between quotes."""
        self.append_byte(_QUOTE)
        self.append(text)
        self.append_byte(_QUOTE)

    def append_hundredths_or_null(self, value):
        """Appends hundredths, or `null` for None."""
        if value is None:
            self.append(b"null")
        else:
            self.append_hundredths(value)


def hundredths(value):
    """Hundredths with exactly two decimals: -5 is `-0.05`."""
    if value < 0:
        return b"-%d.%02d" % (-value // 100, -value % 100)
    return b"%d.%02d" % (value // 100, value % 100)


def is_device_id(text):
    """Whether some bytes may be a device's id: 1 ... 32 letters, digits, `_` and `-`."""
    if not 0 < len(text) <= 32:
        return False
    for byte in text:
        letter = byte | 0x20
        if not (0x61 <= letter <= 0x7A or 0x30 <= byte <= 0x39 or byte in (0x5F, 0x2D)):
            return False
    return True
