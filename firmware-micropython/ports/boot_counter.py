"""The count of starts, which never repeats: in flash, and random with the top bit set where flash fails."""

import random

from micropython import const
from ports import flash, log

_RANDOM = const(0x8000_0000)


def next_boot(path):
    """Counts a start."""
    kept = flash.read(path, 16)
    try:
        if kept is None and flash.exists(path):
            raise ValueError("the counter is torn")
        boot = int(kept or b"0") + 1
        if not 0 < boot < _RANDOM:
            raise ValueError("the counter is out of range")
        flash.write(path, b"%d" % boot)
        return boot
    except (OSError, ValueError) as error:
        log.warning("boot counter: %s; this start gets a random number" % log.words(error))
        return _RANDOM | random.getrandbits(16) << 15 | random.getrandbits(15)
