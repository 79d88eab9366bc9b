# Mirrors Sources/Telemetry/JSONSlice.swift.
"""A part of a JSON text: what stands between a string's quotes, or a number's characters."""


class JSONSlice:
    """The bytes `start` ... `end` - 1; a string with escapes says so, its bytes are not its text."""

    def __init__(self, start, end, has_escapes):
        self.start = start
        self.end = end
        self.has_escapes = has_escapes

    def matches(self, literal, text):
        """Whether the slice is the literal, byte for byte. A name written with escapes matches nothing."""
        if self.has_escapes or self.end - self.start != len(literal):
            return False
        return text[self.start : self.end] == literal

    def string(self, text, capacity):
        """The string's text as bytes, escapes resolved; None when it is longer than `capacity` bytes."""
        if not self.has_escapes:
            if self.end - self.start > capacity:
                return None
            return bytes(text[self.start : self.end])
        result = bytearray()
        index = self.start
        while index < self.end:
            byte = text[index]
            index += 1
            if byte != 0x5C:
                result.append(byte)
            else:
                kind = text[index]
                index += 1
                if kind == 0x75:
                    index = self._unicode(text, index, result)
                else:
                    result.append(_ESCAPES.get(kind, kind))
            if len(result) > capacity:
                return None
        return bytes(result)

    def integer(self, text):
        """The number as an integer; None with a fraction, an exponent, or more than 18 characters."""
        if self.end - self.start > 18 or self.end == self.start:
            return None
        is_negative = text[self.start] == 0x2D
        value = 0
        for index in range(self.start + is_negative, self.end):
            byte = text[index]
            if not 0x30 <= byte <= 0x39:
                return None
            value = value * 10 + byte - 0x30
        if self.end - self.start == is_negative:
            return None
        return -value if is_negative else value

    def fixed_point(self, decimals, text):
        """The number in units of 10^-`decimals`, rounded half away from zero: `22.535` with 2 decimals is 2254.

        None when it does not fit 64 bits, or is no number.
        """
        index, end = self.start, self.end
        is_negative = False
        if index < end and text[index] in b"-+":
            is_negative = text[index] == 0x2D
            index += 1
        # Digits as one integer, `scale` counting those behind the point; 18 digits are kept, which decide any rounding.
        mantissa = scale = significant = digits = 0
        is_fraction = False
        while index < end:
            byte = text[index]
            if byte == 0x2E and not is_fraction:
                is_fraction = True
            elif 0x30 <= byte <= 0x39:
                digits += 1
                if significant < 18:
                    mantissa = mantissa * 10 + byte - 0x30
                    if mantissa != 0:
                        significant += 1
                    if is_fraction:
                        scale += 1
                elif not is_fraction:
                    scale -= 1
            else:
                break
            index += 1
        if digits == 0:
            return None
        if index < end:
            exponent = self._exponent(index + 1, text) if text[index] | 0x20 == 0x65 else None
            if exponent is None:
                return None
            scale -= exponent
        return _shifted(mantissa, decimals - scale, is_negative)

    def _exponent(self, index, text):
        is_negative = False
        if index < self.end and text[index] in b"-+":
            is_negative = text[index] == 0x2D
            index += 1
        if index == self.end:
            return None
        value = 0
        while index < self.end:
            if not 0x30 <= text[index] <= 0x39:
                return None
            # Beyond this every value is 0 or does not fit.
            value = min(9999, value * 10 + text[index] - 0x30)
            index += 1
        return -value if is_negative else value

    def _unicode(self, text, index, result):
        scalar = _hex(text, index)
        index += 4
        if scalar & 0xFC00 == 0xD800 and index + 6 <= self.end and text[index] == 0x5C and text[index + 1] == 0x75:
            low = _hex(text, index + 2)
            if low & 0xFC00 == 0xDC00:
                scalar = 0x10000 + ((scalar & 0x3FF) << 10) + (low & 0x3FF)
                index += 6
        # A surrogate without its partner has no UTF-8 form: U+FFFD stands for it (Unicode 15, section 3.9).
        if scalar & 0xFFFF_F800 == 0xD800:
            scalar = 0xFFFD
        _append_scalar(result, scalar)
        return index


_LARGEST = 0x7FFF_FFFF_FFFF_FFFF
_ESCAPES = {0x62: 0x08, 0x66: 0x0C, 0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09}


def _shifted(mantissa, power, is_negative):
    """`mantissa` * 10^`power` with its sign, rounded half away from zero; None when it does not fit."""
    if mantissa == 0:
        return 0
    if power >= 0:
        mantissa *= 10 ** min(power, 20)
    else:
        # Only the last digit removed decides: half away from zero is "add one when it is 5 or more".
        mantissa //= 10 ** (min(-power, 20) - 1)
        last = mantissa % 10
        mantissa //= 10
        if last >= 5:
            mantissa += 1
    if mantissa > _LARGEST:
        return None
    return -mantissa if is_negative else mantissa


def hex_value(byte):
    """The value of a hexadecimal digit, or None."""
    if 0x30 <= byte <= 0x39:
        return byte - 0x30
    letter = byte | 0x20
    if 0x61 <= letter <= 0x66:
        return letter - 0x57
    return None


def _hex(text, index):
    value = 0
    for offset in range(4):
        value = value << 4 | (hex_value(text[index + offset]) or 0)
    return value


def _append_scalar(result, scalar):
    if scalar < 0x80:
        result.append(scalar)
    elif scalar < 0x800:
        result.append(0xC0 | scalar >> 6)
        result.append(0x80 | scalar & 0x3F)
    elif scalar < 0x10000:
        result.append(0xE0 | scalar >> 12)
        result.append(0x80 | scalar >> 6 & 0x3F)
        result.append(0x80 | scalar & 0x3F)
    else:
        result.append(0xF0 | scalar >> 18)
        result.append(0x80 | scalar >> 12 & 0x3F)
        result.append(0x80 | scalar >> 6 & 0x3F)
        result.append(0x80 | scalar & 0x3F)
