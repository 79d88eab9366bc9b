"""The firmware's MQTT client against a broker that misbehaves in every way first and behaves at last."""

from __future__ import annotations

import socket
import subprocess
import threading
import unittest
from collections.abc import Callable

from firmware import FIRMWARE, ON_MICROPYTHON, SIMULATOR, micropython

ACCEPTED = b"\x20\x02\x00\x00"


def packet(connection: socket.socket) -> bytes:
    """One whole packet; empty when the client has closed."""
    head = connection.recv(1)
    if not head:
        return b""
    length = shift = 0
    while True:
        byte = connection.recv(1)
        head += byte
        length |= (byte[0] & 0x7F) << shift
        shift += 7
        if byte[0] < 0x80:
            break
    body = b""
    while len(body) < length:
        body += connection.recv(length - len(body))
    return head + body


def says(answer: bytes) -> Callable[[socket.socket], None]:
    """A broker that says this to a CONNECT and closes."""

    def serve(connection: socket.socket) -> None:
        packet(connection)
        connection.sendall(answer)

    return serve


def says_after_connack(answer: bytes) -> Callable[[socket.socket], None]:
    return says(ACCEPTED + answer)


class Broker:
    """Serves one connection after another, each with the next of some behaviours."""

    def __init__(self, behaviours: list[Callable[[socket.socket], None]]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.served = 0
        self.failure: BaseException | None = None
        self.thread = threading.Thread(target=self._serve, args=(behaviours,), daemon=True)
        self.thread.start()

    def count(self) -> int:
        """How many connections were served; waits for the last, which ends after the client."""
        self.thread.join(20)
        return self.served

    def _serve(self, behaviours: list[Callable[[socket.socket], None]]) -> None:
        try:
            with self.listener:
                for behaviour in behaviours:
                    connection, _ = self.listener.accept()
                    with connection:
                        connection.settimeout(20)
                        behaviour(connection)
                    self.served += 1
        except (OSError, AssertionError, IndexError) as failure:
            self.failure = failure


def session(port: int, *patience: str) -> str:
    """What the client says, run under MicroPython."""
    environment = {"MICROPYPATH": f"{FIRMWARE}:{SIMULATOR}:.frozen"}
    command = [
        micropython(),
        "-X",
        "heapsize=512k",
        str(ON_MICROPYTHON / "mqtt_session.py"),
        str(port),
        "20",
        *patience,
    ]
    answer = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=60)
    assert answer.returncode == 0, answer.stderr
    assert "Traceback" not in answer.stderr, answer.stderr
    return answer.stdout


class MQTTClientTests(unittest.TestCase):
    def test_it_survives_every_broken_answer_and_delivers_at_last(self) -> None:
        in_flight: list[int] = []
        seen: list[bytes] = []

        def behaves(connection: socket.socket) -> None:
            seen.append(packet(connection))
            connection.sendall(ACCEPTED)
            while len(in_flight) < 12:
                got = packet(connection)
                seen.append(got)
                if got[0] == 0x82:
                    connection.sendall(b"\x90\x03" + got[2:4] + b"\x00")
                    connection.sendall(b"\x32\x0b\x00\x05t/ack\x00\x09hi")
                elif got[0] & 0xF0 == 0x30:
                    in_flight.append(int.from_bytes(got[5:7], "big"))
            # Out of order, and one of them twice.
            for number in [*reversed(in_flight), in_flight[0]]:
                connection.sendall(b"\x40\x02" + number.to_bytes(2, "big"))
            while got := packet(connection):
                seen.append(got)

        broken = [
            says(b""),
            says(b"\x20\x02\x00\x05"),
            says(b"\x20\x00"),
            says(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            says(b"\xd0\x00"),
            says_after_connack(b"\x32"),
            says_after_connack(b"\x32\x05\x00\x03t/"),
            says_after_connack(b"\x30\x02\x00\x09"),
            says_after_connack(b"\x36\x07\x00\x01t\x00\x01hi"),
            says_after_connack(b"\x30\xff\xff\xff\xff\xff"),
            says_after_connack(b"\x30\xff\xff\xff\x7f" + b"x" * 50_000),
            says_after_connack(b"\x90\x03\x00\x01\x80"),
            says_after_connack(b"\x40\x00"),
            says_after_connack(b"\x10\x00"),
            says_after_connack(b"\x20\x02\x00\x00"),
        ]
        broker = Broker([*broken, behaves])
        said = session(broker.port)
        self.assertIsNone(broker.failure)
        self.assertEqual(broker.count(), len(broken) + 1, said)
        self.assertIn("delivered\nlost\ndone True", said)
        self.assertIn("message t/ack hi", said)
        self.assertEqual(len(set(in_flight)), 12, "twelve in flight at once, each with its own identifier")
        self.assertIn(b"\x40\x02\x00\x09", seen, "the QoS 1 message was acknowledged")
        self.assertIn(b"\x00\x08t/status\x00\x07offline", seen[0], "the last will")

    def test_a_half_open_broker_is_given_up_before_and_after_it_accepted(self) -> None:
        def silent(connection: socket.socket) -> None:
            packet(connection)
            connection.recv(1)

        def falls_silent(connection: socket.socket) -> None:
            packet(connection)
            connection.sendall(ACCEPTED)
            while packet(connection):
                pass

        def behaves(connection: socket.socket) -> None:
            packet(connection)
            connection.sendall(ACCEPTED)
            while got := packet(connection):
                if got[0] & 0xF0 == 0x30:
                    connection.sendall(b"\x40\x02" + got[5:7])

        broker = Broker([silent, falls_silent, behaves])
        said = session(broker.port, "1500")
        self.assertEqual(broker.count(), 3, said)
        self.assertIn("delivered\nlost\ndone True", said)

    def test_a_broker_that_never_reads_fills_no_heap(self) -> None:
        def floods(connection: socket.socket) -> None:
            packet(connection)
            connection.sendall(ACCEPTED)
            message = b"\x32\x0b\x00\x05t/ack\x00\x09hi" * 1000
            try:
                for _ in range(200):
                    connection.sendall(message)
            except OSError:
                pass  # the client had enough

        def behaves(connection: socket.socket) -> None:
            packet(connection)
            connection.sendall(ACCEPTED)
            while got := packet(connection):
                if got[0] & 0xF0 == 0x30:
                    connection.sendall(b"\x40\x02" + got[5:7])

        broker = Broker([floods, behaves])
        said = session(broker.port)
        self.assertIn("delivered\nlost\ndone True", said)


if __name__ == "__main__":
    unittest.main()
