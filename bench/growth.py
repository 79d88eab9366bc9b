"""Whether it stays as quick when journal and table are large: filled by SQL, then flooded like empty ones."""

from __future__ import annotations

import sqlite3
import time

import psycopg2
from parts import Machine, conditions, wait_until

PAYLOAD = "x" * 288


def fill_journal(machine: Machine, entries: int) -> None:
    """Entries of a thousand devices, as the gateway would have kept them."""
    connection = sqlite3.connect(machine.directory / "journal.sqlite")
    connection.execute("PRAGMA synchronous = OFF")
    now = int(time.time() * 1e6)
    for start in range(0, entries, 500_000):
        connection.execute(
            """
            INSERT INTO entry (device, boot, seq, timestamp, time_source, received, profile, bytes)
            WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
            SELECT printf('Old%05d', i % 1000), 1, i / 1000, ?3 + i, 0, ?3 + i, 2, CAST(?4 AS BLOB) FROM n
            """,
            (start, min(start + 500_000, entries), now - entries, PAYLOAD),
        )
        connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def fill_table(machine: Machine, rows: int) -> None:
    """Rows of a thousand devices over the thirty days before today."""
    with psycopg2.connect(machine.database) as connection, connection.cursor() as cursor:
        for start in range(0, rows, 1_000_000):
            cursor.execute(
                """
                INSERT INTO sensor_data ("timestamp", device_id, event_type, temperature, humidity, pressure, motion,
                  "switch", boot, seq, sensor_type, quality, wifi_rssi, uptime_ms, received_at, time_source, gateway)
                SELECT date_trunc('day', now()) - interval '30 days' + interval '30 days' * (i::float8 / %s),
                  'Old' || lpad((i %% 1000)::text, 5, '0'), 'heartbeat', 22.5, 45.1, 1013.25, false, true, 1, i / 1000,
                  'BME280', 'ok', -61, i, now(), 'device', 'old'
                FROM generate_series(%s, %s) AS i
                """,
                (rows, start, min(start + 1_000_000, rows) - 1),
            )
            connection.commit()
    connection.close()


def run(entries: int, rows: int, count: int) -> None:
    count -= count % 20
    print(f"bench: floods of {count:,}, {conditions()}", flush=True)
    with Machine() as machine:
        machine.gateway.environment["MARTLET_JOURNAL_MAX_ENTRIES"] = str(2 * entries + 10 * count)
        machine.gateway.environment["MARTLET_JOURNAL_MAX_BYTES"] = str(1 << 40)

        def journal(what: str) -> float:
            seconds = machine.flood(count, lambda: machine.committed() >= count)
            print(f"bench: journal {what}: {count / seconds:,.0f}/s", flush=True)
            return seconds

        machine.start_gateway(database=False)
        empty = journal("empty")
        machine.gateway.stop()
        fill_journal(machine, entries)
        began = time.monotonic()
        machine.start(machine.gateway)
        wait_until("the broker", lambda: machine.metrics().get("martlet_broker_up") == 1, seconds=600)
        print(f"bench: start with {entries:,} entries: {time.monotonic() - began:.1f} s", flush=True)
        print(f"bench: journal of {entries:,} entries: {empty / journal('full'):.2f} of an empty one")
        machine.stop_gateway()

        def whole(what: str) -> float:
            machine.start_gateway(database=True)
            seconds = machine.flood(count, lambda: machine.delivered() >= count)
            print(f"bench: table {what}: {count / seconds:,.0f}/s", flush=True)
            machine.stop_gateway()
            return seconds

        empty = whole("empty")
        fill_table(machine, rows)
        print(f"bench: table of {rows:,} rows: {empty / whole('full'):.2f} of an empty one")
