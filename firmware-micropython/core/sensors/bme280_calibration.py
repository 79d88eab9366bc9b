# Mirrors Sources/Sensors/BME280Calibration.swift.
"""The trimming parameters burnt into one BME280 or BMP280 (BST-BME280-DS002 section 4.2.2, table 16)."""

import struct


class BME280Calibration:
    """The names are the datasheet's without `dig_`.

    `low` are the 26 bytes 0x88 ... 0xA1, `high` the 7 bytes 0xE1 ... 0xE7 (zeros for a BMP280).
    """

    def __init__(self, low, high):
        self.t1, self.t2, self.t3 = struct.unpack_from("<Hhh", low, 0)
        self.p1, self.p2, self.p3, self.p4, self.p5, self.p6, self.p7, self.p8, self.p9 = struct.unpack_from(
            "<Hhhhhhhhh", low, 6
        )
        self.h1 = low[25]
        self.h2, self.h3, e4, e5, e6, self.h6 = struct.unpack_from("<hBbBbb", high, 0)
        # H4 and H5 are signed 12-bit values that share the byte 0xE5: its low half ends H4, its high half begins H5.
        self.h4 = e4 << 4 | e5 & 0x0F
        self.h5 = e6 << 4 | e5 >> 4
