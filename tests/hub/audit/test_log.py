"""Writing: with the caller's transaction, behind it, and while the disk fails."""

import asyncio
import sqlite3

import pytest

from hub.audit import ACTOR, Audit, Entry, Result
from hub.audit.notes import MAX_WAITING
from hub.events import ORIGIN, Context
from hub.storage import Database
from hub.util.clock import FakeClock, SystemClock
from tests.hub.audit.conftest import KEY, fill


class Undone(Exception):  # noqa: N818
    """Thrown to roll back."""


async def add_and_undo(audit: Audit, database: Database, entry: Entry) -> None:
    """Append an entry in a transaction that fails."""
    async with database.begin() as connection:
        await audit.add(connection, entry)
        raise Undone


async def test_a_row_tells_who_what_when_where_and_how_it_ended(
    database: Database, audit: Audit
) -> None:
    audit.names = {"u1": "Anna"}.get
    context = Context("u1")
    token = ORIGIN.set("10.1.2.3")
    async with database.begin() as connection:
        await audit.add(connection, Entry("resource.put", "x/y", context=context, data={"a": 1}))
    ORIGIN.reset(token)
    (row,) = await audit.query()
    assert row.pop("at") > 0
    assert row == {
        "seq": 1,
        "action": "resource.put",
        "target": "x/y",
        "result": "ok",
        "user_id": "u1",
        "user_name": "Anna",
        "address": "10.1.2.3",
        "context_id": context.id,
        "data": {"a": 1},
    }


async def test_without_a_context_the_task_tells_who_acts(audit: Audit) -> None:
    token = ACTOR.set("u2")
    audit.note(Entry("x", "y"))
    ACTOR.reset(token)
    await audit.flush()
    assert (await audit.query())[0]["user_id"] == "u2"


async def test_a_rolled_back_entry_leaves_nothing_and_the_chain_goes_on(
    database: Database, audit: Audit
) -> None:
    await fill(audit, database, 2)
    with pytest.raises(Undone):
        await add_and_undo(audit, database, Entry("gone", "x"))
    await fill(audit, database, 2)
    report = await audit.verify()
    assert (report.ok, report.rows) == (True, 4)
    assert await audit.query(action="gone") == []


async def test_two_adds_in_one_transaction(database: Database, audit: Audit) -> None:
    async with database.begin() as connection:
        await audit.add(connection, Entry("one", "x"))
        await audit.add(connection, Entry("two", "x"), Entry("three", "x"))
    assert [row["action"] for row in await audit.query()] == ["three", "two", "one"]
    assert (await audit.verify()).ok


async def test_what_can_not_be_stored_is_made_storable(audit: Audit) -> None:
    audit.note(Entry("a" * 1000, "lone \ud800 surrogate", data={"x": "y" * 10000}))
    audit.note(Entry("object", "x", data={"x": object()}))
    assert await audit.flush()
    odd, long = await audit.query()
    assert len(long["action"]) == 256
    assert long["target"] == "lone ? surrogate"
    assert set(long["data"]) == {"omitted_bytes"}
    assert "object object" in odd["data"]["x"]
    assert (await audit.verify()).ok


async def test_equal_notes_are_counted(audit: Audit) -> None:
    for _ in range(5):
        audit.note(Entry("denied", "get_config", Result.DENIED, Context("u1")))
    audit.note(Entry("denied", "other", Result.DENIED))
    await audit.flush()
    other, same = await audit.query()
    assert same["data"]["count"] == 5
    assert same["data"]["last_at"] >= same["at"]
    assert other["data"] == {}


async def test_notes_are_written_within_a_quarter_of_a_second(database: Database) -> None:
    clock = FakeClock()
    audit = Audit(database, clock, KEY)
    audit.note(Entry("x", "y"))
    await clock.advance(0.25)
    writer = audit._writer
    if writer is not None:
        await writer
    assert (audit.waiting, len(await audit.query())) == (0, 1)


async def test_too_many_notes_become_one_row_that_says_how_many(audit: Audit) -> None:
    for number in range(MAX_WAITING + 100):
        audit.note(Entry("denied", f"x/{number}"))
    audit.note(Entry("denied", "x/0"))
    await audit.flush()
    (row,) = await audit.query(action="audit.overflow")
    assert row["data"]["count"] == 101
    assert row["result"] == "failed"
    assert (await audit.verify()).rows == MAX_WAITING + 1


async def test_notes_wait_for_a_failing_disk(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    clock, told = FakeClock(), []
    audit = Audit(database, clock, KEY)
    audit.report_health = told.append
    with sqlite3.connect(database.path) as file:
        file.execute("ALTER TABLE audit RENAME TO hidden")
    file.close()
    audit.note(Entry("x", "y"))
    audit.note(Entry("x", "y"))
    assert not await audit.flush()
    audit.note(Entry("x", "y"))
    assert not await audit.flush()
    assert (audit.waiting, len(told)) == (1, 2)
    assert "can not be written" in caplog.text
    with sqlite3.connect(database.path) as file:
        file.execute("ALTER TABLE hidden RENAME TO audit")
    file.close()
    assert await audit.flush()
    assert told[-1] is None
    assert (await audit.query())[0]["data"]["count"] == 3
    await audit.close()


async def test_overflow_is_remembered_over_a_failing_disk(database: Database) -> None:
    audit = Audit(database, SystemClock(), KEY)
    with sqlite3.connect(database.path) as file:
        file.execute("ALTER TABLE audit RENAME TO hidden")
    file.close()
    for number in range(MAX_WAITING + 10):
        audit.note(Entry("denied", f"x/{number}"))
    assert not await audit.flush()
    for number in range(20):
        audit.note(Entry("denied", f"y/{number}"))
    assert not await audit.flush()
    with sqlite3.connect(database.path) as file:
        file.execute("ALTER TABLE hidden RENAME TO audit")
    file.close()
    assert await audit.flush()
    (row,) = await audit.query(action="audit.overflow")
    assert row["data"]["count"] == 30
    await audit.close()


async def test_what_waits_is_written_when_the_database_closes(database: Database) -> None:
    audit = Audit(database, FakeClock(), KEY)
    audit.note(Entry("last", "x"))
    await database.close()
    with sqlite3.connect(database.path) as file:
        assert file.execute("SELECT action FROM audit").fetchall() == [("last",)]
    file.close()


async def test_a_query_narrows_and_pages(database: Database, audit: Audit) -> None:
    async with database.begin() as connection:
        for number in range(10):
            await audit.add(
                connection,
                Entry(
                    "resource.put" if number % 2 else "login",
                    f"x_/{number}",
                    Result.DENIED if number == 4 else Result.OK,
                    Context("u1" if number < 5 else "u2"),
                ),
            )

    async def seqs(**wanted: object) -> list[int]:
        return [row["seq"] for row in await audit.query(**wanted)]  # type: ignore[arg-type]

    assert await seqs(limit=3) == [10, 9, 8]
    assert await seqs(before=8, limit=3) == [7, 6, 5]
    assert await seqs(after=8) == [10, 9]
    assert await seqs(action="resource.*", user_id="u1") == [4, 2]
    assert await seqs(target="x_/3") == [4]
    assert await seqs(target="x%*") == []
    assert await seqs(result="denied") == [5]
    (first,) = await audit.query(before=2)
    assert await seqs(since=first["at"], limit=1) == [10]
    assert await seqs(until=first["at"]) == []


async def test_listeners_hear_of_committed_rows_only(database: Database, audit: Audit) -> None:
    heard: asyncio.Queue[list[str]] = asyncio.Queue()
    stop = audit.listen(lambda rows: heard.put_nowait([row["action"] for row in rows]))
    with pytest.raises(Undone):
        await add_and_undo(audit, database, Entry("undone", "x"))
    async with database.begin() as connection:
        await audit.add(connection, Entry("one", "x"), Entry("two", "x"))
        await asyncio.sleep(0.1)
    assert await heard.get() == ["one", "two"]
    audit.note(Entry("three", "x"))
    assert await heard.get() == ["three"]
    stop()
    await fill(audit, database, 1)
    assert heard.empty()
    await audit.close()


async def test_an_export_holds_every_row_with_its_hash(database: Database, audit: Audit) -> None:
    await fill(audit, database, 2500)
    lines = b"".join([page async for page in audit.export()]).splitlines()
    assert len(lines) == 2500
    assert b'"hash":"' in lines[-1]
