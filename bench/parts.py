"""What every bench needs: the real parts set up as for a large fleet, a publisher, and what /proc says."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Tests" / "System"))

from stack import Process, Stack, wait_until  # noqa: E402

PEERS = HERE.parent / ".build-bench"


def compiled(name: str, folder: Path) -> str:
    """A C file beside this one, compiled."""
    program = folder / name
    subprocess.run(["cc", "-O2", "-o", str(program), str(HERE / f"{name}.c"), "-lmosquitto"], check=True)
    return str(program)


@dataclass
class Usage:
    """What a process has used so far."""

    seconds: float  # of processor, user and system
    resident: float  # MB now
    peak: float  # MB

    @classmethod
    def of(cls, pid: int) -> Usage:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        return cls(
            (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
            int(status["VmRSS"].split()[0]) / 1000,
            int(status["VmHWM"].split()[0]) / 1000,
        )


def come_first(pid: int | str) -> None:
    """With BENCH_FIRST=1, as root: the process's session before everything else that wants the processor.

    The kernel shares the processor among sessions first (sched(7), autogroup), so that `nice` alone changes nothing.
    """
    if os.environ.get("BENCH_FIRST"):
        Path(f"/proc/{pid}/autogroup").write_text("-15")


class Publisher:
    """The program `publish`, connected and waiting for the word."""

    def __init__(
        self, program: str, stack: Stack, boot: int, count: int, *, connections: int = 20, rate: int = 0, file: str = ""
    ) -> None:
        numbers = [str(n) for n in (stack.broker_port, connections, count, boot, rate)]
        self.running = subprocess.Popen(
            [program, *numbers, *([file] if file else [])], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.running.stdout
        assert self.running.stdout.readline() == "ready\n", "the publisher does not reach the broker"

    def begin(self) -> float:
        """Lets it go; the moment by the monotonic clock."""
        assert self.running.stdin
        began = time.monotonic()
        self.running.stdin.write("\n")
        self.running.stdin.flush()
        return began

    def finish(self, seconds: float = 120) -> None:
        assert self.running.wait(seconds) == 0, "the publisher failed"


class Machine(Stack):
    """The real parts, with the settings they are delivered with."""

    def __init__(self, *, database: bool = True) -> None:
        super().__init__(database=database)
        self.publish = compiled("publish", self.directory)
        self.boot = 0

    def __enter__(self) -> Machine:
        """Broker and database; nobody subscribes yet."""
        try:
            come_first("self")
            if self.has_database:
                self.testbed("up", "--port", "free", "--fsync", "on")
            self.start(self.broker)
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self, *processes: Process) -> None:
        super().start(*processes)
        for process in processes:
            assert process.running
            come_first(process.running.pid)

    def database_comes_first(self) -> None:
        """Each process of PostgreSQL is a session of its own."""
        identity = self.directory / "database" / "postmaster.pid"
        if not identity.exists():
            return
        postmaster = identity.read_text().split()[0]
        for status in Path("/proc").glob("[0-9]*/stat"):
            # A process may end meanwhile.
            with contextlib.suppress(OSError):
                if postmaster in (status.parent.name, status.read_text().rsplit(") ", 1)[1].split()[1]):
                    come_first(status.parent.name)

    def publisher(self, count: int, *, connections: int = 20, rate: int = 0, file: str = "") -> Publisher:
        self.boot += 1
        self.database_comes_first()
        return Publisher(self.publish, self, self.boot, count, connections=connections, rate=rate, file=file)

    def flood(self, count: int, done: Callable[[], bool], seconds: float = 300) -> float:
        """Publishes `count` readings as quickly as the broker takes them; seconds from the first until `done`."""
        publisher = self.publisher(count)
        began = publisher.begin()
        wait_until("the last reading", done, seconds=seconds)
        took = time.monotonic() - began
        publisher.finish()
        return took

    # The gateway

    def start_gateway(self, *, database: bool) -> None:
        """A new journal; waits until everything it needs answers."""
        for file in self.directory.glob("journal.sqlite*"):
            file.unlink()
        environment = self.gateway.environment
        environment.pop("MARTLET_DATABASE_URL", None)
        if database:
            assert self.database
            environment["MARTLET_DATABASE_URL"] = self.database
        self.start(self.gateway)
        wait_until("the broker", lambda: self.metrics().get("martlet_broker_up") == 1)
        if database:
            wait_until("the database", lambda: self.metrics().get('martlet_sink_up{sink="timescale"}') == 1)

    def stop_gateway(self) -> None:
        """Ends it and its session, for which the broker would queue everything."""
        self.gateway.stop()
        self.broker.stop()
        (self.directory / "broker" / "mosquitto.db").unlink(missing_ok=True)
        self.start(self.broker)

    def gateway_usage(self) -> Usage:
        assert self.gateway.running
        return Usage.of(self.gateway.running.pid)

    def committed(self) -> float:
        return self.metrics().get("martlet_readings_committed_total", 0)

    def delivered(self) -> float:
        return self.metrics().get('martlet_sink_rows_total{sink="timescale"}', 0)


def conditions() -> str:
    """What a figure depends on."""
    processor = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(line.split(":")[1].strip() for line in processor if "model name" in line)
    return f"{os.cpu_count()} cores ({model}), load average before {os.getloadavg()[0]:.1f}"
