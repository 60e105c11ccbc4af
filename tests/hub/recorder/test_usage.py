"""What fills the database, on each of them."""

from collections.abc import AsyncIterator

import pytest

from hub.recorder.database.address import Address
from hub.recorder.retention.usage import Usage
from tests.hub.recorder.bench import Bench
from tests.peers.databases import EmptyDatabase


@pytest.fixture
async def bench(empty_database: EmptyDatabase) -> AsyncIterator[Bench]:
    made = Bench(Address.of(empty_database.url, empty_database.folder))
    await made.open()
    yield made
    await made.close()


async def test_the_loudest_come_first(bench: Bench) -> None:
    bench.hub.resources.put("loud", match={"entity_globs": ["sensor.loud"]})
    await bench.record("sensor.quiet", [(0, "1")])
    await bench.record("sensor.loud", [(n * 60.0, f"state number {n}") for n in range(2881)])
    await bench.record("sensor.normal", [(n * 60.0, "1") for n in range(500)])
    usage = Usage(bench, bench.clock, 64 << 20)  # type: ignore[arg-type]
    found = await usage.report(limit=2)
    names = [item["entity_id"] for item in found["entities"]]
    assert names == ["sensor.loud", "sensor.normal"]
    loud = found["entities"][0]
    assert (loud["rows"], loud["policy"]) == (2881, "loud")
    assert loud["per_day"] == pytest.approx(1440.5)
    assert found["entities"][1]["policy"] == "default"
    assert found["limit"] == 64 << 20
    assert found["oldest"] == bench.clock.time()
    assert found["size"] > 0
    assert found["tables"]["states"] > 0
    if bench.dialect == "sqlite":
        assert sum(item["bytes"] for item in found["entities"]) <= found["tables"]["states"]
    assert set(found) == {"size", "free", "disk_free", "limit", "oldest", "tables", "entities"}


async def test_it_counts_again_after_some_minutes(bench: Bench) -> None:
    await bench.record("sensor.a", [(0, "1")])
    usage = Usage(bench, bench.clock, 0)  # type: ignore[arg-type]
    assert (await usage.report())["entities"][0]["rows"] == 1
    await bench.record("sensor.a", [(1, "1")])
    assert (await usage.report())["entities"][0]["rows"] == 1
    await bench.clock.advance(301)
    found = await usage.report()
    assert found["entities"][0]["rows"] == 2
    assert found["limit"] is None


async def test_an_empty_house(bench: Bench) -> None:
    usage = Usage(bench, bench.clock, 0)  # type: ignore[arg-type]
    found = await usage.report()
    assert (found["entities"], found["oldest"]) == ([], None)
