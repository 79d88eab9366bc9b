"""`martlet journal`: beside a running gateway, after its end, and on a damaged file."""

from __future__ import annotations

import json
import subprocess
import unittest

import paho.mqtt.publish as publish
from stack import Stack, wait_until
from test_bad_input import GOOD
from test_commands import run


def send(stack: Stack, first: int, last: int) -> None:
    """Publishes good readings and waits until they are committed."""
    publish.multiple(
        [{"topic": "iots6/Attic06", "payload": json.dumps({**GOOD, "seq": n}), "qos": 1} for n in range(first, last)],
        hostname="127.0.0.1",
        port=stack.broker_port,
    )
    wait_until("commit", lambda: stack.metrics().get("martlet_journal_entries", 0) >= last - 1)


class JournalCommands(unittest.TestCase):
    def journal(self, stack: Stack, verb: str, *options: str) -> subprocess.CompletedProcess[str]:
        return run("journal", verb, "--journal", str(stack.directory / "journal.sqlite"), *options)

    def test_stat_and_export_read_a_running_gateways_journal_and_the_others_say_who_has_it(self) -> None:
        with Stack(database=False) as stack:
            send(stack, 1, 101)
            self.assertIn("entries=100 last=100", self.journal(stack, "stat").stdout)
            export = self.journal(stack, "export", "--after", "40", "--gateway-id", "attic")
            rows = [json.loads(line) for line in export.stdout.splitlines()]
            self.assertEqual([row["seq"] for row in rows], list(range(41, 101)))
            self.assertEqual((rows[0]["temperature"], rows[0]["pressure"]), (22.53, 1013.25))
            self.assertEqual((rows[0]["gateway"], rows[0]["extra"]), ("attic", {"version": "1.0.0"}))
            self.assertIn("60 readings written", export.stderr)
            for verb in ("verify", "compact"):
                result = self.journal(stack, verb)
                self.assertEqual(result.returncode, 1)
                self.assertIn("another gateway holds this journal (process", result.stderr)
            stack.gateway.stop()
            self.assertEqual(self.journal(stack, "verify").stdout, "verify: entries=100 damaged=0 pages=ok\n")
            self.assertRegex(self.journal(stack, "compact").stdout, r"^compact: \d+ -> \d+ bytes\n$")
            self.assertIn("entries=100 last=100", self.journal(stack, "stat").stdout)

    def test_verify_names_the_entry_whose_bytes_are_of_another_reading(self) -> None:
        with Stack(database=False) as stack:
            send(stack, 1, 11)
            stack.gateway.stop()
            file = stack.directory / "journal.sqlite"
            content = file.read_bytes()
            self.assertEqual(content.count(b'"seq": 7,'), 1)
            file.write_bytes(content.replace(b'"seq": 7,', b'"seq": 8,'))
            result = self.journal(stack, "verify")
            self.assertEqual((result.returncode, result.stdout), (1, "verify: entries=10 damaged=1 pages=ok\n"))
            self.assertIn("entry 7: its bytes are of another reading", result.stderr)

    def test_a_damaged_journal_is_set_aside_at_the_start_and_the_service_goes_on(self) -> None:
        with Stack() as stack:
            send(stack, 1, 201)
            wait_until("rows", lambda: stack.count() == 200)
            stack.gateway.stop()
            file = stack.directory / "journal.sqlite"
            content = bytearray(file.read_bytes())
            # The root of the device index: the rows themselves are whole.
            place = content.rindex(b"Attic06")
            content[place - place % 4096 : place - place % 4096 + 4096] = b"\xa5" * 4096
            file.write_bytes(content)
            stack.start(stack.gateway)
            wait_until("the counter", lambda: stack.metrics().get("martlet_journals_set_aside_total") == 1)
            self.assertIn("the journal was damaged and is set aside as", stack.gateway.text())
            self.assertEqual(len(list(stack.directory.glob("journal.sqlite.corrupt-*Z"))), 1)
            # A new journal: the database's key drops what it has; new readings arrive.
            publish.single(
                "iots6/Attic06", json.dumps({**GOOD, "seq": 201}), qos=1, hostname="127.0.0.1", port=stack.broker_port
            )
            wait_until("rows", lambda: stack.count() == 201)
            self.assertEqual(stack.count("(SELECT DISTINCT seq FROM sensor_data) AS s"), 201)
            self.assertEqual(stack.count("gateway_cursor"), 2)

    def test_a_journal_that_is_not_there_is_named(self) -> None:
        result = run("journal", "stat", "--journal", "/nowhere/j.sqlite")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/nowhere/j.sqlite: there is no such file; name it with --journal", result.stderr)
