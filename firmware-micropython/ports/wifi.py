"""The Wi-Fi: joins, joins again, and says how strong the signal is."""

import asyncio
import time

from micropython import const
from ports import log, sockets
from ports.backoff import Backoff

_JOIN_MILLISECONDS = const(20_000)
_LOOK_MILLISECONDS = const(250)
_RSSI_MILLISECONDS = const(5_000)


class WiFi:
    """A station of `wlan` in the network `ssid`."""

    def __init__(self, wlan, ssid, password):
        self._wlan = wlan
        self._ssid = ssid
        self._password = password
        self.is_joined = False
        self.rssi = None
        self._looked_at = 0

    async def run(self, progress):
        """Keeps the station in its network, for ever."""
        backoff = Backoff(1_000, 60_000)
        while True:
            progress()
            try:
                await self._join()
                backoff.succeeded()
                self._became(True)
                while self._wlan.isconnected():
                    progress()
                    self._look()
                    await asyncio.sleep_ms(_LOOK_MILLISECONDS)
                log.warning("the Wi-Fi %s is gone" % self._ssid)
            except asyncio.TimeoutError:
                log.warning("the Wi-Fi %s cannot be joined: %s" % (self._ssid, self._status()))
            except (OSError, RuntimeError) as error:
                log.warning("the Wi-Fi: %s" % log.words(error))
            self._became(False)
            await asyncio.sleep_ms(backoff.next_wait())

    async def _join(self):
        wlan = self._wlan
        if not wlan.active():
            wlan.active(True)
        if not wlan.isconnected():
            if self._password:
                wlan.connect(self._ssid, self._password)
            else:
                wlan.connect(self._ssid)
        await asyncio.wait_for_ms(self._until_joined(), _JOIN_MILLISECONDS)
        sockets.name_server = wlan.ifconfig()[3]

    async def _until_joined(self):
        while not self._wlan.isconnected():
            await asyncio.sleep_ms(100)

    def _became(self, is_joined):
        if is_joined == self.is_joined:
            return
        self.is_joined = is_joined
        self.rssi = None
        self._looked_at = time.ticks_add(time.ticks_ms(), -_RSSI_MILLISECONDS)
        if is_joined:
            log.info("joined the Wi-Fi %s as %s" % (self._ssid, self._wlan.ifconfig()[0]))
            self._look()

    def _look(self):
        if time.ticks_diff(time.ticks_ms(), self._looked_at) < _RSSI_MILLISECONDS:
            return
        self._looked_at = time.ticks_ms()
        self.rssi = max(-128, min(0, self._wlan.status("rssi")))

    def _status(self):
        try:
            return "status %s" % self._wlan.status()
        except (OSError, ValueError):
            return "no status"
