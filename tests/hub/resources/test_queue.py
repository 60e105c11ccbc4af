"""The queue: each name once, when it is due, so many at a time."""

import asyncio

from hub.resources.queue import Queue
from hub.util.clock import FakeClock
from hub.util.tasks import Tasks


class Bench:
    """A queue whose work ends when the test says so."""

    def __init__(self, workers: int = 2) -> None:
        self.clock = FakeClock()
        self.tasks = Tasks()
        self.begun: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.queue = Queue("test", self.work, workers, self.clock, self.tasks)

    async def work(self, name: str) -> None:
        self.begun.append(name)
        await self.ends.setdefault(name, asyncio.Event()).wait()

    async def end(self, name: str) -> None:
        self.ends.pop(name).set()
        await self.clock.advance(0)


async def test_a_waiting_name_is_worked_on_once() -> None:
    bench = Bench()
    for _ in range(3):
        bench.queue.add("a", 5)
    await bench.clock.advance(4.9)
    assert bench.begun == []
    await bench.clock.advance(0.1)
    assert bench.begun == ["a"]


async def test_the_earlier_of_two_times_counts() -> None:
    bench = Bench()
    bench.queue.add("a", 50)
    bench.queue.add("a", 5)
    bench.queue.add("a", 20)
    await bench.clock.advance(5)
    assert bench.begun == ["a"]
    await bench.end("a")
    await bench.clock.advance(100)
    assert bench.begun == ["a"]


async def test_a_name_that_comes_during_work_is_worked_on_again() -> None:
    bench = Bench()
    bench.queue.add("a")
    await bench.clock.advance(0)
    bench.queue.add("a")
    bench.queue.add("a", 10)
    assert bench.begun == ["a"]
    await bench.end("a")
    assert bench.begun == ["a", "a"]
    await bench.end("a")
    await bench.clock.advance(100)
    assert bench.begun == ["a", "a"]


async def test_no_more_at_once_than_there_are_workers() -> None:
    bench = Bench(workers=2)
    for name in "abc":
        bench.queue.add(name)
    await bench.clock.advance(0)
    assert bench.begun == ["a", "b"]
    await bench.end("b")
    assert bench.begun == ["a", "b", "c"]


async def test_a_failure_does_not_stop_the_queue() -> None:
    clock, begun = FakeClock(), []

    async def work(name: str) -> None:
        begun.append(name)
        raise ZeroDivisionError

    queue = Queue("test", work, 1, clock, Tasks())
    queue.add("a")
    queue.add("b")
    await clock.advance(0)
    assert begun == ["a", "b"]
    assert len(queue) == 0


async def test_dropped_and_closed_names_are_not_worked_on() -> None:
    bench = Bench()
    bench.queue.add("a", 1)
    bench.queue.add("b", 1)
    bench.queue.drop("a")
    await bench.clock.advance(1)
    assert bench.begun == ["b"]
    bench.queue.add("c", 1)
    await bench.queue.close()
    bench.queue.add("d")
    await bench.clock.advance(5)
    assert bench.begun == ["b"]
