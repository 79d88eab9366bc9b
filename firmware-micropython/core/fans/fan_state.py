# Mirrors Sources/Fans/FanState.swift.
"""The temperature a fan goes by, in 0.01 degrees C: what was measured, with hysteresis, and for a while without one."""

from micropython import const

PATIENCE_MILLISECONDS = const(60_000)  # how long the last reference serves without a measurement
_LARGEST = const(0x7FFF_FFFF)


class FanState:
    """A fan that never ran."""

    def __init__(self):
        self.reset()

    def reset(self):
        """As if it never ran."""
        self.reference_centi_celsius = None
        self.is_blind = False  # the temperature has been unknown for too long: the fan runs at its most
        self._unknown_since = None

    def follow(self, temperature_centi_celsius, hysteresis_centi_celsius, now):
        """Takes a measurement, or that there is none (None); a negative hysteresis counts as 0."""
        if temperature_centi_celsius is None:
            if self._unknown_since is None:
                self._unknown_since = now
            # Kept once it is so: the difference starts again when the clock goes round.
            if (now - self._unknown_since) & 0xFFFF_FFFF >= PATIENCE_MILLISECONDS:
                self.is_blind = True
            return
        self._unknown_since = None
        self.is_blind = False
        ceiling = min(temperature_centi_celsius + max(hysteresis_centi_celsius, 0), _LARGEST)
        reference = self.reference_centi_celsius
        if reference is None:
            reference = temperature_centi_celsius
        self.reference_centi_celsius = min(max(reference, temperature_centi_celsius), ceiling)
