"""Telemetry: payload vectors, outbox, ranges, acknowledgements, rounding, JSON."""

import json

from core.telemetry import acknowledgement, rounding, timestamp
from core.telemetry.dropped_ranges import BOUND, DroppedRanges
from core.telemetry.inline_bytes import InlineBytes, is_device_id
from core.telemetry.json_cursor import END, TOO_DEEP, JSONCursor, JSONError
from core.telemetry.measurement import ABSENT, OK, QUALITY_NAMES, SENSOR_NAMES, Measurement, missing
from core.telemetry.outbox import Outbox
from core.telemetry.payload_encoder import MAXIMUM_PAYLOAD_BYTES, encode
from core.telemetry.reading import EVENT_NAMES, HEARTBEAT, LEVEL_NAMES, LOW, MOTION, SWITCH_CHANGE, Reading

from world import equal, raises, read


def reading(seq, event=HEARTBEAT, boot=1):
    return Reading(boot, seq, event, missing(ABSENT), LOW, LOW, None, seq * 1000, None, 0)


def seqs(outbox):
    return [outbox.reading(index).seq for index in range(outbox.count)]


def never(uptime):
    return None


def test_every_vector_is_encoded_byte_for_byte():
    for vector in json.loads(read("protocol/vectors/payload.json"))["encode"]:
        sensor = vector["sensor"]
        measured = Measurement(
            vector["temperature_centi_celsius"],
            vector["humidity_centi_percent"],
            vector["pressure_pascals"],
            QUALITY_NAMES.index(vector["quality"].encode()),
            0 if sensor is None else SENSOR_NAMES.index(sensor.encode()),
        )
        made = Reading(
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
        )
        dropped = DroppedRanges()
        dropped.ranges = [list(held) for held in vector["dropped"]]
        output = InlineBytes(MAXIMUM_PAYLOAD_BYTES)
        encode(made, vector["device_id"].encode(), vector["firmware"].encode(), dropped, output)
        equal(bytes(output.view()).decode(), vector["payload"], vector["name"])
        # The same through the outbox's packed record.
        outbox = Outbox(1)
        outbox.append(made)
        output.remove_all()
        encode(outbox.take_next(0, never), vector["device_id"].encode(), vector["firmware"].encode(), dropped, output)
        equal(bytes(output.view()).decode(), vector["payload"], vector["name"])


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
    equal(outbox.take_next(0, lambda uptime: 1_000_000 + uptime // 1000).unix_seconds, None)
    equal(outbox.take_next(0, lambda uptime: 1_000_000 + uptime // 1000).unix_seconds, 1_000_002)
    outbox.connection_lost()
    outbox.take_next(0, lambda uptime: 2_000_000)
    equal(outbox.take_next(0, lambda uptime: 2_000_000).unix_seconds, 1_000_002)


def test_a_record_goes_to_flash_and_back_with_every_field_and_no_other_clock():
    outbox = Outbox(2)
    full = Reading(
        4294967295, 4294967295, MOTION, Measurement(-4000, 10000, 110000, OK, 1), 1, 2, -128, 1 << 40, None, 65535
    )
    outbox.append(full)
    record = outbox.take_record(never)
    equal(outbox.count, 0)
    other = Outbox(1)
    equal(other.restore_record(record, True), True)
    equal(other.restore_record(record, True), False)
    back = other.take_next(0, lambda uptime: 77)
    equal(
        (back.boot, back.seq, back.event, back.motion, back.switch_level, back.wifi_rssi, back.uptime_milliseconds),
        (4294967295, 4294967295, MOTION, 1, 2, -128, 1 << 40),
    )
    equal(back.measurement, full.measurement)
    equal((back.unix_seconds, back.suppressed), (None, 65535))


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
