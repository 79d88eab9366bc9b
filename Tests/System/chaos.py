"""The fault campaign: a fleet under load while everything it depends on is killed, stopped, restarted, filled and cut.

    scripts/chaos --for 90 --seed 7

What happens when is drawn from the seed. At the end everything is let go, the fleet empties its outboxes, and what the
devices know of themselves is compared with the rows in the database and with the gateway's completeness ledger.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg2
from chaos_verdict import Verdict
from former_fleet import FormerDevice
from network import Network
from stack import Process, Stack, wait_until


def compiled(source: str, target: Path, *options: str) -> Path:
    """A C file beside this one, compiled."""
    compiler = shutil.which("cc") or shutil.which("clang")
    assert compiler, "no C compiler: Swift's tool chain brings clang"
    subprocess.run([compiler, "-O2", "-o", str(target), str(Path(__file__).with_name(source)), *options], check=True)
    return target


class Campaign:
    """One run."""

    DEVICES = 20
    SMALL = 2
    BOARDS = 3

    def __init__(self, stack: Stack, seconds: int, seed: int, rate: int, gateways: int = 1) -> None:
        self.stack = stack
        self.seconds = seconds
        self.chance = random.Random(seed)
        self.rate = rate
        self.gateway_count = gateways
        self.gateways = [stack.gateway]
        self.kills: Counter[str] = Counter()
        self.began = time.monotonic()
        self.log = (stack.directory / "chaos.log").open("w")
        self.disk: Path | None = None

    # The scene

    def set_up(self) -> None:
        """Everything between a device and the database, with a network in between that can be cut."""
        stack = self.stack
        stack.testbed("up", "--port", "free", "--fsync", "on")
        assert stack.database
        self.database_port = int(stack.database.rsplit(":", 1)[1].split("/")[0])
        self.devices_network = Network(stack.broker_port)
        self.gateway_network = Network(stack.broker_port)
        # Each step of a delivery then takes some milliseconds, so that a random fault falls between any two of them.
        self.database_network = Network(self.database_port, delay=0.003)
        command = stack.gateway.command
        command[command.index("--broker-port") + 1] = str(self.gateway_network.port)
        command[command.index("--journal") + 1] = str(self._journal())
        stack.gateway.environment.update(
            MARTLET_DATABASE_URL=stack.database.replace(f":{self.database_port}/", f":{self.database_network.port}/"),
            # Full within seconds of an outage, so that the bound is part of every run.
            MARTLET_JOURNAL_MAX_ENTRIES="4000",
        )
        # A commit then takes some milliseconds, so that a random kill falls into one: see slow_disk.c.
        stack.slow_down_the_disk(microseconds=200)
        if self.gateway_count > 1:
            # Each reading goes to one of them, and its repetition perhaps to another.
            stack.gateway.environment["MARTLET_BROKER_SHARE"] = "chaos"
            self.gateways += [stack.another_gateway(number) for number in range(2, self.gateway_count + 1)]
        stack.start(stack.broker, stack.config_server, *self.gateways)

        load = compiled("load.c", stack.directory / "load", "-lmosquitto")
        truth = stack.directory / "truth"
        numbers = [str(n) for n in (self.devices_network.port, self.DEVICES, self.rate, self.SMALL)]
        self.load = Process("load", [str(load), *numbers, str(truth)], stack.directory / "load.log")
        self.boards = stack.boards(self.BOARDS)
        self.boards.command[self.boards.command.index("--port") + 1] = str(self.devices_network.port)
        self.boards.command[self.boards.command.index("--drain") + 1] = "90"
        self.former = FormerDevice("Cellar21", self.devices_network.port, per_second=50)
        self.verdict = Verdict(stack, self.gateways, self.load, self.boards, truth)
        stack.processes.insert(0, self.load)
        self.load.start()
        self.boards.start()
        self.former.start()

    def _journal(self) -> Path:
        """The journal's place: a small disk of its own where the right to mount one is there."""
        disk = self.stack.directory / "disk"
        disk.mkdir()
        mount = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(disk)], check=False, capture_output=True
        )
        if mount.returncode == 0:
            self.disk = disk
        else:
            self.say("no right to mount a small disk: the disk is never full in this run")
        return disk / "journal.sqlite"

    def tear_down(self) -> None:
        self.former.abandon()
        for network in (self.devices_network, self.gateway_network, self.database_network):
            network.close()

    def say(self, text: str) -> None:
        line = f"{time.monotonic() - self.began:6.1f} {text}"
        print(line, file=self.log, flush=True)
        if os.environ.get("VERBOSE"):
            print(line, flush=True)

    # The faults

    def run(self) -> None:
        faults: list[tuple[int, Callable[[], None]]] = [
            (5, self.kill_gateway),
            (2, self.stop_gateway),
            (1, self.restart_gateway),
            (3, self.kill_broker),
            (1, self.stop_broker),
            (3, self.kill_database),
            (2, self.stop_database),
            (1, self.restart_database),
            (2, self.end_database_sessions),
            (2, self.kill_gateway_and_broker),
            (2, self.kill_everything),
            (6, self.break_network),
            (2 if self.disk else 0, self.fill_disk),
        ]
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            self._check_alive()
            fault = self.chance.choices([fault for _, fault in faults], [weight for weight, _ in faults])[0]
            self.say(fault.__name__)
            fault()
            time.sleep(self.chance.uniform(0.2, 2.5))

    def _check_alive(self) -> None:
        for process in self.stack.processes:
            assert process.is_running, f"{process.name} ended by itself\n{process.tail()}"

    def _while(self) -> None:
        time.sleep(self.chance.uniform(0.3, 4))

    def _gateway(self) -> Process:
        # With one nothing is drawn, so that its seeds stay what they were.
        return self.gateways[0] if len(self.gateways) == 1 else self.chance.choice(self.gateways)

    def kill_gateway(self) -> None:
        gateway = self._gateway()
        self._kill(gateway)
        if self.chance.random() < 0.3:
            self._while()
        self.stack.start(gateway)

    def stop_gateway(self) -> None:
        self._freeze(self._gateway())

    def restart_gateway(self) -> None:
        gateway = self._gateway()
        assert gateway.stop() == 0, gateway.tail()
        self.stack.start(gateway)

    def kill_broker(self) -> None:
        with self.former.pausing():
            self._kill_broker()
        self.stack.start(self.stack.broker)

    def stop_broker(self) -> None:
        self._freeze(self.stack.broker)

    def kill_database(self) -> None:
        self.kills["database"] += 1
        self.stack.testbed("kill")
        self._while()
        self.stack.testbed("up", "--port", str(self.database_port), "--fsync", "on")

    def restart_database(self) -> None:
        self.stack.testbed("restart")

    def stop_database(self) -> None:
        """The gateway's own session stands still, with whatever it was doing."""
        backends = self._backends()
        for backend in backends:
            os.kill(backend, signal.SIGSTOP)
        self._while()
        for backend in backends:
            with contextlib.suppress(ProcessLookupError):
                os.kill(backend, signal.SIGCONT)

    def end_database_sessions(self) -> None:
        """As a fail-over does: every session is ended, in the middle of its transaction."""
        with contextlib.suppress(psycopg2.Error):
            self.stack.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )

    def kill_gateway_and_broker(self) -> None:
        both = [self._gateway(), self.stack.broker]
        self.chance.shuffle(both)
        with self.former.pausing():
            for process in both:
                self._kill_broker() if process is self.stack.broker else self._kill(process)
        self.chance.shuffle(both)
        self.stack.start(*both)

    def kill_everything(self) -> None:
        with self.former.pausing():
            self._kill_broker()
            for gateway in self.gateways:
                self._kill(gateway)
        self.kill_database()
        self.stack.start(*self.gateways, self.stack.broker)

    def break_network(self) -> None:
        networks = {
            "devices": self.devices_network,
            "gateway": self.gateway_network,
            "database": self.database_network,
        }
        name = self.chance.choice(list(networks))
        how = self.chance.choice(["cut", "held and resumed", "held and lost"])
        self.say(f"  {name} {how}")
        if how == "cut":
            networks[name].cut()
        else:
            networks[name].hold()
        self._while()
        networks[name].heal(lose=how == "held and lost")

    def fill_disk(self) -> None:
        assert self.disk
        filler = self.disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(b"\0" * 65536)
                file.flush()
        self._while()
        filler.unlink()

    def _kill(self, process: Process) -> None:
        self.kills[process.name] += 1
        process.kill()

    def _kill_broker(self) -> None:
        """With version 1 silent, and after the broker has saved what it acknowledged to version 1; see `pausing`."""
        assert self.stack.broker.running
        saved = self.stack.directory / "broker" / "mosquitto.db"
        before = saved.stat().st_mtime_ns if saved.exists() else 0
        self.stack.broker.running.send_signal(signal.SIGUSR1)
        wait_until("the broker's save", lambda: saved.exists() and saved.stat().st_mtime_ns > before)
        self._kill(self.stack.broker)

    def _freeze(self, process: Process) -> None:
        assert process.running
        process.running.send_signal(signal.SIGSTOP)
        self._while()
        process.running.send_signal(signal.SIGCONT)

    def _backends(self) -> list[int]:
        try:
            rows = self.stack.query(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        except psycopg2.Error:
            return []
        return [pid for (pid,) in rows if isinstance(pid, int)]

    # The end

    def settle(self) -> None:
        """No more faults, no new readings; waits until nothing is on its way."""
        self.say("settling")
        self._check_alive()
        # The boards are asked to end only when each has reached the broker again: a board that is told to be quiet
        # while it is not connected stays so.
        before, _ = self._boards()
        wait_until("the boards", lambda: self._have_boards_caught_up(before), seconds=300)
        for process in (self.load, self.boards):
            assert process.running
            process.running.send_signal(signal.SIGINT)
        self.published_former = self.former.finish(seconds=120)
        for process in (self.load, self.boards):
            assert process.running
            self.say(f"{process.name} ended with {process.running.wait(150)}: {process.tail().splitlines()[-1]}")
        wait_until("an empty journal", lambda: self._lag() == 0, seconds=120)
        # The ledger is told after the rows, and not before a gap is five seconds old. What differs longer is judged.
        wait_until("the ledger", lambda: not self.verdict.compare()[1], seconds=60, must=False)

    def _boards(self) -> tuple[int, int]:
        """How many readings of the boards are acknowledged, and how many wait."""
        told = re.findall(r" acknowledged=(\d+) unsent=(\d+)", self.boards.text())
        return (int(told[-1][0]), int(told[-1][1])) if told else (0, 0)

    def _have_boards_caught_up(self, before: int) -> bool:
        acknowledged, waiting = self._boards()
        return acknowledged > before + 2 * self.BOARDS and waiting <= self.BOARDS

    def _lag(self) -> float | None:
        lag = 0.0
        for gateway in self.gateways:
            metrics = self.stack.metrics(gateway)
            if metrics.get('martlet_sink_up{sink="timescale"}') != 1 or metrics.get("martlet_broker_up") != 1:
                return None
            lag += metrics.get('martlet_sink_lag_entries{sink="timescale"}', 1)
        return lag


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description="The fault campaign.")
    # FOR and SEED are how `make chaos` tells; empty is as good as not set.
    seconds, seed = int(os.environ.get("FOR") or 90), int(os.environ.get("SEED") or random.randrange(1 << 32))
    parser.add_argument("--for", dest="seconds", type=int, default=seconds, help="seconds of faults (90)")
    parser.add_argument("--seed", type=int, default=seed, help="repeats a run's choices")
    parser.add_argument(
        "--rate", type=int, default=25, help="readings a second of each of the twenty quick devices (25)"
    )
    parser.add_argument(
        "--gateways",
        type=int,
        default=int(os.environ.get("GATEWAYS") or 1),
        help="how many share the readings, each with its own journal (1)",
    )
    options = parser.parse_args()
    replay = f"FOR={options.seconds} SEED={options.seed}"
    if options.gateways > 1:
        replay += f" GATEWAYS={options.gateways}"
    print(f"chaos: {replay}", flush=True)
    stack = Stack(database=False)
    campaign = Campaign(stack, options.seconds, options.seed, options.rate, options.gateways)
    good = False
    try:
        campaign.set_up()
        campaign.run()
        campaign.settle()
        good = campaign.verdict.tell(campaign.published_former, campaign.kills.total())
    except (AssertionError, psycopg2.Error) as fault:
        campaign.say(f"failed: {fault}")
        print(f"chaos: {fault}", flush=True)
    except KeyboardInterrupt:
        print("chaos: interrupted", flush=True)
    finally:
        if not good:
            os.environ["KEEP"] = "1"
        end(stack, campaign)
    if not good:
        print(f"chaos: FAILED; again: make chaos {replay}; logs in {stack.directory}")
    return 0 if good else 1


def end(stack: Stack, campaign: Campaign) -> None:
    """Everything ends, and where the run failed the logs and the data stay."""
    for process in stack.processes:
        if process.is_running and process.running:
            process.running.send_signal(signal.SIGCONT)
            process.running.kill()
            process.running.wait()
    with contextlib.suppress(AttributeError):
        campaign.tear_down()
    if campaign.disk:
        if os.environ.get("KEEP"):
            shutil.copytree(campaign.disk, stack.directory / "disk-at-the-end")
        subprocess.run(["umount", "--lazy", str(campaign.disk)], check=False)
    stack.__exit__()


if __name__ == "__main__":
    sys.exit(main())
