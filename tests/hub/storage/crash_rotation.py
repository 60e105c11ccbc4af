"""A rotation that kills its own process at a numbered step; started by test_rotation.py.

Arguments: data folder, number of the step (0: live on and print the name of each, a line each).
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from hub.storage import Database
from hub.storage.rotation import rotate
from hub.storage.secrets import Keyring


async def main(data: Path, fatal: int) -> None:
    database = Database(data / "hub.db")
    await database.open()
    keyring = Keyring(database, data / "keys" / "sealing.json")
    await keyring.load()
    steps: list[str] = []

    def step(name: str) -> None:
        steps.append(name)
        if len(steps) == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    keyring.file.step = step
    await rotate(keyring)
    await database.close()
    print("\n".join(steps), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
