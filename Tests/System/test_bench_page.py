"""The virtual bench in a real browser: what hands do on the page, the board's display and payloads show."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import unittest
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from stack import binary, wait_until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

# The display's rows as text, one character a pixel.
OLED = """() => {
  const copy = new OffscreenCanvas(128, 64).getContext("2d", { willReadFrequently: true });
  copy.drawImage(document.getElementById("oled"), 0, 0);
  const data = copy.getImageData(0, 0, 128, 64).data;
  const row = (y) => Array.from({ length: 128 }, (_, x) => (data[(y * 128 + x) * 4] > 0x80 ? "#" : ".")).join("");
  return Array.from({ length: 64 }, (_, y) => row(y));
}"""

# Notes what the page says of the temperature from now on.
KNOB_WAY = """() => {
  window.way = [];
  const said = document.getElementById("temperature-out");
  const look = () => window.way.push(parseFloat(said.textContent));
  new MutationObserver(look).observe(said, { childList: true, characterData: true, subtree: true });
}"""

# Where the reading screen has its large digits, and its marks of the inputs (Sources/Display/ReadingScreen.swift), with
# a margin: the picture may lie a pixel off for burn-in care.
DIGITS = slice(13, 37)
SECOND_RULE = 50
MOTION_MARK = (slice(53, 63), slice(0, 9))
SWITCH_MARK = (slice(53, 63), slice(48, 58))


@contextmanager
def bench(*arguments: str) -> Iterator[str]:
    """A bench on a free port; gives its address, and ends it."""
    command = [binary("picosim"), "bench-page", "--page-port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        found = re.search(r"http://\S+/", process.stdout.readline())
        assert found, "the bench did not say its address"
        yield found[0]
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(20)
        process.stdout.close()
        assert code == 0, f"the bench ended with {code}"


class Bench(unittest.TestCase):
    def test_another_site_cannot_reach_the_bench(self) -> None:
        body = json.dumps({"action": "restart"}).encode()
        with bench() as address:
            for headers in ({"Origin": "http://example.org"}, {"Host": "example.org"}):
                request = urllib.request.Request(f"{address}do", data=body, headers=headers)
                with self.assertRaises(urllib.error.HTTPError) as refusal:
                    urllib.request.urlopen(request, timeout=5)
                refusal.exception.close()
                self.assertEqual(refusal.exception.code, 404)
            with urllib.request.urlopen(urllib.request.Request(f"{address}do", data=body), timeout=5) as answer:
                self.assertEqual(answer.status, 204)

    def test_nonsense_is_refused_and_the_bench_goes_on(self) -> None:
        with bench() as address:
            for body in (b"", b"{", b'{"action":"fly"}', b'{"action":"part","name":"ds9","on":true}', b"x" * 5000):
                with self.assertRaises(urllib.error.HTTPError) as refusal:
                    urllib.request.urlopen(urllib.request.Request(f"{address}do", data=body), timeout=5)
                refusal.exception.close()
                self.assertIn(refusal.exception.code, (400, 413))
            with urllib.request.urlopen(address, timeout=5) as answer:
                self.assertIn(b"Martlet bench", answer.read())


@unittest.skipUnless(CHROMIUM, "chromium is missing: scripts/install-packages test")
class BenchInTheBrowser(unittest.TestCase):
    """What issue 4 lists for the bench, by a browser's own mouse and keyboard; each claim is read from the page."""

    scheme = "light"
    width = 1280

    def setUp(self) -> None:
        address = self.enterContext(bench())
        driver = self.enterContext(sync_playwright())
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        self.addCleanup(browser.close)
        viewport = {"width": self.width, "height": 900}
        self.page: Page = browser.new_page(viewport=viewport, color_scheme=self.scheme)
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda message: self.faults.append(message.text))
        self.page.goto(address)
        self.wait("the first reading", lambda: self.text("#made") != "–" and int(self.text("#made")) > 0)
        # Boot and joining screens light the same pixels, but only the reading's has a second rule.
        self.wait("the reading screen", lambda: set(self.oled()[SECOND_RULE]) == {"#"})

    def tearDown(self) -> None:
        self.assertEqual(self.faults, [], "the page complained")

    # Looking

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def said(self) -> dict[str, object]:
        payload: dict[str, object] = json.loads(self.text("#said"))
        return payload

    def oled(self) -> list[str]:
        rows: list[str] = self.page.evaluate(OLED)
        return rows

    def lit(self, area: tuple[slice, slice] = (slice(None), slice(None))) -> int:
        """How many pixels of an area of the display are lit."""
        return sum(row[area[1]].count("#") for row in self.oled()[area[0]])

    def digits(self) -> str:
        """The large digits, wherever burn-in care has put them."""
        rows = [row.strip(".") for row in self.oled()[DIGITS]]
        return "\n".join(row for row in rows if row)

    def wait(self, what: str, condition: Callable[[], bool]) -> None:
        """Waits in the browser's own loop: a page that is not asked anything draws nothing."""

        def looked() -> bool:
            self.page.wait_for_timeout(20)
            return condition()

        wait_until(what, looked, seconds=30)

    def picture(self, name: str) -> None:
        """Keeps a picture where SCREENSHOTS says, for a person to look at."""
        if folder := os.environ.get("SCREENSHOTS"):
            self.page.screenshot(path=str(Path(folder) / f"bench-{name}.png"), full_page=True)

    # Doing

    def drag(self, slider: str, *, to: float) -> None:
        """Takes a slider's knob with the mouse and lets it go at `to` (0 is the left end, 1 the right)."""
        low, high = (float(self.page.get_attribute(slider, name) or 0) for name in ("min", "max"))
        value = float(self.page.input_value(slider))
        self.page.locator(slider).scroll_into_view_if_needed()
        box = self.page.locator(slider).bounding_box()
        assert box
        # The knob is 16 px wide and stays inside.
        across = [box["x"] + 8 + part * (box["width"] - 16) for part in ((value - low) / (high - low), to)]
        middle = box["y"] + box["height"] / 2
        self.page.mouse.move(across[0], middle)
        self.page.mouse.down()
        self.page.mouse.move(across[1], middle, steps=12)
        self.page.mouse.up()

    def flip(self) -> dict[str, object]:
        """Flips the switch, which makes the board speak at once, and gives what it says."""
        made = int(self.text("#made"))
        self.page.click("#door")
        self.wait("a reading of the switch", lambda: int(self.text("#made")) > made)
        return self.said()

    def wait_for_reading(self, field: str, value: float, *, within: float) -> None:
        self.wait(f"{field} {value}", lambda: abs(float(str(self.flip()[field])) - value) <= within)


class TheBoard(BenchInTheBrowser):
    def test_display_and_led_live_on_the_page(self) -> None:
        self.wait("the display", lambda: self.lit() > 500)
        self.wait("the LED's light", lambda: self.text("#led b") == "lit")
        self.wait("the LED's wink", lambda: self.text("#led b") == "dark")
        self.assertEqual(self.text("#link-text"), "Live")
        self.assertEqual(self.said()["quality"], "ok")
        self.wait("a measurement on the bus", lambda: "R 76 F7 -> " in self.text("#bus"))
        self.picture("live-1280-light")

    def test_dragged_temperature_is_on_the_display_and_in_the_next_payload(self) -> None:
        self.page.fill("#temperature", "21.5")
        self.wait_for_reading("temperature", 21.5, within=0.02)
        before = self.digits()
        self.page.evaluate(KNOB_WAY)
        self.drag("#temperature", to=0.8)
        shown = float(self.text("#temperature-out").split()[0])
        self.assertAlmostEqual(shown, -45 + 0.8 * 135, delta=3)
        self.wait("other digits", lambda: self.digits() != before)
        way = self.page.evaluate("window.way")
        self.assertEqual(way, sorted(way), "the knob jumped back from under the hand")
        self.wait_for_reading("temperature", shown, within=0.02)
        self.page.fill("#temperature", "21.5")
        self.wait("the first digits", lambda: self.digits() == before)
        # Beyond what the chip can: no value, and the reason.
        self.drag("#temperature", to=1)
        self.wait("a refusal", lambda: self.flip()["quality"] == "range")
        self.assertIsNone(self.said()["temperature"])
        self.picture("range-1280-light")

    def test_dragged_humidity_and_pressure_are_in_the_next_payload(self) -> None:
        for slider, low, high, field in (("#humidity", 0, 100, "humidity"), ("#pressure", 280, 1120, "pressure")):
            for part in (0.3, 0.7):
                with self.subTest(slider=slider, part=part):
                    self.drag(slider, to=part)
                    shown = float(self.text(f"{slider}-out").split()[0])
                    self.assertAlmostEqual(shown, low + part * (high - low), delta=(high - low) / 40)
                    self.wait_for_reading(field, shown, within=0.15)

    def test_weather_takes_the_air_back(self) -> None:
        weather = self.text("#temperature-out")
        self.page.fill("#temperature", "-30")
        self.wait("the cold", lambda: float(str(self.flip()["temperature"])) < -29.9)
        self.assertEqual(self.text("#temperature-out"), "-30.0 °C")
        self.page.click("#weather")
        self.wait("the weather", lambda: abs(float(self.text("#temperature-out")[:-3]) - float(weather[:-3])) < 1)
        self.wait("its reading", lambda: float(str(self.flip()["temperature"])) > 0)

    def test_wave_is_a_motion_event_and_a_mark_on_the_display(self) -> None:
        self.wait("the reading screen", lambda: self.lit(MOTION_MARK) > 0)
        empty = self.lit(MOTION_MARK)
        self.page.click("#wave")
        self.wait("the pin", lambda: self.text("#motion b") == "HIGH")
        self.wait("the event", lambda: self.said()["event_type"] == "motion")
        self.assertEqual(self.said()["motion"], "HIGH")
        self.wait("a filled mark", lambda: self.lit(MOTION_MARK) > empty)
        self.wait("the end of it", lambda: self.text("#motion b") == "LOW")
        self.wait("an empty mark", lambda: self.lit(MOTION_MARK) == empty)

    def test_flipped_switch_is_one_event_each_way(self) -> None:
        self.wait("the reading screen", lambda: self.lit(SWITCH_MARK) > 0)
        empty = self.lit(SWITCH_MARK)
        for level in ("HIGH", "LOW"):
            made = int(self.text("#made"))
            said = self.flip()
            self.assertEqual((said["event_type"], said["switch"]), ("switch", level))
            self.assertEqual(self.text("#door-pin b"), level)
            self.assertEqual(self.page.get_attribute("#door", "aria-checked"), str(level == "HIGH").lower())
            self.assertEqual(int(self.text("#made")), made + 1, "one toggle, one reading")
            self.wait("its mark", lambda level=level: (self.lit(SWITCH_MARK) > empty) == (level == "HIGH"))

    def test_unplugged_sensor_is_said_and_another_and_the_first_are_found(self) -> None:
        self.assertEqual(self.said()["sensor_type"], "BME280")
        self.page.click("[data-part=bme280]")
        self.wait("a null", lambda: self.flip()["temperature"] is None)
        self.assertIn(self.said()["quality"], ("nack", "absent"))
        self.assertEqual(self.page.get_attribute("[data-part=bme280]", "aria-checked"), "false")
        self.page.click("[data-part=sht31]")
        self.wait("the other sensor", lambda: self.flip()["sensor_type"] == "SHT31")
        self.wait("its reading", lambda: self.flip()["temperature"] is not None)
        self.page.click("[data-part=sht31]")
        self.page.click("[data-part=bme280]")
        self.wait("the first again", lambda: (self.flip()["sensor_type"], self.said()["quality"]) == ("BME280", "ok"))

    def test_unplugged_display_is_dark_and_comes_back(self) -> None:
        self.wait("the display", lambda: self.lit() > 500)
        self.page.click("[data-part=ssd1306]")
        self.wait("darkness", lambda: self.lit() == 0)
        # Put back before the driver notices, it stays dark until the driver's refresh, a minute later.
        self.wait("the driver's notice", lambda: re.search("3C.* ! address NACK", self.text("#bus")) is not None)
        self.page.click("[data-part=ssd1306]")
        self.wait("the display again", lambda: self.lit() > 500)

    def test_without_wifi_readings_wait_and_arrive_later(self) -> None:
        self.wait("the reading screen", lambda: self.lit() > 500)
        self.page.click("#wifi")
        self.wait("the switch", lambda: self.page.get_attribute("#wifi", "aria-checked") == "false")
        acknowledged = self.text("#acknowledged")
        for _ in range(3):
            made = int(self.text("#made"))
            self.page.click("#door")
            self.wait("a reading", lambda made=made: int(self.text("#made")) > made)
        self.assertGreaterEqual(int(self.text("#waiting")), 3)
        self.assertEqual(self.text("#acknowledged"), acknowledged)
        self.picture("no-wifi")
        self.page.click("#wifi")
        self.wait("their delivery", lambda: self.text("#waiting") == "0")
        self.assertEqual(self.text("#made"), self.text("#acknowledged"))

    def test_power_cut_darkens_the_board_and_it_starts_again(self) -> None:
        self.wait("the display", lambda: self.lit() > 500)
        boot = self.said()["boot"]
        self.page.click("#restart")
        self.wait("the notice", lambda: self.page.is_visible("#trouble"))
        self.assertEqual(self.text("#trouble"), "The board has no power.")
        self.assertEqual((self.lit(), self.text("#led b")), (0, "dark"))
        self.wait("its return", lambda: self.lit() > 500 and not self.page.is_visible("#trouble"))
        self.wait("a reading of the next boot", lambda: self.flip()["boot"] != boot)

    def test_keyboard_reaches_everything(self) -> None:
        reached = set()
        for _ in range(30):
            self.page.keyboard.press("Tab")
            reached.add(self.page.evaluate("document.activeElement.id || document.activeElement.dataset.part"))
        wanted = {"temperature", "humidity", "pressure", "weather", "wave", "restart", "door", "wifi", "ssd1306"}
        self.assertLessEqual(wanted, reached)
        self.page.focus("#door")
        self.page.keyboard.press("Space")
        self.wait("the switch", lambda: self.text("#door-pin b") == "HIGH")


class OnAPhoneInTheDark(BenchInTheBrowser):
    scheme = "dark"
    width = 360

    def test_nothing_overflows_and_everything_is_large_enough_for_a_thumb(self) -> None:
        self.wait("the display", lambda: self.lit() > 500)
        self.assertEqual(self.page.evaluate("document.documentElement.scrollWidth"), 360)
        for control in self.page.locator("button, input").all():
            box = control.bounding_box()
            assert box
            self.assertGreaterEqual(box["height"], 24, control.get_attribute("id"))
            self.assertLessEqual(box["x"] + box["width"], 360)
        self.picture("live-360-dark")
        self.page.click("[data-part=bme280]")
        self.wait("a null", lambda: self.flip()["temperature"] is None)
        self.picture("fault-360-dark")
