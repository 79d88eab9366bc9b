"""What a large site asks of the gateway: ten thousand devices at once, and a database that comes back."""

from __future__ import annotations

import threading
import time

from latency import latencies, percentile
from parts import Machine, Usage, conditions, wait_until


def connections(count: int, seconds: int) -> None:
    """`count` connections, a reading a second each: processor, memory, loss."""
    print(f"bench: {count:,} connections, a reading a second each, {seconds} s, {conditions()}", flush=True)
    with Machine() as machine:
        machine.start_gateway(database=True)
        publisher = machine.publisher(count * seconds, connections=count, rate=count)
        assert machine.broker.running
        broker = machine.broker.running.pid
        before, broker_before = machine.gateway_usage(), Usage.of(broker)
        began = publisher.begin()
        publisher.finish(seconds * 5)
        took = time.monotonic() - began
        wait_until("every row", lambda: machine.delivered() >= count * seconds, seconds=seconds * 5)
        late = time.monotonic() - began - took
        after, broker_after = machine.gateway_usage(), Usage.of(broker)
        rows = machine.count(f"sensor_data WHERE boot = {machine.boot}")
        print(
            f"bench: published {count * seconds:,} in {took:.1f} s, the last row {late:.1f} s later, "
            f"lost {count * seconds - rows}; "
            f"gateway {(after.seconds - before.seconds) / (took + late):.2f} cores, {after.resident:.0f} MB "
            f"(peak {after.peak:.0f}); "
            f"broker {(broker_after.seconds - broker_before.seconds) / (took + late):.2f} cores"
        )
        machine.stop_gateway()


def catch_up(rate: int, away: int) -> None:
    """The database is away for `away` seconds: how the backlog goes, and how the live readings fare."""
    print(f"bench: database away for {away} s at {rate} readings/s, {conditions()}", flush=True)
    with Machine() as machine:
        machine.start_gateway(database=True)
        latencies(machine, rate, 5)
        machine.testbed("kill")
        publisher = machine.publisher(rate * away, rate=rate)
        publisher.begin()
        publisher.finish(away * 5)
        outage = machine.boot
        start = machine.delivered()
        machine.testbed("restart")
        samples: list[tuple[float, float]] = []
        ended = threading.Event()

        def sample() -> None:
            while not ended.wait(0.1):
                samples.append((time.monotonic(), machine.delivered()))

        sampler = threading.Thread(target=sample)
        sampler.start()
        # Live readings go on while the backlog drains.
        began = time.monotonic()
        live = latencies(machine, rate, max(30, away // 3))
        ended.set()
        sampler.join()
        wait_until(
            "every row", lambda: machine.count(f"sensor_data WHERE boot = {outage}") == rate * away, seconds=away * 5
        )
        draining = [at for at, count in samples if start < count < start + rate * away]
        counts = [count for _, count in samples if start < count < start + rate * away]
        speed = (counts[-1] - counts[0]) / (draining[-1] - draining[0]) if len(counts) > 1 else float("nan")
        # Until the gateway tries the database again nothing moves: its wait, not the backlog.
        back = (draining[0] if draining else began) - began
        after = live[int(max(0.0, back) * rate / 20) :]
        print(
            f"bench: {rate * away:,} readings waited and drained at {speed:,.0f}/s, {speed / rate:.1f} times the live "
            f"rate, from {back:.1f} s after the database was back; live readings sent after that: "
            f"p50 {percentile(after, 0.5):.0f} ms, p99 {percentile(after, 0.99):,.0f} ms, highest {max(after):,.0f}; "
            f"gateway {machine.gateway_usage().peak:.0f} MB at most"
        )
        machine.stop_gateway()
