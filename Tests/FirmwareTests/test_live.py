"""The shipped firmware against real servers: Mosquitto, `martlet config-server` and `martlet gateway`, with faults.

MARTLET_BIN names the folder of the built programs.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import unittest

from firmware import ROOT, SIMULATOR, micropython

sys.path.insert(0, str(ROOT / "Tests" / "System"))
from stack import Process, Stack, free_port, wait_until  # noqa: E402 - its folder is no package

# 64-bit words need half as much again as the board's 32-bit ones; a 32-bit build (MICROPYTHON) runs in 192k.
HEAP = os.environ.get("FIRMWARE_HEAP", "288k")


class Board:
    """The firmware in MicroPython, with a folder for its flash."""

    def __init__(self, stack: Stack, device: str, **settings: object) -> None:
        self.stack = stack
        self.device = device
        self.flash = stack.directory / f"flash-{device}"
        self.flash.mkdir()
        document = {
            "wifi": {"ssid": "simulated", "password": "simulated"},
            "config_url": f"http://127.0.0.1:{stack.config_port}",
            "device_id": device,
            "time_server": "127.0.0.1",
            "mqtt": {"host": "127.0.0.1", "port": stack.broker_port},
            "report_seconds": 1,
            **settings,
        }
        (self.flash / "settings.json").write_text(json.dumps(document))
        compiled = stack.directory / "firmware"
        if not compiled.exists():
            subprocess.run([str(ROOT / "scripts" / "firmware-compile"), str(compiled)], check=True, capture_output=True)
        command = [micropython(), "-X", f"heapsize={HEAP}", str(compiled / "main.py"), str(self.flash)]
        path = f"{compiled}:{SIMULATOR}:.frozen"
        self.process = Process(f"board {device}", command, stack.directory / f"{device}.log", {"MICROPYPATH": path})
        stack.processes.insert(0, self.process)
        self.process.start()

    def report(self) -> dict[str, int]:
        """The last line about its state."""
        lines = re.findall(
            r"up (\d+) s: made (\d+) sent (\d+) acknowledged (\d+) unsent (\d+) dropped (\d+);"
            r" heap free (\d+) low (\d+); longest pause (\d+) ms, gc (\d+) ms",
            self.process.text(),
        )
        names = ("up", "made", "sent", "acknowledged", "unsent", "dropped", "free", "low", "pause", "gc")
        return dict(zip(names, map(int, lines[-1]), strict=True)) if lines else dict.fromkeys(names, 0)


def journal(stack: Stack, device: str) -> list[tuple[int, int]]:
    """(boot, seq) of every reading that is in the journal."""
    connection = sqlite3.connect(f"file:{stack.directory / 'journal.sqlite'}?mode=ro", uri=True)
    try:
        return connection.execute(
            "SELECT boot, seq FROM entry WHERE device = ? ORDER BY boot, seq", (device,)
        ).fetchall()
    finally:
        connection.close()


@unittest.skipUnless("MARTLET_BIN" in os.environ, "MARTLET_BIN names no built programs")
class LiveTests(unittest.TestCase):
    def test_readings_are_journaled_and_acknowledged_through_outages(self) -> None:
        with Stack(database=False) as stack:
            board = Board(stack, "Attic06")
            wait_until("acknowledged readings", lambda: board.report()["acknowledged"] >= 3)
            first = board.report()

            # The config server is away: nothing stops.
            stack.config_server.kill()
            before = board.report()["acknowledged"]
            wait_until("readings without a config server", lambda: board.report()["acknowledged"] >= before + 3)

            # The broker is away: sampling goes on, readings wait.
            stack.broker.kill()
            made = board.report()["made"]
            wait_until("readings made without a broker", lambda: board.report()["made"] >= made + 4)
            self.assertGreaterEqual(board.report()["unsent"], 3)
            stack.start(stack.broker)
            wait_until("the backlog's acknowledgement", lambda: board.report()["unsent"] == 0, seconds=40)

            # The gateway is away: the broker takes what nobody acknowledges.
            stack.gateway.kill()
            made = board.report()["made"]
            wait_until("readings made without a gateway", lambda: board.report()["made"] >= made + 4)
            self.assertGreaterEqual(board.report()["unsent"], 3)
            stack.start(stack.gateway, stack.config_server)
            wait_until("the second backlog", lambda: board.report()["unsent"] == 0, seconds=40)

            last = board.report()
            rows = journal(stack, "Attic06")
            print(f"\nfirmware: made={last['made']} journaled={len(rows)} acknowledged={last['acknowledged']} {last}")
            seqs = [seq for boot, seq in rows if boot == 1]
            self.assertEqual(seqs, list(range(1, len(seqs) + 1)), "a hole or a double")
            self.assertGreaterEqual(len(seqs), last["acknowledged"])
            self.assertEqual(last["dropped"], 0)
            self.assertGreaterEqual(last["made"], first["made"] + 10)
            self.assertNotIn("Traceback", board.process.text())

    def test_readings_made_offline_survive_a_power_cut(self) -> None:
        with Stack(database=False) as stack:
            board = Board(stack, "Garage02")
            wait_until("acknowledged readings", lambda: board.report()["acknowledged"] >= 2)
            stack.broker.kill()
            kept = board.flash / "state" / "outbox"
            wait_until("readings in flash", lambda: any(kept.glob("*.q")), seconds=90)
            wait_until("all of them", lambda: board.report()["unsent"] <= 2)
            board.process.kill()
            board.process.log.unlink()
            stack.start(stack.broker)
            board.process.start()
            wait_until("readings of the second start", lambda: board.report()["acknowledged"] >= 2, seconds=90)
            wait_until("an empty flash", lambda: not any(kept.glob("*.q")), seconds=90)
            boots = {boot for boot, _ in journal(stack, "Garage02")}
            self.assertEqual(boots, {1, 2})
            first = [seq for boot, seq in journal(stack, "Garage02") if boot == 1]
            self.assertEqual(first, list(range(1, len(first) + 1)), "a hole or a double")
            self.assertGreater(len(first), 40)

    def test_ctrl_c_gives_the_board_to_whoever_is_at_the_console(self) -> None:
        with Stack(database=False) as stack:
            board = Board(stack, "Attic06")
            wait_until("acknowledged readings", lambda: board.report()["acknowledged"] >= 1)
            self.assertEqual(board.process.stop(signal.SIGINT), 0)
            self.assertIn("stopped from the console", board.process.text())

    def test_tls_is_checked_and_a_server_of_another_authority_gets_nothing(self) -> None:
        if subprocess.run([micropython(), "-c", "import tls"], check=False, capture_output=True).returncode != 0:
            self.skipTest("this build of MicroPython has no TLS")
        with Stack(database=False) as stack:
            port = tls_listener(stack)
            tls = {"host": "127.0.0.1", "port": port, "tls": True}
            trusting = Board(stack, "Attic06", mqtt={**tls, "ca": str(stack.directory / "ca.der")})
            wrong = Board(stack, "Garage02", mqtt={**tls, "ca": str(stack.directory / "other.der")})
            blind = Board(stack, "LivingRoom04", mqtt=tls)
            wait_until("readings over TLS", lambda: trusting.report()["acknowledged"] >= 3, seconds=40)
            wait_until("a refusal", lambda: "warning broker" in wrong.process.text())
            for board in (wrong, blind):
                self.assertEqual(board.report()["sent"], 0)
                wait_until("sampling without a broker", lambda board=board: board.report()["made"] >= 3)
                self.assertEqual(journal(stack, board.device), [])
            self.assertIn("provision one", blind.process.text())


def tls_listener(stack: Stack) -> int:
    """Gives the broker a second port that speaks TLS, with a certificate of ca.der; other.der is another authority."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=stack.directory)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for name in ("ca", "other"):
        openssl("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")
        openssl("x509", "-in", f"{name}.pem", "-outform", "DER", "-out", f"{name}.der")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1")
    (stack.directory / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:127.0.0.1\n")
    authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"]
    openssl("x509", "-req", "-in", "server.csr", *authority, "-out", "server.pem", "-days", "2")
    (stack.directory / "server.key").chmod(0o644)
    port = free_port()
    configuration = stack.directory / "mosquitto.conf"
    folder = stack.directory
    extra = f"\nlistener {port} 127.0.0.1\ncertfile {folder}/server.pem\nkeyfile {folder}/server.key\n"
    configuration.write_text(configuration.read_text() + extra)
    stack.broker.stop()
    stack.start(stack.broker)
    return port


if __name__ == "__main__":
    unittest.main()
