# Mirrors Sources/Telemetry/FleetUnits.swift.
"""The existing fleet's units, from the device's own, rounded once. None stays None."""

from core.telemetry.rounding import rounded_division

_LARGEST = 0x7FFF_FFFF
_SMALLEST = -0x8000_0000


def centi_fahrenheit(centi_celsius):
    """0.01 degrees F: C * 9/5 + 32."""
    if centi_celsius is None:
        return None
    return _clamped(rounded_division(centi_celsius * 9, 5) + 3200)


def centi_inches_of_mercury(pascals):
    """0.01 inHg; 1 inHg is 3386.389 Pa (NIST SP 811, appendix B.8, conventional inch of mercury)."""
    if pascals is None:
        return None
    return _clamped(rounded_division(pascals * 100_000, 3_386_389))


def _clamped(value):
    return max(_SMALLEST, min(_LARGEST, value))
