"""The real parts on free ports of 127.0.0.1: Mosquitto, TimescaleDB, config server, gateway."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTBED = ROOT / "scripts" / "testbed"


def binary(name: str) -> str:
    """The program `name` of the build that MARTLET_BIN names."""
    return str(Path(os.environ["MARTLET_BIN"]) / name)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(what: str, condition: Callable[[], bool], seconds: float = 20, *, must: bool = True) -> None:
    """Waits for a condition; one that must hold and does not is a failure that says what was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            if not must:
                return
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def get(url: str) -> str | None:
    """The body of a 200 answer, or None."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, OSError):
        return None


class Process:
    """A program that can be killed and started again, with everything it says in one file."""

    def __init__(self, name: str, command: list[str], log: Path, environment: dict[str, str] | None = None) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.environment = {**os.environ, **(environment or {})}
        self.running: subprocess.Popen[bytes] | None = None
        self.page: str | None = None  # a gateway's, for which it is waited

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.running = subprocess.Popen(
                self.command, stdout=output, stderr=subprocess.STDOUT, env=self.environment, start_new_session=True
            )

    def stop(self, number: int = signal.SIGTERM, seconds: float = 60) -> int:
        """Asks it to end, waits, and gives its exit code."""
        assert self.running is not None
        self.running.send_signal(number)
        try:
            return self.running.wait(seconds)
        except subprocess.TimeoutExpired as hang:
            self.running.kill()
            self.running.wait()
            raise AssertionError(f"{self.name} did not end within {seconds} s\n{self.tail()}") from hang

    def kill(self) -> None:
        """kill -9."""
        assert self.running is not None
        assert self.running.poll() is None, f"{self.name} had ended by itself\n{self.tail()}"
        self.running.kill()
        self.running.wait()

    @property
    def is_running(self) -> bool:
        return self.running is not None and self.running.poll() is None

    def text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self) -> str:
        return "\n".join(self.text().splitlines()[-20:])


class Stack:
    """Everything between a device and the database."""

    def __init__(self, *, database: bool = True, heartbeat_ms: int = 1000) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="martlet-system."))
        self.directory.chmod(0o755)
        self.broker_port = free_port()
        self.config_port = free_port()
        self.page_port = free_port()
        self.page = f"http://127.0.0.1:{self.page_port}"
        self.database: str | None = None
        self.has_database = database
        self.broker = self._broker()
        self.config_server = self._config_server(heartbeat_ms)
        self.gateway = self._gateway()
        self.processes = [self.gateway, self.config_server, self.broker]

    def __enter__(self) -> Stack:
        try:
            if self.has_database:
                self.testbed("up", "--port", "free", "--fsync", "on")
            self.start(self.broker, self.config_server, self.gateway)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            if process.is_running:
                process.stop()
        if self.database:
            self.testbed("down", *([] if os.environ.get("KEEP") else ["--wipe"]))
        if os.environ.get("KEEP"):
            print(f"kept in {self.directory}")
        else:
            shutil.rmtree(self.directory, ignore_errors=True)

    # Starting

    def start(self, *processes: Process) -> None:
        """Starts each and waits until it serves."""
        for process in processes:
            process.start()
            if process is self.broker:
                wait_until("broker", lambda: self.answers(self.broker_port))
            elif process is self.config_server:
                wait_until("config server", lambda: get(f"http://127.0.0.1:{self.config_port}/ping") == "pong")
            elif process.page:
                wait_until(process.name, lambda page=process.page: get(f"{page}/healthz") is not None)

    def testbed(self, verb: str, *arguments: str) -> None:
        """Runs a command of the database test bed, with fsync on: durability is what is tested."""
        data = str(self.directory / "database")
        command = [str(TESTBED), verb, "--data", data, *arguments]
        answer = subprocess.run(command, check=False, capture_output=True, text=True)
        assert answer.returncode == 0, f"testbed {verb}: {answer.stderr}"
        if verb == "up":
            self.database = answer.stdout.strip()
            self.gateway.environment["MARTLET_DATABASE_URL"] = self.database

    def _broker(self) -> Process:
        data = self.directory / "broker"
        data.mkdir()
        template = (ROOT / "simulators" / "broker" / "mosquitto.conf.in").read_text()
        file = self.directory / "mosquitto.conf"
        file.write_text(template.replace("@PORT@", str(self.broker_port)).replace("@DATA@", f"{data}/"))
        if os.geteuid() == 0:
            shutil.chown(data, "mosquitto")
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program, "mosquitto is missing: scripts/install-packages test"
        return Process("broker", [program, "-c", str(file)], self.directory / "broker.log")

    def _config_server(self, heartbeat_ms: int) -> Process:
        document = json.loads((ROOT / "gateway/ConfigServer/example/pico_iot_config.json").read_text())
        document["device_global_config"]["heartbeat_publish_period"] = heartbeat_ms
        document["device_global_config"]["motion_cooldown_wait_period"] = 0
        self.configuration = self.directory / "pico_iot_config.json"
        self.configuration.write_text(json.dumps(document))
        command = [
            binary("martlet"),
            "config-server",
            "--file",
            str(self.configuration),
            "--port",
            str(self.config_port),
        ]
        return Process("config server", command, self.directory / "config.log")

    def _gateway(self) -> Process:
        command = [
            *[binary("martlet"), "gateway", "--gateway-id", "system-test"],
            *["--broker-port", str(self.broker_port), "--http-port", str(self.page_port)],
            *["--journal", str(self.directory / "journal.sqlite")],
        ]
        gateway = Process(
            "gateway", command, self.directory / "gateway.log", {"MARTLET_DATABASE_MIGRATE_ON_START": "true"}
        )
        gateway.page = self.page
        return gateway

    def another_gateway(self, number: int) -> Process:
        """One more beside `gateway`, as that is set up now: with a name, a page and a journal of its own."""
        command = list(self.gateway.command)
        journal = Path(command[command.index("--journal") + 1])
        port = free_port()
        for option, value in [
            ("--gateway-id", f"system-test-{number}"),
            ("--http-port", str(port)),
            ("--journal", str(journal.with_stem(f"{journal.stem}-{number}"))),
        ]:
            command[command.index(option) + 1] = value
        gateway = Process(f"gateway {number}", command, self.directory / f"gateway-{number}.log")
        gateway.environment = dict(self.gateway.environment)
        gateway.page = f"http://127.0.0.1:{port}"
        self.processes.insert(0, gateway)
        return gateway

    def slow_down_the_disk(self, microseconds: int) -> None:
        """From its next start on, the gateway's disk is as slow as a bad memory card; see slow_disk.c."""
        library = self.directory / "slow_disk.so"
        compiler = shutil.which("cc") or shutil.which("clang")
        assert compiler, "no C compiler: Swift's tool chain brings clang"
        source = str(Path(__file__).with_name("slow_disk.c"))
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), source, "-ldl"], check=True)
        self.gateway.environment["LD_PRELOAD"] = str(library)
        self.gateway.environment["SLOW_DISK_MICROSECONDS"] = str(microseconds)

    def boards(self, count: int, *options: str, drain: int = 60) -> Process:
        """Simulated boards; they end with a summary when they get SIGINT."""
        command = [
            *[binary("picosim"), "run", "--count", str(count), "--port", str(self.broker_port)],
            *["--config", f"http://127.0.0.1:{self.config_port}", "--state", str(self.directory / "boards")],
            *["--drain", str(drain), "--machine", *options],
        ]
        process = Process("boards", command, self.directory / "boards.log")
        self.processes.insert(0, process)
        return process

    @staticmethod
    def answers(port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    # Looking

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """The rows of a query."""
        import psycopg2  # only where there is a database: Debian's Python has it, a virtual environment may not

        assert self.database
        connection = psycopg2.connect(self.database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()
        finally:
            connection.close()

    def count(self, what: str = "sensor_data") -> int:
        """How many rows a table or a sub-query has."""
        number = self.query(f"SELECT count(*) FROM {what}")[0][0]
        assert isinstance(number, int)
        return number

    def metrics(self, gateway: Process | None = None) -> dict[str, float]:
        """Every sample the gateway exposes, by its name with labels."""
        text = get(f"{(gateway or self.gateway).page}/metrics") or ""
        pairs = re.findall(r"^([a-z_]+(?:\{[^}]*\})?) ([-+0-9.eE]+)$", text, re.MULTILINE)
        return {name: float(value) for name, value in pairs}

    def refused(self, gateway: Process | None = None) -> dict[str, int]:
        """How many messages were refused, by reason."""
        pattern = re.compile(r'martlet_messages_refused_total\{reason="([^"]+)"\}')
        return {m[1]: int(v) for name, v in self.metrics(gateway).items() if (m := pattern.fullmatch(name))}
