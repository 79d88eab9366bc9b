"""Mirrors Tests/NodeTests/TrialTests.swift: a configuration on trial."""

from core.node import configuration_record
from core.node.configuration_record import GATEWAY_NOT_REACHED, NOT_JSON, PAST, RefusedConfiguration
from core.node.node_inputs import Link
from core.telemetry.json_cursor import JSONError

from stage import Stage, trial_stage
from world import equal, raises


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
