"""Log lines, notes and rows on their way to the disk."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from hub.jobs import Job
from hub.jobs.batch import Entry
from hub.jobs.job import MAX_LINE, MAX_LINES
from hub.jobs.journal import MAX_WAITING
from hub.storage import tables
from hub.storage.errors import StorageError
from tests.hub.jobs.conftest import OpenShop, Shop


async def entries(shop: Shop) -> list[Any]:
    """Return what is on the disk."""
    async with shop.database.read() as connection:
        table = tables.job_entries
        return list((await connection.execute(table.select().order_by(table.c.seq))).all())


async def settle(shop: Shop) -> None:
    """Wait until nothing is being written."""
    async with asyncio.timeout(30):
        while shop.jobs._journal._writer is not None:
            await asyncio.sleep(0.001)


async def logged(shop: Shop, *lines: str) -> Job:
    """Run a job that logs."""

    async def work(job: Job) -> None:
        for line in lines:
            job.log(line)

    job = await shop.jobs.start("test", "x", work)
    await job.wait()
    return job


async def test_lines_wait_for_company_and_are_read_before_they_are_written(shop: Shop) -> None:
    go = asyncio.Event()

    async def work(job: Job) -> None:
        for number in range(100):
            job.log(f"line {number}")
        await go.wait()

    job = await shop.jobs.start("test", "x", work)
    await asyncio.sleep(0)
    assert await entries(shop) == []
    await shop.clock.advance(0.6)
    await settle(shop)
    assert [entry.seq for entry in await entries(shop)] == list(range(1, 101))
    job.log("one more")
    assert [line.line for line in await shop.jobs.log(job.id, after=99)] == ["line 99", "one more"]
    assert [line.seq for line in await shop.jobs.log(job.id, after=10, limit=3)] == [11, 12, 13]
    go.set()
    await job.wait()


async def test_hostile_output_can_not_forge_lines(shop: Shop) -> None:
    job = await logged(
        shop,
        "a\nb\r\nc",
        "",
        "\x1b[2Jgone\x00",
        "tab\tstays",
        "x" * 5000,
        "\ud800",
        "ä\u2028ö\x85ü",
    )
    found = [line.line for line in await shop.jobs.log(job.id)]
    assert found[:6] == ["a", "b", "c", "", "�[2Jgone�", "tab\tstays"]
    assert len(found[6]) == MAX_LINE
    assert found[6].endswith("…")
    assert found[7:] == ["?", "ä", "ö", "ü"]


async def test_the_oldest_lines_go_and_a_mark_says_how_many(open_shop: OpenShop) -> None:
    shop = await open_shop()

    async def work(job: Job) -> None:
        for number in range(MAX_LINES):
            job.log(f"line {number}")
        await job.note("key", 1)
        for number in range(MAX_LINES, MAX_LINES + 700):
            job.log(f"line {number}")
            if number % 100 == 0:
                await shop.jobs._journal.flush()

    job = await shop.jobs.start("test", "x", work)
    await job.wait()
    for reopen in (False, True):
        if reopen:
            await shop.close()
        again = await open_shop() if reopen else shop
        lines = await again.jobs.log(job.id)
        assert len(lines) == MAX_LINES + 1
        assert lines[0].line == "… 700 earlier lines were dropped"
        assert lines[0].seq == 700
        assert (lines[1].seq, lines[1].line) == (701, "line 700")
        assert lines[-1].line == f"line {MAX_LINES + 699}"
        assert [line.seq for line in await again.jobs.log(job.id, after=705)][:2] == [706, 707]
        assert [line.seq for line in await again.jobs.log(job.id, after=500)][:2] == [700, 701]
        assert await again.jobs.journal(job.id) == {"key": 1}
        assert len(await entries(again)) == MAX_LINES + 2


async def test_a_note_is_replaced_not_repeated_and_must_be_json(shop: Shop) -> None:
    async def work(job: Job) -> None:
        for number in range(20):
            await job.note("step", {"number": number})
            job.log("between")
        await job.note("other", None)
        assert job.noted("step") == {"number": 19}
        assert job.noted("nothing") is None
        assert dict(job.notes) == {"step": {"number": 19}, "other": None}
        with pytest.raises(TypeError):
            await job.note("bad", object())
        assert job.noted("bad") is None

    job = await shop.jobs.start("test", "x", work)
    await job.wait()
    assert await shop.jobs.journal(job.id) == {"step": {"number": 19}, "other": None}
    assert len([entry for entry in await entries(shop) if entry.kind == "journal"]) == 2


async def test_notes_of_many_jobs_share_transactions(shop: Shop) -> None:
    commits = 0
    write = shop.jobs._journal._write

    async def counted(batch: Any) -> None:
        nonlocal commits
        commits += 1
        await write(batch)

    shop.jobs._journal._write = counted  # type: ignore[method-assign]

    async def work(job: Job) -> None:
        for number in range(5):
            await job.note("step", number)

    jobs = [await shop.jobs.start("test", str(number), work) for number in range(50)]
    started = commits
    for job in jobs:
        await job.wait()
    assert commits - started < 100
    for job in jobs:
        assert await shop.jobs.journal(job.id) == {"step": 4}


async def test_a_disk_that_stays_away_costs_old_lines_only(
    shop: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocker = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")

    async def work(job: Job) -> None:
        await job.note("kept", True)

    job = await shop.jobs.start("test", "x", work)
    await job.wait()
    journal = shop.jobs._journal
    for number in range(MAX_WAITING + 10):
        journal.line(Entry(job.id, 100 + number, "log", 0.0, '"x"'))
    assert len(journal._batch.lines) + len(journal._writing.lines) <= MAX_WAITING
    assert journal.lost_lines == 10
    assert await shop.jobs.journal(job.id) == {"kept": True}
    blocker.close()
    await shop.clock.advance(100)
    while journal.degraded:
        await asyncio.sleep(0.01)
        await shop.clock.advance(100)
    assert len(await entries(shop)) == MAX_WAITING + 1


async def test_followers_hear_lines_in_batches_before_the_end(shop: Shop) -> None:
    heard: list[tuple[str, list[int]]] = []
    stop = shop.jobs.listen_log(lambda job, lines: heard.append((job.id, [x.seq for x in lines])))
    job = await logged(shop, "a", "b", "c")
    assert heard == [(job.id, [1, 2, 3])]
    stop()
    stop()
    await logged(shop, "not heard")
    assert len(heard) == 1


async def test_a_commit_whose_answer_was_lost_is_repeated_without_harm(shop: Shop) -> None:
    journal = shop.jobs._journal
    write, lost = journal._write, 1

    async def forgetful(batch: Any) -> None:
        nonlocal lost
        await write(batch)
        if lost:
            lost -= 1
            raise StorageError("the answer was lost")

    async def work(job: Job) -> None:
        job.log("one")
        await job.note("key", 1)
        job.log("two")

    job = await shop.jobs.start("test", "x", work)
    journal._write = forgetful  # type: ignore[method-assign]
    await job.wait()
    assert journal.degraded
    await shop.clock.advance(5)
    async with asyncio.timeout(30):
        while journal.degraded:
            await asyncio.sleep(0.001)
    assert [line.line for line in await shop.jobs.log(job.id)] == ["one", "two"]
    assert await shop.jobs.journal(job.id) == {"key": 1}
    assert len(await entries(shop)) == 3
