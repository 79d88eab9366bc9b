# Mirrors Sources/Sensors/MotionSensor.swift.
"""A motion sensor's pin: a rising edge is an event, then edges are only counted until a cool-down is over.

The level at the first look is where it starts from, not an edge: such sensors are high while they warm up.
"""

from micropython import const

_MOST_SUPPRESSED = const(65_535)


class MotionSensor:
    """A sensor that has not been looked at."""

    def __init__(self, cooldown_milliseconds=60_000, stuck_after_milliseconds=600_000):
        self.cooldown_milliseconds = cooldown_milliseconds
        self.stuck_after_milliseconds = stuck_after_milliseconds
        self.is_stuck = False
        self.is_high = None  # the level at the last look
        self.suppressed = 0  # rising edges that wait for the next event
        self._cooling_since = None
        self._high_since = None

    def update(self, now, is_high):
        """Looks at the pin. Gives how many edges were suppressed before when motion began outside a cool-down, else
        None.
        """
        # Forgotten as soon as it is over: an old tick would look recent again after the clock wrapped.
        since = self._cooling_since
        if since is not None and (now - since) & 0xFFFF_FFFF >= self.cooldown_milliseconds:
            self._cooling_since = None
        self._watch(now, is_high)
        rose = is_high and self.is_high is False
        self.is_high = is_high
        if not rose:
            return None
        if self._cooling_since is not None:
            if self.suppressed < _MOST_SUPPRESSED:
                self.suppressed += 1
            return None
        suppressed = self.suppressed
        self.suppressed = 0
        self._cooling_since = now
        return suppressed

    def _watch(self, now, is_high):
        if not is_high:
            self._high_since = None
            self.is_stuck = False
            return
        if self._high_since is None:
            self._high_since = now
        # Kept once it is so: the difference starts again when the clock goes round.
        if (now - self._high_since) & 0xFFFF_FFFF > self.stuck_after_milliseconds:
            self.is_stuck = True
