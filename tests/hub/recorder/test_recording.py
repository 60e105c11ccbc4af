"""What becomes a row, on each kind of database."""

from typing import TYPE_CHECKING, Any

import pytest

from hub.events import Context
from hub.recorder.policies import Policy
from hub.recorder.writing.intake import LEFT_OUT, MAX_ATTRIBUTES, MAX_DATA
from hub.util.clock import FakeClock
from hub.util.json import loads
from tests.hub.recorder.conftest import MakeDesk
from tests.hub.recorder.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path

    from tests.peers.databases import EmptyDatabase


async def test_changes_become_rows(desk: Desk) -> None:
    desk.states.set("sensor.a", "1", {"unit": "W"})
    desk.states.set("sensor.a", "2", {"unit": "W"})
    desk.states.set("sensor.a", "2", {"unit": "W"})
    desk.states.set("sensor.a", "2", {"unit": "kW"})
    desk.states.remove("sensor.a")
    assert await desk.history("sensor.a") == ["1", "2", "2", None]
    rows = await desk.sql("SELECT time, changed, attributes, context FROM states ORDER BY time")
    assert rows[0][1] is None
    assert rows[2][1] == rows[1][0], "the attributes changed, the text did not"
    assert rows[0][2] == rows[1][2] != rows[2][2]
    assert {row[3] for row in rows} == {None}
    found = {loads(text)["unit"] for (text,) in await desk.sql("SELECT data FROM attributes")}
    assert found == {"W", "kW"}


async def test_equal_attributes_share_a_row_over_restarts(
    empty_database: "EmptyDatabase", make_desk: MakeDesk
) -> None:
    for _ in range(2):
        desk = await make_desk(empty_database.url)
        for number in range(20):
            desk.states.set(f"sensor.s{number}", "1", {"unit": "W"})
        await desk.writer.flush()
        assert await desk.value("SELECT count(*) FROM attributes") == 1
        assert await desk.value("SELECT count(*) FROM entities") == 20
        await desk.close()


async def test_contexts_of_users_and_of_events_that_are_kept(desk: Desk) -> None:
    desk.states.set("light.a", "on")
    by_user = Context("u" * 32)
    desk.states.set("light.b", "on", context=by_user)
    desk.states.set("light.c", "on", context=Context(parent_id="parent"))
    inside = Context()
    desk.bus.fire("automation_triggered", {"name": "x"}, inside)
    desk.states.set("light.d", "on", context=inside)
    await desk.writer.flush()
    rows = await desk.sql(
        "SELECT e.entity_id, c.context, c.parent, c.user_id FROM states s "
        "JOIN entities e ON e.id = s.entity LEFT JOIN contexts c ON c.id = s.context "
        "ORDER BY e.entity_id"
    )
    assert rows[0] == ("light.a", None, None, None)
    assert rows[1] == ("light.b", by_user.id, None, "u" * 32)
    assert rows[2][2:] == ("parent", None)
    assert rows[3] == ("light.d", inside.id, None, None)
    event = await desk.sql("SELECT c.context FROM events e JOIN contexts c ON c.id = e.context")
    assert event == [(inside.id,)]
    assert await desk.value("SELECT count(*) FROM contexts") == 3


async def test_events(desk: Desk) -> None:
    for type_ in sorted(LEFT_OUT - {"state_changed"}):
        desk.bus.fire(type_, {})
    for type_ in ("call_service", "script_started", "homeassistant_stop", "my own"):
        desk.bus.fire(type_, {"about": type_})
    await desk.writer.flush()
    rows = await desk.sql(
        "SELECT t.name, e.data FROM events e JOIN event_types t ON t.id = e.type ORDER BY e.id"
    )
    assert [(name, loads(data)["about"]) for name, data in rows] == [
        (name, name) for name in ("call_service", "script_started", "homeassistant_stop", "my own")
    ]


@pytest.mark.parametrize(
    "attributes",
    [
        {"set": {2, 1}, "object": object()},
        {"half": "\ud800", "nul": "a\0b"},
        {"large": 2**80},
        {1: "one", ("a", "b"): "two"},
    ],
    ids=["objects", "half", "large", "keys"],
)
async def test_whatever_attributes_hold(desk: Desk, attributes: dict[Any, Any]) -> None:
    desk.states.set("sensor.odd", "\ud800 a\0b ö 𝄞", attributes)
    desk.states.set("sensor.even", "2")
    assert await desk.history("sensor.odd") == ["? a\N{REPLACEMENT CHARACTER}b ö 𝄞"]
    assert await desk.history("sensor.even") == ["2"]
    rows = await desk.sql("SELECT data FROM attributes WHERE data <> '{}'")
    assert isinstance(loads(rows[0][0].encode()), dict)


async def test_attributes_inside_themselves(desk: Desk) -> None:
    loop: dict[str, Any] = {"a": 1}
    loop["self"] = loop
    desk.bus.fire("odd", loop)
    desk.states.set("sensor.even", "2")
    assert await desk.history("sensor.even") == ["2"]
    assert await desk.sql("SELECT data FROM events") == [("{}",)]


async def test_what_is_too_long_is_left_out_and_told_once(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        desk.states.set("sensor.fat", str(number), {"text": "x" * MAX_ATTRIBUTES, "n": number})
        desk.bus.fire("fat", {"text": "x" * MAX_DATA})
    assert await desk.history("sensor.fat") == ["0", "1", "2"]
    assert await desk.sql("SELECT data FROM attributes") == [("{}",)]
    assert set(await desk.sql("SELECT data FROM events")) == {("{}",)}
    told = [record.message for record in caplog.records if "recorded without" in record.message]
    assert len(told) == 2
    assert "sensor.fat" in told[0]


async def test_secrets_are_never_recorded(desk: Desk) -> None:
    nested = {"list": [{"api_key": "s3cret"}], "sealed": {"$sealed": "v1:s3cret"}}
    desk.states.set("sensor.a", "1", {"password": "s3cret", "unit": "W", "nested": nested})
    desk.states.set("sensor.b", "1", {"token_type": "kept", "access_token": "s3cret", "pin": 1234})
    desk.states.set("text.code", "s3cret", {"mode": "password"})
    for domain, service, data in (
        ("mqtt", "publish", {"payload": {"secret": "s3cret"}}),
        ("lock", "unlock", {"code": "s3cret"}),
        ("text", "set_value", {"value": "s3cret"}),
    ):
        call = {"domain": domain, "service": service, "service_data": data}
        desk.bus.fire("call_service", call)
    await desk.writer.flush()
    everything = str(
        await desk.sql("SELECT data FROM attributes")
        + await desk.sql("SELECT data FROM events")
        + await desk.sql("SELECT state FROM states")
    )
    assert "s3cret" not in everything
    assert "1234" not in everything
    assert "kept" in everything
    assert "REDACTED" in everything
    assert await desk.history("text.code") == []


async def test_rename_keeps_the_history(desk: Desk) -> None:
    desk.states.set("sensor.old", "1")
    await desk.writer.flush()
    desk.states.set("sensor.old", "2")
    rename(desk, "sensor.old", "sensor.new")
    desk.states.set("sensor.new", "3")
    assert await desk.history("sensor.new") == ["1", "2", "3"]
    assert await desk.history("sensor.old") == []


async def test_rename_to_an_id_that_has_a_history_exchanges_them(desk: Desk) -> None:
    desk.states.set("sensor.a", "a")
    desk.states.set("sensor.b", "b")
    await desk.writer.flush()
    desk.states.remove("sensor.b")
    rename(desk, "sensor.a", "sensor.b")
    desk.states.set("sensor.b", "a again")
    assert await desk.history("sensor.b") == ["a", "a again"]
    assert await desk.history("sensor.a") == ["b", None]


async def test_rename_alone_is_written(desk: Desk) -> None:
    desk.states.set("sensor.old", "1")
    await desk.writer.flush()
    rename(desk, "sensor.old", "sensor.new")
    desk.states.remove("sensor.old")
    assert await desk.history("sensor.new") == ["1"]


def rename(desk: Desk, old: str, new: str) -> None:
    desk.bus.fire(
        "entity_registry_updated", {"action": "update", "entity_id": new, "old_entity_id": old}
    )
    desk.states.remove(old)


async def test_removal_of_what_was_never_recorded_makes_no_row(desk: Desk) -> None:
    desk.rules.by_id["sensor.a"] = Policy(record="none")
    desk.states.set("sensor.a", "1")
    desk.rules.by_id.clear()
    desk.states.remove("sensor.a")
    await desk.writer.flush()
    assert await desk.value("SELECT count(*) FROM entities") == 0


async def test_policies_are_asked(desk: Desk) -> None:
    desk.rules.by_id["sensor.none"] = Policy(record="none")
    desk.rules.by_id["sensor.bare"] = Policy(attributes=frozenset({"a"}))
    desk.states.set("sensor.none", "1")
    desk.states.set("sensor.bare", "1", {"a": 1, "b": 2, "unit_of_measurement": "W"})
    assert await desk.history("sensor.none") == []
    assert await desk.history("sensor.bare") == ["1"]
    data = await desk.value("SELECT data FROM attributes")
    assert loads(data) == {"a": 1, "unit_of_measurement": "W"}


# --- time


async def test_many_changes_in_one_microsecond_keep_their_order(
    empty_database: "EmptyDatabase", make_desk: MakeDesk
) -> None:
    clock = FakeClock()
    desk = await make_desk(empty_database.url, clock=clock)
    for number in range(50):
        desk.states.set("sensor.a", str(number))
    assert await desk.history("sensor.a") == [str(number) for number in range(50)]


async def test_a_clock_that_goes_back_loses_nothing(
    empty_database: "EmptyDatabase", make_desk: MakeDesk
) -> None:
    clock = FakeClock()
    desk = await make_desk(empty_database.url, clock=clock)
    for number in range(20):
        desk.states.set("sensor.a", f"before {number}")
        clock.jump(1)
    await desk.writer.flush()
    clock.jump(-20)
    for number in range(20):
        desk.states.set("sensor.a", f"after {number}")
        desk.bus.fire("tick", {"n": number})
        clock.jump(1)
    found = await desk.history("sensor.a")
    assert len(found) == 40
    assert found[::2] == [f"before {number}" for number in range(20)]
    assert found[1::2] == [f"after {number}" for number in range(20)]
    assert await desk.value("SELECT count(*) FROM events") == 20


async def test_a_batch_written_twice_is_one_batch(desk: Desk) -> None:
    """The commit may reach the database while its answer is lost."""
    for number in range(100):
        desk.states.set(f"sensor.s{number % 7}", str(number), {"n": number % 3})
        desk.bus.fire("tick", {"n": number})
    queued = list(desk.queue._items)
    await desk.writer.flush()
    counts = await table_counts(desk)
    desk.names.forget()
    desk.queue._items.extend(queued)
    desk.states.set("sensor.s1", "and more", {"n": 1})
    await desk.writer.flush()
    after = await table_counts(desk)
    assert after == {**counts, "states": counts["states"] + 1, "contexts": after["contexts"]}


async def table_counts(desk: Desk) -> dict[str, int]:
    tables = ("states", "events", "entities", "attributes", "event_types", "contexts")
    return {name: await desk.value(f"SELECT count(*) FROM {name}") for name in tables}  # noqa: S608


async def test_two_recorders_on_one_database_lose_nothing(
    empty_database: "EmptyDatabase", make_desk: MakeDesk
) -> None:
    """A mistake, but none that ends in lost rows."""
    one, two = await make_desk(empty_database.url), await make_desk(empty_database.url)
    for number in range(10):
        one.states.set(f"sensor.one{number}", "1", {"of": f"one{number}"})
        await one.writer.flush()
        two.states.set(f"sensor.two{number}", "2", {"of": f"two{number}"})
        two.bus.fire("tick")
        await two.writer.flush()
    assert await one.value("SELECT count(*) FROM states") == 20
    assert await one.value("SELECT count(*) FROM entities") == 20
    assert await one.history("sensor.two9") == ["2"]


async def test_states_that_were_there_before(tmp_path: "Path", make_desk: MakeDesk) -> None:
    desk = Desk(f"sqlite:///{tmp_path}/a.db")
    desk.states.set("sensor.early", "1")
    try:
        await desk.open()
        assert await desk.history("sensor.early") == ["1"]
    finally:
        await desk.close()
