# Mirrors Sources/Display/OtherScreens.swift.
"""Starting, offline, sensor fault, disabled."""

from collections import namedtuple

from core.display.canvas import CENTRE
from core.display.screen import label, title
from core.display.text import number


class BootScreen(namedtuple("BootScreen", ("device_id", "version", "step"))):
    """Starting: who this is, and what it is waiting for (at most 21 characters)."""

    def draw(self, canvas):
        """Draws over whatever the canvas held."""
        canvas.clear()
        canvas.rectangle(0, 0, 128, 64)
        canvas.text(b"martlet", 64, 9, CENTRE)
        canvas.text(self.version, 64, 19, CENTRE)
        label(canvas, self.device_id, 64, 33, CENTRE)
        canvas.text(self.step, 64, 50, CENTRE)


class OfflineScreen(namedtuple("OfflineScreen", ("device_id", "temperature_centi_celsius", "links", "unsent"))):
    """No way to the gateway: what is missing, and how much waits. The temperature is still shown: it is of now."""

    def draw(self, canvas):
        """Draws over whatever the canvas held."""
        canvas.clear()
        title(canvas, self.device_id, self.links)
        label(canvas, self._missing(), 64, 17, CENTRE)
        value = self.temperature_centi_celsius
        canvas.text((b"--" if value is None else number(value, 2)) + b" \xc2\xb0C", 64, 34, CENTRE)
        canvas.horizontal_line(50)
        words = b" reading waits" if self.unsent == 1 else b" readings wait"
        canvas.text(number(self.unsent) + words, 64, 54, CENTRE)

    def _missing(self):
        if not self.links.wifi:
            return b"no Wi-Fi"
        return b"no gateway" if self.links.broker else b"no broker"


class SensorFaultScreen(namedtuple("SensorFaultScreen", ("device_id", "sensor", "reason", "links"))):
    """The sensor gives nothing: which one, and why."""

    def draw(self, canvas):
        """Draws over whatever the canvas held."""
        canvas.clear()
        title(canvas, self.device_id, self.links)
        canvas.text(b"Sensor fault", 64, 18, CENTRE)
        canvas.text(self.sensor, 64, 32, CENTRE)
        label(canvas, self.reason, 64, 48, CENTRE)


class DisabledScreen(namedtuple("DisabledScreen", ("device_id",))):
    """The configuration says that this device publishes nothing."""

    def draw(self, canvas):
        """Draws over whatever the canvas held."""
        canvas.clear()
        title(canvas, self.device_id)
        canvas.text(b"disabled", 64, 26, CENTRE)
        canvas.text(b"by its configuration", 64, 40, CENTRE)
