"""Whatever peers, flash and clock do, the firmware goes on sampling, and LED, screen and log say what is wrong."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest
from collections.abc import Callable
from pathlib import Path

from firmware import FIRMWARE, ON_MICROPYTHON, SIMULATOR, micropython
from test_mqtt_client import ACCEPTED, packet

SECONDS = 45
# The numbers of core/status_led/led_state.py and core/display/screen.py.
LED_OFFLINE, LED_ONLINE = 5, 7
SCREEN_READING, SCREEN_OFFLINE = 2, 3
START = 1_795_474_000_000  # UTC in ms

Serve = Callable[[socket.socket], None]


class Server:
    """Serves every connection in the same way, in threads that end with the test."""

    def __init__(self, serve: Serve, tls: ssl.SSLContext | None = None) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.serve = serve
        self.tls = tls
        self.connections = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection: socket.socket) -> None:
        # The device closes when it likes.
        with connection, contextlib.suppress(OSError, IndexError):
            connection.settimeout(60)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.serve(connection)


def answers(body: bytes, head: bytes = b"") -> Serve:
    """A config server that says this and closes."""

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(head or b'HTTP/1.0 200 OK\r\nETag: "1"\r\nContent-Length: %d\r\n\r\n' % len(body))
        connection.sendall(body)

    return serve


def is_silent(connection: socket.socket) -> None:
    """Takes everything and says nothing: the far end of a half-open socket."""
    while connection.recv(4096):
        pass


class Gateway:
    """A broker with a gateway behind it, whose clock is `step` ms off from the fourth reading on."""

    def __init__(self, step: int = 0) -> None:
        self.step = step
        self.readings: list[dict[str, object]] = []
        self.logs: list[str] = []

    def serve(self, connection: socket.socket) -> None:
        while got := packet(connection):
            kind = got[0] & 0xF0
            if kind == 0x10:
                connection.sendall(ACCEPTED)
            elif kind == 0x80:
                connection.sendall(b"\x90\x05" + got[2:4] + b"\x00\x01\x01")
            elif kind == 0xC0:
                connection.sendall(b"\xd0\x00")
            elif kind == 0x30:
                self.published(connection, got)

    def published(self, connection: socket.socket, got: bytes) -> None:
        start = 2 if got[1] < 0x80 else 3
        end = start + 2 + int.from_bytes(got[start : start + 2])
        topic = got[start + 2 : end].decode()
        if got[0] & 0x06:
            connection.sendall(b"\x40\x02" + got[end : end + 2])
            end += 2
        if topic.endswith("/log"):
            self.logs.append(got[end:].decode())
        if topic != "iots6/Attic06":
            return
        reading = json.loads(got[end:])
        self.readings.append(reading)
        time = START + int(reading["uptime_ms"]) + (self.step if len(self.readings) > 3 else 0)
        text = b'{"boot":%d,"seqs":[[%d,%d]],"time":%d}' % (reading["boot"], reading["seq"], reading["seq"], time)
        content = len(topic + "/ack").to_bytes(2) + f"{topic}/ack".encode() + text
        connection.sendall(bytes((0x30, len(content))) + content)


def authority(folder: Path, name: str) -> ssl.SSLContext:
    """Makes NAME.der in `folder`, and the context of a server that it vouches for."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", "/CN=127.0.0.1")
    openssl("x509", "-in", f"{name}.pem", "-outform", "DER", "-out", f"{name}.der")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


class Faults(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def live(
        self, config: Server | None = None, broker: Server | None = None, *faults: str, seconds: int = SECONDS,
        port: int = 0, config_port: int = 0, **mqtt: object,
    ) -> str:  # fmt: skip
        """Runs the firmware; asserts that it sampled all the time, and gives its console."""
        config_port = config.port if config else config_port
        # A device of its own each time: what was refused would be refused again.
        flash = Path(tempfile.mkdtemp(dir=self.folder))
        settings = {
            "wifi": {"ssid": "simulated", "password": "simulated"},
            "config_url": f"http://127.0.0.1:{config_port}" if config_port else "",
            "device_id": "Attic06",
            "time_server": "127.0.0.1",
            "mqtt": {"host": "127.0.0.1", "port": broker.port if broker else port or closed_port(), **mqtt},
        }
        (flash / "settings.json").write_text(json.dumps(settings))
        command = [micropython(), "-X", "heapsize=1M", str(ON_MICROPYTHON / "faulty_life.py"), str(flash)]
        environment = {"MICROPYPATH": f"{FIRMWARE}:{SIMULATOR}:.frozen"}
        got = subprocess.run(
            [*command, str(seconds), *faults],
            check=False, capture_output=True, text=True, env=environment, timeout=300,
        )  # fmt: skip
        self.assertEqual(got.returncode, 0, got.stderr[-3000:])
        self.assertNotIn("the firmware ends", got.stderr)
        lines = re.findall(r"^second \d+ samples (\d+) led (\d+) screen (\d+)$", got.stdout, re.MULTILINE)
        self.seen = [(int(samples), int(led), int(screen)) for samples, led, screen in lines]
        self.assertEqual(len(self.seen), seconds, got.stdout[-500:])
        # The built-in period of measuring is five seconds.
        counts = [samples for samples, _, _ in self.seen]
        for second in range(8, seconds):
            self.assertGreater(counts[second], counts[second - 7], f"second {second}: nothing is sampled any more")
        return got.stderr

    def assert_last(self, led: int, screen: int) -> None:
        self.assertEqual(self.seen[-1][1:], (led, screen))

    # The config server: the device works with what it has, and says why.

    def test_what_a_config_server_must_not_send_is_named_in_log_and_remote_log_and_the_old_one_runs(self) -> None:
        cases = [
            ("malformed", answers(b'{"heartbeat_publish_period": 1000,'), "the configuration is no JSON"),
            ("huge", answers(b" " * 65_536), "an answer of 65536 bytes; at most 8192 are taken"),
            (
                "wrong types",
                answers(b'{"heartbeat_publish_period":"soon","mqtt_config":7}'),
                "is refused; its old",
            ),
            (
                "lying",
                answers(b"{}", b"HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\n"),
                "the answer ends after 2 of",
            ),
            ("another protocol", answers(b"", b"SSH-2.0-OpenSSH_9.2\r\n"), "no HTTP answer"),
            ("half open", is_silent, "the config server does not answer"),
        ]
        for name, serve, words in cases:
            with self.subTest(name):
                gateway = Gateway()
                console = self.live(Server(serve), Server(gateway.serve))
                self.assertIn(words, console)
                self.assertTrue(gateway.readings, "nothing reached the gateway")
                # What is only news to a person (info) stays on the console, until the configuration asks for it.
                if "martlet warning the config" in console:
                    self.assertTrue(any(words[:20] in line for line in gateway.logs), gateway.logs)
                self.assert_last(LED_ONLINE, SCREEN_READING)

    def test_an_unreachable_config_server_is_named_and_readings_flow(self) -> None:
        gateway = Gateway()
        console = self.live(None, Server(gateway.serve), config_port=closed_port())
        self.assertIn("the configuration: [Errno 111] ECONNREFUSED", console)
        self.assertTrue(gateway.readings)
        self.assert_last(LED_ONLINE, SCREEN_READING)

    # The broker: LED and screen say offline, the log says why.

    def test_a_broker_that_cannot_be_used_is_offline_on_led_and_screen_and_named_in_the_log(self) -> None:
        def says(answer: bytes) -> Serve:
            def serve(connection: socket.socket) -> None:
                packet(connection)
                connection.sendall(answer)

            return serve

        cases = [
            ("half open", is_silent, "does not answer"),
            ("refuses", says(b"\x20\x02\x00\x05"), "refused: not authorised"),
            ("truncated in the head", says(b"\x20"), "the broker closed the connection"),
            ("truncated in a PUBLISH", says(ACCEPTED + b"\x32\x03\x00\x09t"), "a PUBLISH that ends in its head"),
            ("no MQTT", says(b"\xd0\x00"), "no CONNACK"),
        ]
        for name, serve, words in cases:
            with self.subTest(name):
                console = self.live(None, Server(serve))
                self.assertRegex(console, rf"martlet warning broker 127\.0\.0\.1:\d+:? {re.escape(words)}")
                offline = [(led, screen) for _, led, screen in self.seen if led == LED_OFFLINE]
                self.assertGreater(len(offline), SECONDS // 2)
                self.assertEqual(set(offline), {(LED_OFFLINE, SCREEN_OFFLINE)})

    def test_an_unreachable_broker_is_offline_on_led_and_screen_and_named_in_the_log(self) -> None:
        console = self.live(port=closed_port())
        self.assertRegex(console, r"martlet warning broker 127\.0\.0\.1:\d+: .*ECONNREFUSED")
        self.assert_last(LED_OFFLINE, SCREEN_OFFLINE)

    def test_a_certificate_of_another_authority_is_offline_and_named_and_gets_no_reading(self) -> None:
        if subprocess.run([micropython(), "-c", "import tls"], check=False, capture_output=True).returncode != 0:
            self.skipTest("this build of MicroPython has no TLS")
        gateway = Gateway()
        server = Server(gateway.serve, authority(self.folder, "theirs"))
        authority(self.folder, "ours")
        console = self.live(None, server, tls=True, ca=str(self.folder / "ours.der"))
        self.assertRegex(console, r"martlet warning broker 127\.0\.0\.1:\d+: .*not correctly signed by the trusted CA")
        self.assertEqual(gateway.readings, [])
        self.assertGreater(server.connections, 1, "it tries again")
        self.assert_last(LED_OFFLINE, SCREEN_OFFLINE)

    # Flash and clock.

    def test_a_full_flash_is_named_and_readings_flow(self) -> None:
        gateway = Gateway()
        console = self.live(None, Server(gateway.serve), "flash-full")
        self.assertRegex(console, r"martlet warning boot counter: OSError\(28,\); this start gets a random number")
        self.assertTrue(gateway.readings)
        self.assertGreater(int(str(gateway.readings[0]["boot"])), 1 << 31)
        self.assertTrue(any("boot counter" in line for line in gateway.logs), gateway.logs)
        self.assert_last(LED_ONLINE, SCREEN_READING)

    def test_a_full_flash_and_no_broker_keeps_the_readings_in_ram_and_says_so(self) -> None:
        console = self.live(None, None, "flash-full", seconds=150)
        self.assertRegex(console, r"martlet \w+ readings cannot be written to flash: OSError\(28,\)")
        self.assert_last(LED_OFFLINE, SCREEN_OFFLINE)

    def test_a_jump_of_the_gateway_s_clock_is_told_and_readings_before_it_keep_their_time(self) -> None:
        gateway = Gateway(step=3_600_000)
        config = Server(answers(b'{"heartbeat_publish_period":2000}'))
        self.live(config, Server(gateway.serve))
        self.assertTrue(any('"clock stepped","value":3' in line for line in gateway.logs), gateway.logs)
        times = [str(reading["timestamp"])[11:13] for reading in gateway.readings if reading["timestamp"]]
        self.assertEqual(len(set(times)), 2, times)
        self.assertEqual(sorted(times), times)
        self.assert_last(LED_ONLINE, SCREEN_READING)


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    unittest.main()
