"""The peer: mq-bridge (PyPI, Rust inside) from MQTT into PostgreSQL by bulk COPY, in its quickest documented form.

peer_mq_bridge.py PORT DATABASE
"""

from __future__ import annotations

import sys
import threading

from mq_bridge import Route

# "motion" and "switch" would need a conversion that its COPY cannot make: they stay null, to its advantage.
COLUMNS = [
    "timestamp",
    "device_id",
    "event_type",
    "temperature",
    "humidity",
    "pressure",
    "boot",
    "seq",
    "sensor_type",
    "quality",
    "wifi_rssi",
    "uptime_ms",
]


def main() -> None:
    port, database = sys.argv[1:]
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    values = ", ".join(f"${{payload:{name}}}" for name in COLUMNS)
    route = Route.from_config(
        {
            "input": {
                "mqtt": {
                    "url": f"tcp://127.0.0.1:{port}",
                    "topic": "iots6/#",
                    "client_id": "peer",
                    "qos": 1,
                    "queue_capacity": 10_000,
                    "max_inflight": 1000,
                }
            },
            "output": {
                "sqlx": {
                    "url": database,
                    "table": "bench_peer",
                    "insert_query": f"INSERT INTO bench_peer ({names}) VALUES ({values})",
                    "bulk_copy": True,
                }
            },
            "batch_size": 5000,
        }
    )
    route.start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
