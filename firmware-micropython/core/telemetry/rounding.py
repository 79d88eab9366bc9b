# Mirrors Sources/Telemetry/Rounding.swift.
"""The one rounding rule of the device."""


def rounded_division(value, divisor):
    """The quotient to the nearest whole number, halves away from zero; `divisor` is greater than zero."""
    if value < 0:
        return (
            -((-value + (divisor >> 1)) // divisor) if not divisor & 1 else -((-2 * value + divisor) // (2 * divisor))
        )
    return (value + (divisor >> 1)) // divisor if not divisor & 1 else (2 * value + divisor) // (2 * divisor)


def truncated_division(value, divisor):
    """The quotient without its fraction, towards zero, as Swift divides; Python's own rounds down."""
    quotient = abs(value) // abs(divisor)
    return quotient if (value < 0) == (divisor < 0) else -quotient


def int32(value):
    """The low 32 bits as a signed number: where Swift's `&+`, `&*` and `<<` wrap."""
    return ((value + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000


def int64(value):
    """The low 64 bits as a signed number."""
    return ((value + 0x8000_0000_0000_0000) & 0xFFFF_FFFF_FFFF_FFFF) - 0x8000_0000_0000_0000
