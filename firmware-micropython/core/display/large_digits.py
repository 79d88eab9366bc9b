# Mirrors Sources/Display/LargeDigits.swift.
"""Digits to be read from across a room: 12 x 20 pixels, with a minus sign and a decimal point.

The Swift file has the digits row by row, as a person sees them; here the same pixels stand column by column, twelve a
digit from left to right, bit 0 topmost, because a column goes into the canvas in three steps.
"""

from micropython import const

HEIGHT = const(20)
GAP = const(2)  # between two glyphs

_COLUMNS = (
    0x1FFF8,
    0x7FFFE,
    0x7FFFE,
    0xE0007,
    0xC0003,
    0xC0003,
    0xC0003,
    0xC0003,
    0xE0007,
    0x7FFFE,
    0x7FFFE,
    0x1FFF8,  # 0
    0x00000,
    0xC000C,
    0xC000C,
    0xC000E,
    0xC0006,
    0xFFFFF,
    0xFFFFF,
    0xFFFFF,
    0xC0000,
    0xC0000,
    0xC0000,
    0x00000,  # 1
    0xF0018,
    0xF801E,
    0xFC01E,
    0xCE007,
    0xC7003,
    0xC3803,
    0xC1C03,
    0xC0E03,
    0xC0707,
    0xC03FE,
    0xC01FE,
    0xC00F8,  # 2
    0x1C003,
    0x7C003,
    0x7C003,
    0xE0003,
    0xC00C3,
    0xC00E3,
    0xC00F3,
    0xC00FB,
    0xE01DF,
    0x7FFCF,
    0x7FF87,
    0x1FF03,  # 3
    0x07000,
    0x07800,
    0x06E00,
    0x06780,
    0x061E0,
    0x06078,
    0x0601E,
    0x06007,
    0xFFFFF,
    0xFFFFF,
    0xFFFFF,
    0x06000,  # 4
    0x181FF,
    0x781FF,
    0x781FF,
    0xE0183,
    0xC0183,
    0xC0183,
    0xC0183,
    0xC0183,
    0xE0383,
    0x7FF03,
    0x7FE03,
    0x1FC03,  # 5
    0x1FFF0,
    0x7FFFC,
    0x7FFFE,
    0xE030E,
    0xC0187,
    0xC0183,
    0xC0183,
    0xC0183,
    0xE0387,
    0x7FF06,
    0x7FF04,
    0x1FC00,  # 6
    0x00007,
    0x00007,
    0x00007,
    0xF8003,
    0xFF003,
    0xFFC03,
    0x07F03,
    0x00FC3,
    0x003F3,
    0x000FF,
    0x0003F,
    0x0000F,  # 7
    0x1F878,
    0x7FCFE,
    0x7FFFE,
    0xE0787,
    0xC0303,
    0xC0303,
    0xC0303,
    0xC0303,
    0xE0787,
    0x7FFFE,
    0x7FCFE,
    0x1F878,  # 8
    0x003F8,
    0x20FFE,
    0x60FFE,
    0xE1C07,
    0xC1803,
    0xC1803,
    0xC1803,
    0xE1803,
    0x70C07,
    0x7FFFE,
    0x3FFFE,
    0x0FFF8,  # 9
)
_MINUS_COLUMN = const(0x00E00)  # rows 9, 10, 11
_POINT_COLUMN = const(0xE0000)  # rows 17, 18, 19


def width(byte):
    """Width of a character's glyph, in pixels; 0 for a character there is none of."""
    if 0x30 <= byte <= 0x39:
        return 12
    if byte == 0x2D:
        return 10
    return 3 if byte == 0x2E else 0


def column(byte, x):
    """One column of a character's glyph, bit 0 topmost."""
    if byte == 0x2D:
        return _MINUS_COLUMN
    if byte == 0x2E:
        return _POINT_COLUMN
    return _COLUMNS[(byte - 0x30) * 12 + x]
