"""How long to wait before the next attempt: doubling, jittered, reset only after stable minutes."""

import random
import time

from micropython import const

_STABLE_MILLISECONDS = const(60_000)


class Backoff:
    """From `first` to `longest` ms; a fleet does not come back as one, so half of each wait is chance."""

    def __init__(self, first=500, longest=60_000):
        self._first = first
        self._longest = longest
        self._wait = first
        self._up_since = None

    def succeeded(self):
        """The attempt worked; that counts only once it has lasted."""
        self._up_since = time.ticks_ms()

    def next_wait(self):
        """ms to wait now."""
        if self._up_since is not None:
            if time.ticks_diff(time.ticks_ms(), self._up_since) >= _STABLE_MILLISECONDS:
                self._wait = self._first
            self._up_since = None
        wait = self._wait
        self._wait = min(wait * 2, self._longest)
        return wait // 2 + random.getrandbits(16) * (wait - wait // 2) // 65_536
