# Mirrors Sources/Display/Text.swift.
"""Up to 32 bytes of text: a device id, a number, a line of the screen. ASCII, and the degree sign as UTF-8."""

from core.display import font, large_digits
from micropython import const

CAPACITY = const(32)


def number(value, decimals=0):
    """A fixed-point number: 2253 with two decimals is `22.53`."""
    if decimals == 0:
        return b"%d" % value
    sign = b"-" if value < 0 else b""
    digits = b"%d" % abs(value)
    if len(digits) <= decimals:
        digits = b"0" * (decimals + 1 - len(digits)) + digits
    return sign + digits[: len(digits) - decimals] + b"." + digits[len(digits) - decimals :]


def width(text):
    """Width as small text, in pixels, without the gap after the last glyph."""
    glyphs = 0
    for byte in text:
        if byte != 0xC2:
            glyphs += 1
    return glyphs * font.ADVANCE - 1 if glyphs else 0


def large_width(text):
    """Width as large digits, in pixels."""
    total = 0
    for byte in text:
        glyph = large_digits.width(byte)
        if glyph > 0:
            total += glyph + (large_digits.GAP if total > 0 else 0)
    return total
