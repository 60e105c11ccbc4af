"""A recorder in a process of its own that tells what was acknowledged; run by test_crash.py.

Usage: crash.py URL. Writes `flushed N` after each `flush()` that returned: the changes 1 to N are
to survive whatever comes.
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.hub.recorder.desk import Desk


async def main(url: str) -> None:
    desk = await Desk(url, interval=0.02).open()
    count = 0
    while True:
        for _ in range(50):
            count += 1
            desk.states.set(f"sensor.s{count % 7}", str(count), {"n": count % 20})
        await desk.writer.flush()
        print(f"flushed {count}", flush=True)  # noqa: T201 - what the test reads


asyncio.run(main(sys.argv[1]))
