# Mirrors Sources/Display/Screen.swift.
"""What the display shows: the situation, and the values that situation may need. A value, so that a step can ask
whether anything changed; it draws itself and nothing else.

screen = Screen(READING, measurement, CELSIUS, motion, switch, links, unsent, shift)
screen.draw(b"Attic06", b"1.0.0", canvas)
"""

from collections import namedtuple

from core.display import other_screens, reading_screen
from core.display.burn_in_care import NO_SHIFT
from core.telemetry.measurement import OK, missing
from core.telemetry.reading import UNKNOWN
from micropython import const

# Screen.Kind: the situations.
BOOT = const(0)  # starting
JOINING = const(1)  # looking for Wi-Fi for the first time
READING = const(2)  # the readings
OFFLINE = const(3)  # no way to the gateway: readings are kept
SENSOR_FAULT = const(4)  # the sensor gives nothing
DISABLED = const(5)  # the configuration says that this device publishes nothing
IDENTIFY = const(6)  # somebody asked which board this is

# TemperatureUnit.
CELSIUS = const(0)
FAHRENHEIT = const(1)

# Which parts of the way to the gateway stand.
LinkMarks = namedtuple("LinkMarks", ("wifi", "broker", "gateway"))

_NOTHING = missing(OK)
_NO_LINKS = LinkMarks(False, False, False)


class Screen(
    namedtuple("Screen", ("kind", "measurement", "unit", "motion", "switch_level", "links", "unsent", "shift"))
):
    """`motion` and `switch_level` are levels, `unsent` is how many readings the gateway has not acknowledged, `shift`
    is where the picture lies.
    """

    def draw(self, device, firmware, canvas):
        """Draws the screen over whatever the canvas held."""
        canvas.clear(self.shift)
        kind = self.kind
        if kind == BOOT:
            other_screens.draw_boot(device, firmware, canvas)
        elif kind == READING:
            reading_screen.draw(self, device, canvas)
        elif kind == SENSOR_FAULT:
            other_screens.draw_sensor_fault(self, device, canvas)
        elif kind == DISABLED:
            other_screens.draw_disabled(device, canvas)
        elif kind == IDENTIFY:
            other_screens.draw_identify(device, canvas)
        else:
            other_screens.draw_offline(self, device, kind == JOINING, canvas)


def plain(kind, shift=NO_SHIFT):
    """A screen that needs no values."""
    return Screen(kind, _NOTHING, CELSIUS, UNKNOWN, UNKNOWN, _NO_LINKS, 0, shift)
