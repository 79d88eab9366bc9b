"""The configuration's way: a store of versions, the command line, the server, the broker, and boards that follow."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import unittest
from collections.abc import Iterator

from stack import ROOT, Process, Stack, binary, free_port, get, wait_until

EXAMPLE = ROOT / "gateway" / "ConfigServer" / "example" / "pico_iot_config.json"
DAY_MS = 86_400_000


class Configured:
    """A stack whose config server has a store instead of a file."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.store = stack.directory / "config.sqlite"
        stack.config_port = free_port()
        self.url = f"http://127.0.0.1:{stack.config_port}"

    def martlet(self, *arguments: str, code: int = 0) -> str:
        """Runs `martlet config …` on the store; gives what it printed."""
        command = [binary("martlet"), "config", *arguments, "--store", str(self.store)]
        result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert result.returncode == code, f"{arguments}: {result.stdout}{result.stderr}"
        return result.stdout + result.stderr

    def state(self, device: str) -> dict[str, object]:
        """What the server says of a device."""
        document = json.loads(get(f"{self.url}/v1/devices") or '{"devices": []}')
        return next((one for one in document["devices"] if one["device_id"] == device), {})

    def served(self, device: str) -> dict[str, object]:
        """What a device is handed out."""
        return json.loads(get(f"{self.url}/v1/devices/{device}/config") or "{}")


@contextlib.contextmanager
def configured(*options: str) -> Iterator[Configured]:
    with Stack(database=False) as stack:
        fleet = Configured(stack)
        document = json.loads(EXAMPLE.read_text())
        document["device_list"] = []
        # Whoever follows does so because he was told, not because he asked again.
        document["system_global_config"]["check_config_file_period"] = DAY_MS
        document["device_global_config"]["heartbeat_publish_period"] = 5000
        document["device_global_config"]["motion_cooldown_wait_period"] = 3_600_000
        start = stack.directory / "start.json"
        start.write_text(json.dumps(document))
        fleet.martlet("apply", str(start), "--note", "the beginning", "--author", "ada")
        command = [
            *[binary("martlet"), "config-server", "--store", str(fleet.store), "--port", str(stack.config_port)],
            *["--broker-port", str(stack.broker_port), "--gateway-id", "system-test", *options],
        ]
        server = Process("config server", command, stack.directory / "config-store.log")
        stack.processes.insert(0, server)
        server.start()
        wait_until("the config server", lambda: get(f"{fleet.url}/ping") == "pong")
        yield fleet


class FleetConfiguration(unittest.TestCase):
    def committed(self, stack: Stack) -> float:
        return stack.metrics().get("martlet_readings_committed_total", 0)

    def test_a_board_is_adopted_follows_a_change_it_was_told_of_and_goes_back(self) -> None:
        with configured() as fleet:
            stack = fleet.stack
            boards = stack.boards(1)
            boards.start()
            wait_until("the board waits for its adoption", lambda: "last asked" in fleet.martlet("adopt"))
            device = fleet.martlet("adopt").split()[0]
            self.assertFalse(fleet.state(device)["listed"])
            fleet.martlet("adopt", device, "--author", "ada")
            # It ran the defaults before, so that its state alone says nothing of the adoption.
            wait_until("the server lists it", lambda: fleet.state(device).get("listed") is True)
            wait_until("the adopted board runs it", lambda: fleet.state(device).get("state") == "running", 60)
            self.assertEqual(fleet.martlet("adopt"), "")

            # At the old period six would take half a minute.
            before = self.committed(stack)
            fleet.martlet("set", "heartbeat_publish_period", "1000", "--device", device, "--author", "ada")
            wait_until("readings at the new period", lambda: self.committed(stack) >= before + 6)
            wait_until("the board keeps it", lambda: fleet.state(device).get("drift") is False)

            refused = fleet.martlet("set", "heartbeat_publish_period", "10", "--device", device, code=1)
            self.assertIn("device_list[0].heartbeat_publish_period: 10 is not right", refused)
            self.assertEqual(fleet.served(device)["heartbeat_publish_period"], 1000)

            fleet.martlet("rollback", "2", "--author", "ada")
            wait_until(
                "the board is back", lambda: fleet.state(device).get("drift") is False
                and fleet.served(device)["heartbeat_publish_period"] == 5000, 60,
            )  # fmt: skip
            lines = fleet.martlet("history").splitlines()
            self.assertEqual([line.split("  ")[-1] for line in lines[:1]], ["back to version 2"])
            self.assertEqual(len(lines), 4)
            boards.kill()

    def test_a_board_is_taken_in_at_once_where_that_is_asked_for(self) -> None:
        with configured("--adopt") as fleet:
            boards = fleet.stack.boards(2)
            boards.start()
            wait_until("both are in the list", lambda: len(self.listed(fleet)) == 2)
            boards.kill()

    def listed(self, fleet: Configured) -> list[object]:
        return list(json.loads(fleet.martlet("export"))["device_list"])

    def test_the_former_firmware_is_served_from_a_store_as_from_a_file(self) -> None:
        with configured() as fleet:
            # As MicroPython's requests sends it.
            request = b"GET /pico_iot_config.json HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
            with socket.create_connection(("127.0.0.1", fleet.stack.config_port), timeout=10) as connection:
                connection.sendall(request)
                answer = b""
                while piece := connection.recv(4096):
                    answer += piece
            head, _, body = answer.partition(b"\r\n\r\n")
            self.assertRegex(head, rb"^HTTP/1\.[01] 200 OK")
            self.assertIn(b"content-length: %d" % len(body), head.lower())
            self.assertNotIn(b"transfer-encoding", head.lower())
            self.assertEqual(json.loads(body), json.loads(fleet.martlet("export")))
