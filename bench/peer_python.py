"""The peer: what one writes first. paho and psycopg, row by row or in batches; QoS 1, nothing else against loss.

peer_python.py PORT DATABASE single|batched
"""

from __future__ import annotations

import json
import queue
import sys

import paho.mqtt.client as mqtt
import psycopg

INSERT = """
INSERT INTO bench_peer ("timestamp", device_id, event_type, temperature, humidity, pressure, motion, "switch",
  boot, seq, sensor_type, quality, wifi_rssi, uptime_ms)
VALUES (%(timestamp)s, %(device_id)s, %(event_type)s, %(temperature)s, %(humidity)s, %(pressure)s, %(motion)s = 'HIGH',
  %(switch)s = 'HIGH', %(boot)s, %(seq)s, %(sensor_type)s, %(quality)s, %(wifi_rssi)s, %(uptime_ms)s)
ON CONFLICT DO NOTHING
"""


def main() -> None:
    port, database, way = sys.argv[1:]
    messages: queue.Queue[bytes] = queue.Queue()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="peer", clean_session=False)
    client.on_message = lambda _client, _data, message: messages.put(message.payload)
    client.on_connect = lambda client, *_: client.subscribe("iots6/#", qos=1)
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.connect("127.0.0.1", int(port))
    client.loop_start()
    with psycopg.connect(database) as connection:
        while True:
            batch = [json.loads(messages.get())]
            while way == "batched" and len(batch) < 1000 and not messages.empty():
                batch.append(json.loads(messages.get()))
            with connection.cursor() as cursor:
                if way == "batched":
                    cursor.executemany(INSERT, batch)
                else:
                    cursor.execute(INSERT, batch[0])
            connection.commit()


if __name__ == "__main__":
    main()
