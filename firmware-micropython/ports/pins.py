"""The core's pins over `machine.Pin` and `machine.PWM`."""

from machine import PWM, Pin
from micropython import const

_FULL_DUTY = const(65_535)


class InputPin:
    """A pin the board reads, pulled down: an open wire is low."""

    def __init__(self, number, pull_up=False):
        self._pin = Pin(number, Pin.IN, Pin.PULL_UP if pull_up else Pin.PULL_DOWN)

    def is_high(self):
        """The level."""
        return self._pin.value() == 1


class OutputPin:
    """A pin the board drives; touched only when its level changes (the Pico W's LED is behind the wireless chip)."""

    def __init__(self, name):
        self._pin = Pin(name, Pin.OUT)
        self._level = None

    def set(self, high):
        """Drives the level."""
        if high != self._level:
            self._level = high
            self._pin.value(1 if high else 0)


class PWMPin:
    """A pin that switches faster than what it drives can follow."""

    def __init__(self, number, frequency):
        self._pwm = PWM(Pin(number), freq=frequency, duty_u16=0)

    def set(self, duty_percent):
        """Sets the share of time the pin is high, 0 ... 100."""
        self._pwm.duty_u16(duty_percent * _FULL_DUTY // 100)


def straps():
    """The id straps on GPIO 0 ... 3, bit 0 on GPIO 0."""
    value = 0
    for number in range(4):
        if Pin(number, Pin.IN, Pin.PULL_DOWN).value():
            value |= 1 << number
    return value
