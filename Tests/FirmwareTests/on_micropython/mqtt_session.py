"""Runs the MQTT client against the broker at `argv[1]` until it has delivered what it should; says what happened.

micropython mqtt_session.py PORT SECONDS [PATIENCE_IN_MS]
"""

import asyncio
import sys

from ports.backoff import Backoff
from ports.mqtt import MQTTClient, MQTTOptions

MESSAGES = 12


async def main(port, seconds, patience):
    def arrived(topic, message):
        print("message", topic.decode(), message.decode())

    published = 0

    def changed(is_up):
        nonlocal published
        print("connected" if is_up else "lost")
        # What was under way is lost with the connection: the outbox would send it again. Noted here and not in the loop
        # below, between two turns of which the client may have connected anew.
        if not is_up:
            published = 0

    options = MQTTOptions("127.0.0.1", port, b"Attic06")
    if patience:
        options.keep_alive_seconds = 1
        options.connect_milliseconds = options.answer_milliseconds = patience
    client = MQTTClient(options, ((b"t/ack", 0),), lambda: (b"t/status", b"offline"), arrived, changed, lambda: True)
    client.backoff = Backoff(10, 20)
    turns = 0

    def progress():
        nonlocal turns
        turns += 1

    task = asyncio.create_task(client.run(progress))
    for _ in range(seconds * 50):
        while published < MESSAGES and client.can_publish():
            client.publish(b"t", b"%d" % published)
            published += 1
        if client.is_connected and published == MESSAGES and not client._in_flight:
            break
        await asyncio.sleep_ms(20)
    print("delivered" if published == MESSAGES and not client._in_flight else "undelivered")
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("done", turns > 0)


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0))
