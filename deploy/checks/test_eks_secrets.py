"""scripts/eks-secrets with the real AWS client against moto's Parameter Store, and what External Secrets makes of it.

Run by deploy/checks/chart, which starts moto and puts the client in the PATH.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import boto3
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "charts"))
from rendered import ROOT, expand, render_environment  # noqa: E402

SSM = boto3.client("ssm", region_name="eu-central-1")
NAME = "iots6-dev"


def eks_secrets(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, ROOT / "scripts/eks-secrets", *arguments], capture_output=True, text=True)


def parameters() -> dict[str, str]:
    pages = SSM.get_paginator("get_parameters_by_path").paginate(Path=f"/martlet/{NAME}", WithDecryption=True)
    return {one["Name"].rsplit("/", 1)[1]: one["Value"] for page in pages for one in page["Parameters"]}


def as_secrets() -> dict[str, dict[str, str]]:
    """The Secrets that External Secrets would make: its templates, with the parameters as they are."""
    found = parameters()
    made = {}
    for thing in render_environment(NAME):
        if thing["kind"] == "ExternalSecret":
            values = {
                one["secretKey"]: found[one["remoteRef"]["key"].rsplit("/", 1)[1]] for one in thing["spec"]["data"]
            }
            target = thing["spec"]["target"]
            made[target["name"]] = {key: expand(text, values) for key, text in target["template"]["data"].items()}
    return made


class Secrets(unittest.TestCase):
    def setUp(self) -> None:
        terraform = (ROOT / "deploy/eks/terraform/modules/environment/main.tf").read_text(encoding="utf-8")
        for name in re.findall(r'"([a-z-]+)"', re.search(r"names = toset\(\[(.*?)\]\)", terraform, re.DOTALL)[1]):
            SSM.put_parameter(Name=f"/martlet/{NAME}/{name}", Type="SecureString", Value="unset", Overwrite=True)
        self.directory = Path(tempfile.mkdtemp(prefix="martlet-secrets."))
        self.addCleanup(shutil.rmtree, self.directory)

    def test_aFirstRunMakesEverythingAndASecondNothing(self) -> None:
        first = eks_secrets("init", NAME, "--broker-name", "DNS:mqtt.example.com")
        self.assertEqual(first.returncode, 0, first.stderr)
        made = parameters()
        self.assertNotIn("unset", made.values())
        second = eks_secrets("init", NAME)
        self.assertEqual((second.returncode, second.stdout), (0, ""))
        self.assertEqual(parameters(), made)
        for value in made.values():
            self.assertNotIn(value, first.stdout + first.stderr)

    def test_aRunThatWasCutOffIsFinishedByTheNext(self) -> None:
        eks_secrets("init", NAME)
        before = parameters()
        SSM.put_parameter(
            Name=f"/martlet/{NAME}/mosquitto-authority", Type="SecureString", Value="unset", Overwrite=True
        )
        SSM.put_parameter(Name=f"/martlet/{NAME}/health-password", Type="SecureString", Value="unset", Overwrite=True)
        eks_secrets("init", NAME)
        after = parameters()
        self.assertNotIn("unset", after.values())
        self.assertEqual(after["broker-password"], before["broker-password"])
        self.verify(after)

    def verify(self, found: dict[str, str]) -> None:
        for name in ("mosquitto-authority", "mosquitto-certificate"):
            (self.directory / name).write_text(found[name] + "\n", encoding="utf-8")
        subprocess.run(
            [
                "openssl",
                "verify",
                "-CAfile",
                self.directory / "mosquitto-authority",
                "-purpose",
                "sslserver",
                self.directory / "mosquitto-certificate",
            ],
            check=True,
            capture_output=True,
        )

    def test_theGatewaysSettingsAreWhatTheGatewayReads(self) -> None:
        eks_secrets("init", NAME)
        found, secrets = parameters(), as_secrets()
        settings = yaml.safe_load(secrets["martlet-gateway"]["martlet.yaml"])
        self.assertEqual(settings["broker"], {"user": "martlet", "password": found["broker-password"]})
        url = f"postgresql://iotuser:{found['database-password']}@martlet-timescaledb/iotdb?connect_timeout=10"
        self.assertEqual(settings["database"], {"url": url})
        self.assertEqual(secrets["martlet-mosquitto"]["health"], f"-u health\n-P {found['health-password']}\n")

    def test_theBrokerLetsInWhoHasThePasswordAndNobodyElse(self) -> None:
        """A real Mosquitto with the chart's own files and the Secret's; a device added, a password rotated."""
        eks_secrets("init", NAME)
        added = eks_secrets("add-device", NAME, "Attic06")
        self.assertEqual(added.returncode, 0, added.stderr)
        device = added.stdout.split()[-1]
        with self.broker(as_secrets()["martlet-mosquitto"]) as port:
            old = parameters()["broker-password"]
            self.assertEqual(self.publish(port, "martlet", old, "iots6/x"), 0)
            self.assertEqual(self.publish(port, "Attic06", device, "iots6/Attic06"), 0)
            self.assertNotEqual(self.publish(port, "Attic06", "wrong", "iots6/Attic06"), 0)
            self.assertEqual(eks_secrets("rotate", NAME, "broker-password").returncode, 0)
            self.reload(as_secrets()["martlet-mosquitto"])
            self.assertEqual(self.publish(port, "martlet", parameters()["broker-password"], "iots6/x"), 0)
            self.assertNotEqual(self.publish(port, "martlet", old, "iots6/x"), 0)
            self.assertEqual(self.publish(port, "Attic06", device, "iots6/Attic06"), 0)

    def broker(self, secret: dict[str, str]):
        return Broker(self.directory, secret, self)

    def reload(self, secret: dict[str, str]) -> None:
        self.running.write(secret)
        self.running.reload()

    def publish(self, port: int, user: str, password: str, topic: str) -> int:
        return subprocess.run(
            [
                "mosquitto_pub",
                "-h",
                "localhost",
                "-p",
                str(port),
                "--cafile",
                self.directory / "authority",
                "-u",
                user,
                "-P",
                password,
                "-q",
                "1",
                "-t",
                topic,
                "-m",
                "x",
            ],
            capture_output=True,
            timeout=30,
        ).returncode

    def test_wrongInputIsAnsweredByName(self) -> None:
        for arguments, code, said in (
            (("init", "iots6-test"), 2, "iots6-test"),
            (("rotate", NAME), 2, "takes a name"),
            (("init", NAME, "x"), 2, "takes no name"),
            (("rotate", NAME, "grafana"), 1, "one of"),
            (("add-device", NAME, "martlet"), 1, "none of"),
            (("add-device", NAME, "Attic06"), 1, "no secrets yet"),
            (("authority", NAME), 1, "no secrets yet"),
        ):
            with self.subTest(arguments):
                refused = eks_secrets(*arguments)
                self.assertEqual(refused.returncode, code)
                self.assertIn(said, refused.stderr)


class Broker:
    """Debian's Mosquitto with the chart's configuration, its paths moved here, and a Secret's files."""

    def __init__(self, directory: Path, secret: dict[str, str], test: Secrets) -> None:
        self.directory, self.process = directory, None
        [pod] = [
            thing
            for thing in render_environment(NAME)
            if thing["kind"] == "StatefulSet" and thing["metadata"]["name"] == "martlet-mosquitto"
        ]
        self.items = next(v for v in pod["spec"]["template"]["spec"]["volumes"] if v["name"] == "secrets")["secret"][
            "items"
        ]
        self.write(secret)
        test.running = self

    def write(self, secret: dict[str, str]) -> None:
        for item in self.items:
            (self.directory / item["path"]).write_text(secret[item["key"]] + "\n", encoding="utf-8")
        (self.directory / "authority").write_text(parameters()["mosquitto-authority"] + "\n", encoding="utf-8")

    def reload(self) -> None:
        log = self.directory / "log"
        before = log.read_text(encoding="utf-8").count("Reloading config")
        self.process.send_signal(1)
        wait(lambda: log.read_text(encoding="utf-8").count("Reloading config") > before, "the broker does not reload")

    def __enter__(self) -> int:
        import socket

        ports = []
        for _ in range(2):
            with socket.socket() as one:
                one.bind(("127.0.0.1", 0))
                ports.append(one.getsockname()[1])
        conf = (ROOT / "deploy/charts/martlet/files/mosquitto.conf").read_text(encoding="utf-8")
        conf = conf.replace("listener 1883", f"listener {ports[0]} 127.0.0.1").replace(
            "listener 8883", f"listener {ports[1]} 127.0.0.1"
        )
        conf = conf.replace("/run/secrets/", f"{self.directory}/").replace("/mosquitto/data/", f"{self.directory}/")
        conf = conf.replace("/mosquitto/config/acl", str(ROOT / "deploy/charts/martlet/files/acl")) + "user root\n"
        (self.directory / "mosquitto.conf").write_text(conf, encoding="utf-8")
        with (self.directory / "log").open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["/usr/sbin/mosquitto", "-c", self.directory / "mosquitto.conf"], stderr=log, stdout=log
            )
        wait(lambda: listening(ports[1]), "the broker does not listen")
        return ports[1]

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


def listening(port: int) -> bool:
    import socket

    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def wait(condition, what: str) -> None:
    import time

    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(what)
        time.sleep(0.1)


if __name__ == "__main__":
    assert os.environ.get("AWS_ENDPOINT_URL"), "run by deploy/checks/chart"
    unittest.main(verbosity=1)
