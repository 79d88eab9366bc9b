"""An emulated RP2040 with MicroPython's rp2 port on it. picosim starts it as it starts a firmware: what the chip does
on its I2C pins goes to the virtual board over stdin and stdout (simulators/micropython/PROTOCOL.md).

    picosim board -- python emulator.py IMAGE.uf2 FIRMWARE PORT

FIRMWARE is a folder of compiled files for the chip's flash. Questions come over a connection to PORT of 127.0.0.1, each
a line of JSON: code to run, or a power cut.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import tempfile
from pathlib import Path

from littlefs import LittleFS, UserContext
from rp2040py.boards import resolve_board_spec
from rp2040py.device import MicroPythonDevice
from rp2040py.device.base_device import ResetCause
from rp2040py.gpio_pin import GPIOPinState
from rp2040py.utils.firmware_retrieve import MICROPYTHON, flash_layout

HEADER = struct.Struct("<BBHI")
I2C_TRANSFER, PIN_WRITE = 0x01, 0x03
LED_ON_CHIP, LED_ON_BOARD = 25, 64
# Wires from an output to an input; the LED's pin to itself, so that it can be read back.
WIRES = {17: 16, 15: 14, LED_ON_CHIP: LED_ON_CHIP}
# How many bytes are read ahead: the chip takes them one by one and does not say before how many it wants.
AHEAD = 32
I2C_FUNCTION = 3


class Board:
    """picosim at the other end of the pipes."""

    def call(self, operation: int, unit: int = 0, argument: int = 0, body: bytes = b"") -> tuple[int, int, bytes]:
        os.write(1, HEADER.pack(operation, unit, len(body), argument) + body)
        status, _, length, value = HEADER.unpack(self._take(HEADER.size))
        return status, value, self._take(length)

    @staticmethod
    def _take(count: int) -> bytes:
        taken = b""
        while len(taken) < count:
            piece = os.read(0, count - len(taken))
            if not piece:
                os._exit(3)  # the plug was pulled
            taken += piece
        return taken


class Bus:
    """The chip's I2C block 0, byte by byte, as whole transactions of the board."""

    def __init__(self, device: MicroPythonDevice, board: Board) -> None:
        self.block = device.mcu.i2c[0]
        self.board = board
        self.address = 0
        self.written = b""
        self.ahead = b""
        self.is_reading = False
        self.there: set[int] = set()  # who has answered: not asked again, a question to picosim costs most of the time
        self.block.on_connect = self.connect
        self.block.on_write_byte = self.write
        self.block.on_read_byte = self.read
        self.block.on_stop = self.stop

    def connect(self, address: int, mode: int) -> None:
        self.address = address & 0x7F
        self.is_reading = bool(mode)
        self.ahead = b""
        if self.address not in self.there and self.board.call(I2C_TRANSFER, 0, self.address)[0] == 0:
            self.there.add(self.address)
        self.block.complete_connect(self.address in self.there)

    def write(self, byte: int) -> None:
        self.written += bytes([byte])
        self.block.complete_write(True)

    def read(self, _: bool) -> None:
        if not self.ahead:
            argument = self.address | AHEAD << 16
            _, _, self.ahead = self.board.call(I2C_TRANSFER, 0, argument, self.written)
            self.written = b""
        byte, self.ahead = (self.ahead or b"\xff")[0], self.ahead[1:]
        self.block.complete_read(byte)

    def stop(self) -> None:
        if self.written and not self.is_reading:
            self.board.call(I2C_TRANSFER, 0, self.address, self.written)
        self.written = b""
        self.block.complete_stop()


class BitBangedProbe:
    """Who is there, asked by hand: the I2C block cannot write nothing, so MicroPython drives the pins itself."""

    SDA, SCL = 4, 5

    def __init__(self, device: MicroPythonDevice, board: Board) -> None:
        self.pins = {number: device.mcu.gpio[number] for number in (self.SDA, self.SCL)}
        self.board = board
        self.levels = {self.SDA: True, self.SCL: True}
        self.bits: list[int] | None = None  # since the start condition; None outside a transaction
        self.holds = False  # the chip holds SDA low: it acknowledges
        for pin in self.pins.values():
            pin.set_input_value(True)
            pin.add_listener(lambda *_: self.look())

    def look(self) -> None:
        """A pin has changed: what the two lines are now, and what that means."""
        before = dict(self.levels)
        for number, pin in self.pins.items():
            is_driven_low = pin.function_select != I2C_FUNCTION and pin.output_enable and not pin.output_value
            self.levels[number] = not is_driven_low
        sda, scl = self.levels[self.SDA], self.levels[self.SCL]
        if before[self.SCL] and scl and sda != before[self.SDA]:
            self.bits, self.holds = (None if sda else []), False
        elif self.bits is not None and scl and not before[self.SCL]:
            self.bits.append(int(sda))
        elif self.bits is not None and before[self.SCL] and not scl:
            self.holds = len(self.bits) == 8 and self.is_there(self.bits)
        self.pins[self.SDA].set_input_value(sda and not self.holds)
        self.pins[self.SCL].set_input_value(scl)

    def is_there(self, bits: list[int]) -> bool:
        address = int("".join(map(str, bits[:7])), 2)
        return self.board.call(I2C_TRANSFER, 0, address)[0] == 0


def wire_up(device: MicroPythonDevice, board: Board) -> None:
    """The wires between pins, and the LED."""
    for output, to in WIRES.items():

        def changed(state: GPIOPinState, _: GPIOPinState, output: int = output, to: int = to) -> None:
            if state not in (GPIOPinState.HIGH, GPIOPinState.LOW):
                return
            is_high = state == GPIOPinState.HIGH
            device.mcu.gpio[to].set_input_value(is_high)
            if output == LED_ON_CHIP:
                board.call(PIN_WRITE, LED_ON_BOARD, int(is_high))

        device.mcu.gpio[output].add_listener(changed)


def file_system(firmware: Path, image: Path) -> None:
    """A flash as `make flash` leaves it, but for main.py, which would run."""
    layout = flash_layout(MICROPYTHON, "pico")
    size, count = layout["fs_blocksize"], layout["fs_blockcount"]
    context = UserContext(buffsize=size * count)
    flash = LittleFS(context=context, block_size=size, block_count=count, prog_size=256, disk_version=0x0002_0000)
    for path in sorted(firmware.rglob("*")):
        name = str(path.relative_to(firmware))
        if path.is_dir():
            flash.mkdir(name)
        elif name != "main.py":
            with flash.open(name, "wb") as file:
                file.write(path.read_bytes())
    flash.unmount()
    image.write_bytes(context.buffer)


def answer(device: MicroPythonDevice, question: dict[str, object]) -> dict[str, str]:
    """What came of one question."""
    try:
        if question.get("cut"):
            device.hard_reset_async(60, cause=ResetCause.POWER_ON).result()
            return {"output": ""}
        output, errors = device.exec_async(str(question["code"]), float(str(question["seconds"]))).result()
        return {"output": (output + errors).decode(errors="replace")}
    except Exception as error:  # noqa: BLE001 - whatever it is, the case is told
        return {"error": repr(error)}


def main() -> None:
    image, firmware, port = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        flash = Path(folder) / "flash"
        file_system(Path(firmware), flash)
        device = MicroPythonDevice(board=resolve_board_spec("pico", MICROPYTHON, image), filesystem=flash)
    board = Board()
    Bus(device, board)
    BitBangedProbe(device, board)
    wire_up(device, board)
    device.start_async(60).result()
    with socket.create_connection(("127.0.0.1", int(port))) as connection, connection.makefile("r") as questions:
        for line in questions:
            connection.sendall((json.dumps(answer(device, json.loads(line))) + "\n").encode())
    os._exit(0)


main()
