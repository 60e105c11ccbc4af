"""A restore that kills its own process at a numbered step; started by test_restore.py.

Arguments: backup, file with the identity, data folder, configuration folder, number of the step
(0: live on and print the name of each, a line each).
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from hub.storage.backup import Identities, restore


async def main(archive: Path, identity: Path, data: Path, config: Path, fatal: int) -> None:
    steps: list[str] = []

    def step(name: str) -> None:
        steps.append(name)
        if len(steps) == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    opener = Identities(identity.read_text())  # noqa: ASYNC240 - before anything runs
    await restore(archive, opener, data, config, force=True, step=step)
    print("\n".join(steps), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    *paths, number = sys.argv[1:]
    asyncio.run(main(*map(Path, paths), int(number)))
