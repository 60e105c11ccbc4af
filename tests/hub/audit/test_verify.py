"""Break-ins: whoever writes the file without the key is found, and the row is named."""

import asyncio
import json
import sqlite3

import pytest

from hub.audit import Audit, Entry
from hub.storage import Database
from hub.util.clock import FakeClock, SystemClock
from tests.hub.audit.conftest import KEY, fill, tamper

COPY = "at, action, target, result, user_id, user_name, address, context_id, data, hash"


async def found(audit: Audit) -> list[tuple[int, str]]:
    """Return seq and kind of each problem."""
    return [(problem.seq, problem.kind) for problem in (await audit.verify()).problems]


async def test_an_untouched_log_is_fine(audit: Audit, database: Database) -> None:
    await fill(audit, database)
    report = await audit.verify()
    assert (report.ok, report.rows, report.first, report.last) == (True, 10, 1, 10)
    assert report.head[0] == 10


async def test_an_empty_log_is_fine(audit: Audit) -> None:
    assert (await audit.verify()).as_dict()["ok"] is True


@pytest.mark.parametrize(
    "change",
    [
        "target = 'thing/99'",
        "at = at + 1",
        "result = 'denied'",
        "user_id = 'somebody'",
        "address = '10.0.0.1'",
        "data = '{\"a\":1}'",
        "context_id = 'x'",
        "action = 'other'",
        "user_name = 'x'",
        "hash = replace(hash, substr(hash, 1, 1), 'z')",
        "target = x'00'",
    ],
)
async def test_a_changed_row_is_named(audit: Audit, database: Database, change: str) -> None:
    await fill(audit, database)
    tamper(database, f"UPDATE audit SET {change} WHERE seq = 4")  # noqa: S608
    assert await found(audit) == [(4, "changed")]


async def test_the_last_hash_can_not_be_changed(audit: Audit, database: Database) -> None:
    await fill(audit, database)
    tamper(database, "UPDATE audit SET hash = 'x' WHERE seq = 10")
    assert (10, "changed") in await found(audit)


async def test_a_removed_row_is_named(audit: Audit, database: Database) -> None:
    await fill(audit, database)
    tamper(database, "DELETE FROM audit WHERE seq IN (4, 5)")
    report = await audit.verify()
    assert [problem.message for problem in report.problems] == ["rows 4 to 5 were removed"]


async def test_a_removed_row_whose_gap_was_closed_is_found(
    audit: Audit, database: Database
) -> None:
    await fill(audit, database)
    tamper(
        database, "DELETE FROM audit WHERE seq = 4", "UPDATE audit SET seq = seq - 1 WHERE seq > 4"
    )
    assert (4, "changed") in await found(audit)


async def test_a_removed_end_is_named(audit: Audit, database: Database) -> None:
    await fill(audit, database)
    tamper(database, "DELETE FROM audit WHERE seq > 7")
    assert await found(audit) == [(8, "removed")]


async def test_a_removed_beginning_is_named(audit: Audit, database: Database) -> None:
    await fill(audit, database)
    tamper(database, "DELETE FROM audit WHERE seq < 3")
    assert await found(audit) == [(1, "removed")]


async def test_a_removed_end_with_a_forged_head_is_found(audit: Audit, database: Database) -> None:
    await fill(audit, database)
    tamper(database, "DELETE FROM audit WHERE seq > 7")
    with sqlite3.connect(database.path) as file:
        (text,) = file.execute("SELECT data FROM documents WHERE namespace='audit'").fetchone()
        (last,) = file.execute("SELECT hash FROM audit WHERE seq = 7").fetchone()
        forged = json.dumps(json.loads(text) | {"seq": 7, "hash": last})
        file.execute("UPDATE documents SET data = ? WHERE namespace = 'audit'", (forged,))
    file.close()
    assert await found(audit) == [(7, "head")]


@pytest.mark.parametrize(
    "how",
    [
        "DELETE FROM documents WHERE namespace = 'audit'",
        "UPDATE documents SET data = 'no json' WHERE namespace = 'audit'",
        "UPDATE documents SET data = '[]' WHERE namespace = 'audit'",
    ],
)
async def test_a_lost_head_is_found(audit: Audit, database: Database, how: str) -> None:
    await fill(audit, database)
    tamper(database, how)
    assert await found(audit) == [(10, "head")]


async def test_an_emptied_log_is_found(audit: Audit, database: Database) -> None:
    await fill(audit, database)
    tamper(database, "DELETE FROM audit")
    assert await found(audit) == [(1, "removed")]


async def test_an_inserted_row_is_named(audit: Audit, database: Database) -> None:
    await fill(audit, database)
    tamper(
        database,
        "UPDATE audit SET seq = seq + 100 WHERE seq >= 4",
        f"INSERT INTO audit (seq, {COPY}) SELECT 4, {COPY} FROM audit WHERE seq = 3",  # noqa: S608
        "UPDATE audit SET seq = seq - 99 WHERE seq > 100",
    )
    assert (4, "changed") in await found(audit)


async def test_an_appended_row_is_named(audit: Audit, database: Database) -> None:
    await fill(audit, database)
    tamper(
        database,
        f"INSERT INTO audit (seq, {COPY}) SELECT 11, {COPY} FROM audit WHERE seq = 3",  # noqa: S608
    )
    assert {seq for seq, _ in await found(audit)} == {11}


async def test_swapped_rows_are_named(audit: Audit, database: Database) -> None:
    await fill(audit, database)
    tamper(
        database,
        "UPDATE audit SET seq = 100 WHERE seq = 4",
        "UPDATE audit SET seq = 4 WHERE seq = 5",
        "UPDATE audit SET seq = 5 WHERE seq = 100",
    )
    assert [seq for seq, _ in await found(audit)][:2] == [4, 5]


async def test_rows_of_another_key_are_found(audit: Audit, database: Database) -> None:
    await fill(Audit(database, SystemClock(), b"x" * 32), database)
    assert (1, "changed") in await found(audit)


async def test_the_hub_goes_on_and_says_so_when_the_end_was_removed(
    audit: Audit, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(audit, database)
    tamper(database, "DELETE FROM audit WHERE seq > 7")
    await fill(audit, database, 1)
    assert await found(audit) == [(8, "removed"), (11, "broken")]
    assert "changed by another program" in caplog.text
    assert [row["action"] for row in await audit.query(limit=2)] == ["test.put", "audit.broken"]


async def test_the_hub_goes_on_when_the_head_is_lost(audit: Audit, database: Database) -> None:
    await fill(audit, database)
    tamper(database, "DELETE FROM documents WHERE namespace = 'audit'")
    await fill(audit, database, 2)
    kinds = await found(audit)
    assert (11, "broken") in kinds
    assert (await audit.query(limit=1))[0]["seq"] == 13


async def test_the_hub_goes_on_behind_an_appended_row(audit: Audit, database: Database) -> None:
    await fill(audit, database)
    tamper(
        database,
        f"INSERT INTO audit (seq, {COPY}) SELECT 11, {COPY} FROM audit WHERE seq = 3",  # noqa: S608
    )
    await fill(audit, database, 1)
    assert {seq for seq, _ in await found(audit)} == {11, 12}


async def test_problems_are_bounded(audit: Audit, database: Database) -> None:
    await fill(audit, database, 300)
    tamper(database, "UPDATE audit SET target = 'x'")
    report = await audit.verify()
    assert (len(report.problems), report.problem_count) == (20, 300)


async def test_pruning_moves_the_base(database: Database) -> None:
    clock = FakeClock()
    audit = Audit(database, clock, KEY, keep_days=10)
    await fill(audit, database, 5)
    await clock.advance(20 * 86400)
    await fill(audit, database, 3)
    assert await audit.prune() == 5
    report = await audit.verify()
    assert (report.ok, report.first, report.last) == (True, 6, 9)
    rows = await audit.query(action="audit.prune")
    assert rows[0]["data"] == {"rows": 5}
    assert await audit.prune() == 0


async def test_a_log_that_is_all_old_is_pruned_and_goes_on(database: Database) -> None:
    clock = FakeClock()
    audit = Audit(database, clock, KEY, keep_days=10)
    await fill(audit, database, 5)
    await clock.advance(20 * 86400)
    assert await audit.prune() == 5
    await fill(audit, database, 1)
    report = await audit.verify()
    assert (report.ok, report.first, report.last) == (True, 6, 7)


async def test_after_pruning_a_removed_row_is_still_named(database: Database) -> None:
    clock = FakeClock()
    audit = Audit(database, clock, KEY, keep_days=10)
    await fill(audit, database, 5)
    await clock.advance(20 * 86400)
    await fill(audit, database, 5)
    await audit.prune()
    tamper(database, "DELETE FROM audit WHERE seq = 6")
    assert await found(audit) == [(6, "removed")]


async def test_a_damaged_log_is_not_pruned(database: Database) -> None:
    clock = FakeClock()
    audit = Audit(database, clock, KEY, keep_days=10)
    await fill(audit, database, 5)
    await clock.advance(20 * 86400)
    await fill(audit, database, 5)
    tamper(database, "DELETE FROM audit WHERE seq = 10")
    assert await audit.prune() == 0
    assert await found(audit) == [(10, "removed")]


async def test_an_older_head_that_was_put_back_is_found(audit: Audit, database: Database) -> None:
    await fill(audit, database, 5)
    with sqlite3.connect(database.path) as file:
        older = file.execute("SELECT data FROM documents WHERE namespace = 'audit'").fetchone()
        await fill(audit, database, 5)
        file.execute("UPDATE documents SET data = ? WHERE namespace = 'audit'", older)
    file.close()
    assert await found(audit) == [(6, "inserted")]


async def test_verify_sees_one_snapshot_while_rows_are_written(
    audit: Audit, database: Database
) -> None:
    await fill(audit, database, 3000)
    running = asyncio.create_task(audit.verify())
    while not running.done():
        audit.note(Entry("test.more", "thing"))
        await audit.flush()
    assert (await running).ok
    assert (await audit.verify()).ok
