"""The board at the other end of the pipes (PROTOCOL.md): this end plays it."""

from __future__ import annotations

import os
import struct
import subprocess
import unittest

from firmware import FIRMWARE, ROOT, SIMULATOR, micropython

HEADER = struct.Struct("<BBHI")
LOW = bytes.fromhex("706b436718fc7d8e43d6d00b270b8c00f9ff8c3cf8c67017004b")
HIGH = bytes.fromhex("6a01001329031e")
DATA = bytes.fromhex("655ac07eed006b34")


class PipeBoard:
    """FixedBus of Sources/EmbeddedCheck behind frames, and the driver of a lockstep run."""

    def __init__(self, device: str, firmware: str, boot: int) -> None:
        environment = {
            **os.environ,
            "MICROPYPATH": f"{FIRMWARE}:{SIMULATOR}:.frozen",
            "MARTLET_BOARD": "pipe",
        }
        command = [micropython(), "-X", "heapsize=1M", str(SIMULATOR / "lockstep.py"), device, firmware, str(boot)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self.registers = {0xD0: 0x60}
        for first, content in ((0x88, LOW), (0xE1, HIGH), (0xF7, DATA)):
            self.registers.update(dict(enumerate(content, first)))
        self.checksum = 2_166_136_261
        self.levels: list[int] = []
        self.transactions = 0

    def request(self) -> tuple[int, int, int, bytes]:
        assert self.process.stdout
        operation, unit, length, argument = HEADER.unpack(self.process.stdout.read(HEADER.size))
        return operation, unit, argument, self.process.stdout.read(length)

    def answer(self, status: int = 0, value: int = 0, body: bytes = b"") -> None:
        assert self.process.stdin
        self.process.stdin.write(HEADER.pack(status, 0, len(body), value) + body)
        self.process.stdin.flush()

    def step(self, now: int, lines: list[str]) -> list[str]:
        """One moment: what happens before it, and what the firmware says after it."""
        self.answer(0, now, "\n".join(lines).encode())
        while True:
            operation, unit, argument, body = self.request()
            if operation == 0x31:
                self.answer()
                assert self.request()[0] == 0x30
                return body.decode().split("\n")
            self.serve(operation, unit, argument, body)

    def start(self) -> None:
        while True:
            operation, unit, argument, body = self.request()
            if operation == 0x30:
                return
            self.serve(operation, unit, argument, body)

    def end(self) -> int:
        self.answer(0xFF)
        assert self.process.stdin and self.process.stdout
        code = self.process.wait(10)
        self.process.stdin.close()
        self.process.stdout.close()
        return code

    def serve(self, operation: int, unit: int, argument: int, body: bytes) -> None:
        if operation == 0x01:
            self.transfer(argument & 0xFF, argument >> 16, body)
        elif operation == 0x07:
            self.answer(5)
        elif operation == 0x03 and unit == 64:
            self.levels.append(argument)
            self.answer()
        elif operation in (0x02, 0x03, 0x04, 0x05):
            self.answer()
        else:
            self.answer(0xFF)

    def transfer(self, address: int, count: int, written: bytes) -> None:
        self.transactions += 1
        if address == 0x3C:
            for byte in written:
                self.checksum = ((self.checksum ^ byte) * 16_777_619) & 0xFFFF_FFFF
            self.answer(0, len(written))
        elif address == 0x76:
            first = written[0] if written else 0
            read = bytes(self.registers.get(first + index & 0xFF, 0) for index in range(count))
            self.answer(0, len(written), read)
        else:
            self.answer(1)


class PipeBoardTests(unittest.TestCase):
    def test_the_core_over_pipes_publishes_and_paints_what_the_golden_file_says(self) -> None:
        # The configuration's shorter heartbeat comes before the first step, as a built-in one would.
        board = PipeBoard("Attic06", "1.0.0", 17)
        board.start()
        lines = ["link 1 -61 1", 'config t {"heartbeat_publish_period":5000}']
        payloads: list[str] = []
        for now in range(0, 20_000, 10):
            said = board.step(now, lines)
            lines = []
            for line in said:
                word, _, rest = line.partition(" ")
                if word == "payload":
                    payloads.append(rest)
                    time = 1_795_473_924_000 + now
                    lines.append(f'ack {{"boot":17,"seqs":[[1,{len(payloads)}]],"time":{time}}}')
                elif word == "actions" and rest.split()[1] == "1":
                    lines.append("unchanged")
        self.assertEqual(board.end(), 0)
        golden = (ROOT / "Tests" / "EmbeddedCheckTests" / "golden" / "payloads.txt").read_text().splitlines()
        self.assertEqual(payloads, golden[:-1])
        self.assertGreater(board.transactions, 50)
        self.assertEqual(board.levels[:2], [1, 0], "the LED winks")

    def test_a_board_that_goes_away_ends_the_firmware(self) -> None:
        board = PipeBoard("Attic06", "1.0.0", 1)
        board.start()
        assert board.process.stdin and board.process.stdout
        board.process.stdin.close()
        self.assertEqual(board.process.wait(10), 3)
        board.process.stdout.close()


if __name__ == "__main__":
    unittest.main()
