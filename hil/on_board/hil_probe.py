"""What the cases run on the board itself, with the firmware's own modules: each function says what it saw, as lines of
`name value`.

Words go to stderr: that is the console on a board, and on a simulated one stdout belongs to the pipes.
"""

import gc
import os
import sys
import time

from core.display.canvas import Canvas
from core.display.ssd1306 import SSD1306
from core.hal.i2c_bus import answers
from core.hal.wiring import Wiring
from core.node.device import Device
from core.node.node import Node
from core.node.node_inputs import Link, NodeIdentity
from core.status_led import led_state
from core.telemetry.inline_bytes import InlineBytes
from core.telemetry.payload_encoder import MAXIMUM_PAYLOAD_BYTES
from machine import Pin
from micropython import const
from ports.flash_outbox import FlashOutbox
from ports.i2c import I2CWires
from ports.pins import InputPin, OutputPin

# As the fleet wires it; a wire from LOOP to its input stands for motion sensor and switch.
_SDA, _SCL, _MOTION, _DOOR = const(4), const(5), const(16), const(14)
_MOTION_LOOP, _DOOR_LOOP = const(17), const(15)
_ADDRESSES = (0x3C, 0x3D, 0x44, 0x45, 0x48, 0x49, 0x4A, 0x4B, 0x76, 0x77)
_SLOT_MILLISECONDS = const(125)
_FOLDER = "hil_outbox"


def say(name, *values):
    """A line for the case."""
    print(name, *values, file=sys.stderr)


def wired():
    """The addresses that answer."""
    bus = I2CWires(_SDA, _SCL)
    say("addresses", *("%02X" % address for address in _ADDRESSES if answers(bus, address)))


def device():
    """The whole device, without a network."""
    node = Node(NodeIdentity(b"Bench00", b"hil", 1), 96)
    return Device(node, Wiring(I2CWires(_SDA, _SCL), InputPin(_MOTION), InputPin(_DOOR), OutputPin("LED")))


def live(board, milliseconds, link):
    """Steps a board in real time and says what it publishes."""
    payload = InlineBytes(MAXIMUM_PAYLOAD_BYTES)
    start = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), start) < milliseconds:
        actions = board.step(time.ticks_ms(), link)
        if actions.fetch_configuration:
            board.node.configuration_is_unchanged()
        while board.node.take_payload(time.ticks_ms(), payload):
            say("payload", bytes(payload.view()).decode())
        time.sleep_ms(5)


def reading(milliseconds):
    """What the device publishes when it has just started."""
    live(device(), milliseconds, Link(True, -60, True))


def frame():
    """Shows a picture that `frame_bytes` of the cases knows."""
    canvas = Canvas()
    for index in range(len(canvas.bytes)):
        canvas.bytes[index] = (index * 7 + (index >> 7) + 3) & 0xFF
    say("shown", 1 if SSD1306(I2CWires(_SDA, _SCL)).show(canvas, 0) else 0)


def led(milliseconds, step_milliseconds):
    """Runs the device without a network, in virtual time; for each slot of 125 ms the state, what its pattern says, and
    the pin's level.
    """
    board = device()
    pin = Pin("LED")
    for now in range(0, milliseconds, step_milliseconds):
        actions = board.step(now, Link())
        say("slot", actions.led, now // _SLOT_MILLISECONDS % 16, int(led_state.is_on(actions.led, now)), pin.value())


def inputs(milliseconds):
    """Moves motion sensor and switch by the wires of the loop, and says what is published."""
    motion, door = Pin(_MOTION_LOOP, Pin.OUT, value=0), Pin(_DOOR_LOOP, Pin.OUT, value=0)
    wired = True
    for level in (1, 0):
        motion.value(level)
        door.value(level)
        wired = wired and InputPin(_MOTION).is_high() == InputPin(_DOOR).is_high() == bool(level)
    say("wired", 1 if wired else 0)
    if not wired:
        return
    board = device()
    link = Link(True, -60, True)
    live(board, milliseconds, link)
    motion.value(1)
    live(board, milliseconds, link)
    motion.value(0)
    door.value(1)
    live(board, milliseconds, link)


def configured():
    """Takes a configuration and one that is none."""
    node = device().node
    before = node.made
    node.configuration_arrived(b'{"enabled":1,"heartbeat_publish_period":7000}', b'"a"')
    say("tag", node.configuration_tag.decode(), node.made - before)
    try:
        node.configuration_arrived(b'{"heartbeat_publish_period":', b'"b"')
    except Exception as error:  # noqa: BLE001 - which one is the core's own business
        say("refused", type(error).__name__)
    say("tag", node.configuration_tag.decode(), 0)


def spill():
    """Makes readings without a network and writes them to flash, as before a power cut."""
    forget()
    board = device()
    node = board.node
    node.configuration_arrived(b'{"heartbeat_publish_period":1000}', b'"h"')
    now = 0
    while node.outbox.count < 5:
        now += 250
        board.step(now, Link())
    made = node.outbox.count
    FlashOutbox(_FOLDER, node.outbox).spill_all(node.unix_seconds)
    say("spilled", made, "left", node.outbox.count)


def bring_back():
    """After the power cut: what the next start finds in flash."""
    node = device().node
    outbox = FlashOutbox(_FOLDER, node.outbox)
    while not outbox.is_empty and node.outbox.count < 5:
        outbox.work(True, node.unix_seconds)
    seqs = [node.outbox.reading(index).seq for index in range(node.outbox.count)]
    say("back", *sorted(seqs))
    forget()


def forget():
    """Removes what the cases wrote."""
    try:
        for name in os.listdir(_FOLDER):
            os.remove(_FOLDER + "/" + name)
        os.rmdir(_FOLDER)
    except OSError:
        pass  # nothing was written


def soak(minutes, step_milliseconds):
    """Lives for so many minutes of virtual time; free heap after a collection, once a minute."""
    board = device()
    link = Link(True, -60, True)
    payload = InlineBytes(MAXIMUM_PAYLOAD_BYTES)
    now = 0
    for minute in range(minutes + 1):
        while now < minute * 60_000:
            now += step_milliseconds
            if board.step(now, link).fetch_configuration:
                board.node.configuration_is_unchanged()
            while board.node.take_payload(now, payload):
                reading_ack = b'{"boot":1,"seqs":[[1,%d]],"time":%d}' % (board.node.made, 1_795_474_000_000 + now)
                board.node.acknowledgement_arrived(reading_ack)
        gc.collect()
        say("free", minute, gc.mem_free())
    say("made", board.node.made, "unsent", board.node.outbox.count)
