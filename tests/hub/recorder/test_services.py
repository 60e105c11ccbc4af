"""The services `recorder.*` in a running house."""

import asyncio
from collections.abc import Callable

import pytest
import voluptuous as vol

from hub.errors import InvalidFormat, ServiceValidationError, Unauthorized
from hub.events import Context
from hub.hub import Hub
from hub.jobs import JobState
from hub.recorder.recorder import Recorder
from tests.peers.house import MakeHouse

CONFIG = "hub:\n  name: Test house\nmqtt:\n  enabled: false\n"


@pytest.fixture
async def hub(make_house: MakeHouse) -> Hub:
    house = await make_house(CONFIG)
    await until(lambda: house.hub.recorder.recording)
    return house.hub


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


async def count(recorder: Recorder, entity_id: str) -> int:
    await recorder.flush()
    async with recorder.read() as connection:
        numbers = await recorder.names.find(connection, [entity_id])
        if entity_id not in numbers:
            return 0
        from sqlalchemy import func, select

        from hub.recorder.database.tables import states

        query = select(func.count()).where(states.c.entity == numbers[entity_id])
        return int(await connection.scalar(query) or 0)


async def call(hub: Hub, service: str, **data: object) -> dict[str, object]:
    """Call a service that starts a job, and return the job's result."""
    answer = await hub.services.call("recorder", service, data, return_response=True)
    assert answer is not None
    await until(lambda: hub.jobs.get(answer["job_id"]).state.ended)
    record = hub.jobs.get(answer["job_id"])
    assert record.state is JobState.DONE, record.error
    return dict(record.result)


async def test_entities_are_purged(hub: Hub) -> None:
    for number in range(20):
        hub.states.set("sensor.one", str(number))
        hub.states.set("sensor.two_power", str(number))
        hub.states.set("switch.three", str(number))
    assert await count(hub.recorder, "sensor.one") == 20
    result = await call(hub, "purge_entities", entity_id="sensor.one")
    assert result["states"] == 20
    assert await count(hub.recorder, "sensor.one") == 0
    assert await count(hub.recorder, "sensor.two_power") == 20
    await call(hub, "purge_entities", entity_globs=["*_power"], domains="switch")
    assert await count(hub.recorder, "sensor.two_power") == 0
    assert await count(hub.recorder, "switch.three") == 0
    hub.states.set("sensor.one", "back", {"a": 1})
    assert await count(hub.recorder, "sensor.one") == 1
    with pytest.raises(ServiceValidationError, match="entity_id, domains or entity_globs"):
        await hub.services.call("recorder", "purge_entities", {})


async def test_purge_keeps_the_newest_row_and_reports(hub: Hub) -> None:
    for number in range(50):
        hub.states.set("sensor.one", str(number), {"number": number})
    await hub.recorder.flush()
    async with hub.recorder.write() as connection:
        from hub.recorder.database.tables import states

        await connection.execute(states.update().values(time=states.c.time - 10 * 86400 * 10**6))
    result = await call(hub, "purge", keep_days=1)
    assert await count(hub.recorder, "sensor.one") == 1
    assert result["states"] >= 49
    assert result["attributes"] >= 49
    assert {"free", "returned", "events"} <= set(result)


async def test_purge_refuses_what_makes_no_sense(hub: Hub) -> None:
    with pytest.raises(InvalidFormat, match="keep_days"):
        await hub.services.call("recorder", "purge", {"keep_days": 0})
    with pytest.raises(ServiceValidationError, match="keep_days or apply_filter"):
        await hub.services.call("recorder", "purge", {"keep_days": 1, "apply_filter": True})


async def test_repack_is_part_of_the_job(hub: Hub) -> None:
    result = await call(hub, "purge", repack=True)
    assert set(result["repack"]) == {"size_before", "size", "returned"}  # type: ignore[call-overload]


async def test_who_may_not_administer_may_not_purge(hub: Hub) -> None:
    user = await hub.auth.users.create("Guest")
    context = Context(user_id=user.id)
    for service in ("purge", "purge_entities", "enable", "disable"):
        with pytest.raises(Unauthorized):
            await hub.services.call("recorder", service, {}, context=context)


async def test_nothing_is_recorded_while_disabled(hub: Hub) -> None:
    hub.states.set("sensor.one", "1")
    await hub.services.call("recorder", "disable")
    hub.states.set("sensor.one", "2")
    hub.states.set("sensor.two", "2")
    assert await count(hub.recorder, "sensor.one") == 1
    await hub.services.call("recorder", "enable")
    assert await count(hub.recorder, "sensor.one") == 2
    assert await count(hub.recorder, "sensor.two") == 1


async def test_apply_filter_deletes_what_is_not_recorded_any_more(hub: Hub) -> None:
    for number in range(10):
        hub.states.set("sensor.one", str(number))
        hub.states.set("sensor.two", str(number))
    await hub.recorder.flush()
    spec = {"match": {"entity_globs": ["sensor.one"]}, "record": "none"}
    await hub.resources.put("hub.recorder_policy", "quiet", spec)
    hub.states.set("sensor.one", "more")
    assert await count(hub.recorder, "sensor.one") == 10
    preview = await hub.recorder.upkeep.retention.preview()
    assert preview["entities"][0]["entity_id"] == "sensor.one"
    assert preview["rows"] >= 10
    await call(hub, "purge", apply_filter=True)
    assert await count(hub.recorder, "sensor.one") == 0
    assert await count(hub.recorder, "sensor.two") == 10


async def test_statistics_are_returned(hub: Hub) -> None:
    from hub.recorder.database.tables import statistics_hour, statistics_meta

    meta = {"id": 900, "statistic_id": "sensor.energy", "source": "recorder", "unit": "kWh"}
    meta |= {"unit_class": "energy", "has_mean": False, "has_sum": True, "mean_type": 0}
    async with hub.recorder.write() as connection:
        await connection.execute(statistics_meta.insert(), meta)
        for hour in range(3):
            row = {"meta": 900, "start": 1_700_000_000 // 3600 * 3600 + hour * 3600}
            await connection.execute(
                statistics_hour.insert(), {**row, "sum": float(hour), "state": 5.0 + hour}
            )
    data = {
        "start_time": "2023-11-14T00:00:00+00:00",
        "statistic_ids": ["sensor.energy", "sensor.unknown"],
        "period": "hour",
        "types": ["sum", "change"],
        "units": {"energy": "Wh"},
    }
    answer = await hub.services.call("recorder", "get_statistics", data, return_response=True)
    assert answer is not None
    (rows,) = answer["statistics"].values()
    assert [row["sum"] for row in rows] == [0, 1000, 2000]
    assert rows[0]["start"].endswith("+00:00")
    with pytest.raises(InvalidFormat, match="expected one of 5minute"):
        await hub.services.call(
            "recorder", "get_statistics", {**data, "period": "minute"}, return_response=True
        )


async def test_only_one_work_at_a_time(hub: Hub) -> None:
    from hub.errors import NotAllowed

    for number in range(3000):
        hub.states.set("sensor.one", str(number))
    await hub.recorder.flush()
    answer = await hub.services.call(
        "recorder", "purge_entities", {"entity_id": "sensor.one"}, return_response=True
    )
    assert answer is not None
    with pytest.raises(NotAllowed, match=answer["job_id"]):
        await hub.services.call("recorder", "purge")
    await until(lambda: hub.jobs.get(answer["job_id"]).state.ended)


def test_specs_are_kept_as_they_were_written() -> None:
    from hub.recorder.resources import TYPES

    spec = {"match": {"domains": "sensor"}, "keep_days": "3", "statistics": "off"}
    assert TYPES[0].schema(spec) == spec
    with pytest.raises(vol.Invalid):
        TYPES[0].schema({"deadband": 1, "deadband_percent": 2})
