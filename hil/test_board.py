"""What a board by itself has to do; the firmware's own modules run on it (on_board/hil_probe.py)."""

from __future__ import annotations

import json

from targets import CaseCannotRun, Lines, Target

# The patterns of docs and core/status_led/led_state.py, by the state's number; the most significant bit is first.
PATTERNS = {2: 0xFFFF, 3: 0xCCCC}
FRAME = bytes((index * 7 + (index >> 7) + 3) & 0xFF for index in range(1024))


def payloads(lines: Lines) -> list[dict[str, object]]:
    return [json.loads(" ".join(words)) for name, words in lines if name == "payload"]


def words(lines: Lines, name: str) -> list[list[str]]:
    return [rest for first, rest in lines if first == name]


def window(board: Target) -> int:
    """How long the device is watched, in ms of its own time."""
    return 300 if board.slowness > 1 else 1000


def test_what_is_wired_is_found(board: Target) -> None:
    found = words(board.call("wired"), "addresses")[0]
    assert "3C" in found or "3D" in found, f"no OLED answers: {found}"
    assert {"44", "45", "48", "49", "4A", "4B", "76", "77"} & set(found), f"no sensor answers: {found}"


def test_a_reading_is_in_range(board: Target) -> None:
    first = payloads(board.call("reading", window(board)))[0]
    assert first["quality"] == "ok", first
    assert -40 <= float(str(first["temperature"])) <= 85
    if first["sensor_type"] == "BME280":
        assert 0 <= float(str(first["humidity"])) <= 100
        assert 300 <= float(str(first["pressure"])) <= 1100


def test_the_oled_takes_a_frame(board: Target) -> None:
    assert ("shown", ["1"]) in board.call("frame")


def test_the_oled_shows_each_pixel_of_the_frame(board: Target) -> None:
    assert board.show_and_see() == FRAME


def test_the_led_follows_its_pattern(board: Target) -> None:
    slots = [tuple(map(int, rest)) for rest in words(board.call("led", 3500, 125), "slot")]
    # State, slot, what the pattern says, what the pin says.
    wrong = [slot for slot in slots if slot[2] != slot[3]]
    assert not wrong, f"the LED is not what its pattern says in these slots: {wrong}"
    known = [slot for slot in slots if slot[0] in PATTERNS]
    assert known, slots
    assert all(PATTERNS[state] >> (15 - slot) & 1 == level for state, slot, _, level in known), known
    assert {level for _, _, _, level in slots} == {0, 1}, "it was both dark and lit"


def test_motion_and_switch_are_seen_over_the_loop(board: Target) -> None:
    lines = board.call("inputs", window(board))
    if words(lines, "wired") == [["0"]]:
        raise CaseCannotRun("there are no wires from GPIO 17 to 16 and from 15 to 14 (hil/README.md)")
    events = [(payload["event_type"], payload["motion"], payload["switch"]) for payload in payloads(lines)]
    assert ("motion", "HIGH", "LOW") in events, events
    assert ("switch", "LOW", "HIGH") in events, events


def test_a_configuration_is_taken_and_half_of_one_is_not(board: Target) -> None:
    lines = board.call("configured")
    assert words(lines, "tag") == [['"a"', "0"], ['"a"', "0"]], lines
    assert words(lines, "refused"), lines


def test_the_outbox_survives_a_power_cut(board: Target) -> None:
    assert words(board.call("spill"), "spilled") == [["5", "left", "0"]]
    board.cut_power()
    assert words(board.call("bring_back"), "back") == [["1", "2", "3", "4", "5"]]


def test_the_heap_is_flat_over_an_hour(board: Target) -> None:
    # An hour of the device's time; two minutes where an instruction takes a hundred times as long.
    minutes, step = (2, 2000) if board.slowness > 1 else (60, 250)
    lines = board.call("soak", minutes, step, seconds=600)
    free = [int(rest[1]) for rest in words(lines, "free")]
    assert len(free) == minutes + 1
    assert min(free) >= 40_000, f"{min(free)} bytes of the heap were free at the least"
    # What is made on the way and kept (caches, buffers) is made in the first minutes.
    assert free[-1] >= free[max(1, len(free) // 5)] - 1_000, f"the heap shrinks: {free}"
    assert words(lines, "made")[0][2] == "0", f"readings wait although all were acknowledged: {lines[-1]}"
