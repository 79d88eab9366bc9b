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
    """A device on a board (core/hal/wiring.py); nothing is touched before the first step."""

    def __init__(self, node, board):
        self.node = node
        self.sensor = BoardSensor(board.bus, board.wire, board.adc)
        self._board = board
        self._display = SSD1306(board.display_bus)
        self._canvas = Canvas()
        self._inputs = NodeInputs()
        self._shown = None
        self._shown_at = 0
        self._was_dim = False
        self._fan_duty_percent = None
        self._fans_active = None

    def step(self, now, link):
        """Reads the pins and the sensor, lets the node decide, and does what concerns the board: LED, display, fans,
        measuring.

        Gives what is left to the shell: all but `measure`, `led`, `is_display_dim` and the fans.
        """
        board, inputs = self._board, self._inputs
        inputs.is_motion_high = board.motion.is_high()
        inputs.is_switch_high = board.door.is_high()
        inputs.measurement = self.sensor.poll(now)
        inputs.link = link
        actions = self.node.step(now, inputs)
        if actions.measure:
            self.sensor.set_offset(self.node.configuration.values[ON_CHIP_OFFSET])
            self.sensor.begin(now)
        board.light.set(led_state.is_on(actions.led, now))
        self._drive(actions.fan_duty_percent, actions.fans_active)
        self._show(self.node.screen(), actions.is_display_dim, now)
        return actions

    def take_command_answer(self, answer):
        """Writes the next answer to a command; see NodeCommands.take_command_answer."""
        return self.node.take_command_answer(self._canvas.bytes, answer)

    def _drive(self, duty, active):
        board = self._board
        if duty != self._fan_duty_percent:
            if board.fan is not None:
                board.fan.set(duty or 0)
            self._fan_duty_percent = duty
        if active != self._fans_active:
            for index, fan in enumerate(board.step_fans):
                fan.set(index < (active or 0))
            self._fans_active = active

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
