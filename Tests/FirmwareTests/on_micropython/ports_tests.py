"""The ports that are small: the bus, waits, flight recorder, fans, watchdog, log."""

import time

import board
import machine
from core.hal.i2c_bus import ADDRESS_NOT_ACKNOWLEDGED, DATA_NOT_ACKNOWLEDGED, STUCK, TIMEOUT
from core.node import flight_record
from ports import flash, log
from ports.backoff import Backoff
from ports.flight_recorder import FlightRecorder
from ports.i2c import error_of
from ports.pins import OutputPin, PWMPin
from ports.watchdog import Watchdog

from flash_folder import folder, put
from world import equal


def test_every_error_of_the_bus_is_one_the_drivers_know():
    # MicroPython's errno module lacks some of the names, EBUSY among them: an unplugged chip must not end the firmware.
    for number, expected in ((110, TIMEOUT), (16, STUCK), (121, DATA_NOT_ACKNOWLEDGED)):
        equal(error_of(number), expected)
    for number in (5, 19, 6, 0, 999):
        equal(error_of(number), ADDRESS_NOT_ACKNOWLEDGED)


def test_waits_double_stay_bounded_and_differ():
    backoff = Backoff(1000, 60_000)
    waits = [backoff.next_wait() for _ in range(20)]
    for index, wait in enumerate(waits):
        most = min(1000 << index, 60_000)
        assert most // 2 <= wait <= most, waits
    assert len(set(waits[7:])) > 5


def flight(boot, cause=flight_record.POWER_ON):
    return flight_record.FlightRecord(boot, cause)


def test_an_error_is_in_the_record_of_the_next_start_and_its_trace_on_the_console_once():
    path = folder("flight")
    first = FlightRecorder(path)
    equal((first.previous, first.cause), (None, flight_record.POWER_ON))
    life = flight(7)
    life.note(flight_record.WIFI, True)
    try:
        raise OSError(28)
    except OSError as error:
        first.failed(error, life)
    assert flash.exists(path + "/trace")
    second = FlightRecorder(path)
    equal((second.previous.boot, second.previous.cause), (7, flight_record.POWER_ON))
    equal(second.cause, flight_record.FAULT)
    assert b"OSError(28" in second.previous.error and b"ports_tests.py:" in second.previous.error, life.error
    assert not flash.exists(path + "/trace")
    equal(FlightRecorder(path).cause, flight_record.POWER_ON)


def test_a_restart_by_command_is_told_from_one_by_the_watchdog():
    path = folder("ended")
    FlightRecorder(path).ends(flight_record.COMMAND, flight(8))
    recorder = FlightRecorder(path)
    equal((recorder.cause, recorder.previous.boot), (flight_record.COMMAND, 8))


def test_a_torn_flight_record_is_none_and_a_long_trace_is_cut():
    path = folder("long")
    recorder = FlightRecorder(path)
    recorder.failed(ValueError("x" * 5000), flight(1))
    assert len(flash.read(path + "/trace")) <= 700
    equal(len(recorder.previous.error if recorder.previous else b""), 0)
    put(path + "/flight", b"garbage")
    equal(FlightRecorder(path).previous, None)


def test_a_fan_s_pin_gets_its_share_of_time_and_a_switched_one_is_touched_only_when_it_changes():
    said = []
    duties, levels = {}, {}

    class Board:
        def call(self, operation, unit=0, argument=0, body=b""):
            said.append(operation)
            if operation == board.PWM_SET:
                duties[unit] = argument
            elif operation == board.PIN_WRITE:
                levels[unit] = argument
            return board.OK, 0, b""

    real, machine.board = machine.board, Board()
    try:
        fan, switched = PWMPin(15, 64), OutputPin(10)
        equal((duties[15], levels), (0, {}))
        fan.set(50)
        switched.set(True)
        equal((duties[15], levels), (32_767, {10: 1}))
        said.clear()
        switched.set(True)
        equal(said, [])
        fan.set(0)
        switched.set(False)
        equal((duties[15], levels), (0, {10: 0}))
    finally:
        machine.board = real


class Dog:
    def __init__(self):
        self.fed = 0

    def feed(self):
        self.fed += 1


def test_the_watchdog_is_fed_only_while_every_loop_makes_progress():
    dog = Dog()
    watchdog = Watchdog(dog)
    watchdog.expect("mqtt", 20)
    watchdog.feed()
    equal(dog.fed, 1)
    time.sleep_ms(30)
    watchdog.feed()
    equal((dog.fed, watchdog.starving), (1, "mqtt"))
    watchdog.progress("mqtt")
    watchdog.feed()
    equal(dog.fed, 2)


def test_a_log_sink_that_fails_raises_nothing():
    def broken(level, text):
        raise OSError(5)

    log.add_sink(broken)
    for _ in range(40):
        log.warning("x" * 500)
    log._sinks.clear()
    assert log.lines_lost >= 40
    assert len(log.recent()) <= 16 and len(log.recent()[-1][2]) <= 160
