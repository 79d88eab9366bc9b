"""Mirrors Tests/NodeTests: the node alone, moment by moment."""

from core.display import screen as screens
from core.node import flight_record, log
from core.node.configuration_key import HEARTBEAT_PERIOD, MEASUREMENT_PERIOD, MOTION_COOLDOWN
from core.node.node_configuration import NodeConfiguration
from core.node.node_inputs import Link
from core.node.node_messages import CLOCK_SET, CLOCK_STEPPED, CLOCK_UNSET
from core.status_led import led_state
from core.telemetry.inline_bytes import InlineBytes
from core.telemetry.json_cursor import JSONError
from core.telemetry.measurement import BME280, NACK, OK, SHT31, STUCK, Measurement, missing

from stage import MEASURED, Stage, trial_stage
from world import equal, raises


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


def test_a_quiet_node_makes_no_readings():
    stage = trial_stage()
    made = stage.node.made
    stage.node.is_quiet = True
    stage.advance(130_000)
    equal(stage.node.made, made)
    stage.node.is_quiet = False
    stage.advance(61_000)
    assert stage.node.made > made


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
