"""Mirrors Tests/NodeTests/CommandTests.swift: commands and their answers."""

import binascii
import json

from core.display import screen as screens
from core.status_led import led_state

from stage import trial_stage
from world import equal


def test_identify_shows_for_thirty_seconds_which_board_this_is():
    stage = trial_stage()
    assert stage.node.command_arrived(b'{"id":"a1","cmd":"identify"}')
    equal(stage.answers(), ['{"id":"a1","cmd":"identify","ok":true}'])
    stage.advance(29_990)
    equal((stage.step().led, stage.node.screen().kind), (led_state.IDENTIFY, screens.IDENTIFY))
    stage.advance(10)
    equal(stage.step().led, led_state.ONLINE)


def test_read_measures_now_and_names_the_reading_also_when_the_sensor_never_answers():
    stage = trial_stage()
    stage.node.command_arrived(b'{"cmd":"read","id":"r"}')
    equal(stage.answers(), [])
    stage.advance(20)
    equal(stage.answers(), ['{"id":"r","cmd":"read","ok":true,"boot":17,"seq":2}'])
    stage.sensor_delay = None
    stage.node.command_arrived(b'{"cmd":"read","id":"s"}')
    stage.advance(10_100)
    equal(stage.answers(), ['{"id":"s","cmd":"read","ok":true,"boot":17,"seq":3}'])
    assert '"quality":"stuck"' in stage.published[-1]


def test_a_disabled_device_refuses_to_read():
    stage = trial_stage()
    stage.configure(b'{"enabled":0}')
    stage.node.command_arrived(b'{"cmd":"read","id":"r"}')
    equal(stage.answers(), ['{"id":"r","cmd":"read","ok":false,"error":"disabled"}'])


def test_restart_is_answered_first():
    stage = trial_stage()
    stage.node.command_arrived(b'{"id":"x","cmd":"restart"}')
    assert not stage.step().restart
    equal(stage.answers(), ['{"id":"x","cmd":"restart","ok":true}'])
    equal([stage.step().restart for _ in range(2)], [True, False])


def test_config_fetches_at_once():
    stage = trial_stage()
    fetches = stage.fetches
    stage.node.command_arrived(b'{"id":"c","cmd":"config"}')
    stage.step()
    equal(stage.fetches, fetches + 1)


def test_screen_is_four_parts_of_the_frame_in_base64():
    stage = trial_stage()
    stage.node.command_arrived(b'{"id":"%s","cmd":"screen"}' % (b"i" * 32))
    answers = [json.loads(answer) for answer in stage.answers()]
    equal([(answer["part"], answer["parts"]) for answer in answers], [(part, 4) for part in (1, 2, 3, 4)])
    picture = b"".join(binascii.a2b_base64(answer["data"]) for answer in answers)
    equal(picture, b"\x01" + bytes(1023))


def test_a_command_delivered_twice_is_carried_out_and_answered_once():
    stage = trial_stage()
    assert stage.node.command_arrived(b'{"id":"a","cmd":"identify"}')
    equal(len(stage.answers()), 1)
    stage.advance(40_000)
    assert not stage.node.command_arrived(b'{"id":"a","cmd":"identify"}')
    equal((stage.answers(), stage.step().led), ([], led_state.ONLINE))


def test_two_may_wait_and_a_third_may_say_it_again_later():
    stage = trial_stage()
    stage.sensor_delay = None
    for mark in (b"1", b"2"):
        assert stage.node.command_arrived(b'{"id":"%s","cmd":"read"}' % mark)
    assert not stage.node.command_arrived(b'{"id":"3","cmd":"identify"}')
    stage.sensor_delay = 10
    stage.advance(20)
    equal(len(stage.answers()), 2)
    assert stage.node.command_arrived(b'{"id":"3","cmd":"identify"}')
