"""Whose turn it is."""

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.modbus.line import turns as module
from integrations.modbus.line.errors import Overloaded
from integrations.modbus.line.turns import PATIENCE, Priority, Turns


async def order(turns: Turns, wanted: list[Priority]) -> list[tuple[Priority, int]]:
    """Queue up behind a turn that is held, and return who came when."""
    taken: list[tuple[Priority, int]] = []

    async def take(priority: Priority, number: int) -> None:
        async with turns.turn(priority):
            taken.append((priority, number))

    async with turns.turn(Priority.SCAN):
        tasks = [
            asyncio.create_task(take(priority, number)) for number, priority in enumerate(wanted)
        ]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    return taken


async def test_priorities_first_then_the_order_of_coming() -> None:
    wanted = [*reversed(Priority), *reversed(Priority)]
    found = await order(Turns(), wanted)
    assert found == [
        (Priority.WRITE, 3), (Priority.WRITE, 7), (Priority.ASKED, 2), (Priority.ASKED, 6),
        (Priority.POLL, 1), (Priority.POLL, 5), (Priority.SCAN, 0), (Priority.SCAN, 4),
    ]  # fmt: skip


async def test_a_free_turn_is_taken_without_the_loop() -> None:
    turns = Turns(2)
    for _ in range(2):
        turns.turn(Priority.POLL)
        with pytest.raises(StopIteration):
            turns.acquire(Priority.POLL).send(None)
    waiting = turns.acquire(Priority.POLL)
    assert waiting.send(None) is not None, "now there is none left"
    waiting.close()


async def test_polls_do_not_starve_behind_people_nor_scans_behind_polls() -> None:
    crowd = [Priority.ASKED] * 40 + [Priority.POLL] * 3 + [Priority.SCAN] * 2
    found = [priority for priority, _ in await order(Turns(), crowd)]
    polls = [index for index, priority in enumerate(found) if priority is Priority.POLL]
    scans = [index for index, priority in enumerate(found) if priority is Priority.SCAN]
    assert max(polls + scans) <= 5 * (PATIENCE + 1)
    assert polls[0] <= PATIENCE + 1
    assert scans[0] <= PATIENCE + 1


async def test_writes_pass_everybody_however_many() -> None:
    found = await order(Turns(), [Priority.POLL] * 3 + [Priority.WRITE] * 50)
    assert [priority for priority, _ in found[:50]] == [Priority.WRITE] * 50


async def test_a_queue_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    turns = Turns()
    async with turns.turn(Priority.POLL):
        tasks = [asyncio.create_task(turns.acquire(Priority.POLL)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="3 requests"):
            await turns.acquire(Priority.WRITE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert (turns.used, turns.waiting) == (0, 0)


async def test_more_and_fewer_turns() -> None:
    turns = Turns(3)
    for _ in range(3):
        await turns.acquire(Priority.POLL)
    waiting = asyncio.create_task(turns.acquire(Priority.POLL))
    await asyncio.sleep(0)
    turns.resize(1)
    turns.release()
    turns.release()
    await asyncio.sleep(0)
    assert not waiting.done()
    turns.release()
    await waiting
    another = asyncio.create_task(turns.acquire(Priority.POLL))
    await asyncio.sleep(0)
    turns.resize(2)
    await another
    assert turns.used == 2


async def test_given_and_cancelled_in_the_same_moment() -> None:
    turns = Turns()
    await turns.acquire(Priority.POLL)
    first, second = (asyncio.create_task(turns.acquire(Priority.POLL)) for _ in range(2))
    await asyncio.sleep(0)
    turns.release()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await second
    assert (turns.used, turns.waiting) == (1, 0)


async def test_cancelled_and_given_in_the_same_moment() -> None:
    turns = Turns()
    await turns.acquire(Priority.POLL)
    first, second = (asyncio.create_task(turns.acquire(Priority.POLL)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    turns.release()
    await asyncio.gather(first, return_exceptions=True)
    await second
    assert (turns.used, turns.waiting) == (1, 0)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32), slots=st.integers(1, 4), wanted=st.lists(st.sampled_from(Priority))
)
def test_no_turn_is_lost_or_given_twice(seed: int, slots: int, wanted: list[Priority]) -> None:
    draw = random.Random(seed)  # noqa: S311 - a test's dice
    turns = Turns(slots)
    inside = most = done = 0

    async def visit(priority: Priority) -> None:
        nonlocal inside, most, done
        async with turns.turn(priority):
            inside += 1
            most = max(most, inside)
            try:
                for _ in range(draw.randrange(3)):
                    await asyncio.sleep(0)
            finally:
                inside -= 1
        done += 1

    async def all_of_them() -> int:
        tasks = []
        for priority in wanted:
            tasks.append(asyncio.create_task(visit(priority)))
            if draw.random() < 0.5:
                await asyncio.sleep(0)
            if draw.random() < 0.3:
                draw.choice(tasks).cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        return sum(end is None for end in ends)

    assert asyncio.run(all_of_them()) == done
    assert most <= slots
    assert (turns.used, turns.waiting) == (0, 0)
