"""What the gateway's memory does over a long time, with the database away for a part of it.

    bench/run hour --seconds 3600 --rate 5000 --devices 10000 --away 600

The database is killed after a third of the time and comes back `--away` seconds later. Told is each minute what the
gateway holds, and in the end how the first settled minutes compare with the last, and whether every reading is there.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from parts import Machine, Usage, conditions, wait_until


@dataclass
class Sample:
    """What the gateway holds at a moment, in megabytes as `Usage` has them."""

    minutes: float
    resident: float
    own: float  # of `resident`, what is not a page of a file: heap and stacks

    @classmethod
    def of(cls, pid: int, began: float) -> Sample:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines)
        resident, own = (int(status[name].split()[0]) / 1000 for name in ("VmRSS", "RssAnon"))
        return cls((time.monotonic() - began) / 60, resident, own)


def settled(samples: list[Sample], first: float, last: float) -> float:
    """The highest resident megabytes between two moments, in minutes."""
    return max((s.resident for s in samples if first <= s.minutes <= last), default=float("nan"))


def run(seconds: int, rate: int, devices: int, away: int) -> None:
    print(
        f"bench: {devices:,} devices, {rate:,} readings/s for {seconds} s, the database away for {away} s of them, "
        f"{conditions()}",
        flush=True,
    )
    count = seconds * rate - seconds * rate % devices
    # Killed after so many readings, PostgreSQL reads its log for a while before it answers.
    os.environ["TESTBED_PG_TIMEOUT"] = "900"
    with Machine() as machine:
        machine.start_gateway(database=True)
        publisher = machine.publisher(count, connections=devices, rate=rate)
        assert machine.gateway.running
        assert machine.broker.running
        gateway, broker = machine.gateway.running.pid, machine.broker.running.pid
        before, broker_before = Usage.of(gateway), Usage.of(broker)
        began = publisher.begin()
        samples: list[Sample] = []
        gone = began + seconds / 3
        back = gone + away
        is_away = False

        def tell() -> None:
            sample = samples[-1]
            metrics = machine.metrics()
            waiting = metrics.get('martlet_sink_lag_entries{sink="timescale"}', float("nan"))
            print(
                f"bench: minute {sample.minutes:5.1f}: {sample.resident:.1f} MB resident, {sample.own:.1f} of it its "
                f"own; {metrics.get('martlet_readings_committed_total', 0):,.0f} committed, {waiting:,.0f} wait"
                f"{'; no database' if is_away else ''}",
                flush=True,
            )

        told = began
        while publisher.running.poll() is None:
            time.sleep(1)
            samples.append(Sample.of(gateway, began))
            now = time.monotonic()
            if not is_away and away and gone <= now < back:
                machine.testbed("kill")
                is_away = True
            elif is_away and now >= back:
                machine.testbed("restart")
                is_away = False
            if now - told >= 60:
                told = now
                tell()
                # Sessions come and go with the database.
                machine.database_comes_first()
        took = time.monotonic() - began
        publisher.finish()
        if is_away:
            machine.testbed("restart")
        wait_until("every row", lambda: machine.delivered() >= count, seconds=max(600, seconds))
        samples.append(Sample.of(gateway, began))
        late = time.monotonic() - began - took
        after, broker_after = Usage.of(gateway), Usage.of(broker)
        rows = machine.count(f"sensor_data WHERE boot = {machine.boot}")
        end = samples[-1].minutes
        early, last = settled(samples, end / 6, end / 3), settled(samples, end * 5 / 6, end)
        cores = (after.seconds - before.seconds) / (took + late)
        of_broker = (broker_after.seconds - broker_before.seconds) / (took + late)
        print(
            f"bench: published {count:,} in {took:.0f} s, the last row {late:.0f} s later, lost {count - rows}; "
            f"gateway {after.peak:.0f} MB at most: {early:.0f} from minute {end / 6:.0f} to {end / 3:.0f}, before the "
            f"database went, {last:.0f} from minute {end * 5 / 6:.0f} on; {cores:.2f} cores; "
            f"broker {broker_after.resident:.0f} MB, {of_broker:.2f} cores"
        )
        machine.stop_gateway()
