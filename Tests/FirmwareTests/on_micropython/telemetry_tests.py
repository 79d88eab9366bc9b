"""Telemetry: payload vectors, outbox, ranges, acknowledgements, rounding, JSON."""

import binascii
import json

from core.telemetry import acknowledgement, crc16, fleet_units, outbox_record, rounding, timestamp
from core.telemetry.dropped_ranges import BOUND, DroppedRanges
from core.telemetry.former_payload_encoder import encode_version1
from core.telemetry.inline_bytes import InlineBytes, hundredths, is_device_id
from core.telemetry.json_cursor import END, TOO_DEEP, JSONCursor, JSONError
from core.telemetry.measurement import ABSENT, QUALITY_NAMES, SENSOR_NAMES, Measurement, missing
from core.telemetry.outbox import Outbox
from core.telemetry.payload_encoder import MAXIMUM_PAYLOAD_BYTES, encode
from core.telemetry.reading import EVENT_NAMES, HEARTBEAT, LEVEL_NAMES, LOW, MOTION, SWITCH_CHANGE, Reading

from world import equal, raises, read, unhex


def reading(seq, event=HEARTBEAT, boot=1):
    return Reading(boot, seq, event, missing(ABSENT), LOW, LOW, None, seq * 1000, None, 0)


def seqs(outbox):
    return [outbox.reading(index).seq for index in range(outbox.count)]


def never(boot, uptime):
    return None


def of_vector(vector):
    sensor = vector["sensor"]
    measured = Measurement(
        vector["temperature_centi_celsius"],
        vector["humidity_centi_percent"],
        vector["pressure_pascals"],
        QUALITY_NAMES.index(vector["quality"].encode()),
        0 if sensor is None else SENSOR_NAMES.index(sensor.encode()),
    )
    return Reading(
        vector["boot"],
        vector["seq"],
        EVENT_NAMES.index(vector["event"].encode()),
        measured,
        LEVEL_NAMES.index(vector["motion"].encode()),
        LEVEL_NAMES.index(vector["switch"].encode()),
        vector["wifi_rssi"],
        vector["uptime_ms"],
        vector["unix_seconds"],
        vector["suppressed"],
        vector.get("fan_pwm"),
        vector.get("fans_active"),
    )


def test_every_vector_is_encoded_byte_for_byte_also_through_a_record():
    vectors = json.loads(read("protocol/vectors/payload.json"))
    for vector in vectors["encode"] + vectors["encode_with_fans"] + vectors["encode_version_1"]:
        made = of_vector(vector)
        dropped = DroppedRanges()
        dropped.ranges = [list(held) for held in vector["dropped"]]
        outbox = Outbox(1)
        outbox.append(made)
        again = outbox_record.decode(outbox.record(0))[0]
        for item in (made, outbox.take_next(0, never), again):
            output = InlineBytes(MAXIMUM_PAYLOAD_BYTES)
            if vector in vectors["encode_version_1"]:
                encode_version1(item, vector["device_id"].encode(), vector["firmware"].encode(), output)
            else:
                encode(item, vector["device_id"].encode(), vector["firmware"].encode(), dropped, output)
            equal(bytes(output.view()).decode(), vector["payload"], vector["name"])


def test_the_checksum_of_the_nine_digits_is_the_published_one():
    equal(crc16.checksum(b"123456789"), 0x29B1)


def test_every_record_vector_is_written_and_read():
    for vector in json.loads(read("protocol/vectors/outbox.json"))["records"]:
        record = unhex(vector["record"])
        made = of_vector(vector)
        equal(
            binascii.hexlify(outbox_record.encode(made, vector["was_sent"])), binascii.hexlify(record), vector["name"]
        )
        reading, was_sent = outbox_record.decode(record)
        equal(reading.__dict__, made.__dict__, vector["name"])
        equal(was_sent, vector["was_sent"], vector["name"])


def test_what_is_no_record_is_none():
    vectors = json.loads(read("protocol/vectors/outbox.json"))
    for vector in vectors["no_records"]:
        equal(outbox_record.decode(unhex(vector["bytes"])), None, vector["name"])
    record = unhex(vectors["records"][0]["record"])
    for length in range(len(record)):
        equal(outbox_record.decode(record[:length]), None, length)
        equal(outbox_record.decode(record[:length] + b"\xff" * (40 - length)), None, length)
    for bit in range(320):
        changed = bytearray(record)
        changed[bit // 8] ^= 1 << bit % 8
        equal(outbox_record.decode(changed), None, bit)


def test_the_fleet_s_units_are_rounded_once_and_stay_in_32_bits():
    for celsius, fahrenheit in ((2253, 7255), (-4000, -4000), (-5, 3191), (0, 3200), (2**31 - 1, 2**31 - 1)):
        equal(fleet_units.centi_fahrenheit(celsius), fahrenheit, celsius)
    for pascals, inches in ((101_325, 2992), (30_000, 886), (110_000, 3248)):
        equal(fleet_units.centi_inches_of_mercury(pascals), inches, pascals)
    equal((fleet_units.centi_fahrenheit(None), fleet_units.centi_inches_of_mercury(None)), (None, None))


def test_a_payload_that_does_not_fit_says_so():
    output = InlineBytes(100)
    encode(reading(1), b"Attic06", b"1.0.0", DroppedRanges(), output)
    equal((output.overflowed, output.count), (True, 100))


def test_full_it_drops_the_oldest_heartbeat_and_never_an_event_while_one_remains():
    outbox = Outbox(4)
    for item in (reading(1, MOTION), reading(2), reading(3, SWITCH_CHANGE), reading(4), reading(5)):
        outbox.append(item)
    equal(seqs(outbox), [1, 3, 4, 5])
    outbox.append(reading(6, MOTION))
    outbox.append(reading(7, MOTION))
    equal(seqs(outbox), [1, 3, 6, 7])
    outbox.append(reading(8))
    equal(seqs(outbox), [1, 3, 6, 7])
    outbox.append(reading(9, MOTION))
    equal(seqs(outbox), [3, 6, 7, 9])
    equal(outbox.dropped.total, 5)


def test_what_was_dropped_is_told_until_a_payload_that_said_it_is_acknowledged():
    outbox = Outbox(2)
    for seq in range(1, 5):
        outbox.append(reading(seq))
    equal(outbox.dropped.ranges, [[1, 1, 2]])
    outbox.take_next(0, never)
    outbox.append(reading(5))
    outbox.acknowledge(1, 4, 4)
    equal(outbox.dropped.ranges, [[1, 1, 3]])
    sent = outbox.take_next(0, never)
    outbox.acknowledge(1, sent.seq, sent.seq)
    equal(outbox.dropped.ranges, [])


def test_it_forgets_exactly_what_is_named():
    outbox = Outbox(8)
    for seq in range(1, 7):
        outbox.append(reading(seq, boot=2 if seq > 4 else 1))
    equal(outbox.acknowledge(1, 2, 5), 3)
    equal(seqs(outbox), [1, 5, 6])
    equal(outbox.acknowledge(1, 2, 5), 0)


def test_a_window_is_under_way_and_the_oldest_is_sent_again_after_ten_seconds():
    outbox = Outbox(32)
    for seq in range(1, 21):
        outbox.append(reading(seq))
    start = 0xFFFF_FFFC  # the tick wraps on the way
    for expected in range(1, 9):
        equal(outbox.take_next(start, never).seq, expected)
    equal(outbox.take_next(start, never), None)
    equal(outbox.take_next((start + 9_999) & 0xFFFF_FFFF, never), None)
    equal(outbox.take_next((start + 10_000) & 0xFFFF_FFFF, never).seq, 1)
    outbox.acknowledge(1, 1, 3)
    equal(outbox.take_next((start + 10_000) & 0xFFFF_FFFF, never).seq, 4)


def test_after_a_reconnect_everything_is_sent_again_in_order():
    outbox = Outbox(8)
    for seq in (1, 2, 3):
        outbox.append(reading(seq))
    outbox.take_next(0, never)
    outbox.take_next(0, never)
    outbox.connection_lost()
    equal([outbox.take_next(1, never).seq for _ in range(3)], [1, 2, 3])


def test_the_first_sending_fixes_the_time():
    outbox = Outbox(4)
    outbox.append(reading(1))
    outbox.append(reading(2))
    equal(outbox.take_next(0, never).unix_seconds, None)
    outbox.connection_lost()
    equal(outbox.take_next(0, lambda boot, uptime: 1_000_000 + uptime // 1000).unix_seconds, None)
    equal(outbox.take_next(0, lambda boot, uptime: 1_000_000 + uptime // 1000).unix_seconds, 1_000_002)
    outbox.connection_lost()
    outbox.take_next(0, lambda boot, uptime: 2_000_000)
    equal(outbox.take_next(0, lambda boot, uptime: 2_000_000).unix_seconds, 1_000_002)


def test_readings_of_several_lives_wait_together_and_only_this_life_s_get_a_time():
    earlier = Outbox(8)
    earlier.append(reading(1))
    earlier.take_next(0, never)  # on the wire without a time: it stays without
    earlier.append(reading(2))
    earlier.append(reading(3))
    flash = [earlier.record(index) for index in range(3)]
    flash[1] = flash[1][:20] + b"\xff" + flash[1][21:]
    outbox = Outbox(8)
    equal([outbox.restore(record) for record in flash], [True, False, True])
    outbox.append(reading(1, boot=2))

    def time(boot, uptime):
        return 5000 + uptime // 1000 if boot == 2 else None

    sent = [outbox.take_next(0, time) for _ in range(3)]
    equal([(item.boot, item.seq, item.unix_seconds) for item in sent], [(1, 1, None), (1, 3, None), (2, 1, 5001)])
    equal(outbox.acknowledge(1, 1, 9), 2)


def test_what_was_on_the_wire_without_a_time_stays_without_one_also_through_flash():
    outbox = Outbox(4)
    for seq, was_sent in ((1, True), (2, False)):
        outbox.restore(outbox_record.encode(reading(seq), was_sent))
    sent = [outbox.take_next(0, lambda boot, uptime: 5000 + uptime // 1000) for _ in range(2)]
    equal([item.unix_seconds for item in sent], [None, 5002])


def test_a_record_leaves_for_flash_with_its_time_and_comes_back_only_into_room():
    outbox = Outbox(2)
    outbox.append(reading(7))
    record = outbox.take_record(lambda boot, uptime: 77)
    equal((outbox.count, outbox_record.decode(record)[0].unix_seconds), (0, 77))
    other = Outbox(1)
    equal([other.bring_back(record, True) for _ in range(2)], [True, False])
    equal((other.from_flash, other.take_record(never)), (1, None))
    other.leave_to_flash()
    equal((other.from_flash, other.count), (0, 0))


def test_fixed_point_numbers_are_rounded_half_away_from_zero():
    for text, hundredths_ in (
        (b"22.535", 2254),
        (b"-22.535", -2254),
        (b"1e3", 100_000),
        (b"3000e-2", 3000),
        (b"0.0049999999999999999999", 0),
        (b"1e400", None),
        (b"0e400", 0),
        (b"92233720368547758.07", 9_223_372_036_854_775_800),
        (b"99999999999999999999", None),
        (b'"5"', None),
        (b"true", None),
    ):
        cursor = JSONCursor(text)
        equal(cursor.skip_value().fixed_point(2, text), hundredths_, text)


def test_many_scattered_drops_stay_within_the_bound_and_name_every_drop():
    ranges = DroppedRanges()
    state = 7
    dropped = []
    for _ in range(200):
        state = (state * 1103515245 + 12345) & 0x7FFF_FFFF
        seq = state % 10_000
        dropped.append(seq)
        ranges.insert(1, seq)
        assert len(ranges.ranges) <= BOUND
    for seq in dropped:
        assert any(first <= seq <= last for _, first, last in ranges.ranges), seq


def test_an_acknowledgement_names_ranges_and_the_time():
    ranges = []
    text = b'{"boot":17,"seqs":[[1201,1230],[1234,1234]],"new":{"a":[1]},"time":1795474529123}'
    equal(acknowledgement.decode(text, lambda *named: ranges.append(named)), 1795474529123)
    equal(ranges, [(17, 1201, 1230), (17, 1234, 1234)])


def test_broken_acknowledgements_raise_and_nothing_else():
    for text in (
        b"",
        b"[]",
        b"{",
        b'{"seqs":[[1,2]]}',
        b'{"boot":1,"seqs":[[2,1]]}',
        b'{"boot":1,"seqs":[[1,2,3]]}',
        b'{"boot":-1}',
        b'{"boot":4294967296}',
        b'{"boot":1.5}',
        b'{"boot":1,"time":0}',
        b'{"boot":"1"}',
        b'{"a":"\xff"}',
    ):
        raises(JSONError, lambda text=text: acknowledgement.decode(text, lambda *named: None))


def test_json_is_accepted_and_refused_as_rfc_8259_says():
    def tokens(text):
        cursor = JSONCursor(text)
        while cursor.next() != END:
            pass

    for text in (
        b"0",
        b"-0.5e+10",
        b'"\\u00e9\\ud83d\\ude00"',
        b" [ 1 , {} , [] ] ",
        b'{"a":null,"b":true}',
        b'"\xc3\xa9"',
    ):
        tokens(text)
    for text in (
        b"01",
        b"1.",
        b"+1",
        b"[1,]",
        b'{"a":1,}',
        b"tru",
        b'"\n"',
        b'"\\x"',
        b"1 2",
        b'"\xc0\xaf"',
        b'"\xed\xa0\x80"',
    ):
        raises(JSONError, lambda text=text: tokens(text))
    equal(raises(JSONError, lambda: tokens(b"[" * 17 + b"]" * 17)).code, TOO_DEEP)


def test_escapes_become_utf8():
    cursor = JSONCursor(b'"a\\n\\u00b0\\ud83d\\ude00\\ud800"')
    cursor.next()
    equal(cursor.slice.string(cursor.text, 64), "a\n\u00b0\U0001f600\ufffd".encode())
    equal(cursor.slice.string(cursor.text, 3), None)


def test_rounding_goes_half_away_from_zero():
    for numerator, denominator, result in (
        (5, 2, 3),
        (-5, 2, -3),
        (4, 3, 1),
        (-4, 3, -1),
        (5, 3, 2),
        (-5, 3, -2),
        (0, 9, 0),
        (2**63 - 1, 1, 2**63 - 1),
        (-(2**63), 1, -(2**63)),
        (384, 256, 2),
        (-384, 256, -2),
    ):
        equal(rounding.rounded_division(numerator, denominator), result, (numerator, denominator))


def test_days_are_written_as_the_calendar_has_them():
    for seconds, text in (
        (0, b"1970-01-01T00:00:00Z"),
        (951_782_400, b"2000-02-29T00:00:00Z"),
        (1_795_473_929, b"2026-11-23T22:45:29Z"),
        (4_102_444_799, b"2099-12-31T23:59:59Z"),
        (4_294_967_295, b"2106-02-07T06:28:15Z"),
    ):
        output = InlineBytes(32)
        timestamp.append_timestamp(output, seconds)
        equal(bytes(output.view()), text)


def test_device_ids_are_letters_digits_and_two_signs():
    for text in (b"A", b"Attic06", b"a-b_c", b"x" * 32):
        assert is_device_id(text), text
    for text in (b"", b"x" * 33, b"a b", b"a/b", b"a+", b"\xc3\xa9", b"a\x00", b"["):
        assert not is_device_id(text), text


def test_hundredths_keep_their_zeros():
    for value, text in ((0, b"0.00"), (5, b"0.05"), (-5, b"-0.05"), (2253, b"22.53"), (-100, b"-1.00")):
        equal(hundredths(value), text)
