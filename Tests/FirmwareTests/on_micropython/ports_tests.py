"""The ports without a network: packets, answers, files; whatever a peer or a power cut leaves."""

import os
import random
import time

import board
import machine
from core.hal.i2c_bus import ADDRESS_NOT_ACKNOWLEDGED, DATA_NOT_ACKNOWLEDGED, STUCK, TIMEOUT
from core.node import flight_record
from core.node.configuration_record import NOT_JSON, RefusedConfiguration
from core.node.node import Node
from core.node.node_inputs import Link, NodeIdentity, NodeInputs
from core.telemetry import outbox_record
from core.telemetry.json_cursor import JSONError
from core.telemetry.measurement import ABSENT, missing
from core.telemetry.outbox import Outbox
from core.telemetry.outbox_record import RECORD_BYTES
from core.telemetry.reading import HEARTBEAT, LOW, Reading
from ports import boot_counter, flash, http, log, mqtt_packets, ntp, sockets
from ports.backoff import Backoff
from ports.broker_settings import BrokerSettings
from ports.configuration_store import ConfigurationStore
from ports.fans import Fans
from ports.flash_outbox import FlashOutbox
from ports.flight_recorder import FlightRecorder
from ports.i2c import error_of
from ports.mqtt_packets import MQTTError, PacketReader
from ports.settings import Settings
from ports.watchdog import Watchdog

from world import equal, raises

FOLDER = "/tmp/martlet-firmware-tests-%d" % random.getrandbits(30)


def folder(name):
    path = FOLDER + "/" + name
    flash.make_directory(path)
    return path


def put(path, content):
    with open(path, "wb") as file:
        file.write(content)


def reading(seq, boot=1):
    return Reading(boot, seq, HEARTBEAT, missing(ABSENT), LOW, LOW, None, seq * 1000, None, 0)


def never(boot, uptime):
    return None


def always(boot, uptime):
    return 1_795_000_000 + uptime // 1000


# MQTT


def packets(pieces, longest=64):
    found = []
    reader = PacketReader(longest)
    for piece in pieces:
        reader.feed(piece, lambda first, body, is_cut: found.append((first, bytes(body), is_cut)))
    return found


def test_packets_are_put_together_from_pieces_of_any_size():
    stream = (
        mqtt_packets.publish(b"a/b", b"hello", 1, False, 7) + mqtt_packets.puback(9) + b"\xd0\x00" + b"\x20\x02\x00\x00"
    )
    expected = packets([stream])
    equal([first for first, _, _ in expected], [0x32, 0x40, 0xD0, 0x20])
    equal(packets([bytes((byte,)) for byte in stream]), expected)
    equal(mqtt_packets.read_publish(expected[0][0], expected[0][1]), (b"a/b", 7, 7))


def test_a_packet_longer_than_the_buffer_is_cut_and_the_next_one_is_whole():
    stream = mqtt_packets.publish(b"t", b"x" * 5000, 1, False, 3) + b"\xd0\x00"
    found = packets([stream[i : i + 100] for i in range(0, len(stream), 100)])
    equal([(first, len(body), is_cut) for first, body, is_cut in found], [(0x32, 64, True), (0xD0, 0, False)])


def test_lengths_of_five_bytes_and_types_of_clients_are_refused():
    raises(MQTTError, lambda: packets([b"\x30\xff\xff\xff\xff\x01"]))
    for first in (0x00, 0x10, 0xE0, 0xF0):
        raises(MQTTError, lambda first=first: packets([bytes((first, 0))]))


def test_publishes_that_end_too_early_are_refused():
    for first, body in (
        (0x30, b""),
        (0x30, b"\x00"),
        (0x30, b"\x00\x05ab"),
        (0x32, b"\x00\x01a"),
        (0x32, b"\x00\x01a\x00"),
        (0x36, b"\x00\x01a\x00\x01"),
        (0x32, b"\x00\x01a\x00\x00"),
    ):
        raises(MQTTError, lambda first=first, body=body: mqtt_packets.read_publish(first, body))


def test_random_bytes_raise_nothing_but_mqtt_errors():
    random.seed(5)
    for _ in range(3000):
        piece = bytes(random.getrandbits(8) for _ in range(random.getrandbits(6)))
        try:
            for first, body, _ in packets([piece]):
                if first & 0xF0 == mqtt_packets.PUBLISH:
                    mqtt_packets.read_publish(first, body)
        except MQTTError:
            pass


def test_connect_has_the_will_and_the_name():
    equal(
        mqtt_packets.connect(b"dev", 30, b"t", b"bye", b"me", b"pw"),
        b"\x10\x1f\x00\x04MQTT\x04\xee\x00\x1e\x00\x03dev\x00\x01t\x00\x03bye\x00\x02me\x00\x02pw",
    )
    equal(mqtt_packets.remaining_length(321), b"\xc1\x02")


# HTTP, NTP, DNS


def test_every_error_of_the_bus_is_one_the_drivers_know():
    # MicroPython's errno module lacks some of the names, EBUSY among them: an unplugged chip must not end the firmware.
    for number, expected in ((110, TIMEOUT), (16, STUCK), (121, DATA_NOT_ACKNOWLEDGED)):
        equal(error_of(number), expected)
    for number in (5, 19, 6, 0, 999):
        equal(error_of(number), ADDRESS_NOT_ACKNOWLEDGED)


def test_urls_are_taken_apart_or_refused():
    equal(http.split_url("http://a.b:5000/x/y"), (False, "a.b", 5000, "/x/y"))
    equal(http.split_url("https://a"), (True, "a", 443, "/"))
    for url in ("ftp://a", "a/b", "http://", "http://a:b/"):
        raises(ValueError, lambda url=url: http.split_url(url))


def test_a_time_is_taken_only_from_an_answer_to_our_question():
    request = bytearray(48)
    request[40:48] = b"12345678"
    answer = bytearray(48)
    answer[0] = 0x24
    answer[1] = 2
    answer[24:32] = request[40:48]
    answer[40:44] = (1_795_473_929 + 2_208_988_800).to_bytes(4, "big")
    answer[44] = 0x80
    equal(ntp.read_answer(request, answer), 1_795_473_929_500)
    for index, byte in ((0, 0x23), (0, 0xE4), (1, 0), (1, 16), (24, 0), (40, 0x90)):
        broken = bytearray(answer)
        broken[index] = byte
        raises(ValueError, lambda broken=broken: ntp.read_answer(request, broken))
    raises(ValueError, lambda: ntp.read_answer(request, answer[:47]))


def test_a_name_s_address_is_found_and_broken_answers_are_none():
    equal(
        sockets.dns_query("a.bc", 0x1234),
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x02bc\x00\x00\x01\x00\x01",
    )
    answer = (
        b"\x12\x34\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00\x01a\x02bc\x00\x00\x01\x00\x01"
        b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x09\x00\x02\xc0\x0c"
        b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x09\x00\x04\x0a\x01\x02\x03"
    )
    equal(sockets.dns_answer(answer, 0x1234), "10.1.2.3")
    equal(sockets.dns_answer(answer, 0x1235), None)
    for length in range(len(answer)):
        equal(sockets.dns_answer(answer[:length], 0x1234), None)
    for name in ("a..b", "x" * 64 + ".b"):
        raises(ValueError, lambda name=name: sockets.dns_query(name, 1))


# Flash


def test_a_file_is_the_old_or_the_new_one_and_a_torn_one_is_none():
    path = folder("flash") + "/file"
    equal(flash.read(path), None)
    flash.write(path, b"one")
    flash.write(path, b"two")
    equal(flash.read(path), b"two")
    with open(path, "rb") as file:
        content = file.read()
    for length in range(len(content)):
        put(path, content[:length])
        equal(flash.read(path), None, length)
    put(path, content[:-1] + b"x")
    equal(flash.read(path), None)
    flash.write(path, b"x" * 100)
    equal(flash.read(path, 99), None)


def test_boots_count_and_never_repeat_even_when_the_counter_is_torn():
    path = folder("boots") + "/boot"
    equal([boot_counter.next_boot(path) for _ in range(3)], [1, 2, 3])
    put(path, b"garbage")
    assert boot_counter.next_boot(path) >= 0x8000_0000
    flash.write(path, b"2147483647")
    assert boot_counter.next_boot(path) >= 0x8000_0000
    assert boot_counter.next_boot("/no/such/folder/boot") >= 0x8000_0000


class Fleet:
    """An outbox and its flash, as the shell uses them."""

    def __init__(self, name, capacity=64, most_files=64):
        self.path = folder(name)
        self.outbox = Outbox(capacity)
        self.flash = FlashOutbox(self.path, self.outbox, most_files)

    def seqs(self):
        return [self.outbox.reading(index).seq for index in range(self.outbox.count)]

    def online(self):
        """Some turns with a gateway: a batch comes back in each."""
        for _ in range(8):
            self.flash.work(True, never)

    def files(self):
        return sorted(os.listdir(self.path))


def test_what_waits_offline_goes_to_flash_and_comes_back_after_a_power_cut():
    before = Fleet("power")
    for seq in range(1, 41):
        before.outbox.append(reading(seq))
    before.flash.spill_all(always)
    equal(before.outbox.count, 0)
    equal(before.files(), ["00000001.q", "00000002.q"])
    after = Fleet("power")
    after.online()
    equal(after.seqs(), list(range(1, 33)))
    equal(after.outbox.take_next(0, never).unix_seconds, 1_795_000_001)
    after.outbox.acknowledge(1, 1, 31)
    after.online()
    equal(after.files(), ["00000001.q", "00000002.q"], "removed only when all of it is acknowledged")
    after.outbox.acknowledge(1, 32, 32)
    after.online()
    equal(after.files(), ["00000002.q"])
    equal(after.seqs(), list(range(33, 41)))


def test_a_torn_tail_costs_only_the_torn_record():
    fleet = Fleet("torn")
    for seq in range(1, 6):
        fleet.outbox.append(reading(seq))
    fleet.flash.spill_all(never)
    path = fleet.path + "/00000001.q"
    with open(path, "rb") as file:
        content = file.read()
    put(path, content[:-3])
    after = Fleet("torn")
    after.online()
    equal(after.seqs(), [1, 2, 3, 4])
    put(path, content[:50] + b"\xfe" + content[51:])
    again = Fleet("torn")
    again.online()
    equal(again.seqs(), [1, 3, 4, 5])


def test_offline_again_the_readings_in_flash_leave_the_outbox_and_come_back():
    fleet = Fleet("again")
    for seq in range(1, 11):
        fleet.outbox.append(reading(seq))
    fleet.flash.spill_all(never)
    fleet.online()
    fleet.outbox.append(reading(11))
    fleet.flash.work(False, never)
    equal(fleet.seqs(), [11])
    fleet.online()
    equal(sorted(fleet.seqs()), list(range(1, 12)))


def test_the_flash_is_bounded_and_what_it_drops_is_told():
    fleet = Fleet("bounded", 64, 2)
    for seq in range(1, 97):
        fleet.outbox.append(reading(seq))
        if seq % 32 == 0:
            fleet.flash.spill_all(never)
    equal(len(fleet.files()), 2)
    equal(fleet.outbox.dropped.ranges, [[1, 1, 32]])


def test_a_crowded_outbox_spills_before_it_has_to_drop():
    fleet = Fleet("crowded", 16)
    for seq in range(1, 101):
        fleet.outbox.append(reading(seq))
        fleet.flash.work(False, never)
    equal(fleet.outbox.dropped.total, 0)


def test_a_flash_that_cannot_be_written_loses_nothing_and_raises_nothing():
    fleet = Fleet("full")
    for seq in range(1, 6):
        fleet.outbox.append(reading(seq))
    fleet.flash._folder = "/no/such/folder"
    fleet.flash.spill_all(never)
    equal(fleet.seqs(), [1, 2, 3, 4, 5])
    unusable = FlashOutbox("/proc/nothing", fleet.outbox)
    unusable.work(False, never)
    equal(unusable.is_usable, False)


# Settings


def test_broken_settings_leave_what_works():
    path = folder("settings") + "/settings.json"
    for content in (
        b"",
        b"[]",
        b"{",
        b'{"wifi":[]}',
        b'{"mqtt":{"port":"x"},"device_id":"a b"}',
        b'{"wifi":{"ssid":7}}',
    ):
        put(path, content)
        settings = Settings("/tmp")
        settings.load(path)
        equal((settings.ssid, settings.broker_port, settings.device_id), ("", 1883, None), content)


def test_the_configuration_names_broker_and_pins_and_nonsense_is_passed_over():
    settings = BrokerSettings()
    settings.apply(
        b'{"mqtt_config":{"broker":"b.example","port":8883,"ssl":true,"user":"","base_topic":"home"},'
        b'"motion_sensor_pin":{"pin":17},"switch_sensor_pin":{"pin":99},"onewire_ds18b20_pin":7,"x":{"mqtt_config":{"port":1}}}'
    )
    equal((settings.host, settings.port, settings.is_tls, settings.base_topic), (b"b.example", 8883, True, b"home"))
    equal((settings.motion_pin, settings.switch_pin, settings.one_wire_pin), (17, 14, 22))
    settings.apply(b'{"mqtt_config":{"broker":7,"port":"1883","base_topic":""}}')
    equal((settings.host, settings.port, settings.base_topic), (b"b.example", 8883, b"home"))
    settings.apply(b"[]")
    raises(JSONError, lambda: settings.apply(b'{"mqtt_config":{'))


def test_waits_double_stay_bounded_and_differ():
    backoff = Backoff(1000, 60_000)
    waits = [backoff.next_wait() for _ in range(20)]
    for index, wait in enumerate(waits):
        most = min(1000 << index, 60_000)
        assert most // 2 <= wait <= most, waits
    assert len(set(waits[7:])) > 5


def test_what_waits_in_flash_is_the_protocol_s_record():
    fleet = Fleet("format")
    fleet.outbox.append(reading(2, boot=7))
    fleet.flash.spill_all(never)
    with open(fleet.path + "/00000001.q", "rb") as file:
        content = file.read()
    equal(len(content), RECORD_BYTES)
    equal(content, outbox_record.encode(reading(2, boot=7), False))


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


# Configurations


def node_for(store):
    node = Node(NodeIdentity(b"Attic06", b"1.0.0", 1), 8)
    store.restore(node)
    return node


def take(node, store, document, tag):
    node.configuration_arrived(document, tag)
    broker = BrokerSettings()
    broker.apply(document)
    store.arrived(node, broker)
    store.keep(node)


def reach(node, store, seq):
    """The gateway holds a reading made under the configuration that runs."""
    node.outbox.append(reading(seq))
    node.made = seq
    node.acknowledgement_arrived(b'{"boot":1,"seqs":[[%d,%d]]}' % (seq, seq))
    store.keep(node)


NEW = b'{"payload_version":1,"mqtt_config":{"broker":"new.example","port":8883,"ssl":1}}'


def test_a_candidate_and_its_broker_survive_a_restart_and_so_does_what_proved_itself():
    path = folder("store")
    store = ConfigurationStore(path)
    node = node_for(store)
    equal((store.active(node).host, flash.exists(path + "/configuration")), (b"", False))
    take(node, store, NEW, b"new")
    equal(store.active(node).host, b"new.example")
    # Cut and started again: still on trial, with its broker.
    store = ConfigurationStore(path)
    node = node_for(store)
    equal((node.configuration_tag, node.candidate_configuration.tag), (b"new", b"new"))
    equal((store.active(node).host, store.active(node).port, store.active(node).is_tls), (b"new.example", 8883, True))
    reach(node, store, 5)
    equal((node.candidate_configuration, flash.exists(path + "/candidate")), (None, False))
    store = ConfigurationStore(path)
    node = node_for(store)
    equal((node.configuration.payload_version, node.configuration_tag), (1, b"new"))
    equal((store.active(node).host, node.candidate_configuration), (b"new.example", None))


def test_when_the_trial_fails_the_old_broker_is_there_again():
    path = folder("returned")
    store = ConfigurationStore(path)
    node = node_for(store)
    take(node, store, b'{"mqtt_config":{"broker":"old.example"}}', b"old")
    reach(node, store, 1)
    take(node, store, NEW, b"new")
    equal(store.active(node).host, b"new.example")
    inputs = NodeInputs()
    inputs.link = Link(True, -60, True)
    node.step(0, inputs)
    node.step(300_000, inputs)
    store.keep(node)
    equal((node.configuration_tag, store.active(node).host), (b"old", b"old.example"))


def test_what_was_refused_is_not_tried_again_after_a_restart():
    path = folder("refused")
    store = ConfigurationStore(path)
    node = node_for(store)
    raises(JSONError, lambda: node.configuration_arrived(b"no JSON", b"bad"))
    store.keep(node)
    node = node_for(ConfigurationStore(path))
    equal(node.refused_configuration, RefusedConfiguration(b"bad", NOT_JSON))
    assert node.passes_over_configuration(b"bad")
    # Nothing with that tag is remembered when something without one is refused.
    store = ConfigurationStore(path)
    node = node_for(store)
    raises(JSONError, lambda: node.configuration_arrived(b"no JSON", b""))
    store.keep(node)
    equal((node_for(ConfigurationStore(path)).refused_configuration, flash.exists(path + "/refused")), (None, False))


def test_a_torn_file_is_no_configuration_wherever_it_was_torn():
    path = folder("tornstore")
    store = ConfigurationStore(path)
    node = node_for(store)
    take(node, store, NEW, b"new")
    reach(node, store, 1)
    with open(path + "/configuration", "rb") as file:
        content = file.read()
    for length in range(0, len(content), 7):
        put(path + "/configuration", content[:length])
        equal(node_for(ConfigurationStore(path)).configuration_tag, b"", length)
    put(path + "/configuration", b"")
    # A file of an earlier firmware: a tag and a document.
    flash.write(path + "/configuration", b'"tag"\n{"enabled":0}')
    equal(node_for(ConfigurationStore(path)).configuration_tag, b"")


def test_a_full_flash_keeps_the_configuration_running():
    store = ConfigurationStore("/no/such/folder")
    node = node_for(store)
    take(node, store, NEW, b"new")
    equal((node.configuration.payload_version, store.active(node).host), (1, b"new.example"))
    reach(node, store, 1)
    equal(node.candidate_configuration, None)


def test_broker_and_pins_come_back_as_they_were():
    settings = BrokerSettings()
    settings.apply(
        b'{"mqtt_config":{"broker":"b","port":8883,"user":"u\\"","password":"\\u0001","ssl":true,"base_topic":"home"},'
        b'"i2c_display_pins":{"i2c_sda":6,"i2c_scl":7},"fan_pwm_controller_config":{"enabled":1,"pwm_pin":15,'
        b'"pwm_freq":25000},"fan_step_controller_config":{"pins":[10,11,12]}}'
    )
    again = BrokerSettings()
    again.apply(settings.encode())
    equal(again.__dict__, settings.__dict__)
    equal((again.display_sda, again.fan_pin, again.fan_frequency, again.step_pins), (6, 15, 25_000, (10, 11, 12)))
    plain = BrokerSettings()
    plain.apply(BrokerSettings().encode())
    equal(plain.__dict__, BrokerSettings().__dict__)
    for pins in (b"7", b"[29]", b"[-1]", b'["1"]', b"[1,2,3,4,5,6,7,8,9]"):
        plain.apply(b'{"fan_step_controller_config":{"pins":%s}}' % pins)
        equal(plain.step_pins if pins != b'["1"]' else (), (), pins)


def test_fans_get_what_the_node_says_and_stand_still_without():
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
        fans = Fans(15, 64, (10, 11, 12))
        equal((duties[15], levels), (0, {10: 0, 11: 0, 12: 0}))
        fans.drive(50, 2)
        equal((duties[15], levels), (32_767, {10: 1, 11: 1, 12: 0}))
        said.clear()
        fans.drive(50, 2)
        equal(said, [])
        fans.drive(None, None)
        equal((duties[15], levels), (0, {10: 0, 11: 0, 12: 0}))
        Fans(None, 64, ()).drive(30, 1)
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
