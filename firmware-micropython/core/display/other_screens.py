# Mirrors Sources/Display/OtherScreens.swift.
"""Starting, joining, offline, sensor fault, disabled, identify."""

from core.display.canvas import CENTRE, HEIGHT, OFF, WIDTH
from core.display.screen_parts import UNIT_SIGNS, label, temperature_hundredths, title
from core.telemetry.inline_bytes import hundredths
from core.telemetry.measurement import QUALITY_NAMES, SENSOR_NAMES


def draw_boot(device, firmware, canvas):
    """Starting: who this is."""
    canvas.rectangle(0, 0, 128, 64)
    canvas.text(b"martlet", 64, 9, CENTRE)
    canvas.text(firmware, 64, 19, CENTRE)
    label(canvas, device, 64, 33, CENTRE)
    canvas.text(b"starting", 64, 50, CENTRE)


def draw_offline(screen, device, is_joining, canvas):
    """No way to the gateway: what is missing, and how much waits. The temperature is still shown: it is of now."""
    title(canvas, device, screen.links)
    label(canvas, b"joining Wi-Fi" if is_joining else _missing(screen.links), 64, 17, CENTRE)
    value = temperature_hundredths(screen)
    text = b"--" if value is None else hundredths(value)
    canvas.text(text + b" " + UNIT_SIGNS[screen.unit], 64, 34, CENTRE)
    canvas.horizontal_line(50)
    words = b"%d reading waits" if screen.unsent == 1 else b"%d readings wait"
    canvas.text(words % screen.unsent, 64, 54, CENTRE)


def _missing(links):
    if not links.wifi:
        return b"no Wi-Fi"
    return b"no gateway" if links.broker else b"no broker"


def draw_sensor_fault(screen, device, canvas):
    """The sensor gives nothing: which one, and why."""
    title(canvas, device, screen.links)
    canvas.text(b"Sensor fault", 64, 18, CENTRE)
    canvas.text(SENSOR_NAMES[screen.measurement.sensor], 64, 32, CENTRE)
    label(canvas, QUALITY_NAMES[screen.measurement.quality], 64, 48, CENTRE)


def draw_disabled(device, canvas):
    """Told to publish nothing."""
    title(canvas, device)
    canvas.text(b"disabled", 64, 26, CENTRE)
    canvas.text(b"by its configuration", 64, 40, CENTRE)


def draw_identify(device, canvas):
    """Dark on light, to be seen from across a room: this is the board somebody asked for."""
    canvas.fill(0, 0, WIDTH, HEIGHT)
    canvas.rectangle(3, 3, 122, 58, OFF)
    canvas.text(b"this is", 64, 15, CENTRE, OFF)
    canvas.text(device, 64, 29, CENTRE, OFF)
    canvas.text(b"<<<  here  >>>", 64, 43, CENTRE, OFF)
