# Mirrors Sources/Node/Device.swift.
"""A whole device: the node and the hardware it speaks to. Only the network is left to the shell."""

from core.display.canvas import Canvas
from core.display.ssd1306 import SSD1306
from core.node.configuration_key import ON_CHIP_OFFSET
from core.node.node_inputs import NodeInputs
from core.sensors.board_sensor import BoardSensor
from core.status_led import led_state
from micropython import const

_REDRAW_MILLISECONDS = const(1000)


class Device:
    """A device on these wires; nothing is touched before the first step."""

    def __init__(self, node, bus, motion, door, light, wire=None, adc=None, display_bus=None):
        self.node = node
        self.sensor = BoardSensor(bus, wire, adc)
        self._display = SSD1306(display_bus or bus)
        self._canvas = Canvas()
        self._motion = motion
        self._door = door
        self._light = light
        self._inputs = NodeInputs()
        self._shown = None
        self._shown_at = 0
        self._was_dim = False

    def step(self, now, link):
        """Reads the pins and the sensor, lets the node decide, and does what concerns the board: LED, display,
        measuring.

        Gives what is left to the shell: all but `measure`, `led` and `is_display_dim`.
        """
        inputs = self._inputs
        inputs.is_motion_high = self._motion.is_high()
        inputs.is_switch_high = self._door.is_high()
        inputs.measurement = self.sensor.poll(now)
        inputs.link = link
        actions = self.node.step(now, inputs)
        if actions.measure:
            self.sensor.set_offset(self.node.configuration.values[ON_CHIP_OFFSET])
            self.sensor.begin(now)
        self._light.set(led_state.is_on(actions.led, now))
        self._show(self.node.screen(), actions.is_display_dim, now)
        return actions

    def take_command_answer(self, answer):
        """Writes the next answer to a command; see NodeCommands.take_command_answer."""
        return self.node.take_command_answer(self._canvas.bytes, answer)

    def _show(self, screen, is_dim, now):
        # Once a second is often enough to find a display again that was unplugged.
        is_other = screen != self._shown
        if not is_other and is_dim == self._was_dim and (now - self._shown_at) & 0xFFFF_FFFF < _REDRAW_MILLISECONDS:
            return
        if is_other:
            screen.draw(self.node.identity.device, self.node.identity.firmware, self._canvas)
        self._shown = screen
        self._was_dim = is_dim
        self._shown_at = now
        self._display.show(self._canvas, now, is_dim)
