"""Jobs from their start to their end, whatever that is."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from hub.auth import Role, User
from hub.auth.policy import parsed
from hub.auth.rights import Rights
from hub.errors import HubError, NotAllowed, NotFound, TimedOut, Unauthorized, Unavailable
from hub.events import ORIGIN, Context
from hub.jobs import Job, JobCancelled, JobInterrupted, JobRecord, JobState
from hub.jobs.jobs import KEEP_JOBS, KEEP_SECONDS
from hub.storage import tables
from tests.hub.jobs.conftest import OpenShop, Shop


async def rows(shop: Shop, table: Any = None) -> list[Any]:
    """Return what is on the disk, seen by a reader of its own."""
    table = tables.jobs if table is None else table
    async with shop.database.read() as connection:
        return list((await connection.execute(table.select())).all())


async def nothing(job: Job) -> None:
    del job


async def for_ever(job: Job) -> None:
    while True:
        await job.checkpoint()


async def test_a_started_job_is_on_the_disk_and_its_end_is_before_it_is_told(shop: Shop) -> None:
    go = asyncio.Event()

    async def work(job: Job) -> dict[str, int]:
        await go.wait()
        return {"files": 2}

    job = await shop.jobs.start("proxy.apply", "proxy.host/blog", work, Context("u" * 32))
    (row,) = await rows(shop)
    assert (row.id, row.kind, row.target) == (job.id, "proxy.apply", "proxy.host/blog")
    assert row.state in ("queued", "running")
    assert row.user_id == "u" * 32
    assert job.state == "running"
    go.set()
    assert await job.wait() == {"files": 2}
    (row,) = await rows(shop)
    assert (row.state, row.result, row.progress) == ("done", '{"files":2}', 1.0)
    assert [told["state"] for told in shop.told] == ["queued", "running", "done"]
    assert shop.told[-1] == shop.jobs.get(job.id).as_dict()
    assert shop.told[-1]["finished_at"] == shop.clock.time()
    assert not shop.told[-1]["cancellable"]


async def test_the_work_inherits_who_asked_and_from_where(shop: Shop) -> None:
    ORIGIN.set("192.0.2.7")
    context = Context("u" * 32)

    async def work(job: Job) -> list[Any]:
        return [ORIGIN.get(), job.context.id]

    job = await shop.jobs.start("test", "x", work, context)
    assert await job.wait() == ["192.0.2.7", context.id]
    assert job.record.context_id == context.id


async def test_an_expected_failure_keeps_its_code_and_a_defect_only_a_reference(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    async def expected(job: Job) -> None:
        raise Unavailable("The host does not answer")

    async def defect(job: Job) -> None:
        raise ValueError("hunter2")

    async def no_json(job: Job) -> object:
        return object()

    job = await shop.jobs.start("test", "a", expected)
    with pytest.raises(Unavailable):
        await job.wait()
    assert job.as_dict()["error"] == {"code": "unavailable", "message": "The host does not answer"}
    assert caplog.records == []
    for work, kind in ((defect, ValueError), (no_json, TypeError)):
        job = await shop.jobs.start("test", "b", work)
        with pytest.raises(kind):
            await job.wait()
        error = job.as_dict()["error"]
        assert error["code"] == "unknown_error"
        assert "hunter2" not in error["message"]
        record = caplog.records.pop()
        assert record.levelno == logging.ERROR
        assert record.exc_info
        assert error["message"].rpartition(" ")[2] in record.getMessage()
    assert [row.state for row in await rows(shop)] == ["failed"] * 3


async def test_a_cancel_takes_effect_at_a_safe_point_only(shop: Shop) -> None:
    safe, steps = asyncio.Event(), []

    async def work(job: Job) -> None:
        steps.append("begun")
        await safe.wait()
        steps.append("unsafe part done")
        await job.checkpoint()
        steps.append("never")

    job = await shop.jobs.start("test", "x", work)
    assert job.as_dict()["cancellable"]
    record = await shop.jobs.cancel(job.id)
    assert (record.state, record.cancellable) == ("running", False)
    await shop.jobs.cancel(job.id)
    safe.set()
    with pytest.raises(JobCancelled):
        await job.wait()
    assert steps == ["begun", "unsafe part done"]
    assert job.state == "cancelled"
    assert (await rows(shop))[0].state == "cancelled"
    with pytest.raises(NotAllowed):
        await shop.jobs.cancel(job.id)
    with pytest.raises(NotFound):
        await shop.jobs.cancel("nothing")


async def test_inside_cancel_anywhere_it_takes_effect_at_once(shop: Shop) -> None:
    cleaned = []

    async def work(job: Job) -> None:
        with job.cancel_anywhere():
            try:
                await asyncio.Event().wait()
            finally:
                cleaned.append(True)

    async def in_a_group(job: Job) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(work(job))
            group.create_task(work(job))

    for kind in (work, in_a_group):
        job = await shop.jobs.start("test", "x", kind)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await shop.jobs.cancel(job.id)
        with pytest.raises(JobCancelled):
            await job.wait()
        assert job.state == "cancelled"
    assert cleaned == [True] * 3


async def test_work_that_goes_on_after_a_cancel_is_done_and_one_may_forbid_cancelling(
    shop: Shop,
) -> None:
    go = asyncio.Event()

    async def work(job: Job) -> str:
        await go.wait()
        return "done"

    stubborn = await shop.jobs.start("test", "x", work)
    await shop.jobs.cancel(stubborn.id)
    whole = await shop.jobs.start("test", "y", work, cancellable=False)
    with pytest.raises(NotAllowed):
        await shop.jobs.cancel(whole.id)
    go.set()
    assert await stubborn.wait() == await whole.wait() == "done"


async def test_a_cancel_of_another_job_is_a_failure_of_this_one(shop: Shop) -> None:
    async def work(job: Job) -> None:
        raise JobCancelled("the other one")

    job = await shop.jobs.start("test", "x", work)
    with pytest.raises(JobCancelled):
        await job.wait()
    assert job.as_dict()["error"] == {"code": "job_cancelled", "message": "the other one"}


async def test_a_job_ends_when_its_time_is_over(shop: Shop) -> None:
    cleaned = []

    async def work(job: Job) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)

    job = await shop.jobs.start("test", "x", work, timeout=60)
    quick = await shop.jobs.start("test", "y", nothing, timeout=60)
    await quick.wait()
    await shop.clock.advance(59)
    assert job.state == "running"
    await shop.clock.advance(1)
    with pytest.raises(TimedOut):
        await job.wait()
    assert cleaned == [True]
    assert job.as_dict()["error"] == {
        "code": "timeout",
        "message": "The job took longer than 60 s and was ended",
    }
    await shop.clock.advance(60)
    assert quick.state == "done"


async def test_progress_is_told_ten_times_a_second_at_most_and_ends_complete(shop: Shop) -> None:
    go = asyncio.Event()

    async def work(job: Job) -> None:
        for number in range(1000):
            job.progress(number / 1000, f"step {number}")
        job.progress(float("nan"), "not a number")
        await go.wait()
        job.progress(7, "too\nmuch \x1b[31m")

    job = await shop.jobs.start("test", "x", work)
    await shop.clock.advance(0.05)
    assert [told["state"] for told in shop.told] == ["queued", "running"]
    await shop.clock.advance(0.06)
    assert shop.told[-1]["message"] == "not a number"
    assert shop.told[-1]["progress"] == 0.999
    assert len(shop.told) == 3
    go.set()
    await job.wait()
    assert shop.told[-1]["progress"] == 1.0
    assert shop.told[-1]["message"] == "too�much �[31m"
    assert len(shop.told) == 4


async def test_lists_are_newest_first_and_filtered(shop: Shop) -> None:
    go = asyncio.Event()

    async def wait(job: Job) -> None:
        await go.wait()

    ids = []
    for target in ("a", "b", "a"):
        job = await shop.jobs.start("test", target, nothing)
        await job.wait()
        ids.append(job.id)
        shop.clock.jump(1)
    running = await shop.jobs.start("test", "a", wait)
    assert [record.id for record in shop.jobs.list()] == [running.id, *reversed(ids)]
    assert [record.id for record in shop.jobs.list(target="a")] == [running.id, ids[2], ids[0]]
    assert [record.id for record in shop.jobs.list(state="running")] == [running.id]
    assert [record.id for record in shop.jobs.list(state=JobState.DONE, limit=1)] == [ids[2]]
    assert shop.jobs.list(readable=lambda record: record.target == "b")[0].id == ids[1]
    assert len(shop.jobs) == 1
    go.set()
    await running.wait()
    assert len(shop.jobs) == 0


async def test_a_large_result_is_whole_for_who_waits_and_named_in_the_row(shop: Shop) -> None:
    async def work(job: Job) -> str:
        return "x" * 20_000

    job = await shop.jobs.start("test", "x", work)
    assert len(await job.wait()) == 20_000
    assert job.as_dict()["result"] == {"too_large": 20_002}


async def test_the_context_s_user_must_be_allowed_to_cancel(open_shop: OpenShop) -> None:
    shop = await open_shop()

    rules = [{"effect": "allow", "verbs": ["apply"], "resource_type": "vpn.user"}]
    vpn = Rights(Role.VIEWER, parsed("vpn", rules).rules)
    people: dict[str, Any] = {
        "admin": User("admin", "Admin", role=Role.ADMIN),
        "own": User("own", "Own", role=Role.VIEWER),
        "vpn": User("vpn", "Vpn", role=Role.VIEWER, compile=lambda _: vpn),
        "none": User("none", "None", role=Role.VIEWER),
    }
    shop.jobs._users = people  # type: ignore[assignment]
    for user, allowed in (("admin", True), ("own", True), ("vpn", True), ("none", False)):
        job = await shop.jobs.start("test", "vpn.user/anna", for_ever, Context("own"))
        if allowed:
            await shop.jobs.cancel(job.id, Context(user))
            with pytest.raises(JobCancelled):
                await job.wait()
        else:
            with pytest.raises(Unauthorized):
                await shop.jobs.cancel(job.id, Context(user))
            with pytest.raises(Unauthorized):
                await shop.jobs.cancel(job.id, Context("gone"))
    job = await shop.jobs.start("test", "no resource", for_ever)
    with pytest.raises(Unauthorized):
        await shop.jobs.cancel(job.id, Context("vpn"))


# --- the hub stops, the hub starts


async def test_a_stop_lets_jobs_reach_a_safe_point_and_refuses_new_ones(
    open_shop: OpenShop,
) -> None:
    shop = await open_shop()
    steps = []

    async def work(job: Job) -> None:
        for number in range(1_000_000):
            await job.note("step", number)
            await job.checkpoint()
            steps.append(number)

    async def stuck(job: Job) -> None:
        await job.note("stuck", True)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.Event().wait()
        raise asyncio.CancelledError

    good = await shop.jobs.start("test", "good", work)
    late = await shop.jobs.start("test", "late", stuck)
    while len(steps) < 3:
        await asyncio.sleep(0)
    await shop.jobs.stop()
    assert good.state == late.state == JobState.INTERRUPTED
    for job in (good, late):
        with pytest.raises(JobInterrupted):
            await job.wait()
    with pytest.raises(Unavailable):
        await shop.jobs.start("test", "new", nothing)
    assert {row.state for row in await rows(shop)} == {"interrupted"}
    again = await open_shop()
    found = {record.target: record for record in again.jobs.interrupted()}
    assert found["good"].journal["step"] == steps[-1] + 1
    assert found["late"].journal == {"stuck": True}


async def interrupt(shop: Shop, target: str, **notes: Any) -> JobRecord:
    """Start a job, let it note, and leave it to the end of the hub."""
    noted = asyncio.Event()

    async def work(job: Job) -> None:
        for key, value in notes.items():
            await job.note(key, value)
        noted.set()
        with job.cancel_anywhere():
            await asyncio.Event().wait()

    job = await shop.jobs.start("test", target, work)
    await noted.wait()
    return job.record


async def test_interrupted_jobs_are_offered_until_somebody_took_care(open_shop: OpenShop) -> None:
    shop = await open_shop()
    resumed = await interrupt(shop, "a", steps=[1, 2])
    settled = await interrupt(shop, "b")
    redone = await interrupt(shop, "c")
    left = await interrupt(shop, "d", x={"y": None})
    await shop.close()
    shop = await open_shop()
    shop.clock.jump(1)
    offered = shop.jobs.interrupted()
    assert [record.id for record in offered] == [resumed.id, settled.id, redone.id, left.id]
    assert [record.journal for record in offered] == [{"steps": [1, 2]}, {}, {}, {"x": {"y": None}}]
    assert all(record.state is JobState.INTERRUPTED and record.finished_at for record in offered)
    assert await shop.jobs.journal(resumed.id) == {"steps": [1, 2]}

    async def recover(job: Job) -> Any:
        found = job.noted("steps")
        await job.note("steps", [*found, 3])
        await asyncio.Event().wait()

    again = await shop.jobs.start("test", "a", recover, resume=offered[0])
    await shop.jobs.settle(settled.id)
    await (await shop.jobs.start("test", "c", nothing)).wait()
    assert [record.id for record in shop.jobs.interrupted()] == [redone.id, left.id]
    while again.noted("steps") != [1, 2, 3]:
        await asyncio.sleep(0)
    await shop.close()
    shop = await open_shop()
    offered = shop.jobs.interrupted()
    assert [record.id for record in offered] == [left.id, again.id]
    assert offered[1].journal == {"steps": [1, 2, 3]}


async def test_old_and_surplus_jobs_go_and_take_their_entries_along(open_shop: OpenShop) -> None:
    shop = await open_shop()
    waiting = await interrupt(shop, "waits for its recovery")
    await shop.close()
    shop = await open_shop()

    async def work(job: Job) -> None:
        job.log("line")

    for number in range(30):
        await (await shop.jobs.start("test", str(number), work)).wait()
    shop.clock.jump(KEEP_SECONDS - 10)
    last = await shop.jobs.start("test", "last", work)
    await last.wait()
    assert len(shop.jobs.list()) == 32
    shop.clock.jump(20)
    await shop.clock.advance(3600)
    assert [record.id for record in shop.jobs.list()] == [last.id, waiting.id]
    await shop.jobs._journal.flush()
    while shop.jobs._journal._batch or shop.jobs._journal._writer:
        await asyncio.sleep(0.01)
    assert {row.id for row in await rows(shop)} == {last.id, waiting.id}
    assert {row.job_id for row in await rows(shop, tables.job_entries)} == {last.id}
    for number in range(KEEP_JOBS + 20):
        await shop.jobs.start("test", str(number), nothing)
    while len(shop.jobs):
        await asyncio.sleep(0)
    records = shop.jobs.list()
    assert len(records) == KEEP_JOBS
    assert records[0].target == str(KEEP_JOBS + 19)
    assert records[-1].id == waiting.id


# --- a failing disk


async def test_a_failing_disk_stops_no_job_and_its_rows_are_caught_up(
    shop: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import sqlite3

    blocker = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")

    async def work(job: Job) -> str:
        job.log("one")
        await job.note("key", "value")
        job.log("two")
        return "done"

    job = await shop.jobs.start("test", "x", work)
    assert await job.wait() == "done"
    assert shop.jobs.degraded
    assert [line.line for line in await shop.jobs.log(job.id)] == ["one", "two"]
    assert await shop.jobs.journal(job.id) == {"key": "value"}
    assert await rows(shop) == []
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1
    blocker.close()
    await shop.clock.advance(5)
    while shop.jobs.degraded:
        await asyncio.sleep(0.01)
    (row,) = await rows(shop)
    assert row.state == "done"
    entries = await rows(shop, tables.job_entries)
    assert sorted((entry.seq, entry.kind) for entry in entries) == [
        (1, "log"),
        (2, "journal"),
        (3, "log"),
    ]


async def test_hub_errors_from_the_group_of_tasks_keep_their_code(shop: Shop) -> None:
    async def fail() -> None:
        raise HubError("no")

    async def work(job: Job) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())

    job = await shop.jobs.start("test", "x", work)
    with pytest.raises(HubError):
        await job.wait()
    assert job.as_dict()["error"] == {"code": "home_assistant_error", "message": "no"}
