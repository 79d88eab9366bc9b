# Mirrors Sources/Sensors/OneWireSearch.swift.
"""The chips of one family on a 1-Wire line, found by their 64-bit codes (Maxim application note 187)."""

from core.hal.one_wire_bus import OneWireError
from core.sensors import crc8
from core.sensors.sensor_error import CHECKSUM, ONE_WIRE, UNSTABLE, SensorError
from micropython import const

CAPACITY = const(8)
SEARCH = const(0xF0)


def run(wire, family, limit=CAPACITY):
    """The codes of at most `limit` chips, in the order of the search."""
    codes = []
    # The first pass goes towards the family's code: no other chip of the line costs one.
    code = family
    forced = 8
    while len(codes) < limit:
        found, branch = _pass(wire, code, forced)
        if found is None or found & 0xFF != family:
            break
        codes.append(found)
        if branch < 8:
            break
        # Next time as now up to the last branch, and there the other way.
        code = found & ((1 << branch) - 1) | 1 << branch
        forced = branch + 1
    return codes


def _pass(wire, code, forced):
    """(the chip found or None, the last bit after the family at which 0 was chosen or -1).

    The first `forced` bits go the way of `code`, where there is a choice; after them a choice is 0.
    """
    try:
        wire.reset()
    except OneWireError as error:
        raise SensorError(ONE_WIRE, error.code)
    wire.write(SEARCH, False)
    branch = -1
    crc = 0
    found = 0
    for index in range(64):
        bit = wire.read_bit()
        complement = wire.read_bit()
        wanted = index < forced and code >> index & 1 == 1
        chosen = bit
        if bit and complement:
            raise SensorError(UNSTABLE, 0, SEARCH)
        if not bit and not complement:
            chosen = wanted
            if not chosen and index >= 8:
                branch = index
        elif index < 8 and bool(bit) != wanted:
            return None, -1
        wire.write_bit(chosen)
        if chosen:
            found |= 1 << index
        if index % 8 == 7:
            crc = crc8.dallas(found >> (index - 7) & 0xFF, crc)
    if crc != 0:
        raise SensorError(CHECKSUM, 0, SEARCH)
    return found, branch
