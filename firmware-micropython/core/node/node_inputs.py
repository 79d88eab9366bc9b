# Mirrors Sources/Node/NodeIdentity.swift, Sources/Node/NodeInputs.swift, Sources/Node/NodeActions.swift.
"""What goes into a node and what comes out of it."""

from core.status_led import led_state


class NodeIdentity:
    """What tells one device from another: its id and version (bytes), and the count of starts."""

    def __init__(self, device, firmware, boot):
        self.device = device
        self.firmware = firmware
        self.boot = boot


class NodeInputs:
    """What the world says at one moment; reused from step to step."""

    def __init__(self):
        self.is_motion_high = False
        self.is_switch_high = False
        self.measurement = None  # one that has just finished, or failed
        self.link = Link()


class Link:
    """The way to the gateway, as far as the device itself can see."""

    def __init__(self, is_joined=False, rssi=None, is_connected=False):
        self.is_joined = is_joined  # Wi-Fi is joined
        self.rssi = rssi  # dBm, while joined
        self.is_connected = is_connected  # the broker has accepted the connection


class NodeActions:
    """What the shell is to do now; reused from step to step."""

    def __init__(self):
        self.measure = False  # begin a measurement
        self.fetch_configuration = False  # its end comes back by configuration_arrived, ..._is_unchanged or ..._failed
        self.led = led_state.BOOTING
        self.is_display_dim = False
        self.fan_duty_percent = None  # what the PWM fan gets; None: there is none, its pin is low
        self.fans_active = None  # how many of the switched fans run, the first pins first; None: there are none
        self.store_configuration = False  # keep what the last good and the candidate configuration are now
        self.store_flight_record = False  # keep what `flight` is now
        self.restart = False  # start again, once what was published has gone out
