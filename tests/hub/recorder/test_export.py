"""What the recorder's page tells people to run on their own PostgreSQL."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.util.times import iso
from tests.hub.recorder.conftest import MakeDesk
from tests.peers.databases import make_database

if TYPE_CHECKING:
    from tests.hub.recorder.desk import Desk

pytestmark = pytest.mark.xdist_group("postgresql")

PAGE = Path(__file__).parents[3] / "docs/recorder.md"
EXPORT = PAGE.read_text().partition("## Export")[2].partition("\n## ")[0]
STATEMENTS = [
    statement.strip()
    for block in re.findall(r"```sql\n(.*?)```", EXPORT, re.DOTALL)
    for statement in re.split(r";\n", block)
    if statement.strip()
]
WEEK = 604_800_000_000
TIMESCALE = re.compile(r"timescaledb|create_hypertable|set_integer_now|add_compression")


@pytest.fixture
async def served(make_desk: MakeDesk, tmp_path: Path, request: pytest.FixtureRequest) -> "Desk":
    """A recorder on PostgreSQL with some states."""
    desk = await make_desk(make_database("postgresql", tmp_path, request).url)
    for state in ("20.5", "-3e-2", "unavailable", "1_000", "21"):
        desk.states.set("sensor.kitchen_temperature", state)
    desk.states.remove("sensor.kitchen_temperature")
    desk.states.set("sensor.other", "5")
    await desk.writer.flush()
    return desk


async def run(desk: "Desk", statement: str) -> list[tuple[object, ...]]:
    async with desk.store.write() as connection:
        # a percent sign would be a parameter's
        found = await connection.exec_driver_sql(statement.replace("'...'", "'test-only'"))
        return [tuple(row) for row in found] if found.returns_rows else []


async def test_views_for_other_programs(served: "Desk") -> None:
    assert len(STATEMENTS) >= 10
    plain = [one for one in STATEMENTS if not TIMESCALE.search(one)]
    views = [one for one in plain if one.startswith("CREATE VIEW")]
    for statement in views:
        await run(served, statement)
    (select,) = [one for one in plain if one.startswith("SELECT time")]
    found = await run(served, select)
    assert [row[1] for row in found] == [20.5, -0.03, None, None, 21.0, None]
    assert abs(found[0][0].timestamp() - served.clock.time()) < 60, iso(served.clock.time())  # type: ignore[attr-defined]
    roles = [one for one in plain if one.startswith(("CREATE ROLE", "GRANT"))]
    name = "grafana_test"  # roles belong to the whole server
    try:
        for statement in roles:
            await run(served, re.sub(r"\bgrafana\b", name, statement))
    finally:
        await run(served, f"DROP OWNED BY {name}")
        await run(served, f"DROP ROLE {name}")


async def test_states_can_be_cut_by_time(served: "Desk") -> None:
    """What a hypertable asks for: the time in every unique key, and the hub's way to write."""
    (function,) = [one for one in STATEMENTS if one.startswith("CREATE FUNCTION")]
    await run(served, function)
    ((now,),) = await run(served, "SELECT hub_now()")
    assert isinstance(now, int)
    assert abs(now / 1e6 - served.clock.time()) < 60
    await run(served, "ALTER TABLE states RENAME TO states_before")
    await run(
        served,
        "CREATE TABLE states (LIKE states_before INCLUDING ALL) PARTITION BY RANGE (time)",
    )
    edge = now - now % WEEK
    for number in (0, 1):
        first = edge + number * WEEK
        await run(
            served,
            f"CREATE TABLE states_{number} PARTITION OF states"
            f" FOR VALUES FROM ({first}) TO ({first + WEEK})",
        )
    await run(served, f"INSERT INTO states SELECT * FROM states_before WHERE time >= {edge}")  # noqa: S608
    served.states.set("sensor.other", "6")
    assert (await served.history("sensor.other"))[-1] == "6"
    assert await served.value("SELECT count(*) FROM states") > 1
