"""The benches by name; bench/run builds and calls this."""

from __future__ import annotations

import argparse

import growth
import hour
import latency
import load
import side_by_side


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/run", description="How quick the gateway is, and beside what.")
    benches = parser.add_subparsers(dest="bench")
    beside = benches.add_parser("side-by-side", help="throughput beside the limits and the peers")
    beside.add_argument("--count", type=int, default=200_000, help="readings of each row (200000)")
    beside.add_argument("--rounds", type=int, default=3, help="rounds, of which the best counts (3)")
    beside.add_argument("--no-peers", action="store_true", help="without mq-bridge and Python")
    late = benches.add_parser("latency", help="from publish until the row can be seen")
    late.add_argument("--rate", type=int, default=1000, help="readings a second (1000)")
    late.add_argument("--seconds", type=int, default=60, help="how long (60)")
    many = benches.add_parser("connections", help="many devices, a reading a second each")
    many.add_argument("--count", type=int, default=10_000, help="connections (10000)")
    many.add_argument("--seconds", type=int, default=60, help="how long (60)")
    away = benches.add_parser("catch-up", help="the database away, and back")
    away.add_argument("--rate", type=int, default=2000, help="readings a second (2000)")
    away.add_argument("--away", type=int, default=60, help="seconds without the database (60)")
    grown = benches.add_parser("growth", help="throughput with a large journal and a large table")
    grown.add_argument("--journal", type=int, default=2_000_000, help="entries in the journal (2000000)")
    grown.add_argument("--table", type=int, default=10_000_000, help="rows in the table (10000000)")
    grown.add_argument("--count", type=int, default=200_000, help="readings of each row (200000)")
    long = benches.add_parser("hour", help="memory over a long time, the database away for a part of it")
    long.add_argument("--seconds", type=int, default=3600, help="how long (3600)")
    long.add_argument("--rate", type=int, default=5000, help="readings a second (5000)")
    long.add_argument("--devices", type=int, default=10_000, help="connections (10000)")
    long.add_argument("--away", type=int, default=600, help="seconds without the database (600)")
    choice = parser.parse_args()
    match choice.bench:
        case "latency":
            latency.run(choice.rate, choice.seconds)
        case "connections":
            load.connections(choice.count, choice.seconds)
        case "catch-up":
            load.catch_up(choice.rate, choice.away)
        case "hour":
            hour.run(choice.seconds, choice.rate, choice.devices, choice.away)
        case "growth":
            growth.run(choice.journal, choice.table, choice.count)
        case "side-by-side":
            side_by_side.run(choice.count, choice.rounds, peers=not choice.no_peers and side_by_side.default_peers())
        case _:
            side_by_side.run(200_000, 3, peers=side_by_side.default_peers())
            latency.run(1000, 60)
            load.connections(10_000, 60)


if __name__ == "__main__":
    main()
