"""How long from a publish until the row can be seen, at a steady rate.

    bench/run latency --rate 1000 --seconds 60

One device of twenty is watched: its sending times are written down, and a second connection to the database asks again
and again for the highest number of it that is visible. The question takes part of the time it measures: what is told
is too long by up to one round of it, which is told too.
"""

from __future__ import annotations

import bisect
import time
from pathlib import Path

import psycopg2
from parts import Machine, conditions, wait_until

BOUNDS = [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000]


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def watch(machine: Machine, until: int) -> list[tuple[float, int]]:
    """(moment, highest visible number) each time the number grew."""
    connection = psycopg2.connect(machine.database)
    connection.autocommit = True
    seen: list[tuple[float, int]] = []
    deadline = time.monotonic() + 3600
    with connection.cursor() as cursor:
        cursor.execute("SET jit = off")
        cursor.execute(
            "PREPARE look AS SELECT max(seq) FROM sensor_data WHERE device_id = 'Bench00000' AND boot = "
            f"{machine.boot} AND \"timestamp\" > now() - interval '1 hour'"
        )
        rounds = 0
        began = time.monotonic()
        highest = 0
        while highest < until:
            assert time.monotonic() < deadline
            cursor.execute("EXECUTE look")
            found = cursor.fetchone()
            now = time.monotonic()
            rounds += 1
            if found and (found[0] or 0) > highest:
                highest = found[0]
                seen.append((now, highest))
            time.sleep(0.0005)
        print(f"bench: a round of the question took {(time.monotonic() - began) / rounds * 1e3:.1f} ms on average")
    connection.close()
    return seen


def latencies(machine: Machine, rate: int, seconds: int) -> list[float]:
    """Milliseconds of each reading of the watched device."""
    file = machine.directory / "sent"
    publisher = machine.publisher(rate * seconds, rate=rate, file=str(file))
    publisher.begin()
    seen = watch(machine, rate * seconds // 20)
    publisher.finish()
    sent = [line.split() for line in Path(file).read_text().splitlines()]
    numbers = [highest for _, highest in seen]
    return [(seen[bisect.bisect_left(numbers, int(seq))][0] - int(moment) / 1e9) * 1e3 for seq, moment in sent]


def histogram(values: list[float]) -> str:
    lines = ["| up to ms | readings |", "|---|---|"]
    low = 0.0
    for bound in [*BOUNDS, float("inf")]:
        count = sum(low < value <= bound for value in values)
        if count:
            lines.append(f"| {bound:g} | {count} |")
        low = bound
    return "\n".join(lines)


def run(rate: int, seconds: int) -> None:
    print(f"bench: {rate} readings/s for {seconds} s, {conditions()}", flush=True)
    with Machine() as machine:
        machine.start_gateway(database=True)
        # The first chunk, the first connection, the first pages.
        latencies(machine, rate, 5)
        before = machine.gateway_usage()
        values = latencies(machine, rate, seconds)
        used = machine.gateway_usage().seconds - before.seconds
        wait_until("every row", lambda: machine.count(f"sensor_data WHERE boot = {machine.boot}") == rate * seconds)
        print(
            f"bench: publish → row visible: p50 {percentile(values, 0.5):.1f} ms, "
            f"p90 {percentile(values, 0.9):.1f} ms, p99 {percentile(values, 0.99):.1f} ms, "
            f"highest {max(values):.1f} ms, of {len(values)} readings; "
            f"gateway {used / seconds:.3f} cores"
        )
        print(histogram(values))
        machine.stop_gateway()
