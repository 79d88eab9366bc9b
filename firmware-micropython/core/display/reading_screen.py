# Mirrors Sources/Display/ReadingScreen.swift.
"""The readings, with the digits that are published: nothing is rounded for the screen but degrees C to F.

A value that is missing shows as `--` and the reason.
"""

from core.display.canvas import RIGHT, WIDTH
from core.display.font import ADVANCE
from core.display.font import WIDTH as GLYPH_WIDTH
from core.display.screen_parts import UNIT_SIGNS, label, temperature_hundredths, title
from core.display.text_width import large_width
from core.telemetry.inline_bytes import hundredths
from core.telemetry.measurement import OK, QUALITY_NAMES
from core.telemetry.reading import HIGH, UNKNOWN

_DISC = b"\x1c\x3e\x7f\x7f\x7f\x3e\x1c"
_RING = b"\x1c\x22\x41\x41\x41\x22\x1c"
_BLOCK = b"\x7f\x7f\x7f\x7f\x7f\x7f\x7f"
_BOX = b"\x7f\x41\x41\x41\x41\x41\x7f"
_UP_ARROW = b"\x04\x02\x7f\x02\x04"


def draw(screen, device, canvas):
    """Draws a screen of readings."""
    measurement = screen.measurement
    title(canvas, device, screen.links)
    value = temperature_hundredths(screen)
    reason = b"" if measurement.quality == OK else QUALITY_NAMES[measurement.quality]
    _draw_temperature(canvas, value, UNIT_SIGNS[screen.unit], reason)
    # With a temperature there, the reason is these values' own; without one it stands beside the temperature's
    # dashes.
    own = b"" if value is None else reason
    canvas.text(_value(measurement.humidity_centi_percent, b"%RH", own), 0, 39)
    canvas.text(_value(measurement.pressure_pascals, b"hPa", own), WIDTH, 39, RIGHT)
    canvas.horizontal_line(50)
    _mark(canvas, screen.motion, _DISC, _RING, 0)
    canvas.text(b"Motion", 10, 54)
    _mark(canvas, screen.switch_level, _BLOCK, _BOX, 49)
    canvas.text(b"Switch", 59, 54)
    _draw_unsent(canvas, screen.unsent)


def _draw_temperature(canvas, value, sign, reason):
    if value is None:
        end = canvas.large_digits(b"--", 26 if reason else 53, 14)
        if reason:
            label(canvas, reason, end + 12, 21)
        return
    digits = hundredths(value)
    # Digits, a gap and the unit are centred together; both units are two glyphs wide.
    left = (WIDTH - large_width(digits) - 3 - (ADVANCE + GLYPH_WIDTH)) // 2
    end = canvas.large_digits(digits, left, 14)
    canvas.text(sign, end + 3, 14)


def _value(value, unit, reason):
    """`45.12 %RH`, `-- %RH`, or `-- range`; a long reason stands close to its dashes, so that two fit side by side."""
    if value is not None:
        return hundredths(value) + b" " + unit
    end = reason or unit
    return b"--" + (b" " if len(end) < 8 else b"") + end


def _mark(canvas, level, high, low, x):
    """One of two marks of 7 x 7 pixels, or one dot in the middle when the level is unknown."""
    if level == UNKNOWN:
        canvas.pixel(x + 3, 57)
    else:
        canvas.bitmap(high if level == HIGH else low, x, 54)


def _draw_unsent(canvas, unsent):
    if unsent == 0:
        return
    # Five columns for the arrow, four digits beside it.
    canvas.bitmap(_UP_ARROW, 123, 54)
    canvas.text(b">999" if unsent > 999 else b"%d" % unsent, 121, 54, RIGHT)
