# Mirrors Sources/Sensors/SwitchSensor.swift.
"""A switch's pin: a level counts once it has been steady for a while, so one toggle is exactly one event.

The first steady level is where it starts from and makes no event.
"""


class SwitchSensor:
    """A switch that has not been looked at."""

    def __init__(self, debounce_milliseconds=30):
        self.debounce_milliseconds = debounce_milliseconds
        self.is_high = None  # the level that counts
        self._candidate = None  # a level that does not count yet
        self._candidate_at = 0

    def update(self, now, is_high):
        """Looks at the pin. True when another level than the last one has become steady."""
        if is_high == self.is_high:
            self._candidate = None
            return False
        if self._candidate != is_high:
            self._candidate = is_high
            self._candidate_at = now
        if (now - self._candidate_at) & 0xFFFF_FFFF < self.debounce_milliseconds:
            return False
        self._candidate = None
        was_known = self.is_high is not None
        self.is_high = is_high
        return was_known
