# Mirrors Sources/Display/SSD1306.swift.
"""An OLED of 128 x 64 pixels with the SSD1306 controller, on I2C (commands: Solomon Systech SSD1306, section 9).

Only what changed since the last `show` goes over the bus. A display that is not there is not an error: it is looked
for every ten seconds, and painted whole when it appears, because its memory is arbitrary then. One that lost its
supply for a moment acknowledges again before anybody notices, and stays dark: so each minute it is told its set-up anew
and repainted, a page with each `show`.
"""

from core.display.canvas import PAGES, WIDTH
from core.hal.i2c_bus import I2CError, answers
from micropython import const

RETRY_MILLISECONDS = const(10_000)
REFRESH_MILLISECONDS = const(60_000)
_CHUNK = const(32)  # the most data bytes in one transaction; with the control byte, what small I2C buffers hold

_SET_BRIGHT = b"\x00\x81\xcf"
_SET_DIM = b"\x00\x81\x08"  # with little light, so that the panel does not burn in

# The power-up sequence, after the control byte that says "commands follow".
_POWER_UP = (
    b"\x00"  # control byte: commands
    b"\xae"  # display off while it is set up
    b"\xd5\x80"  # clock: divide by 1, middle frequency
    b"\xa8\x3f"  # 64 rows are multiplexed
    b"\xd3\x00"  # no vertical offset
    b"\x40"  # memory row 0 is the first line
    b"\x8d\x14"  # charge pump on: the panel has no other supply
    b"\x20\x00"  # horizontal addressing: the pointer walks through the window
    b"\xa1"  # column 127 is segment 0: together with C8, upright
    b"\xc8"  # scan from the last row to the first
    b"\xda\x12"  # row pins: alternating, as 128 x 64 panels are wired
    b"\x81\xcf"  # contrast: bright
    b"\xd9\xf1"  # pre-charge: 15 clocks, discharge 1, for the charge pump
    b"\xdb\x40"  # deselect level
    b"\xa4"  # show the memory
    b"\xa6"  # a set bit is lit
    b"\xaf"  # display on
)


class SSD1306:
    """A display on `bus`, at 0x3C or 0x3D; touches the bus only in `show`."""

    def __init__(self, bus):
        self.bus = bus
        self.address = None  # where it answered; None while it is missing
        self._shadow = bytearray(WIDTH * PAGES)  # what the display shows, when it is there
        self._last_look = None
        self._buffer = bytearray(1 + _CHUNK)
        self._is_dim = False  # what the panel was last told
        self._refreshed_at = 0
        self._refresh_page = PAGES  # the page that is to be repainted next; all are when it is PAGES

    def show(self, canvas, now, is_dim=False):
        """Makes the display show the canvas. False when there is no display, or it was lost meanwhile."""
        try:
            if self.address is not None:
                self._refresh(canvas, now)
                self._set_contrast(self.address, is_dim)
                self._send_changes(canvas)
                return True
            if self._last_look is not None and (now - self._last_look) & 0xFFFF_FFFF < RETRY_MILLISECONDS:
                return False
            self._last_look = now
            found = self._find()
            if found is None:
                return False
            self._power_up(found)
            self._set_contrast(found, is_dim)
            self._window(found, 0, 127, 0, 7)
            self._data(found, canvas, 0, WIDTH * PAGES)
            self.address = found
            self._refreshed_at = now
            self._refresh_page = PAGES
            return True
        except I2CError:
            # A missing display is not an error: it is looked for again.
            self.address = None
            self._last_look = now
            return False

    def _find(self):
        for address in (0x3C, 0x3D):
            if answers(self.bus, address):
                return address
        return None

    def _power_up(self, address):
        self.bus.transaction(address, _POWER_UP, None)
        self._is_dim = False

    def _set_contrast(self, address, is_dim):
        if is_dim != self._is_dim:
            self.bus.transaction(address, _SET_DIM if is_dim else _SET_BRIGHT, None)
            self._is_dim = is_dim

    def _refresh(self, canvas, now):
        if (now - self._refreshed_at) & 0xFFFF_FFFF >= REFRESH_MILLISECONDS:
            self._power_up(self.address)
            self._refreshed_at = now
            self._refresh_page = 0
        page = self._refresh_page
        if page == PAGES:
            return
        self._window(self.address, 0, 127, page, page)
        self._data(self.address, canvas, page * WIDTH, WIDTH)
        self._refresh_page = page + 1

    def _send_changes(self, canvas):
        wanted = memoryview(canvas.bytes)
        shown = memoryview(self._shadow)
        for page in range(PAGES):
            start = page * WIDTH
            end = start + WIDTH
            # Compared as a whole first: most pages are as they were.
            if wanted[start:end] == shown[start:end]:
                continue
            first = start
            while wanted[first] == shown[first]:
                first += 1
            last = end - 1
            while wanted[last] == shown[last]:
                last -= 1
            self._window(self.address, first - start, last - start, page, page)
            self._data(self.address, canvas, first, last - first + 1)

    def _window(self, address, first_column, last_column, first_page, last_page):
        self.bus.transaction(address, bytes((0x00, 0x21, first_column, last_column, 0x22, first_page, last_page)), None)

    def _data(self, address, canvas, start, count):
        # What follows the control byte 0x40 is data.
        buffer = self._buffer
        buffer[0] = 0x40
        view = memoryview(buffer)
        source = memoryview(canvas.bytes)
        sent = 0
        while sent < count:
            length = min(count - sent, _CHUNK)
            begin = start + sent
            buffer[1 : 1 + length] = source[begin : begin + length]
            self._shadow[begin : begin + length] = source[begin : begin + length]
            self.bus.transaction(address, view[: 1 + length], None)
            sent += length
