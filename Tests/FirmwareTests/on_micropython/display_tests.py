"""The golden frames of Tests/DisplayTests, byte for byte, and the display driver's traffic."""

from core.display import burn_in_care
from core.display.canvas import FLIP, RIGHT, Canvas
from core.display.screen import (
    BOOT,
    CELSIUS,
    DISABLED,
    FAHRENHEIT,
    IDENTIFY,
    JOINING,
    OFFLINE,
    READING,
    SENSOR_FAULT,
    LinkMarks,
    Screen,
)
from core.display.ssd1306 import SSD1306
from core.telemetry.measurement import ABSENT, BME280, NACK, OK, POWER_ON, RANGE, SHT31, Measurement, missing
from core.telemetry.reading import HIGH, LOW, UNKNOWN

from world import ScriptedBus, art, equal, read

ALL = LinkMarks(True, True, True)
WIFI_ONLY = LinkMarks(True, False, False)
NO_LINKS = LinkMarks(False, False, False)
MEASURED = Measurement(2253, 4512, 101_325, OK, BME280)


def golden(name, canvas):
    expected = read("Tests/DisplayTests/golden/%s.txt" % name)
    drawn = art(canvas)
    if drawn != expected:
        raise AssertionError("%s differs; drawn:\n%s" % (name, drawn))


def draw(name, screen, device=b"Attic06"):
    canvas = Canvas()
    # What was there before must not shine through.
    canvas.fill(0, 0, 128, 64)
    screen.draw(device, b"1.0.0", canvas)
    golden(name, canvas)


def screen(
    kind=READING, measurement=MEASURED, unit=CELSIUS, motion=HIGH, switch=LOW, links=ALL, unsent=0, shift=(0, 0)
):
    return Screen(kind, measurement, unit, motion, switch, links, unsent, shift)


def test_reading():
    draw("reading", screen())


def test_reading_in_fahrenheit():
    draw("reading-fahrenheit", screen(unit=FAHRENHEIT))


def test_reading_below_zero_with_links_down_and_unsent():
    cold = Measurement(-1205, 10_000, 30_000, OK, BME280)
    draw("reading-cold", screen(measurement=cold, motion=LOW, switch=HIGH, links=WIFI_ONLY, unsent=128))


def test_reading_without_sensor():
    draw("reading-absent", screen(measurement=missing(ABSENT), motion=UNKNOWN, switch=UNKNOWN, unsent=100_000))


def test_reading_with_humidity_out_of_range():
    draw("reading-range", screen(measurement=Measurement(2253, None, 101_325, RANGE, BME280), unsent=7))


def test_reading_with_two_long_reasons_side_by_side():
    draw("reading-power-on", screen(measurement=Measurement(2253, None, None, POWER_ON, BME280)))


def test_reading_of_a_chip_without_humidity_and_a_long_name():
    measured = Measurement(5, None, 101_325, OK, BME280)
    draw("reading-bmp280", screen(measurement=measured), b"conservatory-north-window-sill-2")


def test_boot():
    draw("boot-starting", screen(BOOT))


def test_joining():
    draw("joining", screen(JOINING, links=NO_LINKS, unsent=1))


def test_offline():
    draw("offline", screen(OFFLINE, links=WIFI_ONLY, unsent=128))


def test_offline_without_wifi_in_fahrenheit_without_a_value():
    draw("offline-no-wifi", screen(OFFLINE, missing(NACK, SHT31), FAHRENHEIT, links=NO_LINKS))


def test_sensor_fault():
    draw("sensor-fault", screen(SENSOR_FAULT, missing(NACK, BME280)))


def test_disabled():
    draw("disabled", screen(DISABLED), b"Spare15")


def test_identify():
    draw("identify", screen(IDENTIFY))


def test_a_shifted_picture_is_the_picture_a_pixel_further():
    plain, moved = Canvas(), Canvas()
    screen(unsent=12).draw(b"Attic06", b"1.0.0", plain)
    for right, down in ((1, 0), (1, 1), (0, 1), (0, 0)):
        screen(unsent=12, shift=(right, down)).draw(b"Attic06", b"1.0.0", moved)
        for y in range(63):
            for x in range(127):
                equal(moved.is_lit(x + right, y + down), plain.is_lit(x, y), (x, y, right, down))


def test_the_picture_goes_round_four_places_and_the_panel_dims_when_the_time_is_up():
    places = [burn_in_care.shift(step * 1000 + 999, 1000) for step in range(6)]
    equal(places, [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0), (1, 0)])
    equal(burn_in_care.shift(1_000_000, 0), (0, 0))
    equal([burn_in_care.is_dim(idle, 600_000) for idle in (599_999, 600_000)], [False, True])
    equal(burn_in_care.is_dim(1 << 60, 0), False)


def test_the_panel_is_told_its_contrast_once_and_again_after_its_set_up():
    bus = ScriptedBus({0x3C: {}})
    display = SSD1306(bus)
    canvas = Canvas()
    display.show(canvas, 0)
    bus.trace.clear()
    display.show(canvas, 10, True)
    display.show(canvas, 20, True)
    equal(bus.trace, ["3C W 00 81 08"])
    bus.trace.clear()
    display.show(canvas, 60_000, True)
    equal((bus.trace[0][:14], bus.trace[1][:12], bus.trace[-1]), ("3C W 00 AE D5 ", "3C W 00 21 0", "3C W 00 81 08"))
    bus.trace.clear()
    for turn in range(1, 10):
        display.show(canvas, 60_000 + turn, True)
    # Seven pages more, five transactions each, and no second set-up.
    equal(len(bus.trace), 7 * 5)


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
    canvas.large_digits(b"-98.70", 127, 36, RIGHT)
    golden("large-digits", canvas)


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
