# Mirrors Sources/Display/ReadingScreen.swift.
"""The readings, with the digits that are published: nothing is rounded for the screen.

A value that is None shows as `--` and the reason.
"""

from collections import namedtuple

from core.display.canvas import OFF, RIGHT, WIDTH
from core.display.screen import label, title
from core.display.text import large_width, number, width

_DEGREES = b"\xc2\xb0C"

_Fields = namedtuple(
    "ReadingScreen",
    (
        "device_id",
        "temperature_centi_celsius",
        "humidity_centi_percent",
        "pressure_pascals",
        "reason",  # why values are missing; empty when a chip just does not have them
        "motion",  # None when unknown
        "is_switch_high",
        "links",
        "unsent",
    ),
)


class ReadingScreen(_Fields):
    """A screen of these values."""

    def draw(self, canvas):
        """Draws over whatever the canvas held."""
        canvas.clear()
        title(canvas, self.device_id, self.links)
        _draw_temperature(canvas, self.temperature_centi_celsius, self.reason)
        # With a temperature there, the reason is these values' own; without one it stands beside the temperature's
        # dashes.
        own = b"" if self.temperature_centi_celsius is None else self.reason
        canvas.text(_value(self.humidity_centi_percent, b"%RH", own), 0, 39)
        canvas.text(_value(self.pressure_pascals, b"hPa", own), WIDTH, 39, RIGHT)
        canvas.horizontal_line(50)
        _disc(canvas, 0, 54, self.motion)
        canvas.text(b"Motion", 10, 54)
        _box(canvas, 49, 54, self.is_switch_high)
        canvas.text(b"Switch", 59, 54)
        _draw_unsent(canvas, self.unsent)


def _draw_temperature(canvas, value, reason):
    if value is None:
        end = canvas.large_digits(b"--", 26 if reason else 53, 14)
        if reason:
            label(canvas, reason, end + 12, 21)
        return
    digits = number(value, 2)
    # Digits, a gap and the unit are centred together.
    left = (WIDTH - large_width(digits) - 3 - width(_DEGREES)) // 2
    end = canvas.large_digits(digits, left, 14)
    canvas.text(_DEGREES, end + 3, 14)


def _value(hundredths, unit, reason):
    """`45.12 %RH`, `-- %RH`, or `-- range`; a long reason stands close to its dashes, so that two fit side by side."""
    if hundredths is not None:
        return number(hundredths, 2) + b" " + unit
    if reason:
        return b"--" + (b" " if len(reason) < 8 else b"") + reason
    return b"-- " + unit


def _draw_unsent(canvas, unsent):
    if unsent == 0:
        return
    # Five columns for the arrow, four digits beside it.
    canvas.fill(125, 54, 1, 7)
    canvas.fill(124, 55, 3, 1)
    canvas.fill(123, 56, 1, 1)
    canvas.fill(127, 56, 1, 1)
    canvas.text(b">999" if unsent > 999 else number(unsent), 121, 54, RIGHT)


def _disc(canvas, x, y, state):
    """A disc of 7 x 7 pixels, full when `state` holds; one dot in the middle when it is unknown."""
    if state is None:
        canvas.fill(x + 3, y + 3, 1, 1)
        return
    canvas.fill(x + 2, y, 3, 7)
    canvas.fill(x + 1, y + 1, 5, 5)
    canvas.fill(x, y + 2, 7, 3)
    if state:
        return
    canvas.fill(x + 2, y + 1, 3, 5, OFF)
    canvas.fill(x + 1, y + 2, 5, 3, OFF)


def _box(canvas, x, y, state):
    """A box of 7 x 7 pixels, full when `state` holds; one dot in the middle when it is unknown."""
    if state is None:
        canvas.fill(x + 3, y + 3, 1, 1)
    elif state:
        canvas.fill(x, y, 7, 7)
    else:
        canvas.rectangle(x, y, 7, 7)
