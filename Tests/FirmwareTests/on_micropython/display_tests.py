"""The golden frames of Tests/DisplayTests, byte for byte, and the display driver's traffic."""

from core.display.canvas import FLIP, RIGHT, Canvas
from core.display.other_screens import BootScreen, DisabledScreen, OfflineScreen, SensorFaultScreen
from core.display.reading_screen import ReadingScreen
from core.display.screen import LinkMarks
from core.display.ssd1306 import SSD1306
from core.display.text import number

from world import ScriptedBus, art, equal, read

ALL = LinkMarks(True, True, True)
WIFI_ONLY = LinkMarks(True, False, False)


def golden(name, canvas):
    expected = read("Tests/DisplayTests/golden/%s.txt" % name)
    drawn = art(canvas)
    if drawn != expected:
        raise AssertionError("%s differs; drawn:\n%s" % (name, drawn))


def draw(name, screen):
    canvas = Canvas()
    # What was there before must not shine through.
    canvas.fill(0, 0, 128, 64)
    screen.draw(canvas)
    golden(name, canvas)


def reading(
    device=b"Attic06",
    temperature=2253,
    humidity=4512,
    pressure=101325,
    reason=b"",
    motion=True,
    switch=False,
    links=ALL,
    unsent=0,
):
    return ReadingScreen(device, temperature, humidity, pressure, reason, motion, switch, links, unsent)


def test_reading():
    draw("reading", reading())


def test_reading_below_zero_with_links_down_and_unsent():
    draw(
        "reading-cold",
        reading(
            temperature=-1205, humidity=10000, pressure=30000, motion=False, switch=True, links=WIFI_ONLY, unsent=128
        ),
    )


def test_reading_without_sensor():
    draw(
        "reading-absent",
        reading(
            temperature=None, humidity=None, pressure=None, reason=b"absent", motion=None, switch=None, unsent=100_000
        ),
    )


def test_reading_with_humidity_out_of_range():
    draw("reading-range", reading(humidity=None, reason=b"range", unsent=7))


def test_reading_with_two_long_reasons_side_by_side():
    draw("reading-power-on", reading(humidity=None, pressure=None, reason=b"power-on"))


def test_reading_of_a_chip_without_humidity_and_a_long_name():
    draw("reading-bmp280", reading(device=b"conservatory-north-window-sill-2", humidity=None, temperature=5))


def test_boot():
    draw("boot", BootScreen(b"Attic06", b"1.0.0", b"joining Wi-Fi"))


def test_offline():
    draw("offline", OfflineScreen(b"Attic06", 2253, WIFI_ONLY, 128))


def test_sensor_fault():
    draw("sensor-fault", SensorFaultScreen(b"Attic06", b"BME280", b"nack", ALL))


def test_disabled():
    draw("disabled", DisabledScreen(b"Spare15"))


def test_text_is_cut_off_at_every_edge():
    canvas = Canvas()
    canvas.text(b"left", -8, 20)
    canvas.text(b"right", 112, 20)
    canvas.text(b"top", 40, -3)
    canvas.text(b"bottom", 40, 60)
    canvas.large_digits(b"42", 116, 40)
    golden("clipping", canvas)


def test_font_sheet():
    canvas = Canvas()
    for row in range(5):
        line = bytes(range(0x20 + row * 21, min(0x20 + (row + 1) * 21, 0x7F)))
        canvas.text(line, 1, row * 9)
    canvas.text(b"21.5 \xc2\xb0C", 1, 46)
    canvas.text(b"\x07\xff", 60, 46)
    canvas.text(b"Sphinx of quartz, judge", 1, 55)
    golden("font", canvas)


def test_large_digit_sheet():
    canvas = Canvas()
    canvas.large_digits(b"123456789", 0, 2)
    canvas.large_digits(number(-9870, 2), 127, 36, RIGHT)
    golden("large-digits", canvas)


def test_numbers_keep_their_zeros():
    for value, decimals, text in (
        (0, 2, b"0.00"),
        (5, 2, b"0.05"),
        (-5, 2, b"-0.05"),
        (2253, 2, b"22.53"),
        (-100, 2, b"-1.00"),
        (7, 0, b"7"),
        (-(2**31), 9, b"-2.147483648"),
        (1, 9, b"0.000000001"),
    ):
        equal(number(value, decimals), text)


def test_far_coordinates_draw_nothing():
    canvas = Canvas()
    for far in (-(2**31), 2**31 - 1, -1_000_000, 1_000_000):
        canvas.pixel(far, 0)
        canvas.pixel(0, far)
        canvas.fill(far, far, 5, 5)
        canvas.rectangle(far, far, 3, 3)
        canvas.text(b"far", far, 0)
        canvas.text(b"far", 0, far)
        canvas.large_digits(b"8", far, far)
    assert "#" not in art(canvas)


def test_power_up_is_the_table_and_a_whole_repaint():
    bus = ScriptedBus({0x3C: {}})
    display = SSD1306(bus)
    assert display.show(Canvas(), 0)
    equal(
        bus.trace[:3],
        [
            "3C",
            "3C W 00 AE D5 80 A8 3F D3 00 40 8D 14 20 00 A1 C8 DA 12 81 CF D9 F1 DB 40 A4 A6 AF",
            "3C W 00 21 00 7F 22 00 07",
        ],
    )
    equal(len(bus.trace), 3 + 32)


def test_only_changed_columns_of_changed_pages_are_sent():
    bus = ScriptedBus({0x3C: {}})
    display = SSD1306(bus)
    canvas = Canvas()
    display.show(canvas, 0)
    bus.trace.clear()
    assert display.show(canvas, 1)
    equal(bus.trace, [])
    canvas.pixel(10, 17)
    canvas.pixel(12, 16)
    canvas.pixel(127, 63, FLIP)
    display.show(canvas, 2)
    equal(
        bus.trace,
        ["3C W 00 21 0A 0C 22 02 02", "3C W 40 02 00 01", "3C W 00 21 7F 7F 22 07 07", "3C W 40 80"],
    )


def test_a_missing_display_is_looked_for_every_ten_seconds_across_the_wrap_of_the_tick():
    bus = ScriptedBus({})
    display = SSD1306(bus)
    assert not display.show(Canvas(), 0xFFFF_FFFF - 4999)
    equal(bus.trace, ["3C", "3D"])
    bus.chips[0x3D] = {}
    assert not display.show(Canvas(), 4999)
    assert display.show(Canvas(), 5000)
    equal(display.address, 0x3D)


def test_a_fault_in_the_middle_is_repaired_by_a_repaint():
    bus = ScriptedBus({0x3C: {}})
    display = SSD1306(bus)
    canvas = Canvas()
    display.show(canvas, 0)
    canvas.fill(0, 0, 128, 64)
    bus.faults = [None, None, 1]
    assert not display.show(canvas, 100)
    bus.trace.clear()
    assert display.show(canvas, 10_100)
    equal(len(bus.trace), 3 + 32)
