"""Ids, clocks, tasks, texts."""

import asyncio
from contextvars import ContextVar

import pytest

from hub.util.clock import FakeClock
from hub.util.json import dumps
from hub.util.tasks import Tasks
from hub.util.text import slugify
from hub.util.times import iso
from hub.util.ulid import ulid


def test_ulids_are_unique_sorted_and_of_the_alphabet() -> None:
    found = [ulid() for _ in range(200_000)]
    assert len(set(found)) == len(found)
    assert found == sorted(found)
    assert all(len(item) == 26 for item in found)
    assert set("".join(found[:1000])) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("A b Ç", "a_b_c"),
        ("  Küche - 2 ", "kuche_2"),
        ("Straße", "strasse"),
        ("غرفة", "ghrfh"),
        ("__", "unknown"),
        ("", "unknown"),
    ],
)
def test_slugify(text: str, slug: str) -> None:
    assert slugify(text) == slug


def test_iso_always_has_microseconds_and_an_offset() -> None:
    assert iso(1795235070) == "2026-11-21T04:24:30.000000+00:00"


def test_json_knows_our_types_and_refuses_others() -> None:
    assert dumps({"a": frozenset({"y", "x"}), "b": (1,)}) == b'{"a":["x","y"],"b":[1]}'
    with pytest.raises(TypeError, match="not JSON serializable: object"):
        dumps({"a": object()})


async def test_fake_clock_runs_timers_in_order() -> None:
    clock, seen = FakeClock(100.0), []
    clock.call_later(2, lambda: seen.append("b"))
    clock.call_later(1, lambda: seen.append("a"))
    cancel = clock.call_later(1.5, lambda: seen.append("never"))
    cancel()
    sleeper = asyncio.create_task(clock.sleep(3))
    await clock.advance(2.5)
    assert seen == ["a", "b"]
    assert not sleeper.done()
    await clock.advance(1)
    assert sleeper.done()
    assert clock.time() == 103.5
    clock.jump(-50)
    assert clock.time() == 53.5


async def test_tasks_close_cancels_and_refuses_new_ones() -> None:
    tasks = Tasks()
    task = tasks.spawn(asyncio.sleep(3600), "sleeper")
    await tasks.close()
    assert task.cancelled()
    with pytest.raises(RuntimeError, match="late"):
        tasks.spawn(asyncio.sleep(0), "late")


async def test_tasks_begin_without_the_variables_of_who_spawned_them() -> None:
    actor: ContextVar[str | None] = ContextVar("actor", default=None)

    async def seen() -> str | None:
        return actor.get()

    tasks = Tasks()
    actor.set("anna")
    assert await tasks.spawn(seen(), "background") is None
    assert await tasks.spawn(seen(), "waited for", inherit=True) == "anna"
    await tasks.close()


async def test_fake_clock_waits_for_long_chains_of_tasks() -> None:
    clock, seen = FakeClock(100.0), []

    async def chain(left: int) -> None:
        await asyncio.sleep(0)
        if left:
            await asyncio.gather(chain(left - 1))
        seen.append(left)

    clock.call_later(1, lambda: seen.append(asyncio.create_task(chain(60))))
    await clock.advance(1)
    assert seen[-1] == 60


async def test_fake_clock_leaves_a_task_alone_that_is_always_ready() -> None:
    async def spin() -> None:
        while True:
            await asyncio.sleep(0)

    task = asyncio.create_task(spin())
    clock = FakeClock(100.0)
    await clock.advance(1)
    assert clock.time() == 101.0
    task.cancel()


async def test_fake_clock_is_never_a_hair_before_a_timer() -> None:
    clock = FakeClock(1_768_500_000.1)
    seen: list[float] = []
    for wanted in (1_768_500_060.0, 1_768_503_600.7, 1_768_590_000.0):
        clock.call_later(wanted - clock.time(), lambda: seen.append(clock.time()))
    await clock.advance(100_000)
    assert seen == [1_768_500_060.0, 1_768_503_600.7, 1_768_590_000.0]
