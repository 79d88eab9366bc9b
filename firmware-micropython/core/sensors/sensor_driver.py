# Mirrors Sources/Sensors/SensorDriver.swift.
"""What differs between the drivers when a measurement runs: their place in the order, their times, their silence.

A driver is one of the chips' objects, or None where none was found.
"""

from core.sensors.ds18b20 import CONVERTING_MILLISECONDS
from core.sensors.sht31 import MEASURING_MILLISECONDS
from core.telemetry.measurement import (
    ABSENT,
    BME280,
    BMP280,
    DS18B20,
    NACK,
    NONE,
    ON_CHIP,
    SHT31,
    STUCK,
    TMP117,
    missing,
)

_RANKS = {BME280: 0, BMP280: 0, SHT31: 1, TMP117: 2, DS18B20: 3, ON_CHIP: 4, NONE: 5}
# A chip is first asked after this, in ms. A BME280's measuring bit may rise late, and an early look would read the
# values of the measurement before: it takes 9.3 ms at most (BST-BME280-DS002 section 9.1).
_SETTLING_MILLISECONDS = {
    BME280: 10,
    BMP280: 10,
    SHT31: MEASURING_MILLISECONDS,
    TMP117: 110,
    DS18B20: CONVERTING_MILLISECONDS + 20,
}
# A measurement that takes longer is given up, in ms.
_PATIENCE_MILLISECONDS = {BME280: 100, BMP280: 100, SHT31: 100, TMP117: 250, DS18B20: 1000}


def kind(driver):
    """The chip."""
    return NONE if driver is None else driver.kind


def rank(driver):
    """Place in the order, from 0."""
    return _RANKS[kind(driver)]


def settling_milliseconds(driver):
    """A chip is first asked after this."""
    return _SETTLING_MILLISECONDS.get(kind(driver), 0)


def patience_milliseconds(driver):
    """A measurement that takes longer is given up."""
    return _PATIENCE_MILLISECONDS.get(kind(driver), 0)


def is_timed_by_the_clock(driver):
    """Whether nothing but the time tells that the measurement is over."""
    return kind(driver) == DS18B20


def impatience(driver):
    """What a measurement is that was given up: an SHT31 that still does not acknowledge is gone."""
    return NACK if kind(driver) == SHT31 else STUCK


def start(driver):
    """Starts a measurement."""
    if kind(driver) not in (NONE, ON_CHIP):
        driver.start()


def poll(driver):
    """What the measurement gave; None while it runs."""
    which = kind(driver)
    if which == NONE:
        return missing(ABSENT)
    if which in (DS18B20, ON_CHIP):
        return driver.read()
    return driver.poll()
