# Mirrors Sources/HAL/Wiring.swift.
"""What is connected to a board, and by what."""


class Wiring:
    """A bus with sensors and display, two inputs and a light; whoever has more says so."""

    def __init__(self, bus, motion, door, light):
        self.bus = bus
        self.display_bus = bus
        self.wire = None  # the 1-Wire line
        self.adc = None  # the input of the RP2040's own temperature sensor
        self.motion = motion  # high while somebody is there
        self.door = door
        self.light = light
        self.fan = None  # the one whose speed is set
        self.step_fans = ()  # those that are switched, in the order of the configuration's pins
