"""Brokers that are not Mosquitto, as somebody else's cloud might run them: MQTT 3.1.1, one node, durable."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable

from stack import Process, Stack, free_port


class Stranger:
    """A broker in a stack's place of Mosquitto."""

    # Arguments of shutil.which
    PROGRAM: tuple[str, int, str] = ("", os.X_OK, "")

    process: Process

    def kill(self) -> None:
        self.process.kill()

    def clean_up(self) -> None:
        """Nothing is left over."""


class Nats(Stranger):
    """NATS with JetStream; it keeps MQTT sessions and their messages in streams on disk."""

    PROGRAM = ("nats-server", os.X_OK, f"{os.environ['PATH']}:/usr/sbin")

    def __init__(self, stack: Stack) -> None:
        data = stack.directory / "nats"
        file = stack.directory / "nats.conf"
        file.write_text(
            f"server_name: cloud\nhost: 127.0.0.1\nport: -1\njetstream {{ store_dir: {data}, max_file: 1GB }}\n"
            f"mqtt {{ host: 127.0.0.1, port: {stack.broker_port}, ack_wait: 10s, max_ack_pending: 1000 }}\n"
        )
        program = shutil.which(*self.PROGRAM) or "nats-server"
        self.process = Process("cloud broker", [program, "-c", str(file)], stack.directory / "broker.log")


class Rabbit(Stranger):
    """RabbitMQ with its MQTT plug-in; each persistent session is a durable queue."""

    PROGRAM = ("rabbitmq-server", os.X_OK, f"{os.environ['PATH']}:/usr/sbin:/usr/lib/rabbitmq/bin")

    def __init__(self, stack: Stack) -> None:
        home = stack.directory / "rabbitmq"
        home.mkdir()
        (home / "rabbitmq.conf").write_text(
            "listeners.tcp = none\n"
            f"mqtt.listeners.tcp.1 = 127.0.0.1:{stack.broker_port}\n"
            "mqtt.allow_anonymous = true\nmqtt.default_user = guest\nmqtt.default_pass = guest\n"
            "log.console = true\nlog.console.level = warning\n"
        )
        (home / "plugins").write_text("[rabbitmq_mqtt].\n")
        self.node = f"martlet{stack.broker_port}@localhost"
        environment = {
            "HOME": str(home),
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            # Erlang's own ports, on loopback only, and a port mapper that is nobody else's.
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(free_port()),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "ERL_CRASH_DUMP": "/dev/null",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        program = "/usr/lib/rabbitmq/bin/rabbitmq-server"
        self.process = Process("cloud broker", [program], stack.directory / "broker.log", environment)

    def kill(self) -> None:
        """The script and the Erlang machine under it: they are one process group."""
        assert self.process.running
        os.killpg(self.process.running.pid, signal.SIGKILL)
        self.process.running.wait()

    def clean_up(self) -> None:
        if self.process.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.running.pid, signal.SIGKILL)
        # The port mapper goes into the background by itself; this ends the one on our port.
        subprocess.run(["epmd", "-kill"], env=self.process.environment, check=False, capture_output=True)


STRANGERS: dict[str, Callable[[Stack], Stranger]] = {"nats": Nats, "rabbitmq": Rabbit}
