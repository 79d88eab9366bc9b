"""From an edge gateway to a cloud gateway's database, over two brokers and TLS, while each of them is killed.

    scripts/bridge --for 60 --seed 7

    devices → Mosquitto → martlet (edge, no database) → TLS → cloud broker → martlet (cloud) → TimescaleDB

What happens when is drawn from the seed. At the end everything is let go, and what the devices know of themselves is
compared with the cloud gateway's journal and with the rows, times included.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg2
from chaos import compiled
from former_fleet import FormerDevice
from network import Network
from stack import Process, Stack, free_port, wait_until
from stranger import STRANGERS, Stranger

Reading = tuple[str, int, int]


def certificates(folder: Path) -> None:
    """An authority, a broker's certificate for 127.0.0.1 and a gateway's, as PEM files in `folder`."""
    folder.mkdir()

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=authority")
    for name, extension in (("broker", "subjectAltName=IP:127.0.0.1"), ("edge", "extendedKeyUsage=clientAuth")):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (folder / f"{name}.ext").write_text(extension)
        signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext"]
        openssl("x509", "-req", "-in", f"{name}.csr", *signing, "-out", f"{name}.pem")
    for file in folder.iterdir():
        file.chmod(0o644)  # a broker that root started reads them as somebody else


class Campaign:
    """One run."""

    DEVICES = 10

    def __init__(self, seconds: int, seed: int, rate: int, cloud: str) -> None:
        self.seconds = seconds
        self.chance = random.Random(seed)
        self.rate = rate
        self.kills: Counter[str] = Counter()
        self.began = time.monotonic()
        self.edge = Stack(database=False)
        self.cloud = Stack(database=False)
        self.stranger: Stranger | None = STRANGERS[cloud](self.cloud) if cloud in STRANGERS else None
        self.log = (self.edge.directory / "bridge.log").open("w")
        self.former: FormerDevice | None = None
        self.networks: list[Network] = []

    # The scene

    def set_up(self) -> None:
        cloud, edge = self.cloud, self.edge
        cloud.testbed("up", "--port", "free", "--fsync", "on")
        assert cloud.database
        self.database_port = int(cloud.database.rsplit(":", 1)[1].split("/")[0])
        self._name(cloud, "cloud")
        self._name(edge, "edge")
        if self.stranger:
            cloud.broker = self.stranger.process
            cloud.processes[-1] = cloud.broker
            cloud.gateway.environment["MARTLET_BROKER_VERSION"] = "3.1.1"
            far_port = cloud.broker_port
        else:
            far_port = self._listen_with_tls()
        self.link = Network(far_port, delay=0.001)
        self.networks.append(self.link)
        edge.gateway.environment.update(
            MARTLET_BRIDGE_HOST="127.0.0.1",
            MARTLET_BRIDGE_PORT=str(self.link.port),
            MARTLET_BRIDGE_CONFIRM="gateway",
            MARTLET_BRIDGE_VERSION="3.1.1" if self.stranger else "5",
            MARTLET_BRIDGE_ANSWER_SECONDS="5",
        )
        # A commit then takes some milliseconds, so that a random kill falls into one: see slow_disk.c.
        for stack in (cloud, edge):
            stack.slow_down_the_disk(microseconds=200)
        self.start(cloud.broker, cloud.gateway)
        self.start(edge.broker, edge.gateway)
        self._load()

    def _name(self, stack: Stack, name: str) -> None:
        command = stack.gateway.command
        command[command.index("--gateway-id") + 1] = name
        stack.gateway.name = f"{name} gateway"
        stack.broker.name = f"{name} broker"

    def _listen_with_tls(self) -> int:
        """The cloud broker's second port: TLS both ways, for the edge alone."""
        folder = self.cloud.directory / "tls"
        certificates(folder)
        port = free_port()
        with (self.cloud.directory / "mosquitto.conf").open("a") as file:
            file.write(f"\nlistener {port} 127.0.0.1\ncafile {folder}/ca.pem\n")
            file.write(f"certfile {folder}/broker.pem\nkeyfile {folder}/broker.key\nrequire_certificate true\n")
        self.edge.gateway.environment.update(
            MARTLET_BRIDGE_TLS_CA_FILE=f"{folder}/ca.pem",
            MARTLET_BRIDGE_TLS_CERTIFICATE_FILE=f"{folder}/edge.pem",
            MARTLET_BRIDGE_TLS_KEY_FILE=f"{folder}/edge.key",
        )
        return port

    def _load(self) -> None:
        edge = self.edge
        load = compiled("load.c", edge.directory / "load", "-lmosquitto")
        self.truth = edge.directory / "truth"
        numbers = [str(n) for n in (edge.broker_port, self.DEVICES, self.rate, 0)]
        self.load = Process("load", [str(load), *numbers, str(self.truth)], edge.directory / "load.log")
        edge.processes.insert(0, self.load)
        self.load.start()
        self.former = FormerDevice("Cellar21", edge.broker_port, per_second=20)
        self.former.start()

    def start(self, *processes: Process) -> None:
        for process in processes:
            if self.stranger and process is self.cloud.broker:
                process.start()
                wait_until(process.name, lambda: Stack.answers(self.cloud.broker_port), seconds=120)
            else:
                (self.edge if process in self.edge.processes else self.cloud).start(process)

    def say(self, text: str) -> None:
        line = f"{time.monotonic() - self.began:6.1f} {text}"
        print(line, file=self.log, flush=True)
        if os.environ.get("VERBOSE"):
            print(line, flush=True)

    # The faults

    def run(self) -> None:
        faults: list[tuple[int, Callable[[], None]]] = [
            (4, lambda: self.kill(self.edge.gateway)),
            (4, lambda: self.kill(self.cloud.gateway)),
            (3, lambda: self.kill(self.cloud.broker)),
            (2, lambda: self.kill(self.edge.broker)),
            (2, self.kill_database),
            (2, lambda: self.freeze(self.cloud.gateway)),
            (1, lambda: self.freeze(self.cloud.broker)),
            (1, lambda: self.freeze(self.edge.gateway)),
            (4, self.break_link),
            (3, self.lose_cloud),
            (1, self.restart_edge),
        ]
        # The first six are one of each that is killed, so that a short run has them all.
        first = [fault for _, fault in faults[:5]] + [self.lose_cloud]
        self.chance.shuffle(first)
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            self.check_alive()
            fault = first.pop() if first else self.chance.choices([f for _, f in faults], [w for w, _ in faults])[0]
            fault()
            time.sleep(self.chance.uniform(0.2, 2))

    def check_alive(self) -> None:
        for process in (self.load, self.edge.broker, self.edge.gateway, self.cloud.broker, self.cloud.gateway):
            assert process.is_running, f"{process.name} ended by itself\n{process.tail()}"

    def wait(self) -> None:
        time.sleep(self.chance.uniform(0.3, 3))

    def kill(self, process: Process) -> None:
        self.say(f"kill {process.name}")
        self.kills[process.name] += 1
        if process is self.edge.broker:
            assert self.former
            # What it acknowledged to version 1 and had not saved nobody could bring back: see former_fleet.py.
            with self.former.pausing():
                self._save(process)
                process.kill()
            self.start(process)
            return
        if process is self.cloud.broker and self.stranger:
            self.stranger.kill()
        else:
            process.kill()
        if self.chance.random() < 0.4:
            self.wait()
        self.start(process)

    def _save(self, broker: Process) -> None:
        assert broker.running
        saved = self.edge.directory / "broker" / "mosquitto.db"
        before = saved.stat().st_mtime_ns if saved.exists() else 0
        broker.running.send_signal(signal.SIGUSR1)
        wait_until("the broker's save", lambda: saved.exists() and saved.stat().st_mtime_ns > before)

    def kill_database(self) -> None:
        self.say("kill database")
        self.kills["database"] += 1
        self.cloud.testbed("kill")
        self.wait()
        self.cloud.testbed("up", "--port", str(self.database_port), "--fsync", "on")

    def freeze(self, process: Process) -> None:
        self.say(f"freeze {process.name}")
        assert process.running
        process.running.send_signal(signal.SIGSTOP)
        self.wait()
        process.running.send_signal(signal.SIGCONT)

    def break_link(self) -> None:
        how = self.chance.choice(["cut", "held and resumed", "held and lost"])
        self.say(f"link {how}")
        self.link.cut() if how == "cut" else self.link.hold()
        self.wait()
        self.link.heal(lose=how == "held and lost")

    def lose_cloud(self) -> None:
        """Broker and gateway of the cloud are away; the edge must not notice."""
        self.say("cloud outage")
        both = [self.cloud.broker, self.cloud.gateway]
        self.chance.shuffle(both)
        for process in both:
            self.kills[process.name] += 1
            self.stranger.kill() if self.stranger and process is self.cloud.broker else process.kill()
        before = self.edge.metrics().get("martlet_readings_acknowledged_total", 0)
        wait_until(
            "readings acknowledged at the edge while the cloud is away",
            lambda: self.edge.metrics().get("martlet_readings_acknowledged_total", 0) > before + 20,
            seconds=30,
        )
        self.chance.shuffle(both)
        self.start(*both)

    def restart_edge(self) -> None:
        self.say("restart edge gateway")
        assert self.edge.gateway.stop() == 0, self.edge.gateway.tail()
        self.start(self.edge.gateway)

    # The end

    def settle(self) -> None:
        self.say("settling")
        self.check_alive()
        assert self.load.running and self.former
        self.load.running.send_signal(signal.SIGINT)
        self.published_former = self.former.finish(seconds=120)
        code = self.load.running.wait(150)
        assert code == 0, f"not everything was acknowledged at the edge: {self.load.tail()}"
        wait_until("a bridge that has passed on everything", lambda: self._lag(self.edge, "bridge") == 0, seconds=120)
        wait_until("rows of everything", lambda: self._lag(self.cloud, "timescale") == 0, seconds=120)

    @staticmethod
    def _lag(stack: Stack, sink: str) -> float | None:
        metrics = stack.metrics()
        if metrics.get(f'martlet_sink_up{{sink="{sink}"}}') != 1 or metrics.get("martlet_broker_up") != 1:
            return None
        return metrics.get(f'martlet_sink_lag_entries{{sink="{sink}"}}')

    def verdict(self) -> bool:
        """Compares devices, the cloud's journal and the rows; prints the line; whether all is well."""
        made: set[Reading] = set()
        for line in self.truth.read_text().splitlines():
            _, device, boot, count = line.split()
            made.update((device, int(boot), seq) for seq in range(1, int(count) + 1))
        rows = {
            (str(device), int(str(boot)), int(str(seq))): (stamp, str(source), received)
            for device, boot, seq, stamp, source, received in self.cloud.query(
                'SELECT device_id, boot, seq, "timestamp", time_source, received_at FROM sensor_data'
            )
        }
        duplicate = self.cloud.count() - len(rows)
        former = sum(1 for _, boot, _ in rows if boot == -1)
        sent = len(made) + self.published_former
        missing = len(made - set(rows)) + self.published_former - former
        strange = len({reading for reading in rows if reading[1] >= 0} - made)
        edge, cloud = self._journal(self.edge), self._journal(self.cloud)
        differing = sum(1 for reading, times in rows.items() if edge.get(reading) != times)
        dead = [sum(stack.refused().values()) for stack in (self.edge, self.cloud)]
        print(f"bridge: kills={dict(self.kills)} differing={differing} strange={strange} dead={dead}", flush=True)
        numbers = f"sent={sent} cloud={len(cloud)} rows={len(rows) + duplicate}"
        print(f"bridge: {numbers} missing={missing} duplicate={duplicate}", flush=True)
        return not (missing or duplicate or differing or strange or any(dead)) and sent > 100

    @staticmethod
    def _journal(stack: Stack) -> dict[Reading, tuple[object, str, object]]:
        """What a gateway's journal holds, with times as the database would give them."""
        file = stack.directory / "journal.sqlite"
        words = ("device", "derived", "received")

        def moment(microseconds: int) -> datetime.datetime:
            epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
            return epoch + datetime.timedelta(microseconds=microseconds)

        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as journal:
            found = journal.execute("SELECT device, boot, seq, timestamp, time_source, received FROM entry").fetchall()
        return {(d, b, s): (moment(t), words[source], moment(r)) for d, b, s, t, source, r in found}

    def end(self) -> None:
        if self.former:
            self.former.abandon()
        for stack in (self.edge, self.cloud):
            for process in stack.processes:
                if process.is_running and process.running:
                    process.running.send_signal(signal.SIGCONT)
                    process.running.kill()
                    process.running.wait()
        if self.stranger:
            self.stranger.clean_up()
        for network in self.networks:
            network.close()
        self.log.close()
        self.edge.__exit__()
        self.cloud.__exit__()


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bridge", description="From an edge gateway to the cloud's database.")
    # FOR, SEED and CLOUD are how `make bridge` tells; empty is as good as not set.
    seconds, seed = int(os.environ.get("FOR") or 60), int(os.environ.get("SEED") or random.randrange(1 << 32))
    choices = ["mosquitto", *STRANGERS]
    parser.add_argument("--for", dest="seconds", type=int, default=seconds, help="seconds of faults (60)")
    parser.add_argument("--seed", type=int, default=seed, help="repeats a run's choices")
    parser.add_argument("--rate", type=int, default=20, help="readings a second of each of the ten devices (20)")
    parser.add_argument("--cloud", choices=choices, default=os.environ.get("CLOUD") or "mosquitto", help="its broker")
    options = parser.parse_args()
    if options.cloud in STRANGERS and not shutil.which(*STRANGERS[options.cloud].PROGRAM):
        print(f"bridge: {options.cloud} is not installed: scripts/install-packages strangers", file=sys.stderr)
        return 2
    print(f"bridge: SEED={options.seed} FOR={options.seconds} CLOUD={options.cloud}", flush=True)
    campaign = Campaign(options.seconds, options.seed, options.rate, options.cloud)
    good = False
    try:
        campaign.set_up()
        campaign.run()
        campaign.settle()
        good = campaign.verdict()
    except (AssertionError, psycopg2.Error) as fault:
        campaign.say(f"failed: {fault}")
        print(f"bridge: {fault}", flush=True)
    except KeyboardInterrupt:
        print("bridge: interrupted", flush=True)
    finally:
        if not good:
            os.environ["KEEP"] = "1"
        campaign.end()
    if not good:
        again = f"make bridge FOR={options.seconds} SEED={options.seed} CLOUD={options.cloud}"
        print(f"bridge: FAILED; again: {again}; logs in {campaign.edge.directory} and {campaign.cloud.directory}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
