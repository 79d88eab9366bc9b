"""Fetches `argv[1]` once and says what came: `STATUS TAG LENGTH`, or the error.

micropython http_session.py URL LONGEST PATIENCE_IN_MS
"""

import asyncio
import sys

from ports import http


async def main(url, longest, patience):
    try:
        answer = await http.get(url, b'"known"', longest, None, patience)
        print(answer.status, answer.tag.decode(), len(answer.body))
    except (OSError, http.HTTPError, ValueError, MemoryError) as error:
        print("error", error)
    except asyncio.TimeoutError:
        print("time-out")


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
