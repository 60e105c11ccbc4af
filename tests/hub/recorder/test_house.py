"""The recorder in a whole hub."""

import logging
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest

from hub.recorder import RecorderState, RecorderUnavailable
from tests.peers.databases import make_database
from tests.peers.house import House, MakeHouse
from tests.peers.ports import wait_until

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = "hub:\n  name: Test house\nmqtt:\n  enabled: false\nrecorder:\n  min_free_disk: 0\n"


async def test_a_house_records_itself(make_house: MakeHouse) -> None:
    house = await make_house(CONFIG)
    hub = house.hub
    recorder = hub.recorder
    assert recorder.path == hub.data_dir / "history.db"
    hub.states.set("sensor.power", "1.5", {"unit_of_measurement": "W"})
    await recorder.flush()
    assert recorder.state is RecorderState.RECORDING
    assert recorder.recording
    assert recorder.backlog == recorder.dropped == 0
    assert recorder.last_flush is not None
    async with recorder.read() as connection:
        numbers = await recorder.names.find(connection, ["sensor.power", "sensor.never"])
        assert list(numbers) == ["sensor.power"]
        back = await recorder.names.entity_ids(connection, numbers.values())
        assert list(back.values()) == ["sensor.power"]
        types = await connection.exec_driver_sql("SELECT name FROM event_types")
        assert {"homeassistant_start", "homeassistant_started"} <= set(types.scalars())


async def test_entities_health_metrics_and_diagnostics(make_house: MakeHouse) -> None:
    house = await make_house(CONFIG)
    hub = house.hub
    await wait_until(lambda: hub.states.get("sensor.recorder_size"))
    await hub.recorder.flush()
    await hub.recorder.disk.look()
    for entity in hub.recorder._watch._entities:
        entity.write()
    states = {name: hub.states.get(f"{name}") for name in (
        "binary_sensor.recorder", "sensor.recorder_backlog",
        "sensor.recorder_dropped", "sensor.recorder_size",
    )}  # fmt: skip
    assert all(states.values()), states
    found = {name: state.state for name, state in states.items() if state is not None}
    assert found["binary_sensor.recorder"] == "off"
    assert found["sensor.recorder_dropped"] == "0"
    assert float(found["sensor.recorder_size"]) > 0
    for name in states:
        entry = hub.entity_registry.get(name)
        assert entry is not None
        assert entry.entity_category == "diagnostic"
    (item,) = [item for item in hub.health.items() if item.name == "recorder"]
    assert item.level == "ok"
    answer = await house.request("GET", "/metrics")
    text = await answer.text()
    assert 'hub_recorder_state{state="recording"} 1.0' in text
    assert "hub_recorder_rows_total" in text
    assert "hub_recorder_size_bytes" in text


async def test_a_recorder_that_is_off(make_house: MakeHouse) -> None:
    house = await make_house(CONFIG + "  enabled: false\n")
    recorder = house.hub.recorder
    house.hub.states.set("sensor.a", "1")
    assert recorder.state is RecorderState.OFF
    assert recorder.backlog == 0
    with pytest.raises(RecorderUnavailable, match="off"):
        await recorder.flush()
    with pytest.raises(RecorderUnavailable, match="off"):
        async with recorder.read():
            pass
    assert not (house.hub.data_dir / "history.db").exists()
    assert house.hub.states.get("binary_sensor.recorder") is None
    assert [item for item in house.hub.health.items() if item.name == "recorder"] == []


async def test_a_rename_in_the_registry_keeps_the_history(make_house: MakeHouse) -> None:
    house = await make_house(CONFIG + "demo:\n  area: Workshop\n")
    hub = house.hub
    old = next(name for name in hub.states.entity_ids("sensor") if "demo" in name)
    await hub.recorder.flush()
    hub.entity_registry.update(old, new_entity_id="sensor.renamed")
    await wait_until(lambda: hub.states.get("sensor.renamed"))
    await hub.recorder.flush()
    async with hub.recorder.read() as connection:
        found = await hub.recorder.names.find(connection, [old, "sensor.renamed"])
        assert list(found) == ["sensor.renamed"]
        rows = await connection.exec_driver_sql(
            f"SELECT count(*) FROM states WHERE entity = {found['sensor.renamed']}"  # noqa: S608
        )
        assert rows.scalar_one() >= 2


@pytest.mark.parametrize("trouble", ["away", "wrong password"])
async def test_password_is_nowhere(
    make_house: MakeHouse,
    request: pytest.FixtureRequest,
    tmp_path: "Path",
    caplog: pytest.LogCaptureFixture,
    trouble: str,
) -> None:
    """T11: log, repr, errors, entities, health and diagnostics; the hub runs on."""
    caplog.set_level(logging.DEBUG)
    if trouble == "away":
        url = "postgresql://hub:t0ps3cret%40@127.0.0.1:1/past"
    else:
        url = make_database("postgresql", tmp_path, request).url.replace("p%40ss", "t0ps3cret%40")
    house = await make_house(CONFIG + f"  url: {url}\n")
    hub = house.hub
    recorder = hub.recorder
    await wait_until(lambda: recorder.state is RecorderState.WAITING)
    hub.states.set("sensor.a", "1")
    errors = []
    for use in (recorder.read, recorder.write):
        with pytest.raises(RecorderUnavailable) as caught:
            async with use():
                pass
        errors.append(f"{caught.value!r} {caught.value.__cause__!r}")
    with pytest.raises(RecorderUnavailable) as caught:
        await recorder.flush()
    errors.append(str(caught.value))
    (item,) = [item for item in hub.health.items() if item.name == "recorder"]
    assert item.level == "degraded"
    await wait_until(lambda: hub.states.get("binary_sensor.recorder"))
    state = hub.states.get("binary_sensor.recorder")
    assert state is not None
    assert state.state == "on"
    answer = await house.request("GET", "/api/diagnostics")
    assert answer.status == 200
    told = await answer.text()
    assert "recorder" in told
    shown = (
        caplog.text, repr(hub.settings), repr(recorder.__dict__), str(recorder.store.address),
        *errors, str(item), str(state.attributes), told,
    )  # fmt: skip
    for text in shown:
        assert "t0ps3cret" not in text
    assert "127.0.0.1" in str(state.attributes["reason"])


async def test_a_mistake_in_the_address_leaves_the_hub_running(make_house: MakeHouse) -> None:
    house = await make_house(CONFIG + "  url: sqlite:///hub.db\n")
    recorder = house.hub.recorder
    assert recorder.state is RecorderState.FAILED
    assert "hub.db" in str(recorder.reason)
    with pytest.raises(RecorderUnavailable, match="failed"):
        await recorder.flush()


async def damaged(make_house: MakeHouse, monkeypatch: pytest.MonkeyPatch) -> House:
    """Return a house whose history is open and damaged, as only a reader of its rows finds out."""
    monkeypatch.setattr("hub.recorder.database.file.CHECK_LIMIT", 0)
    house = await make_house(CONFIG)
    hub, recorder = house.hub, house.hub.recorder
    for number in range(3000):
        hub.states.set(f"sensor.s{number % 20}", str(number), {"n": number})
    await recorder.flush()
    assert recorder.path is not None
    with closing(sqlite3.connect(recorder.path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = recorder.path.stat().st_size // 4096
    with recorder.path.open("r+b") as file:
        for page in range(pages // 2, pages):  # the hub opens it without reading these
            file.seek(page * 4096)
            file.write(b"\xa5" * 2048)
    await recorder.store.close()  # what the connections remember would hide it
    await recorder.store.open()
    return house


async def read_all(house: House) -> None:
    """Read every row; who looks at the size may have been first."""
    with suppress(RecorderUnavailable):
        async with house.hub.recorder.read() as connection:
            await connection.exec_driver_sql("SELECT sum(length(state)) FROM states")


async def test_damage_that_a_reader_finds_is_mended(
    make_house: MakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await damaged(make_house, monkeypatch)
    hub, recorder = house.hub, house.hub.recorder
    await read_all(house)
    await wait_until(lambda: recorder.store.corrupt_copy is not None and recorder.recording)
    hub.states.set("sensor.a", "after")
    await recorder.flush()
    (item,) = [item for item in hub.health.items() if item.name == "recorder"]
    assert item.level == "degraded"
    assert "corrupt" in str(item.message)


async def test_who_still_reads_a_damaged_file_does_no_harm_to_the_new_one(
    make_house: MakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await damaged(make_house, monkeypatch)
    hub, recorder = house.hub, house.hub.recorder
    store = recorder.store
    states: list[RecorderState] = []
    recorder.listen_changed(lambda: states.append(recorder.state))
    with suppress(RecorderUnavailable):
        async with recorder.read() as early:
            await early.exec_driver_sql("SELECT count(*) FROM sqlite_master")
            driver = (await early.get_raw_connection()).driver_connection
            await read_all(house)
            await wait_until(lambda: not store.is_open)
            assert store.corrupt_copy is None, "its log has a name that the new one's would have"
            await early.exec_driver_sql("SELECT sum(length(state)) FROM states")
            pytest.fail("it is not damaged")
    assert driver is not None
    with pytest.raises(ValueError, match=r"closed|no active"):
        await driver.execute("SELECT 1")
    await wait_until(lambda: store.corrupt_copy is not None and recorder.recording)
    hub.states.set("sensor.a", "after")
    await recorder.flush()
    assert states == [], "what was found in the old file is not held against the new one"
    assert recorder.path is not None
    assert recorder.path.with_name(f"{recorder.path.name}-wal").exists()
    await house.stop()
    with closing(sqlite3.connect(recorder.path)) as other:
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = other.execute("SELECT count(*) FROM states WHERE state = 'after'").fetchone()
    assert found == (1,)
