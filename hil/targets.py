"""What the cases can run on: a board on the desk, or one of two that need no hardware."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
Lines = list[tuple[str, list[str]]]


class CaseCannotRun(Exception):
    """A target cannot do what a case needs; the words say why."""


class Target:
    """A board that runs calls of on_board/hil_probe.py."""

    name = ""
    # How much longer than a board everything takes.
    slowness = 1

    def call(self, function: str, *arguments: int, seconds: float = 60) -> Lines:
        """Runs a function of the probe; its lines, each a name and words."""
        code = f"import hil_probe\nhil_probe.{function}({', '.join(map(str, arguments))})"
        text = self.execute(code, seconds * self.slowness)
        lines = [line.split() for line in text.replace("\r", "").splitlines() if line.strip()]
        return [(words[0], words[1:]) for words in lines]

    def execute(self, code: str, seconds: float) -> str:
        """What the board says when it runs the code."""
        raise NotImplementedError

    def cut_power(self) -> None:
        """The board loses its supply and starts again; what is in flash stays."""
        raise NotImplementedError

    def show_and_see(self) -> bytes:
        """Lets the probe show its picture; what the OLED's memory holds then."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing of it runs any more."""


def compiled(folder: Path, *options: str) -> Path:
    """The firmware and the probe, as they are flashed."""
    out = folder / "firmware"
    command = [
        str(ROOT / "scripts/firmware-compile"),
        str(out),
        "--with",
        str(ROOT / "hil/on_board/hil_probe.py"),
        *options,
    ]
    subprocess.run(command, check=True, capture_output=True)
    return out


def picosim() -> str:
    """The built program."""
    return str(Path(os.environ["MARTLET_BIN"]) / "picosim")


class VirtualTarget(Target):
    """Unix MicroPython on picosim's virtual board: every call starts the firmware anew, with the same flash."""

    name = "virtual"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="martlet-hil."))
        self.flash = self.folder / "flash"
        self.flash.mkdir()
        self.firmware = compiled(self.folder)

    def execute(self, code: str, seconds: float) -> str:
        interpreter = os.environ["MICROPYTHON"]
        board = [picosim(), "board", "--oled", str(self.folder / "oled")]
        command = [*board, "--", interpreter, "-X", "heapsize=288k", "-c", code]
        path = f"{self.firmware}:{ROOT / 'simulators/micropython'}:.frozen"
        answer = subprocess.run(
            command, cwd=self.flash, env={**os.environ, "MICROPYPATH": path}, capture_output=True, text=True,
            timeout=seconds, check=False,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stderr
        return answer.stderr

    def cut_power(self) -> None:
        pass  # nothing but the flash outlives a call anyway

    def show_and_see(self) -> bytes:
        assert ("shown", ["1"]) in self.call("frame")
        return (self.folder / "oled").read_bytes()

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class EmulatedTarget(Target):
    """MicroPython's rp2 port on an emulated RP2040 (emulator.py), with the virtual board's chips on its I2C pins."""

    name = "rp2040"
    slowness = 60

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="martlet-hil."))
        # This build of the rp2 port has no Wi-Fi, and with it no `socket`: what needs it is left out.
        self.firmware = compiled(self.folder, "--without-main")
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Power on, with the flash as `make flash` leaves it."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(120)
            port = str(listener.getsockname()[1])
            emulator = [os.environ["HIL_PYTHON"], str(ROOT / "hil/emulator.py"), os.environ["HIL_IMAGE"]]
            command = [picosim(), "board", "--oled", str(self.folder / "oled"), "--", *emulator]
            with (self.folder / "emulator.log").open("ab") as log:
                self.process = subprocess.Popen([*command, str(self.firmware), port], stdout=log, stderr=log)
            try:
                self.connection = listener.accept()[0]
            except TimeoutError:
                raise AssertionError((self.folder / "emulator.log").read_text()[-2000:]) from None
        self.answers = self.connection.makefile("r")

    def ask(self, limit: float, **question: object) -> str:
        """One question to the emulator, and its answer."""
        self.connection.settimeout(limit)
        self.connection.sendall((json.dumps(question) + "\n").encode())
        line = self.answers.readline()
        assert line, "the emulator has ended\n" + (self.folder / "emulator.log").read_text()[-2000:]
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return str(answer["output"])

    def execute(self, code: str, seconds: float) -> str:
        output = self.ask(seconds, code=code, seconds=seconds)
        assert "Traceback" not in output, output
        return output

    def cut_power(self) -> None:
        self.ask(120, cut=True)

    def show_and_see(self) -> bytes:
        assert ("shown", ["1"]) in self.call("frame")
        self.stop()
        self.start()
        return (self.folder / "oled").read_bytes()

    def stop(self) -> None:
        """Power off; picosim then writes what the OLED's memory holds."""
        self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()
        assert self.process is not None
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            # picosim then pulls the plug of the emulator by itself.
            self.process.terminate()
            self.process.wait(30)

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class RealTarget(Target):
    """A board on a serial port, flashed with `make flash`; the probe is copied to it and taken away at the end."""

    def __init__(self, port: str) -> None:
        self.name = port
        self.mpremote = [str(Path(os.environ["HIL_TOOLS"]) / "mpremote"), "connect", port]
        with tempfile.TemporaryDirectory() as folder:
            probe = compiled(Path(folder)) / "hil_probe.mpy"
            self.board(60, "cp", str(probe), ":hil_probe.mpy")

    def board(self, seconds: float, *arguments: str) -> str:
        """One command of mpremote."""
        answer = subprocess.run(
            [*self.mpremote, *arguments], capture_output=True, text=True, timeout=seconds, check=False
        )
        assert answer.returncode == 0, f"mpremote {arguments[0]}: {answer.stdout}{answer.stderr}"
        return answer.stdout

    def execute(self, code: str, seconds: float) -> str:
        # The firmware runs when a board is plugged in; Ctrl-C by mpremote ends it and stops its watchdog.
        return self.board(seconds, "exec", code)

    def cut_power(self) -> None:
        self.board(30, "reset")

    def show_and_see(self) -> bytes:
        raise CaseCannotRun("nobody but a person sees the pixels of a real OLED")

    def close(self) -> None:
        self.board(30, "rm", ":hil_probe.mpy")
        self.board(30, "reset")


def target(port: str) -> Target:
    """The target of a PORT."""
    if port == "virtual":
        return VirtualTarget()
    return EmulatedTarget() if port == "rp2040" else RealTarget(port)
