"""The time from an NTP server (RFC 5905), asked for again and again; the gateway's acknowledgements carry the time
too.
"""

import asyncio
import random

from micropython import const
from ports import log, sockets
from ports.backoff import Backoff

_PORT = const(123)
_ANSWER_MILLISECONDS = const(3_000)
_AGAIN_MILLISECONDS = const(6 * 3_600_000)
_SECONDS_1900_TO_1970 = const(2_208_988_800)
# Anything before the day this was written is a server that does not know the time either.
_EARLIEST = const(1_795_000_000)


async def run(host, may_ask, on_time):
    """Asks `host` until it answers, then every six hours; calls `on_time(milliseconds since 1970)`."""
    backoff = Backoff(2_000, 600_000)
    while True:
        if not may_ask():
            await asyncio.sleep_ms(500)
            continue
        wait = _AGAIN_MILLISECONDS
        try:
            on_time(await ask(host))
        except asyncio.TimeoutError:
            log.warning("time server %s does not answer" % host)
            wait = backoff.next_wait()
        except (OSError, ValueError) as error:
            log.warning("time server %s: %s" % (host, log.words(error)))
            wait = backoff.next_wait()
        await asyncio.sleep_ms(wait)


async def ask(host):
    """UTC in ms since 1970. Raises OSError, ValueError, asyncio.TimeoutError."""
    address = await sockets.resolve(host)
    request = bytearray(48)
    request[0] = 0x23  # version 4, client
    # The server sends our transmit time back: a mark that only it saw.
    for index in range(40, 48):
        request[index] = random.getrandbits(8)
    answer = await sockets.exchange(address, _PORT, request, 48, _ANSWER_MILLISECONDS)
    return read_answer(request, answer)


def read_answer(request, answer):
    """The transmit time in an answer. Raises ValueError when it is none, or no good."""
    if len(answer) < 48 or answer[0] & 0x07 != 4:
        raise ValueError("no answer of a server")
    if answer[24:32] != request[40:48]:
        raise ValueError("an answer to another question")
    if answer[0] >> 6 == 3 or not 1 <= answer[1] <= 15:
        raise ValueError("the server's clock is not set")
    seconds = int.from_bytes(answer[40:44], "big")
    # The era after 2036 begins at 0.
    if seconds < _SECONDS_1900_TO_1970:
        seconds += 1 << 32
    unix = seconds - _SECONDS_1900_TO_1970
    if unix < _EARLIEST:
        raise ValueError("a time in the past")
    fraction = int.from_bytes(answer[44:48], "big")
    return unix * 1000 + (fraction * 1000 >> 32)
