"""Old rows come into the new schema each once, exactly counted and resumable; what is exported comes back the same."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import unittest
from pathlib import Path

from stack import Process, Stack, binary, wait_until

ROWS = 12_000


def counts(text: str) -> dict[str, int]:
    """The numbers of the last line."""
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", text.splitlines()[-1])}


class ExportImport(unittest.TestCase):
    def martlet(self, stack: Stack, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        assert stack.database
        result = subprocess.run(
            [binary("martlet"), *arguments, "--database", stack.database],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        self.assertEqual(result.returncode, code, result.stderr + result.stdout)
        return result

    def old_table(self, stack: Stack) -> None:
        """The former service's table, without a key: ten rows stand in it twice, two are no readings."""
        import psycopg2

        connection = psycopg2.connect(stack.database)
        with connection, connection.cursor() as cursor:
            cursor.execute(
                'CREATE TABLE old_data ("time" timestamptz, device_id text, event_type text, temperature float8,'
                " humidity double precision, pressure double precision, motion text, switch text, version text)"
            )
            cursor.execute(
                "INSERT INTO old_data SELECT timestamptz '2023-01-01 00:00:00Z' + n * interval '1 minute',"
                " 'Garage0' || n %% 3, 'heartbeat', 72.5, 45.12, 29.92, 'LOW', 'UNKNOWN', '0.9'"
                " FROM generate_series(1, %s) AS n",
                (ROWS,),
            )
            cursor.execute('INSERT INTO old_data SELECT * FROM old_data ORDER BY "time" LIMIT 10')
            cursor.execute("INSERT INTO old_data (\"time\", device_id) VALUES (NULL, 'Attic06'), (now(), NULL)")
        connection.close()

    def test_old_table_is_imported_once_and_exported_and_taken_back(self) -> None:
        with Stack() as stack:
            wait_until("schema", lambda: stack.query("SELECT to_regclass('sensor_data')")[0][0] is not None)
            wait_until("delivery", lambda: stack.metrics().get("martlet_broker_up") == 1)
            self.old_table(stack)
            first = self.martlet(stack, "import", "--table", "old_data", code=3)
            expected = {"read": ROWS + 12, "new": ROWS, "present": 10, "refused": 2}
            self.assertEqual(counts(first.stdout), expected)
            self.assertEqual(stack.count(), ROWS)
            self.assertEqual(
                stack.query(
                    "SELECT DISTINCT temperature, humidity, pressure, motion, switch, gateway FROM sensor_data"
                ),
                [(22.5, 45.12, 1013.21, False, None, "import")],
            )
            again = self.martlet(stack, "import", "--table", "old_data", code=3)
            self.assertEqual(counts(again.stdout), expected, "a second run finds nothing more to do")
            anew = self.martlet(stack, "import", "--table", "old_data", "--restart", code=3)
            self.assertEqual(counts(anew.stdout), {**expected, "new": 0, "present": ROWS + 10})
            self.assertEqual(stack.count(), ROWS)
            self.there_and_back(stack)
            self.interrupted(stack)

    def there_and_back(self, stack: Stack) -> None:
        file = stack.directory / "rows.csv"
        self.martlet(stack, "export", "--output", str(file))
        with file.open(newline="") as text:
            rows = list(csv.DictReader(text))
        self.assertEqual(len(rows), ROWS)
        self.assertEqual((rows[0]["timestamp"], rows[0]["temperature"]), ("2023-01-01T00:01:00.000000Z", "22.50"))
        part = self.martlet(
            stack, "export", "--device", "Garage01", "--from", "2023-01-02", "--to", "2023-01-02T01:00:00Z"
        )
        self.assertEqual(len(part.stdout.splitlines()), 1 + 20)
        before = stack.query("SELECT md5(string_agg(s::text, '|' ORDER BY device_id, timestamp)) FROM sensor_data AS s")
        self.assertEqual(
            counts(self.martlet(stack, "import", "--csv", str(file)).stdout),
            {"read": ROWS, "new": 0, "present": ROWS, "refused": 0},
        )
        self.empty(stack)
        self.martlet(stack, "import", "--csv", str(file), "--restart")
        after = stack.query("SELECT md5(string_agg(s::text, '|' ORDER BY device_id, timestamp)) FROM sensor_data AS s")
        self.assertEqual(after, before, "an exported table comes back the same")
        self.martlet(stack, "export", "--output", str(file), code=1)

    def interrupted(self, stack: Stack) -> None:
        """Killed after its first page, an import goes on, and its counts are those of an import in one go."""
        assert stack.database
        self.empty(stack)
        lines = (stack.directory / "rows.csv").read_text().splitlines(keepends=True)
        file = stack.directory / "slow.csv"
        os.mkfifo(file)
        command = [binary("martlet"), "import", "--csv", str(file), "--database", stack.database]
        importer = Process("importer", command, stack.directory / "import.log")
        importer.start()
        with file.open("w") as pipe:
            # One page of 5,000 is committed; for the rest of the second the importer waits, and dies.
            pipe.write("".join(lines[:7001]))
            pipe.flush()
            wait_until("a page", lambda: stack.count() == 5000)
            importer.kill()
        file.unlink()
        file.write_text("".join(lines))
        result = self.martlet(stack, "import", "--csv", str(file))
        self.assertIn("goes on after 5000 rows", result.stderr)
        self.assertEqual(counts(result.stdout), {"read": ROWS, "new": ROWS, "present": 0, "refused": 0})
        self.assertEqual(stack.count(), ROWS)

    @staticmethod
    def empty(stack: Stack) -> None:
        import psycopg2

        connection = psycopg2.connect(stack.database)
        with connection, connection.cursor() as cursor:
            cursor.execute("TRUNCATE sensor_data")
        connection.close()

    def test_faults_are_told_with_their_line(self) -> None:
        with Stack() as stack:
            wait_until("schema", lambda: stack.query("SELECT to_regclass('sensor_data')")[0][0] is not None)
            file: Path = stack.directory / "bad.csv"
            file.write_text("time,device_id,temperature\n2024-01-01,A,1,2\n2024-01-01T00:00:00Z,Attic06,72.5\nx,A,1\n")
            result = self.martlet(stack, "import", "--csv", str(file), code=3)
            self.assertEqual(counts(result.stdout), {"read": 3, "new": 1, "present": 0, "refused": 2})
            self.assertIn("row 1: 4 fields, the first line names 3", result.stderr)
            self.assertIn("row 3: missing-field: time", result.stderr)
            file.write_text("a,b\n1,2\n")
            self.assertIn("names no device_id", self.martlet(stack, "import", "--csv", str(file), code=1).stderr)
            self.assertIn("no such table", self.martlet(stack, "import", "--table", "nowhere", code=1).stderr)
            self.assertIn(
                "the table the rows would go into",
                self.martlet(stack, "import", "--table", "sensor_data", code=1).stderr,
            )
