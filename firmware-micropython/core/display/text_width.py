# Mirrors Sources/Display/Canvas+Text.swift, how wide a text is.
"""How wide a line of the screen is, in pixels: at most 32 bytes, ASCII and the degree sign as UTF-8."""

from core.display import font, large_digits
from micropython import const

CAPACITY = const(32)


def width(text):
    """Width as small text, without the gap after the last glyph."""
    glyphs = 0
    for byte in text:
        if byte != 0xC2:
            glyphs += 1
    return glyphs * font.ADVANCE - 1 if glyphs else 0


def large_width(text):
    """Width as large digits."""
    total = 0
    for byte in text:
        glyph = large_digits.width(byte)
        if glyph > 0:
            total += glyph + (large_digits.GAP if total > 0 else 0)
    return total
