# Mirrors Sources/StatusLED/LEDState.swift.
"""What the status LED says, as a pattern of sixteen slots of 125 ms that repeats every two seconds."""

from micropython import const

# In order of priority.
IDENTIFY = const(0)
DISABLED = const(1)
BOOTING = const(2)
JOINING_WIFI = const(3)
FETCHING_CONFIGURATION = const(4)
OFFLINE = const(5)
SENSOR_FAULT = const(6)
ONLINE = const(7)
NAMES = ("identify", "disabled", "booting", "joiningWiFi", "fetchingConfiguration", "offline", "sensorFault", "online")

# The most significant bit is first in time; 1 is lit.
PATTERNS = (
    0b1010_1010_1010_1010,  # fast blinking
    0b1000_0000_0000_0000,  # one short flash
    0b1111_1111_1111_1111,  # steady
    0b1100_1100_1100_1100,  # even blinking
    0b1010_0000_1010_0000,  # pairs
    0b1111_1111_0000_0000,  # slow blinking
    0b1010_1000_0000_0000,  # three short flashes
    0b1111_1111_1111_1110,  # lit, with a short wink
)


def is_on(state, now):
    """Whether the LED is lit at a tick in ms; where the clock wraps one slot is cut short."""
    return PATTERNS[state] & (0x8000 >> ((now // 125) % 16)) != 0
