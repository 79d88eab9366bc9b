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

from stack import binary, wait_until

try:
    from playwright.sync_api import Page, sync_playwright
except ImportError:
    sync_playwright = None  # type: ignore[assignment]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

# How many pixels of the display are lit.
LIT = """() => {
  const data = document.getElementById("oled").getContext("2d").getImageData(0, 0, 128, 64).data;
  let lit = 0;
  for (let pixel = 0; pixel < data.length; pixel += 4) if (data[pixel] > 0x80) lit += 1;
  return lit;
}"""


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


@unittest.skipUnless(sync_playwright, "playwright is missing: pip install playwright")
@unittest.skipUnless(CHROMIUM, "chromium is missing: apt install chromium")
class BenchInTheBrowser(unittest.TestCase):
    def setUp(self) -> None:
        address = self.enterContext(bench())
        driver = self.enterContext(sync_playwright())
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        self.addCleanup(browser.close)
        self.page: Page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda message: self.faults.append(message.text))
        self.page.goto(address)
        self.wait("the first reading", lambda: self.text("#made") != "–" and int(self.text("#made")) > 0)

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def said(self) -> dict[str, object]:
        payload: dict[str, object] = json.loads(self.text("#said"))
        return payload

    def wait(self, what: str, condition: Callable[[], bool]) -> None:
        """Waits in the browser's own loop: a page that is not asked anything draws nothing."""

        def looked() -> bool:
            self.page.wait_for_timeout(20)
            return condition()

        wait_until(what, looked, seconds=30)

    def wave(self) -> dict[str, object]:
        """Waves until the board tells of it; the cool-down may swallow one wave."""
        made = int(self.text("#made"))

        def told() -> bool:
            if self.text("#motion b") == "LOW":
                self.page.click("#wave")
            return int(self.text("#made")) > made

        self.wait("a reading of the motion", told)
        return self.said()

    def test_the_board_lives_on_the_page(self) -> None:
        self.wait("the display", lambda: self.page.evaluate(LIT) > 500)
        self.wait("the LED", lambda: self.text("#led b") == "lit")
        self.assertEqual(self.text("#link-text"), "Live")
        self.assertEqual(self.said()["quality"], "ok")
        self.assertEqual(self.faults, [])
        if folder := os.environ.get("SCREENSHOTS"):
            self.page.screenshot(path=str(Path(folder) / "bench.png"), full_page=True)

    def test_a_dragged_temperature_is_in_the_next_payload(self) -> None:
        self.page.fill("#temperature", "31.4")
        self.wait("the bus", lambda: self.text("#temperature-out") == "31.4 °C")
        self.wait("the reading", lambda: self.wave()["temperature"] in (31.39, 31.4, 31.41))
        # Beyond what the chip can: no value, and the reason.
        self.page.fill("#temperature", "89")
        self.wait("a refusal", lambda: self.wave()["quality"] == "range")
        self.assertIsNone(self.said()["temperature"])

    def test_an_unplugged_sensor_is_said_and_found_again(self) -> None:
        self.page.click("[data-part=bme280]")
        self.wait("a null", lambda: self.wave()["temperature"] is None)
        self.page.click("[data-part=sht31]")
        self.wait("the other sensor", lambda: self.wave()["sensor_type"] == "SHT31")
        self.assertEqual(self.faults, [])

    def test_an_unplugged_display_is_dark_and_comes_back(self) -> None:
        self.wait("the display", lambda: self.page.evaluate(LIT) > 500)
        self.page.click("[data-part=ssd1306]")
        self.wait("darkness", lambda: self.page.evaluate(LIT) == 0)
        # Put back before the driver notices, it stays dark until the driver's refresh, a minute later.
        self.wait("the driver's notice", lambda: re.search("3C.* ! address NACK", self.text("#bus")) is not None)
        self.page.click("[data-part=ssd1306]")
        self.wait("the display again", lambda: self.page.evaluate(LIT) > 500)

    def test_without_wifi_readings_wait_and_arrive_later(self) -> None:
        self.page.click("#wifi")
        self.wait("the switch", lambda: self.page.get_attribute("#wifi", "aria-checked") == "false")
        self.page.click("#door")
        self.wait("a waiting reading", lambda: int(self.text("#waiting")) > 0)
        self.page.click("#wifi")
        self.wait("its delivery", lambda: self.text("#waiting") == "0")
        self.assertEqual(self.text("#made"), self.text("#acknowledged"))

    def test_the_keyboard_reaches_everything_and_nothing_overflows_at_360(self) -> None:
        reached = set()
        for _ in range(30):
            self.page.keyboard.press("Tab")
            reached.add(self.page.evaluate("document.activeElement.id || document.activeElement.dataset.part"))
        wanted = {"temperature", "humidity", "pressure", "weather", "wave", "restart", "door", "wifi", "ssd1306"}
        self.assertLessEqual(wanted, reached)
        self.page.focus("#door")
        self.page.keyboard.press("Space")
        self.wait("the switch", lambda: self.text("#door-pin b") == "HIGH")
        self.page.set_viewport_size({"width": 360, "height": 740})
        self.assertEqual(self.page.evaluate("document.documentElement.scrollWidth"), 360)
