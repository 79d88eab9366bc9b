# Mirrors Sources/Telemetry/DroppedRanges.swift.
"""What an outbox had to drop, as at most three ranges."""

from micropython import const

_LARGEST = const(0xFFFF_FFFF)
BOUND = const(3)


class DroppedRanges:
    """Ranges [boot, first, last] in the order of dropping; one too many widens the nearest of its boot."""

    def __init__(self):
        self.ranges = []
        self.total = 0  # readings dropped since the start, each counted once

    def insert(self, boot, seq):
        """Notes one dropped reading."""
        self.total = min(self.total + 1, _LARGEST)
        for index, held in enumerate(self.ranges):
            if held[0] != boot:
                continue
            if held[1] <= seq <= held[2]:
                return
            if seq == held[2] + 1:
                held[2] = seq
                self._merge_touching(index)
                return
            if seq + 1 == held[1]:
                held[1] = seq
                self._merge_touching(index)
                return
        if len(self.ranges) == BOUND:
            self._make_room(boot, seq)
        else:
            self.ranges.append([boot, seq, seq])

    def remove_all(self):
        """Forgets the ranges: the gateway knows them."""
        self.ranges.clear()

    def _merge_touching(self, index):
        grown = self.ranges[index]
        for other, held in enumerate(self.ranges):
            if other == index or held[0] != grown[0]:
                continue
            if grown[2] + 1 == held[1] or held[2] + 1 == grown[1]:
                grown[1] = min(grown[1], held[1])
                grown[2] = max(grown[2], held[2])
                self.ranges.pop(other)
                return

    def _make_room(self, boot, seq):
        nearest = None
        smallest_gap = _LARGEST
        for held in self.ranges:
            if held[0] != boot:
                continue
            gap = seq - held[2] if seq > held[2] else held[1] - seq
            if nearest is None or gap < smallest_gap:
                smallest_gap = gap
                nearest = held
        if nearest is None:
            self.ranges.pop(0)
            self.ranges.append([boot, seq, seq])
            return
        nearest[1] = min(nearest[1], seq)
        nearest[2] = max(nearest[2], seq)

    def encode(self, boot, output):
        """Appends `,"dropped":[[1100,1130]]`; ranges of another boot carry its number first: `[16,7,9]`."""
        if not self.ranges:
            return
        output.append(b',"dropped":[')
        for index, held in enumerate(self.ranges):
            output.append(b",[" if index > 0 else b"[")
            if held[0] != boot:
                output.append(b"%d," % held[0])
            output.append(b"%d,%d]" % (held[1], held[2]))
        output.append(b"]")
