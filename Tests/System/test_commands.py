"""A fault around the programs is one clear line with the remedy: waited for where that helps, else fatal."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import unittest
from pathlib import Path

from stack import Stack, binary, free_port, get, wait_until


def run(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs martlet to its end."""
    return subprocess.run(
        [binary("martlet"), *arguments],
        capture_output=True, text=True, timeout=60, env={**os.environ, **(environment or {})},
    )  # fmt: skip


class Commands(unittest.TestCase):
    def assert_one_line(self, result: subprocess.CompletedProcess[str], *words: str) -> None:
        self.assertNotEqual(result.returncode, 0)
        lines = result.stderr.strip().splitlines()
        self.assertEqual(len([line for line in lines if line.startswith("martlet: ")]), 1, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def test_a_configuration_file_that_is_missing_or_broken_is_named_with_the_place(self) -> None:
        with Stack(database=False) as stack:
            self.assert_one_line(run("config-server", "--file", "/nowhere/at/all.json"), "/nowhere/at/all.json")
            broken = stack.directory / "broken.json"
            broken.write_text('{\n  "device_list": [,]\n}')
            self.assert_one_line(run("config-server", "--file", str(broken)), "broken.json:2:")

    def test_a_port_that_is_taken_ends_the_program_with_the_remedy(self) -> None:
        with socket.socket() as holder, Stack(database=False) as stack:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            port = str(holder.getsockname()[1])
            result = run(
                *["gateway", "--http-port", port, "--broker-port", str(stack.broker_port)],
                *["--journal", str(stack.directory / "other.sqlite"), "--gateway-id", "other"],
            )
            self.assert_one_line(result, port, "choose another")
            result = run("config-server", "--file", str(stack.configuration), "--port", port)
            self.assert_one_line(result, port, "choose another")

    def test_settings_that_cannot_be_are_refused_by_name(self) -> None:
        self.assert_one_line(run("gateway", environment={"MARTLET_BROKER_PORT": "70000"}), "broker.port", "70000")
        self.assert_one_line(run("gateway", "--settings", "/nowhere.yaml"), "/nowhere.yaml")
        self.assert_one_line(run("gateway", "--gateway-id", "a b"), "gateway.id")

    def test_a_second_gateway_on_one_journal_is_refused(self) -> None:
        with Stack(database=False) as stack:
            result = run(
                "gateway", "--journal", str(stack.directory / "journal.sqlite"), "--http-port", str(free_port())
            )
            self.assert_one_line(result, "another gateway holds this journal")

    def test_broker_and_database_that_are_away_are_waited_for_and_found_again(self) -> None:
        with Stack(database=False) as stack:
            stack.broker.stop()
            stack.gateway.stop()
            stack.gateway.environment["MARTLET_DATABASE_URL"] = (
                f"postgresql://postgres:secret@127.0.0.1:{free_port()}/x"
            )
            stack.start(stack.gateway)
            wait_until("the database's line", lambda: "cannot deliver, will try again" in stack.gateway.text())
            wait_until(
                "the broker's line", lambda: "no connection to the broker, will try again" in stack.gateway.text()
            )
            self.assertNotIn("secret", stack.gateway.text())
            self.assertIsNone(get(f"{stack.page}/readyz"))
            self.assertIsNotNone(get(f"{stack.page}/healthz"))
            stack.start(stack.broker)
            wait_until("the broker", lambda: stack.metrics().get("martlet_broker_up") == 1, seconds=40)

    def test_a_wrong_database_password_is_named_without_telling_it(self) -> None:
        with Stack() as stack:
            assert stack.database
            wrong = stack.database.replace("testbed@", "wr0ng-secret@")
            self.assertNotEqual(wrong, stack.database)
            result = run("migrate", "--database", wrong)
            self.assert_one_line(result, "password")
            self.assertNotIn("wr0ng-secret", result.stderr)
            stack.gateway.stop()
            stack.gateway.environment["MARTLET_DATABASE_URL"] = wrong
            stack.start(stack.gateway)
            wait_until("the line", lambda: "password" in stack.gateway.text())
            self.assertNotIn("wr0ng-secret", stack.gateway.text())
            self.assertTrue(stack.gateway.is_running)

    def test_doctor_tells_what_works_and_what_does_not(self) -> None:
        with Stack() as stack:
            assert stack.database
            wait_until("schema", lambda: stack.metrics().get('martlet_sink_up{sink="timescale"}') == 1)
            common = [
                *["doctor", "--broker-port", str(stack.broker_port), "--database", stack.database],
                *["--config-server", f"http://127.0.0.1:{stack.config_port}"],
                *["--journal", str(stack.directory / "journal.sqlite")],
            ]
            result = run(*common)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            self.assertEqual(result.stdout.count("ok "), 5, result.stdout)
            stack.broker.stop()
            result = run(*common)
            self.assertEqual(result.returncode, 1)
            self.assertIn("FAULT broker", result.stdout)
            self.assertIn("start Mosquitto", result.stdout)

    def test_sigterm_delivers_what_is_journaled_before_the_end(self) -> None:
        with Stack() as stack:
            boards = stack.boards(3)
            boards.start()
            wait_until("readings", lambda: stack.metrics().get("martlet_readings_committed_total", 0) >= 6)
            self.assertEqual(stack.gateway.stop(), 0)
            journal = run("journal", "stat", "--journal", str(stack.directory / "journal.sqlite")).stdout
            entries = int(journal.split("entries=")[1].split()[0])
            self.assertEqual(stack.count(), entries)
            self.assertIn(f"cursor.timescale={entries}", journal)
            boards.kill()

    def test_top_prints_one_picture_into_a_pipe_and_ends_with_1_where_no_gateway_is(self) -> None:
        with Stack() as stack:
            boards = stack.boards(3)
            boards.start()
            wait_until("rows", lambda: stack.metrics().get('martlet_sink_rows_total{sink="timescale"}', 0) >= 6)
            port = str(stack.page_port)
            result = run("top", "--http-port", port)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertNotIn("\x1b", result.stdout)
            stages = {line.split()[0]: line.split()[1] for line in result.stdout.splitlines()[3:8]}
            for stage in ("received", "committed", "acked", "delivered"):
                self.assertGreaterEqual(int(stages[stage].replace(",", "")), 6, result.stdout)
            self.assertEqual(stages["refused"], "0")
            twice = run("top", "--http-port", port, "--count", "2").stdout
            self.assertEqual(twice.count("per second"), 2)
            boards.kill()
        self.assert_one_line(run("top", "--http-port", str(free_port())), "is the gateway running")
        self.assert_one_line(run("top", "--http-host", "256.1.1.1"), "256.1.1.1")
        self.assertEqual(run("top", "--every", "0").returncode, 64)

    def test_trace_tells_the_story_of_one_reading(self) -> None:
        with Stack() as stack:
            journal = str(stack.directory / "journal.sqlite")
            assert stack.database

            def publish(seq: int, **more: object) -> None:
                payload = {"v": 2, "device_id": "Attic06", "boot": 17, "seq": seq, "event_type": "heartbeat"}
                payload |= {"uptime_ms": seq * 1000, "timestamp": "2026-11-01T10:00:00Z"} | more
                words = ["-h", "127.0.0.1", "-p", str(stack.broker_port), "-q", "1", "-t", "iots6/Attic06"]
                subprocess.run(["mosquitto_pub", *words, "-m", json.dumps(payload)], check=True)

            def trace(seq: int, database: str = stack.database) -> tuple[int, str]:
                words = ["trace", "Attic06", "17", str(seq), "--journal", journal, "--database", database]
                result = run(*words)
                return result.returncode, result.stdout + result.stderr

            wait_until("the schema", lambda: stack.metrics().get('martlet_sink_up{sink="timescale"}') == 1)
            wait_until("the broker", lambda: stack.metrics().get("martlet_broker_up") == 1)
            publish(1)
            publish(4, dropped=[[2, 2]])
            publish(5, timestamp="1999-01-01T00:00:00Z")
            wait_until("rows", lambda: stack.count() == 2)
            code, story = trace(1)
            self.assertEqual(code, 0, story)
            for word in ("received   20", "journaled  entry 1", "acked", "timescale: yes", "by gateway system-test"):
                self.assertIn(word, story)
            self.assertTrue(story.endswith("trace: in the database\n"), story)
            self.assertEqual(trace(2)[0], 3)
            self.assertIn("trace: lost: device: dropped", trace(2)[1])
            self.assertIn("trace: missing: made, and not arrived", trace(3)[1])
            code, story = trace(5)
            self.assertEqual(code, 3)
            self.assertIn("refused    20", story)
            self.assertTrue(story.endswith("trace: refused: impossible-time\n"), story)
            self.assertTrue(trace(99)[1].endswith("trace: unknown\n"))
            code, story = trace(1, "none")
            self.assertEqual((code, story.splitlines()[-1]), (0, "trace: in the journal"), story)
            code, story = trace(1, "postgresql://127.0.0.1:1/none")
            self.assertEqual(code, 1)
            self.assertIn("martlet: ", story)
        self.assert_one_line(run("trace", "A", "1", "1", "--journal", "/nowhere.sqlite"), "/nowhere.sqlite")

    def test_broker_settings_that_cannot_be_are_refused_by_name(self) -> None:
        def gateway(**variables: str) -> subprocess.CompletedProcess[str]:
            return run("gateway", environment={f"MARTLET_BROKER_{name}": value for name, value in variables.items()})

        self.assert_one_line(gateway(VERSION="3.2"), "broker.version", "3.2")
        self.assert_one_line(gateway(TLS_MINIMUM_VERSION="1.1"), "broker.tls.minimumVersion", "1.1")
        with Stack(database=False) as stack:
            common = {"JOURNAL_PATH": str(stack.directory / "tls.sqlite"), "HTTP_PORT": str(free_port())}
            environment = {f"MARTLET_{name}": value for name, value in common.items()}
            environment["MARTLET_BROKER_TLS_CA_FILE"] = "/nowhere/ca.pem"
            self.assert_one_line(run("gateway", environment=environment), "TLS", "/nowhere/ca.pem")

    def test_help_shows_examples(self) -> None:
        result = run("--help")
        self.assertEqual(result.returncode, 0)
        self.assertIn("EXAMPLES", result.stdout)
        self.assertTrue(Path(binary("picosim")).exists())
