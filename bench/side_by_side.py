"""How quick the gateway is, beside the limits of the machine and beside what else one could use, in the same run.

    bench/run side-by-side --count 200000 --rounds 3

Each round runs every row once, so that what disturbs the machine meets all of them. Told are the best of each row, the
ratio of the bests, and in brackets the median of the ratios within the rounds.
"""

from __future__ import annotations

import io
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg2
from parts import HERE, PEERS, Machine, Usage, compiled, conditions, wait_until

CONNECTIONS = 20


class Row:
    """What one row of the table reached, round by round."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rates: list[float] = []
        self.microseconds: list[float] = []
        self.megabytes = 0.0

    def note(self, count: int, seconds: float, before: Usage | None = None, after: Usage | None = None) -> None:
        self.rates.append(count / seconds)
        if before and after:
            self.microseconds.append((after.seconds - before.seconds) / count * 1e6)
            self.megabytes = max(self.megabytes, after.peak)

    def line(self, limit: Row) -> str:
        # Fewer rounds than the limit has: the row was run once.
        ratios = [rate / other for rate, other in zip(self.rates, limit.rates, strict=False)]
        cost = f"{min(self.microseconds):.1f} ({statistics.median(self.microseconds):.1f})" if self.microseconds else ""
        memory = f"{self.megabytes:.0f}" if self.megabytes else ""
        share = f"{max(self.rates) / max(limit.rates):.2f} ({statistics.median(ratios):.2f})"
        return f"| {self.name} | {max(self.rates):,.0f} | {share} | {cost} | {memory} |"


class Bench:
    """All rows on one machine."""

    def __init__(self, machine: Machine, count: int) -> None:
        self.machine = machine
        self.count = count
        self.counter = compiled("count", machine.directory)

    def counting(self, row: Row) -> None:
        command = [self.counter, str(self.machine.broker_port), str(self.count)]
        subscriber = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert subscriber.stdout
        assert subscriber.stdout.readline() == "ready\n"
        before, after = Usage.of(subscriber.pid), [Usage.of(subscriber.pid)]

        def done() -> bool:
            # The last look before the end is what can be had of a process that ends by itself.
            if subscriber.poll() is None:
                after[0] = Usage.of(subscriber.pid)
            return subscriber.poll() is not None

        row.note(self.count, self.machine.flood(self.count, done), before, after[0])

    def journal(self, row: Row) -> None:
        machine = self.machine
        machine.start_gateway(database=False)
        before = machine.gateway_usage()
        seconds = machine.flood(self.count, lambda: machine.committed() >= self.count)
        row.note(self.count, seconds, before, machine.gateway_usage())
        machine.stop_gateway()

    def whole_way(self, row: Row) -> None:
        machine = self.machine
        machine.start_gateway(database=True)
        before = machine.gateway_usage()
        seconds = machine.flood(self.count, lambda: machine.delivered() >= self.count)
        row.note(self.count, seconds, before, machine.gateway_usage())
        rows = machine.count(f"(SELECT DISTINCT device_id, seq FROM sensor_data WHERE boot = {machine.boot}) AS each")
        total = machine.count(f"sensor_data WHERE boot = {machine.boot}")
        assert rows == total == self.count, f"{total} rows, {rows} different, of {self.count} readings"
        machine.stop_gateway()

    def copy(self, row: Row) -> None:
        """COPY in binary form of the same rows, five thousand a transaction, into a table made like sensor_data."""
        assert self.machine.database
        self.make_table("bench_copy")
        connection = psycopg2.connect(self.machine.database)
        pieces = []
        with connection, connection.cursor() as cursor:
            for start in range(0, self.count // CONNECTIONS, 5000 // CONNECTIONS):
                piece = io.BytesIO()
                where = f"boot = {self.machine.boot} AND seq > {start} AND seq <= {start + 5000 // CONNECTIONS}"
                cursor.copy_expert(f"COPY (SELECT * FROM sensor_data WHERE {where}) TO STDOUT (FORMAT binary)", piece)
                pieces.append(piece.getvalue())
        self.machine.database_comes_first()
        began = time.monotonic()
        for piece in pieces:
            with connection, connection.cursor() as cursor:
                cursor.copy_expert("COPY bench_copy FROM STDIN (FORMAT binary)", io.BytesIO(piece))
        row.note(self.count, time.monotonic() - began)
        connection.close()

    # Peers

    def make_table(self, name: str) -> None:
        """A hypertable with the columns and indexes of sensor_data."""
        with psycopg2.connect(self.machine.database) as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {name}; CREATE TABLE {name} (LIKE sensor_data INCLUDING ALL)")
            cursor.execute(
                f"SELECT create_hypertable('{name}', by_range('timestamp'), create_default_indexes => false)"
            )
        connection.close()

    def peer(self, row: Row, program: str, count: int, *arguments: str) -> None:
        """A peer of its own process: connects, says `ready`, and consumes until the table has all."""
        self.make_table("bench_peer")
        machine = self.machine
        command = [
            *[str(PEERS / "bin" / "python"), str(HERE / program), str(machine.broker_port), str(machine.database)],
            *arguments,
        ]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert running.stdout
            assert running.stdout.readline() == "ready\n", f"{program} does not start"
            before = Usage.of(running.pid)
            seconds = machine.flood(count, self.has_last_of_each(count), seconds=600)
            row.note(count, seconds, before, Usage.of(running.pid))
            wait_until("all rows", lambda: machine.count("bench_peer") >= count, must=False)
            rows = machine.count("bench_peer")
            if rows != count:
                row.name += f", {rows - count:+,} rows"
        finally:
            running.terminate()
            running.wait(30)
        # Its session ends with the broker's memory.
        machine.broker.stop()
        (machine.directory / "broker" / "mosquitto.db").unlink(missing_ok=True)
        machine.start(machine.broker)

    def has_last_of_each(self, count: int) -> Callable[[], bool]:
        """Whether the last reading of every device is there: a look into the index, where counting would cost much."""
        connection = psycopg2.connect(self.machine.database)
        connection.autocommit = True
        each = count // CONNECTIONS

        def done() -> bool:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM generate_series(0, %s) AS n, LATERAL (SELECT 1 FROM bench_peer "
                    "WHERE device_id = 'Bench' || lpad(n::text, 5, '0') AND boot = %s AND seq = %s) AS row",
                    (CONNECTIONS - 1, self.machine.boot, each),
                )
                found = cursor.fetchone()
                assert found
                return bool(found[0] == CONNECTIONS)

        return done


def run(count: int, rounds: int, peers: bool) -> None:
    count -= count % (CONNECTIONS * 250)
    print(f"bench: {count:,} readings a row, {rounds} rounds, {conditions()}", flush=True)
    limit = Row("subscriber that only counts (libmosquitto, nothing kept)")
    journal = Row("**gateway**, broker → journal, acknowledged after the commit")
    whole = Row("**gateway**, broker → hypertable, each exactly once")
    copy = Row("COPY alone, binary, 5,000 a transaction, no broker")
    bridge = Row("mq-bridge 1.2.0, bulk COPY, no journal, not deduplicated")
    batched = Row("Python: paho, psycopg, batches of 1,000 (executemany)")
    single = Row("Python: paho, psycopg, row by row, commit each")
    with Machine() as machine:
        bench = Bench(machine, count)
        steps: list[tuple[Row, Callable[[Row], None]]] = [
            (limit, bench.counting),
            (journal, bench.journal),
            (whole, bench.whole_way),
            (copy, bench.copy),
        ]
        if peers:
            steps.append((bridge, lambda row: bench.peer(row, "peer_mq_bridge.py", count)))
        for turn in range(rounds):
            for row, step in steps:
                step(row)
                print(
                    f"bench: round {turn + 1}: {row.name}: {row.rates[-1]:,.0f}/s"
                    + (f", {row.microseconds[-1]:.1f} µs" if row.microseconds else ""),
                    flush=True,
                )
        rows = [row for row, _ in steps]
        if peers:
            # Slow: once, and with fewer readings.
            bench.peer(batched, "peer_python.py", count // 4, "batched")
            bench.peer(single, "peer_python.py", 2000, "single")
            rows += [batched, single]
    print("\n| what | readings/s | share of the first row | µs of processor each | MB, peak |\n|---|---|---|---|---|")
    for row in rows:
        print(row.line(limit))
    if peers:
        print(
            f"\ngateway beside mq-bridge: {max(whole.rates) / max(bridge.rates):.2f}; "
            f"beside Python row by row: {max(whole.rates) / max(single.rates):.0f}; "
            f"batched: {max(whole.rates) / max(batched.rates):.1f}"
        )


def default_peers() -> bool:
    return (Path(PEERS) / "bin" / "python").exists()
