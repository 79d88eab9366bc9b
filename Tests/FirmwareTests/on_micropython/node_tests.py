"""The node as a dialogue, as in Tests/NodeTests: time moves only by `advance`."""

import binascii
import json

from core.display import screen as screens
from core.node import command, configuration_record, flight_record, log
from core.node import configuration_key as keys
from core.node.configuration_key import (
    HEARTBEAT_PERIOD,
    MEASUREMENT_PERIOD,
    MOTION_COOLDOWN,
)
from core.node.configuration_record import (
    GATEWAY_NOT_REACHED,
    NOT_JSON,
    PAST,
    RefusedConfiguration,
    TaggedConfiguration,
)
from core.node.device_names import device_id
from core.node.node import Node
from core.node.node_configuration import NodeConfiguration
from core.node.node_inputs import Link, NodeIdentity, NodeInputs
from core.node.node_messages import CLOCK_SET, CLOCK_STEPPED, CLOCK_UNSET
from core.status_led import led_state
from core.telemetry.inline_bytes import InlineBytes
from core.telemetry.json_cursor import JSONError
from core.telemetry.measurement import BME280, NACK, OK, SHT31, STUCK, Measurement, missing

from world import equal, raises, read, unhex

MEASURED = Measurement(2253, 4512, 101325, OK, BME280)


class Stage:
    """A node and its surroundings."""

    def __init__(self, start=0, cause=flight_record.UNKNOWN, previous=None):
        self.node = Node(NodeIdentity(device_id(6), b"1.0.0", 17), 32, None, cause, previous)
        self.now = start
        self.inputs = NodeInputs()
        self.inputs.link = Link(True, -60, True)
        self.measurement = MEASURED
        self.sensor_delay = 10  # None: the sensor never answers
        self.is_server_up = True
        self.is_server_silent = False
        self.is_gateway_up = True
        self.fetches = 0
        self.stores = 0
        self.flight_stores = 0
        self.published = []
        self._measure_at = None
        self._payload = InlineBytes(512)

    def step(self):
        finished = None
        is_waiting = self._measure_at is not None and self.sensor_delay is not None
        if is_waiting and (self.now - self._measure_at) & 0xFFFF_FFFF >= self.sensor_delay:
            finished = self.measurement
            self._measure_at = None
        self.inputs.measurement = finished
        actions = self.node.step(self.now, self.inputs)
        if actions.measure:
            self._measure_at = self.now
        self.stores += actions.store_configuration
        self.flight_stores += actions.store_flight_record
        if actions.fetch_configuration:
            self.fetches += 1
            if self.is_server_silent:
                pass
            elif self.is_server_up:
                self.node.configuration_is_unchanged()
            else:
                self.node.configuration_failed()
        while self.node.take_payload(self.now, self._payload):
            self.published.append(bytes(self._payload.view()).decode())
        if self.is_gateway_up and self.inputs.link.is_connected:
            self.node.acknowledgement_arrived(b'{"boot":17,"seqs":[[1,%d]]}' % self.node.made)
        return actions

    def advance(self, milliseconds):
        for _ in range(milliseconds // 10):
            self.now = (self.now + 10) & 0xFFFF_FFFF
            self.step()

    def configure(self, document, tag=b'"abc"'):
        return self.node.configuration_arrived(document, tag)

    def messages(self, take):
        message = InlineBytes(512)
        found = []
        while take(message):
            assert not message.overflowed
            found.append(bytes(message.view()).decode())
        return found

    def answers(self):
        """The answers that are due, over a picture with one lit pixel."""
        picture = b"\x01" + bytes(1023)
        return self.messages(lambda message: self.node.take_command_answer(picture, message))

    def logs(self):
        return self.messages(self.node.take_log)

    def status(self):
        message = InlineBytes(512)
        self.node.write_online_status(message)
        assert not message.overflowed
        return bytes(message.view()).decode()

    def events(self):
        return [text.split('"event_type":"')[1].split('"')[0] for text in self.published]


def test_the_first_heartbeat_follows_the_first_measurement_and_then_its_period():
    stage = Stage()
    stage.advance(60_000)
    equal(stage.events(), ["heartbeat"])
    stage.advance(1000)
    equal(stage.events(), ["heartbeat", "heartbeat"])


def test_a_motion_is_an_event_and_the_next_ones_are_counted():
    stage = Stage()
    stage.advance(1000)
    for _ in range(3):
        stage.inputs.is_motion_high = True
        stage.advance(1000)
        stage.inputs.is_motion_high = False
        stage.advance(1000)
    equal(stage.events(), ["heartbeat", "motion"])
    stage.advance(60_000)
    stage.inputs.is_motion_high = True
    stage.advance(100)
    assert stage.published[-1].endswith(',"suppressed":2}'), stage.published[-1]


def test_one_switch_toggle_is_one_event():
    stage = Stage()
    stage.advance(1000)
    for bounce in range(7):
        stage.inputs.is_switch_high = bounce % 2 == 0
        stage.now += 3
        stage.step()
    stage.advance(2000)
    equal(stage.events(), ["heartbeat", "switch"])


def test_a_config_server_that_is_down_stops_nothing():
    stage = Stage()
    stage.is_server_up = False
    stage.advance(61_000)
    equal(len(stage.published), 2)
    assert stage.fetches >= 2


def test_nothing_is_published_before_the_configuration_was_asked_for():
    stage = Stage()
    stage.is_gateway_up = False
    stage.inputs.link = Link()
    stage.advance(5000)
    equal((len(stage.published), stage.node.outbox.count), (0, 1))
    stage.inputs.link = Link(True, -60, True)
    stage.advance(20)
    equal((stage.fetches, len(stage.published)), (1, 1))


def test_the_acknowledgement_empties_the_outbox_and_sets_the_clock():
    stage = Stage()
    stage.is_gateway_up = False
    stage.advance(1000)
    assert '"timestamp":null' in stage.published[0]
    stage.node.acknowledgement_arrived(b'{"boot":17,"seqs":[[1,1]],"time":1795473929000}')
    equal(stage.node.outbox.count, 0)
    stage.is_gateway_up = True
    stage.advance(60_000)
    assert '"timestamp":"2026-11-23T22:46:2' in stage.published[1], stage.published[1]


def test_a_sensor_that_falls_silent_is_not_shown_as_todays_value():
    stage = Stage()
    stage.advance(1000)
    stage.sensor_delay = None
    stage.advance(20_000)
    equal(stage.node.measurement, missing(STUCK, BME280))


def test_every_value_of_a_configuration_is_taken_or_refused_by_itself():
    stage = Stage()
    refused = stage.node.configuration_arrived(
        b'{"enabled":1,"heartbeat_publish_period":2000,"motion_cooldown_wait_period":-1,'
        b'"temperature_check_period":"soon","mqtt_config":{"enabled":0}}',
        b'"abc"',
    )
    equal(sorted(refused), [MEASUREMENT_PERIOD, MOTION_COOLDOWN])
    equal(stage.node.configuration.heartbeat_period_milliseconds, 2000)
    equal(stage.node.configuration.motion_cooldown_milliseconds, 60_000)
    equal(stage.node.configuration.is_enabled, True)
    for period in (0, 999, 86_400_001, None):
        equal(stage.node.configuration.set(HEARTBEAT_PERIOD, period), False)


def test_a_broken_or_huge_configuration_changes_nothing():
    stage = Stage()
    documents = (b'{"heartbeat_publish_period":2000,', b"", b"[1]", b'{"enabled":0}x', b'{"a":' * 13_000)
    for index, document in enumerate(documents):
        tag = b"%d" % index  # what was refused under a tag is not read again
        raises(JSONError, lambda document=document, tag=tag: stage.node.configuration_arrived(document, tag))
    equal(stage.node.configuration, NodeConfiguration())
    equal(stage.node.configuration_tag, b"")


def test_a_shorter_period_begins_now():
    stage = Stage()
    stage.advance(1000)
    stage.node.configuration_arrived(b'{"heartbeat_publish_period":2000}', b"t")
    stage.advance(2010)
    equal(len(stage.published), 2)


def test_a_disabled_device_publishes_nothing_and_says_so():
    stage = Stage()
    stage.node.configuration_arrived(b'{"enabled":0}', b"t")
    stage.advance(2000)
    stage.inputs.is_motion_high = True
    stage.advance(2000)
    equal(stage.published, [])
    equal(stage.step().led, led_state.DISABLED)
    equal(stage.node.screen(), screens.plain(screens.DISABLED))


def test_an_announced_configuration_is_fetched_at_once_unless_it_is_in_use():
    stage = Stage()
    stage.advance(1000)
    stage.node.configuration_announced(b'"new"')
    stage.advance(20)
    equal(stage.fetches, 2)
    stage.node.configuration_announced(b"")
    stage.advance(1000)
    equal(stage.fetches, 2)


def test_a_lost_connection_sends_again_what_was_under_way():
    stage = Stage()
    stage.is_gateway_up = False
    stage.advance(1000)
    stage.node.connection_lost()
    stage.advance(20)
    equal(len(stage.published), 2)
    equal(stage.published[0], stage.published[1])


def test_the_rhythm_survives_the_wrapping_tick():
    stage = Stage(0xFFFF_FFFF - 100_000)
    stage.advance(240_500)
    equal(stage.node.made, 5)


def test_the_led_says_what_matters_most():
    stage = Stage()
    stage.is_gateway_up = False
    stage.inputs.link = Link()
    equal(stage.step().led, led_state.BOOTING)
    stage.advance(2000)
    equal(stage.step().led, led_state.JOINING_WIFI)
    stage.inputs.link = Link(True, -60, False)
    stage.advance(100)
    equal(stage.step().led, led_state.OFFLINE)
    stage.inputs.link = Link(True, -60, True)
    stage.node.acknowledgement_arrived(b'{"boot":17,"seqs":[[1,9]]}')
    equal(stage.step().led, led_state.ONLINE)
    stage.measurement = missing(NACK, BME280)
    stage.advance(6000)
    equal(stage.step().led, led_state.SENSOR_FAULT)


def test_a_gateway_that_does_not_answer_is_offline():
    stage = Stage()
    stage.is_gateway_up = False
    stage.advance(35_000)
    equal(stage.step().led, led_state.OFFLINE)


def test_status_names_boot_version_and_configuration():
    stage = Stage()
    stage.node.configuration_arrived(b"{}", b'"abc"')
    message = InlineBytes(512)
    stage.node.write_online_status(message)
    equal(
        bytes(message.view()),
        b'{"state":"online","boot":17,"version":"1.0.0","config":"\\"abc\\"","config_state":"trial"}',
    )
    stage.node.write_offline_status(message)
    equal(bytes(message.view()), b'{"state":"offline","boot":17}')


# Configuration on trial


def trial_stage(is_gateway_up=True):
    stage = Stage()
    stage.advance(2000)
    stage.is_gateway_up = is_gateway_up
    return stage


def test_a_new_configuration_is_kept_once_the_gateway_holds_a_reading_made_under_it():
    stage = trial_stage()
    stage.configure(b'{"heartbeat_publish_period":10000}')
    stage.advance(5000)
    assert '"config_state":"trial"' in stage.status()
    equal(stage.node.candidate_configuration.tag, b'"abc"')
    stage.advance(6000)
    assert '"config":"\\"abc\\"","config_state":"running"' in stage.status(), stage.status()
    equal(stage.node.candidate_configuration, None)
    equal(stage.node.last_good_configuration.configuration.heartbeat_period_milliseconds, 10_000)


def test_an_acknowledgement_of_an_older_reading_proves_nothing():
    stage = Stage()
    stage.is_gateway_up = False
    stage.advance(2000)
    stage.configure(b'{"heartbeat_publish_period":600000}')
    stage.node.acknowledgement_arrived(b'{"boot":17,"seqs":[[1,1]]}')
    assert '"config_state":"trial"' in stage.status()
    # However long the period, a reading is made that can prove it.
    stage.advance(60_010)
    stage.node.acknowledgement_arrived(b'{"boot":17,"seqs":[[2,2]]}')
    assert '"config_state":"running"' in stage.status()


def test_it_fails_only_when_its_predecessor_reaches_the_gateway():
    stage = trial_stage(is_gateway_up=False)
    stage.configure(b'{"heartbeat_publish_period":10000}', b"bad")
    stage.advance(299_990)
    assert '"config":"bad","config_state":"trial"' in stage.status()
    stage.advance(10)
    assert '"config":"","config_state":"comparing"' in stage.status()
    stage.is_gateway_up = True
    stage.advance(61_000)
    expected = '"config":"","config_state":"returned","config_refused":"bad","config_reason":"gateway-not-reached"'
    assert expected in stage.status(), stage.status()
    # It is neither fetched nor tried again; another one is.
    stage.configure(b'{"heartbeat_publish_period":10000}', b"bad")
    equal(stage.node.configuration.heartbeat_period_milliseconds, 60_000)
    fetches = stage.fetches
    stage.node.configuration_announced(b"bad")
    stage.step()
    equal(stage.fetches, fetches)
    stage.configure(b'{"heartbeat_publish_period":20000}', b"better")
    assert '"config":"better","config_state":"trial"}' in stage.status()


def test_where_neither_reaches_the_gateway_the_new_one_stays_the_candidate():
    stage = trial_stage(is_gateway_up=False)
    stage.configure(b'{"heartbeat_publish_period":10000}', b"new")
    stage.advance(300_010)
    equal(stage.node.configuration.heartbeat_period_milliseconds, 60_000)
    stage.advance(300_010)
    equal(stage.node.configuration.heartbeat_period_milliseconds, 10_000)
    stage.is_gateway_up = True
    stage.advance(11_000)
    assert '"config":"new","config_state":"running"' in stage.status()


def test_time_without_wifi_does_not_count():
    stage = trial_stage()
    stage.configure(b'{"heartbeat_publish_period":10000}', b"new")
    stage.inputs.link = Link()
    stage.advance(300_010)
    assert '"config_state":"trial"' in stage.status()


def test_what_is_no_json_is_refused_with_the_reason_and_the_old_one_runs():
    stage = trial_stage()
    raises(JSONError, lambda: stage.configure(b'{"enabled":', b"broken"))
    assert '"config_state":"refused","config_refused":"broken","config_reason":"not-json"' in stage.status()
    assert any('"level":"error"' in line and "not JSON" in line for line in stage.logs())


def test_refused_values_are_named_in_the_status_at_most_four():
    stage = trial_stage()
    stage.configure(
        b'{"enabled":7,"payload_version":3,"display_units":"K","remote_log_level":"loud","remote_logger":{"mqtt":'
        b'{"enabled":2}},"fan_step_controller_config":{"manual_override":{"fans_active":9}}}'
    )
    expected = ',"refused":["enabled","payload_version","display_units","remote_log_level"],"refused_more":2}'
    assert stage.status().endswith(expected), stage.status()


def test_a_disabled_device_keeps_its_configuration_once_server_and_broker_answer():
    stage = trial_stage()
    stage.is_server_silent = True
    stage.inputs.link = Link(True, -60, False)
    stage.step()
    stage.configure(b'{"enabled":0}', b"off")
    stage.advance(1000)
    stage.node.configuration_is_unchanged()
    assert '"config_state":"trial"' in stage.status()
    stage.inputs.link = Link(True, -60, True)
    stage.step()
    stage.node.configuration_is_unchanged()
    assert '"config":"off","config_state":"running"' in stage.status()


def test_last_good_and_candidate_survive_a_restart_by_their_records():
    before = trial_stage(is_gateway_up=False)
    before.configure(b'{"heartbeat_publish_period":10000,"display_units":"F","enabled":9}', b"new")
    before.step()
    equal(before.stores, 1)
    candidate = configuration_record.decode(before.node.candidate_configuration.encode())
    last_good = configuration_record.decode(before.node.last_good_configuration.encode())
    equal((candidate, last_good), (before.node.candidate_configuration, before.node.last_good_configuration))
    after = Stage()
    after.node.restore_configuration(last_good, candidate)
    assert '"config":"new","config_state":"trial"' in after.status()
    after.advance(11_000)
    assert '"config":"new","config_state":"running"' in after.status()
    equal(after.node.last_good_configuration, candidate)


def test_a_refused_configuration_is_not_tried_again_after_a_restart():
    for reason in (PAST, GATEWAY_NOT_REACHED, NOT_JSON):
        refused = RefusedConfiguration(b"bad", reason)
        stage = Stage()
        stage.node.restore_configuration(None, None, refused)
        equal(stage.node.refused_configuration, refused)
        stage.advance(2000)
        equal('"config_refused":"bad"' in stage.status(), reason != PAST)
        stage.configure(b'{"heartbeat_publish_period":10000}', b"bad")
        equal(stage.node.configuration.heartbeat_period_milliseconds, 60_000)
        stage.configure(b'{"heartbeat_publish_period":10000}', b"good")
        equal(stage.node.configuration.heartbeat_period_milliseconds, 10_000)


def test_the_shell_is_told_to_keep_a_refusal():
    stage = trial_stage()
    stores = stage.stores
    raises(JSONError, lambda: stage.configure(b"no JSON", b"broken"))
    stage.step()
    equal((stage.stores, stage.node.refused_configuration), (stores + 1, RefusedConfiguration(b"broken", NOT_JSON)))


def test_a_quiet_node_makes_no_readings():
    stage = trial_stage()
    made = stage.node.made
    stage.node.is_quiet = True
    stage.advance(130_000)
    equal(stage.node.made, made)
    stage.node.is_quiet = False
    stage.advance(61_000)
    assert stage.node.made > made


# Vectors


def of_names(values):
    """Built-in values but for these."""
    configuration = NodeConfiguration()
    for key in range(keys.COUNT):
        name = keys.path(key).decode()
        if name in values:
            configuration.values[key] = values[name]
    return configuration


def test_every_document_of_the_vectors_is_taken_as_it_says():
    vectors = json.loads(read("protocol/vectors/configuration.json"))
    for vector in vectors["documents"]:
        configuration = NodeConfiguration()
        refused = configuration.apply(vector["document"].encode())
        equal(configuration.values, of_names(vector["values"]).values, vector["name"])
        equal(sorted(keys.path(key).decode() for key in refused), sorted(vector["refused"]), vector["name"])
    for vector in vectors["not_json"]:
        configuration = NodeConfiguration()
        document = vector["document"].encode()
        error = raises(JSONError, lambda document=document: NodeConfiguration().apply(document))
        equal(error.offset, vector["offset"], document)


def test_every_configuration_record_of_the_vectors_is_written_and_read():
    vectors = json.loads(read("protocol/vectors/configuration.json"))
    for vector in vectors["records"]:
        record = unhex(vector["record"])
        tagged = configuration_record.decode(record)
        equal(tagged, TaggedConfiguration(of_names(vector["values"]), vector["tag"].encode()), vector["name"])
        if len(record) == 3 + 4 * keys.COUNT + len(vector["tag"]) + 2 and "taken no more" not in vector["name"]:
            equal(tagged.encode(), record, vector["name"])
    for record in vectors["no_records"]:
        equal(configuration_record.decode(unhex(record)), None, record)
    record = unhex(vectors["records"][1]["record"])
    for length in range(len(record)):
        equal(configuration_record.decode(record[:length]), None, length)
    for bit in range(len(record) * 8):
        changed = bytearray(record)
        changed[bit // 8] ^= 1 << bit % 8
        equal(configuration_record.decode(changed), None, bit)


def test_every_record_of_a_refusal_of_the_vectors_is_written_and_read():
    vectors = json.loads(read("protocol/vectors/configuration.json"))
    reasons = ("past", "gateway-not-reached", "not-json")
    for vector in vectors["refusals"]:
        record = unhex(vector["record"])
        refused = RefusedConfiguration(vector["tag"].encode(), reasons.index(vector["reason"]))
        equal(configuration_record.decode_refused(record), refused, vector["name"])
        equal(refused.encode(), record, vector["name"])
        for length in range(len(record)):
            equal(configuration_record.decode_refused(record[:length]), None, length)
        for index in range(len(record)):
            changed = bytearray(record)
            changed[index] ^= 0x10
            equal(configuration_record.decode_refused(changed), None, index)
    for record in vectors["no_refusals"]:
        equal(configuration_record.decode_refused(unhex(record)), None, record)


def test_every_flight_record_of_the_vectors_is_written_read_and_told():
    vectors = json.loads(read("protocol/vectors/flight-record.json"))
    for vector in vectors["records"]:
        record = unhex(vector["record"])
        life = flight_record.decode(record)
        equal(
            (life.boot, life.uptime_seconds, life.error.decode()),
            (vector["boot"], vector["uptime_s"], vector["error"]),
            vector["name"],
        )
        equal(life.encode(), record, vector["name"])
        message = InlineBytes(512)
        ended_by = flight_record.CAUSE_NAMES.index(vector["ended_by"].encode())
        life.write(ended_by, vector["firmware"].encode(), message)
        equal(bytes(message.view()).decode(), vector["message"], vector["name"])
    for record in vectors["no_records"]:
        equal(flight_record.decode(unhex(record)), None, record)


def test_every_command_of_the_vectors_is_read_as_it_says():
    vectors = json.loads(read("protocol/vectors/commands.json"))
    for vector in vectors["commands"]:
        pending = command.read(vector["text"].encode())
        name = None if pending.command is None else command.COMMAND_NAMES[pending.command].decode()
        equal((pending.id.decode(), name), (vector["id"], vector["cmd"]), vector["text"])
    for text in vectors["no_commands"]:
        stage = trial_stage()
        equal(stage.node.command_arrived(text.encode()), False, text)
        assert "not a command" in stage.logs()[-1]
        equal(stage.answers(), [], text)


# Commands


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


# Version 1, clock, fans, log


def test_payload_version_1_is_forgotten_when_the_broker_has_it_and_version_2_is_not():
    stage = Stage()
    stage.is_gateway_up = False
    stage.advance(1000)
    stage.node.broker_acknowledged(*stage.node.taken)
    equal(stage.node.outbox.count, 1)
    stage.configure(b'{"payload_version":1}')
    stage.node.connection_lost()
    stage.advance(20)
    assert stage.published[-1].startswith('{"event_type":"heartbeat","device_id":"Attic06","temperature":72.55')
    stage.advance(61_000)
    equal((stage.node.outbox.count, stage.node.made), (2, 2))
    stage.node.broker_acknowledged(17, 2, 1)
    equal(stage.node.outbox.count, 1)
    # That is as far as version 1 can prove that the configuration works.
    assert '"config_state":"running"' in stage.status()


def test_a_puback_is_of_the_version_that_was_sent_and_not_of_the_one_that_is_configured_now():
    stage = Stage()
    stage.is_gateway_up = False
    stage.configure(b'{"payload_version":1}')
    stage.advance(1000)
    former = stage.node.taken
    equal(former, (17, 1, 1))
    stage.configure(b'{"payload_version":2}', b'"def"')
    stage.node.broker_acknowledged(*former)
    equal(stage.node.outbox.count, 0)
    stage.advance(61_000)
    # Sent again as version 2 it would be a second row.
    assert not any('"boot":17,"seq":1,' in payload for payload in stage.published)

    latter = stage.node.taken
    equal(latter[2], 2)
    count = stage.node.outbox.count
    stage.configure(b'{"payload_version":1}')
    stage.node.broker_acknowledged(*latter)
    equal(stage.node.outbox.count, count)


def test_the_clock_is_unset_then_set_then_stepped():
    stage = Stage()
    stage.advance(1000)
    equal(stage.node.clock, CLOCK_UNSET)
    stage.node.set_clock(1_795_473_929_000)
    stage.node.set_clock(1_795_473_930_500)
    equal(stage.node.clock, CLOCK_SET)
    stage.node.set_clock(1_795_473_929_000 - 3_600_000)
    equal(stage.node.clock, CLOCK_STEPPED)
    assert stage.logs()[-1].endswith('"message":"clock stepped","value":-3600}')
    stage.advance(60_000)
    assert '"timestamp":"2026-11-23T21:46:2' in stage.published[-1], stage.published[-1]


def test_fans_are_driven_and_told_only_where_they_are_configured():
    stage = Stage()
    stage.advance(1000)
    assert "fan" not in stage.published[0]
    stage.configure(
        b'{"heartbeat_publish_period":1000,"fan_pwm_controller_config":{"enabled":1,"temp_min":20,"temp_max":30,'
        b'"fan_min_duty":20,"fan_max_duty":80,"hysteresis":1},"fan_step_controller_config":{"enabled":1,'
        b'"pins":[1,2,3],"temp_min":20,"temp_max":30}}'
    )
    stage.measurement = Measurement(2500, 4512, 101325, OK, BME280)
    stage.advance(7000)
    actions = stage.step()
    # Halfway between 20 and 30 degrees C: 20 % + 60 % / 2, and the second of three fans.
    equal((actions.fan_duty_percent, actions.fans_active), (50, 2))
    assert '"version":"1.0.0","fan_pwm":50,"fans_active_level":2' in stage.published[-1]
    stage.configure(b'{"fan_pwm_controller_config":{"enabled":0},"fan_step_controller_config":{"enabled":0}}', b"3")
    actions = stage.step()
    equal((actions.fan_duty_percent, actions.fans_active), (None, None))


def test_the_last_life_s_record_is_told_once_and_first():
    before = Stage(cause=flight_record.POWER_ON)
    before.advance(2000)
    raises(JSONError, lambda: before.configure(b"x"))
    before.step()
    equal(before.flight_stores, 1)
    after = Stage(cause=flight_record.WATCHDOG, previous=flight_record.decode(before.node.flight.encode()))
    after.step()
    equal(
        after.logs(),
        [
            '{"boot":17,"version":"1.0.0","reset":"power-on","uptime_s":1,"links":[[0,"wifi",1],[0,"broker",1],'
            '[0,"gateway",1]],"error":"configuration is not JSON","ended_by":"watchdog"}'
        ],
    )
    equal(after.logs(), [])


def test_log_lines_wait_within_their_bound_and_their_rate_is_limited():
    stage = Stage()
    stage.advance(1000)
    stage.logs()
    for _ in range(8):
        stage.node.log(log.ERROR, b"e", 0)
    # Six fit, two are counted; four tokens are left.
    logs = stage.logs()
    equal((len(logs), logs[0]), (6, '{"level":"error","uptime_ms":990,"message":"e","value":0,"left_out":2}'))
    for _ in range(8):
        stage.node.log(log.ERROR, b"e")
    equal(len(stage.logs()), 4)
    stage.advance(6000)
    for _ in range(2):
        stage.node.log(log.ERROR, b"e")
    equal(len(stage.logs()), 1)
    stage.node.log(log.INFO, b"i")
    equal(stage.logs(), [])


def test_a_sensor_s_trouble_and_its_end_are_told():
    stage = Stage()
    stage.advance(1000)
    stage.configure(b'{"remote_log_level":"info"}')
    stage.logs()
    stage.measurement = missing(NACK, SHT31)
    stage.advance(5000)
    stage.measurement = MEASURED
    stage.advance(5000)
    said = [line.split('"message":"')[1].split('"')[0] for line in stage.logs()]
    assert "sensor: nack" in said and "sensor is back" in said, said
