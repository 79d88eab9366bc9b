"""`_onewire` as MicroPython has it on an RP2040, for the unix port: every call is a question to the board."""

import board as _board
from board import board


def reset(pin):
    """Whether somebody answered."""
    return board.call(_board.ONE_WIRE_RESET, pin.number)[0] == _board.OK


def readbit(pin):
    """One read slot."""
    return board.call(_board.ONE_WIRE_READ_BIT, pin.number)[1] & 1


def readbyte(pin):
    """Eight read slots."""
    return board.call(_board.ONE_WIRE_READ, pin.number)[1] & 0xFF


def writebit(pin, bit):
    """One write slot."""
    board.call(_board.ONE_WIRE_WRITE_BIT, pin.number, bit)


def writebyte(pin, byte):
    """Eight write slots."""
    board.call(_board.ONE_WIRE_WRITE, pin.number, byte)
