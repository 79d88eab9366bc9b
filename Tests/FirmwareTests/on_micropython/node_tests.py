"""The node as a dialogue, as in Tests/NodeTests: time moves only by `advance`."""

from core.display.other_screens import DisabledScreen
from core.node.device_names import device_id
from core.node.node import Link, Node, NodeIdentity, NodeInputs
from core.node.node_configuration import HEARTBEAT_PERIOD, MEASUREMENT_PERIOD, MOTION_COOLDOWN, NodeConfiguration
from core.status_led import led_state
from core.telemetry.inline_bytes import InlineBytes
from core.telemetry.json_cursor import JSONError
from core.telemetry.measurement import BME280, NACK, OK, STUCK, Measurement, missing

from world import equal, raises

MEASURED = Measurement(2253, 4512, 101325, OK, BME280)


class Stage:
    """A node and its surroundings."""

    def __init__(self, start=0):
        self.node = Node(NodeIdentity(device_id(6), b"1.0.0", 17), 32)
        self.now = start
        self.inputs = NodeInputs()
        self.inputs.link = Link(True, -60, True)
        self.measurement = MEASURED
        self.sensor_delay = 10  # None: the sensor never answers
        self.is_server_up = True
        self.is_gateway_up = True
        self.fetches = 0
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
        if actions.fetch_configuration:
            self.fetches += 1
            if self.is_server_up:
                self.node.configuration_is_unchanged()
            else:
                self.node.configuration_failed()
        while self.node.take_payload(self.now, self._payload):
            self.published.append(bytes(self._payload.view()).decode())
        if self.is_gateway_up:
            self.node.acknowledgement_arrived(b'{"boot":17,"seqs":[[1,%d]]}' % self.node.made)
        return actions

    def advance(self, milliseconds):
        for _ in range(milliseconds // 10):
            self.now = (self.now + 10) & 0xFFFF_FFFF
            self.step()

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
    equal(refused, {MOTION_COOLDOWN, MEASUREMENT_PERIOD})
    equal(stage.node.configuration.heartbeat_period_milliseconds, 2000)
    equal(stage.node.configuration.motion_cooldown_milliseconds, 60_000)
    equal(stage.node.configuration.is_enabled, True)
    for period in (0, 999, 86_400_001, None):
        equal(stage.node.configuration.set(HEARTBEAT_PERIOD, period), False)


def test_a_broken_or_huge_configuration_changes_nothing():
    stage = Stage()
    for document in (b'{"heartbeat_publish_period":2000,', b"", b"[1]", b'{"enabled":0}x', b'{"a":' * 20_000):
        raises(JSONError, lambda document=document: stage.node.configuration_arrived(document, b"t"))
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
    equal(stage.node.screen(), DisabledScreen(b"Attic06"))


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


def test_the_last_good_configuration_holds_from_the_start_and_a_newer_one_is_still_asked_for():
    stage = Stage()
    stage.node.start_with(b'{"heartbeat_publish_period":2000}', b'"abc"')
    stage.advance(5000)
    equal(len(stage.published), 3)
    equal(stage.fetches, 1)


def test_status_names_boot_version_and_configuration():
    stage = Stage()
    stage.node.configuration_arrived(b"{}", b'"abc"')
    message = InlineBytes(512)
    stage.node.write_online_status(message)
    equal(bytes(message.view()), b'{"state":"online","boot":17,"version":"1.0.0","config":"\\"abc\\""}')
    stage.node.write_offline_status(message)
    equal(bytes(message.view()), b'{"state":"offline","boot":17}')
