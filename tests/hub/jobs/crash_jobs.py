"""A program that notes one step after the other and prints each when it is durable."""

import asyncio
import sys
from pathlib import Path

from hub.events import EventBus
from hub.jobs import Job, Jobs
from hub.storage import Database
from hub.util.clock import SystemClock
from hub.util.tasks import Tasks


async def main(path: Path) -> None:
    """Run two jobs side by side until somebody kills the program."""
    clock, tasks = SystemClock(), Tasks()
    database = Database(path, clock)
    await database.open()
    jobs = Jobs(EventBus(tasks), database, clock, tasks)
    await jobs.load()

    async def work(job: Job) -> None:
        for number in range(1_000_000):
            await job.note("step", number)
            job.log(f"step {number}")
            print(job.record.target, number, flush=True)  # noqa: T201 - read by the test

    both = [await jobs.start("test", target, work) for target in ("a", "b")]
    print("started", *(job.id for job in both), flush=True)  # noqa: T201
    for job in both:
        await job.wait()


asyncio.run(main(Path(sys.argv[1])))
