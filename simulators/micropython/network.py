"""`network` as the firmware uses it on a Pico W, for the unix port: the board says whether there is Wi-Fi; sockets
are real.
"""

import board as _board
from board import board
from micropython import const

STA_IF = const(0)
STAT_GOT_IP = const(3)


class WLAN:
    """The station."""

    def __init__(self, interface):
        self._is_active = False

    def active(self, is_active=None):
        """Whether the radio is on, or turns it on or off."""
        if is_active is None:
            return self._is_active
        self._is_active = bool(is_active)
        board.call(_board.WIFI_ACTIVE, 0, 1 if is_active else 0)
        return None

    def connect(self, ssid, password=None):
        """Begins to join; it is done when `isconnected` says so."""
        body = ssid.encode()
        board.call(_board.WIFI_JOIN, 0, 0, body)

    def disconnect(self):
        """Leaves."""
        board.call(_board.WIFI_LEAVE)

    def isconnected(self):
        """Whether it has joined and has an address."""
        return board.call(_board.WIFI_STATUS)[1] == STAT_GOT_IP

    def status(self, what=None):
        """The state, or the strength of the signal in dBm."""
        if what == "rssi":
            value = board.call(_board.WIFI_RSSI)[1]
            return value - 0x1_0000_0000 if value & 0x8000_0000 else value
        return board.call(_board.WIFI_STATUS)[1]

    def ifconfig(self):
        """Address, mask, gateway, name server."""
        return "127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1"
