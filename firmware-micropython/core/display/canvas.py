# Mirrors Sources/Display/Canvas.swift and Sources/Display/Canvas+Text.swift.
"""A picture of 128 x 64 pixels, one bit each, laid out as the SSD1306's memory.

8 pages of 128 bytes; a byte is a column of eight pixels with bit 0 topmost. Everything may lie partly or wholly
outside; what is outside is not drawn.
"""

from core.display import font, large_digits
from core.display.burn_in_care import NO_SHIFT
from core.display.text_width import CAPACITY, large_width
from core.display.text_width import width as text_width
from micropython import const

WIDTH = const(128)
HEIGHT = const(64)
PAGES = const(8)

# Ink: what drawing does to a pixel.
ON = const(0)
OFF = const(1)
FLIP = const(2)

# Alignment: which point of a text its x means.
LEFT = const(0)
CENTRE = const(1)
RIGHT = const(2)

_DARK = bytes(WIDTH)


class Canvas:
    """A dark canvas."""

    def __init__(self):
        self.bytes = bytearray(WIDTH * PAGES)
        self._right = self._down = 0  # where (0, 0) of what is drawn lies

    def clear(self, shift=NO_SHIFT):
        """Darkens everything, and lets all that is drawn from now on lie that much further right and down."""
        self._right, self._down = shift
        for page in range(PAGES):
            self.bytes[page * WIDTH : (page + 1) * WIDTH] = _DARK

    def is_lit(self, x, y):
        """Whether a pixel is lit; False outside."""
        if not (0 <= x < WIDTH and 0 <= y < HEIGHT):
            return False
        return self.bytes[(y >> 3) * WIDTH + x] & (1 << (y & 7)) != 0

    def pixel(self, x, y, ink=ON):
        """One pixel."""
        y += self._down
        if 0 <= y < HEIGHT:
            self._apply(1 << (y & 7), x + self._right, y >> 3, ink)

    def horizontal_line(self, y, x=0, width=WIDTH, ink=ON):
        """A line of `width` pixels to the right of (x, y)."""
        self.fill(x, y, width, 1, ink)

    def vertical_line(self, x, y=0, height=HEIGHT, ink=ON):
        """A line of `height` pixels down from (x, y)."""
        self.fill(x, y, 1, height, ink)

    def rectangle(self, x, y, width, height, ink=ON):
        """The outline of a rectangle, one pixel thick, inside `width` x `height`."""
        if width <= 0 or height <= 0:
            return
        self.fill(x, y, width, 1, ink)
        if height > 1:
            self.fill(x, y + height - 1, width, 1, ink)
        self.fill(x, y + 1, 1, height - 2, ink)
        if width > 1:
            self.fill(x + width - 1, y + 1, 1, height - 2, ink)

    def fill(self, x, y, width, height, ink=ON):
        """A full rectangle."""
        # Columns are cut at the edge of what is drawn, rows at the edge of the picture, as the Swift core does.
        left, right = max(x, 0) + self._right, min(min(x + width, WIDTH) + self._right, WIDTH)
        y += self._down
        top, bottom = max(y, 0), min(y + height, HEIGHT)
        if left >= right or top >= bottom:
            return
        buffer = self.bytes
        for page in range(top >> 3, ((bottom - 1) >> 3) + 1):
            first = max(top - page * 8, 0)
            last = min(bottom - 1 - page * 8, 7)
            mask = (0xFF << first) & (0xFF >> (7 - last))
            start = page * WIDTH
            for index in range(start + left, start + right):
                if ink == ON:
                    buffer[index] |= mask
                elif ink == OFF:
                    buffer[index] &= ~mask & 0xFF
                else:
                    buffer[index] ^= mask

    def bitmap(self, columns, x, y, ink=ON):
        """A picture of at most eight rows, a byte a column, bit 0 topmost; (x, y) is its upper left corner."""
        for offset, bits in enumerate(columns):
            self.column(bits, x + offset, y, ink)

    def column(self, bits, x, y, ink):
        """Pixels down from (x, y), bit 0 topmost: how a glyph's column is drawn; as many as `bits` has."""
        x += self._right
        y += self._down
        if not -32 < y < HEIGHT or not 0 <= x < WIDTH:
            return
        bits <<= y & 7
        page = y >> 3
        while bits:
            self._apply(bits & 0xFF, x, page, ink)
            bits >>= 8
            page += 1

    def text(self, text, x, y, align=LEFT, ink=ON):
        """A line of small text; (x, y) is its top, 7 rows and a descender high. Gives the column after it."""
        text = text[:CAPACITY]
        if align != LEFT:
            x = _start(x, text_width(text), align)
        columns = font.COLUMNS
        for byte in text:
            glyph = font.glyph(byte)
            if glyph is None:
                continue
            first = glyph * 5
            for offset in range(5):
                bits = columns[first + offset]
                if bits:
                    self.column(bits, x + offset, y, ink)
            x += font.ADVANCE
        return x

    def large_digits(self, text, x, y, align=LEFT, ink=ON):
        """Large digits, 20 rows high; only digits, minus signs and points show. Gives the column after the last
        digit.
        """
        text = text[:CAPACITY]
        if align != LEFT:
            x = _start(x, large_width(text), align)
        end = x
        for byte in text:
            width = large_digits.width(byte)
            if width == 0:
                continue
            for offset in range(width):
                self.column(large_digits.column(byte, offset), x + offset, y, ink)
            end = x + width
            x = end + large_digits.GAP
        return end

    def _apply(self, mask, x, page, ink):
        if not (0 <= x < WIDTH and 0 <= page < PAGES):
            return
        index = page * WIDTH + x
        if ink == ON:
            self.bytes[index] |= mask
        elif ink == OFF:
            self.bytes[index] &= ~mask & 0xFF
        else:
            self.bytes[index] ^= mask


def _start(x, width, align):
    return x - width // 2 if align == CENTRE else x - width
