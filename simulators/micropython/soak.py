"""The shipped firmware for minutes of its own time (hurried.py), which tells what it has left of its heap.

micropython soak.py DIRECTORY MINUTES

Once a minute a line says how much is free after a collection, and `mem_info` what the largest piece is.
"""

import gc
import sys

import micropython

_MINUTE_MILLISECONDS = micropython.const(60_000)
_PACE = micropython.const(60)


async def watch(minutes):
    """Says how much heap is free, and ends everything."""
    for minute in range(minutes + 1):
        gc.collect()
        print("soak", minute, gc.mem_free())
        micropython.mem_info()
        await asyncio.sleep_ms(_MINUTE_MILLISECONDS if minute else 2_000)
    sys.exit(0)


def free():
    """Free bytes after a collection."""
    gc.collect()
    return gc.mem_free()


before = free()
import hurried  # noqa: E402 - what each takes is measured

hurried.install(_PACE)
import _onewire  # noqa: E402, F401
import machine  # noqa: E402, F401
import network  # noqa: E402, F401

print("simulation", before - free())
print("block", 16 if sys.maxsize < 1 << 32 else 32)  # of the heap, bytes
import asyncio  # noqa: E402

import main  # noqa: E402

asyncio.create_task(watch(int(sys.argv[2])))
main.main(sys.argv[1])
