"""What was recorded comes back, on each kind of database."""

from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from hub.events import Context
from hub.recorder.database.tables import attributes, contexts, entities, states
from hub.recorder.reading import queries
from hub.recorder.reading.columns import Columns
from hub.recorder.reading.queries import History, Wanted
from hub.recorder.statistics import series
from hub.recorder.statistics.imports import clear, import_hours
from tests.hub.recorder.desk import Desk

T = 1_700_000_000.0


@pytest.fixture
def history(desk: Desk) -> History:
    """The history of a recorder without a house."""
    recorder: Any = SimpleNamespace(
        read=desk.store.read, flush=desk.writer.flush, dialect=desk.store.dialect
    )
    return History(recorder, desk.clock)


async def fill(desk: Desk, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    """Write rows of (seconds behind `T`, state[, attributes[, changed[, context]]])."""
    made = []
    async with desk.store.write() as connection:
        for number, (entity_id, items) in enumerate(rows.items(), 1):
            await connection.execute(insert(entities), {"id": number, "entity_id": entity_id})
            for time, state, *more in items:
                attribute, changed, context = (*more, None, None, None)[:3]
                made.append(
                    {
                        "entity": number,
                        "time": round((T + time) * 1e6),
                        "state": state,
                        "attributes": attribute,
                        "changed": None if changed is None else round((T + changed) * 1e6),
                        "context": context,
                    }
                )
        for at in range(0, len(made), 5000):
            await connection.execute(insert(states), made[at : at + 5000])


async def read(history: History, entity_ids: list[str], *span: float, **more: Any) -> list[Columns]:
    start, end = span
    return [rows async for rows in history.rows(entity_ids, Wanted(T + start, T + end, **more))]


def flat(found: list[Columns]) -> list[tuple[str, float, str | None]]:
    return [
        (rows.entity_id, round(time / 1e6 - T, 6), state)
        for rows in found
        for time, state in zip(rows.times, rows.states, strict=True)
    ]


async def test_a_range_of_each_entity(desk: Desk, history: History) -> None:
    await fill(
        desk,
        {
            "sensor.a": [(0, "1"), (10, "2"), (11, "2", 1, 10), (12, None), (20, "3"), (30, "4")],
            "climate.b": [(0, "heat"), (15, "heat", 1, 0)],
            "sensor.gone": [(0, "1"), (1, None), (50, "2")],
        },
    )
    names = ["climate.b", "sensor.nope", "sensor.a", "sensor.gone"]
    found = flat(await read(history, names, 5, 25))
    assert found == [
        ("climate.b", 5, "heat"),
        ("climate.b", 15, "heat"),
        ("sensor.a", 5, "1"),
        ("sensor.a", 10, "2"),
        ("sensor.a", 12, None),
        ("sensor.a", 20, "3"),
    ]
    every = flat(await read(history, ["sensor.a"], 10, 20, significant=False, held=False))
    assert [time for _, time, _ in every] == [10, 11, 12, 20], "both ends belong to it"
    assert flat(await read(history, ["sensor.a"], 100, 200)) == [("sensor.a", 100, "4")]
    assert await read(history, ["sensor.a"], -9, -1) == []
    assert await read(history, ["sensor.a"], 100, 200, held=False) == []


async def test_pieces_join_without_a_seam(
    desk: Desk, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PIECE", 50)
    await fill(desk, {"sensor.a": [(n, str(n), 7 if n % 2 else None) for n in range(500)]})
    for details in (True, False):
        found = await read(history, ["sensor.a"], 0, 600, details=details)
        assert [state for _, _, state in flat(found)] == [str(n) for n in range(500)]
        assert len(found) >= 10
        if details:
            numbers = [number for rows in found for number in rows.attributes or ()]
            assert numbers == [7 if n % 2 else None for n in range(500)]
        else:
            assert found[0].attributes == [None]
            assert found[1].attributes is None
    thin = flat(await read(history, ["sensor.a"], 0, 500, details=False, max_points=40))
    assert len(thin) <= 42
    assert (thin[0][2], thin[-1][2]) == ("0", "499")


async def test_texts_of_every_kind(desk: Desk, history: History) -> None:
    texts = ['a "b"', "back\\slash", "two\nlines", "été ☃ 🏠", "", "'; --", "1e3", "null"]
    await fill(desk, {"sensor.a": [(n, text) for n, text in enumerate(texts)]})
    assert [state for _, _, state in flat(await read(history, ["sensor.a"], 0, 99))] == texts


async def test_changes_of_a_house_in_order(
    desk: Desk, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PIECE", 16)
    async with desk.store.write() as connection:
        data = {"id": 1, "hash": 5, "data": '{"unit":"W"}'}
        await connection.execute(insert(attributes), data)
        by = {"id": 1, "context": "c", "parent": "p", "user_id": "u"}
        await connection.execute(insert(contexts), by)
    await fill(
        desk,
        {
            "sensor.a": [(-50, "held", 1), *((n, str(n)) for n in range(1, 200))],
            "sensor.b": [(-10, "was"), (-5, None), (0.5, "new", 1, 0.25, 1)],
            "sensor.c": [(-100, "c"), (150.5, None)],
        },
    )
    changes = [change async for change in history.changes(T, T + 190)]
    assert [(change.entity_id, change.state) for change in changes[:3]] == [
        ("sensor.c", "c"),
        ("sensor.a", "held"),
        ("sensor.b", "new"),
    ], "what held comes first, with its own time"
    assert [change.time - T for change in changes[:2]] == [-100, -50]
    times = [change.time for change in changes]
    assert times == sorted(times)
    assert len(changes) == 2 + 190 + 2
    new = changes[2]
    assert (new.attributes, new.changed - T) == ({"unit": "W"}, pytest.approx(0.25))
    assert isinstance(new.context, Context)
    assert new.context.as_dict() == {"id": "c", "parent_id": "p", "user_id": "u"}
    assert changes[3].context is None
    assert [one.state for one in changes if one.entity_id == "sensor.c"] == ["c", None]
    some = [one async for one in history.changes(T + 149, T + 151, ["sensor.c", "sensor.nope"])]
    assert [(one.state, one.time - T) for one in some] == [("c", -100), (None, 150.5)]


async def test_changes_after_a_long_silence(desk: Desk, history: History) -> None:
    year = 365 * 86400
    await fill(desk, {"sensor.a": [(0, "1"), (year, "2"), (3 * year, "3")]})
    found = [one.state async for one in history.changes(T - 5, T + 4 * year)]
    assert found == ["1", "2", "3"]
    assert await history.oldest() == T


async def test_events_in_order(
    desk: Desk, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PIECE", 32)
    start = desk.clock.time()
    cause = Context("u" * 32)
    for number in range(50):
        desk.bus.fire("mine" if number % 5 else "other", {"number": number}, cause)
    end = desk.clock.time()
    found = [event async for event in history.events(start, end)]
    assert [event.data["number"] for event in found] == list(range(50))
    assert found[0].context is not None
    assert found[0].context.user_id == "u" * 32
    others = [event.data["number"] async for event in history.events(start, end, ["other"])]
    assert others == list(range(0, 50, 5))
    assert [event async for event in history.events(start, end, ["none"])] == []


@pytest.fixture
def reader(desk: Desk) -> series.SeriesReader:
    recorder: Any = SimpleNamespace(read=desk.store.read)
    return series.SeriesReader(recorder)


async def test_statistics_come_and_go(desk: Desk, reader: series.SeriesReader) -> None:
    recorder: Any = SimpleNamespace(read=desk.store.read, write=desk.store.write)
    zone = ZoneInfo("Europe/Berlin")
    begin = int(T) - int(T) % 86400
    meta = {"source": "ext", "unit": "kWh", "has_mean": True, "has_sum": True, "mean_type": 1}
    rows = [
        {"start": begin + n * 3600, "mean": n % 24, "min": 0, "max": 50 + n, "sum": n}
        for n in range(1200)
    ]
    named = {**meta, "statistic_id": "ext:a", "name": None}
    assert await import_hours(recorder, named, rows, zone) == 1200
    assert await import_hours(recorder, named, rows[:2], zone) == 2
    await import_hours(recorder, {**named, "statistic_id": "ext:b"}, rows[:1], zone)
    known = await reader.list()
    assert [(one.statistic_id, one.unit_class) for one in known] == [
        ("ext:a", "energy"),
        ("ext:b", "energy"),
    ]
    assert all(one.id < 0 for one in known)
    hours = await reader.points(known[0], begin, begin + 1e9, "hour", ["mean", "change"], zone)
    assert (len(hours.starts), hours.columns["change"][:3]) == (1200, [0, 1, 1])
    days = await reader.points(known[0], begin, begin + 1e9, "day", ["max"], zone)
    assert len(days.starts) == 51
    assert days.columns["max"][-1] == 50 + 1199
    one = await reader.one(known[0], begin, begin + 86400, zone)
    assert one == {"max": 73, "mean": 11.5, "min": 0, "change": 23}
    assert await reader.tier(known, begin) == "hour"
    await clear(recorder, [known[0].id], begin, begin + 3600 * 700)
    hours = await reader.points(known[0], begin, begin + 1e9, "hour", ["mean"], zone)
    assert len(hours.starts) == 500
    await clear(recorder, [known[0].id])
    assert [one.statistic_id for one in await reader.list()] == ["ext:b"]
