# Mirrors Sources/Display/BurnInCare.swift.
"""What keeps an OLED from burning in: the picture wanders by a pixel, and the panel is dim while nobody is about. Pure
functions of time, so that every machine does the same.
"""

# PixelShift: by how much a picture lies off its place, (to the right, down); what is pushed over the edge is not seen.
NO_SHIFT = (0, 0)
_SHIFTS = (NO_SHIFT, (1, 0), (1, 1), (0, 1))


def shift(uptime_milliseconds, period):
    """Where the picture lies: it goes round four places, one step each period (ms); 0 keeps it where it is."""
    if period == 0:
        return NO_SHIFT
    return _SHIFTS[uptime_milliseconds // period % 4]


def is_dim(idle_milliseconds, period):
    """Whether the panel is dim, so long after somebody was last seen; `period` is how long it stays bright, 0 for
    ever.
    """
    return 0 < period <= idle_milliseconds
