"""What the tests on MicroPython share: text art, the repository's files, a board of constants."""

import binascii
import sys

from core.hal.i2c_bus import ADDRESS_NOT_ACKNOWLEDGED, I2CError

ROOT = sys.argv[1]


def read(path):
    """A file of the repository, as text."""
    with open(ROOT + "/" + path) as file:
        return file.read()


def art(canvas):
    """What a person sees of a canvas, a line a row."""
    rows = []
    for y in range(64):
        rows.append("".join("#" if canvas.is_lit(x, y) else "." for x in range(128)))
    return "\n".join(rows) + "\n"


def unhex(digits):
    """The bytes of hexadecimal digits."""
    return binascii.unhexlify(digits.replace(" ", ""))


def equal(actual, expected, what=""):
    """Fails with both values when they differ."""
    if actual != expected:
        raise AssertionError("%s\n  actual   %r\n  expected %r" % (what, actual, expected))


def raises(kind, action):
    """Runs `action`, which must raise `kind`; gives the error."""
    try:
        action()
    except kind as error:
        return error
    raise AssertionError("%s was not raised" % kind.__name__)


class ScriptedBus:
    """A bus that answers from a table of registers a chip, records its trace, and fails on demand."""

    def __init__(self, chips):
        self.chips = chips  # address -> {register: byte}
        self.trace = []
        self.faults = []  # I2CError codes for the next transactions; None lets one pass

    def transaction(self, address, write, read):
        """Runs one transaction."""
        line = "%02X" % address
        if write is not None:
            line += " W" + "".join(" %02X" % byte for byte in write)
        if read is not None:
            line += " R%d" % len(read)
        self.trace.append(line)
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise I2CError(fault)
        if address not in self.chips:
            raise I2CError(ADDRESS_NOT_ACKNOWLEDGED)
        registers = self.chips[address]
        if read is not None and write is not None:
            for index in range(len(read)):
                read[index] = registers.get(write[0] + index, 0)
        elif write is not None and len(write) == 2:
            registers[write[0]] = write[1]

    def recover(self):
        """Notes that it was asked."""
        self.trace.append("recover")
