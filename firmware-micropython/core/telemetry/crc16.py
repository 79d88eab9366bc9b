# Mirrors Sources/Telemetry/CRC16.swift.
"""The checksum of what is kept in flash: CRC-16 with polynomial 0x1021, start 0xFFFF, nothing reflected, no final
exclusive or ("CRC-16/IBM-3740" in Greg Cook's catalogue; over `123456789` it is 0x29B1).

Swift goes bit by bit; here half a byte at a time, by sixteen constants, because a step of MicroPython costs a
thousand times as much.
"""

_NIBBLES = (
    0x0000,
    0x1021,
    0x2042,
    0x3063,
    0x4084,
    0x50A5,
    0x60C6,
    0x70E7,
    0x8108,
    0x9129,
    0xA14A,
    0xB16B,
    0xC18C,
    0xD1AD,
    0xE1CE,
    0xF1EF,
)


def checksum(content):
    """The checksum of some bytes."""
    nibbles = _NIBBLES
    crc = 0xFFFF
    for byte in content:
        crc = (crc << 4 & 0xFFFF) ^ nibbles[crc >> 12 ^ byte >> 4]
        crc = (crc << 4 & 0xFFFF) ^ nibbles[crc >> 12 ^ byte & 15]
    return crc
