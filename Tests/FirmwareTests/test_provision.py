"""`scripts/provision`: what it writes for a simulated board, and what it refuses with words."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

from firmware import ROOT


class ProvisionTests(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def provision(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(ROOT / "scripts" / "provision"), "--directory", str(self.folder / "flash"), "--no-input"]
        environment = {**os.environ, "MARTLET_WIFI_PASSWORD": "secret"}
        return subprocess.run([*command, *arguments], check=False, capture_output=True, text=True, env=environment)

    def test_it_writes_settings_that_only_their_owner_reads_and_says_no_secret(self) -> None:
        url = "http://10.0.0.1:5000/"
        answer = self.provision("--ssid", "home", "--config-url", url, "--broker", "b:1884", "--device-id", "Attic06")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertNotIn("secret", answer.stdout + answer.stderr)
        path = self.folder / "flash" / "settings.json"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(
            json.loads(path.read_text()),
            {
                "wifi": {"ssid": "home", "password": "secret"},
                "config_url": "http://10.0.0.1:5000",
                "device_id": "Attic06",
                "mqtt": {"host": "b", "port": 1884},
            },
        )

    def test_what_cannot_work_is_refused_before_anything_is_written(self) -> None:
        pem = self.folder / "ca.pem"
        pem.write_text("-----BEGIN CERTIFICATE-----\n")
        for arguments, words in (
            (["--config-url", "http://a"], "Wi-Fi network is missing"),
            (["--ssid", "x", "--config-url", "10.0.0.1:5000"], "is no URL"),
            (["--ssid", "x", "--config-url", "https://a"], "needs --ca"),
            (["--ssid", "x", "--config-url", "http://a", "--device-id", "a b"], "is no device id"),
            (["--ssid", "x", "--config-url", "http://a", "--broker", "b:x"], "no port"),
            (["--ssid", "x", "--config-url", "http://a", "--ca", str(pem)], "is not DER"),
            (["--ssid", "x", "--config-url", "http://a", "--ca", "/no/file"], "there is no file"),
        ):
            with self.subTest(words):
                answer = self.provision(*arguments)
                self.assertEqual(answer.returncode, 1)
                self.assertIn(words, answer.stderr)
        self.assertFalse((self.folder / "flash").exists())


if __name__ == "__main__":
    unittest.main()
