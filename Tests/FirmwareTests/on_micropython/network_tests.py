"""Packets and answers without a network: whatever a peer sends."""

import random

from ports import http, mqtt_packets, ntp, sockets
from ports.mqtt_packets import MQTTError, PacketReader

from world import equal, raises

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
