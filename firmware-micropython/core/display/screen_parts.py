# Mirrors Sources/Display/Screen.swift, what several screens have.
"""The title line, a label, a temperature in the unit that is shown."""

from core.display.canvas import CENTRE, FLIP, OFF, RIGHT
from core.display.text_width import width
from core.telemetry.fleet_units import centi_fahrenheit

UNIT_SIGNS = (b"\xc2\xb0C", b"\xc2\xb0F")


def temperature_hundredths(screen):
    """The temperature in the unit that is shown, in hundredths of a degree, or None."""
    value = screen.measurement.temperature_centi_celsius
    return centi_fahrenheit(value) if screen.unit else value


def title(canvas, device_id, links=None):
    """The line over every screen: which device this is, and a rule under it; with the three links at the right."""
    canvas.text(device_id, 0, 1)
    canvas.horizontal_line(10)
    if links is None:
        return
    # A long name ends before the marks.
    canvas.fill(92, 0, 36, 10, OFF)
    _mark(canvas, b"W", 95, links.wifi)
    _mark(canvas, b"B", 107, links.broker)
    _mark(canvas, b"G", 119, links.gateway)


def label(canvas, words, x, y, align=0):
    """Text on a light ground, as wide as the text needs; (x, y) is the text's place."""
    left = x
    if align == CENTRE:
        left = x - width(words) // 2
    elif align == RIGHT:
        left = x - width(words)
    canvas.fill(left - 2, y - 2, width(words) + 4, 11)
    canvas.text(words, left, y, ink=OFF)


def _mark(canvas, letter, x, is_up):
    if is_up:
        canvas.fill(x, 0, 9, 9)
    canvas.text(letter, x + 2, 1, ink=FLIP)
