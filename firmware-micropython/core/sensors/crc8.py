# Mirrors Sources/Sensors/CRC8.swift.
"""The two 8-bit checksums of the fleet's chips."""


def sensirion(high, low):
    """Polynomial 0x31 from 0xFF, most significant bit first (SHT3x-DIS datasheet, table 20)."""
    return _shifted_left(_shifted_left(0xFF ^ high) ^ low)


def dallas(byte, crc=0):
    """The same polynomial from 0, least significant bit first; `crc` is what the bytes before gave."""
    crc ^= byte
    for _ in range(8):
        crc = crc >> 1 ^ 0x8C if crc & 1 else crc >> 1
    return crc


def _shifted_left(crc):
    for _ in range(8):
        crc = (crc << 1 ^ 0x31 if crc & 0x80 else crc << 1) & 0xFF
    return crc
