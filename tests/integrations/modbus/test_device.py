"""A device polled for real: values, ages, refusals, silence; the other side misbehaves as told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.sdk import BreakerState, Unavailable
from integrations.modbus.polling.readings import Quality
from tests.integrations.modbus.devices import MAP, polled, until
from tests.peers.modbus_fake import FakeDevice, Late, Mischief, Refuse


@pytest.fixture
async def fake() -> AsyncIterator[FakeDevice]:
    async with FakeDevice().on_tcp() as device:
        unit = device[1]
        unit.input.update({0: 215, 1: 12, 2: 2, 40: 4711})
        unit.holding.update({10: 205, 11: 1, 20: 0x1234, 21: 5, 30: 1, 31: 2})
        unit.coil[3] = 1
        yield device


def reads(fake: FakeDevice, table: str) -> list[tuple[int, int]]:
    return [(item.start, item.count) for item in fake.reads if item.table == table]


async def test_every_kind_of_register_is_read(fake: FakeDevice) -> None:
    async with polled(fake) as device:
        await until(lambda: device.counters.cycles >= 1, "a round")
        values = {item["key"]: item["value"] for item in device.registers()}
    assert values == {
        "target": 20.5,
        "mode": "heat",
        "command": None,
        "low": 0x34,
        "high": 0x12,
        "bare": 5,
        "total": 0x10002,
        "temperature": 21.5,
        "power": 1200,
        "power_sf": 2,
        "serial": 4711,
        "pump": True,
        "valve": False,
    }


async def test_a_round_is_as_few_requests_as_there_are_tables(fake: FakeDevice) -> None:
    intervals = {"fast": 600, "normal": 600, "slow": 600}
    async with polled(fake, intervals=intervals) as device:
        await until(lambda: device.counters.cycles >= 1, "a round")
        assert (device.counters.requests, device.counters.answers) == (3, 3)
    assert reads(fake, "holding") == [(10, 22)]
    assert reads(fake, "coil")[0] == (3, 5)


async def test_rates_are_read_apart_and_what_is_read_once_is_read_again_after_a_connect(
    fake: FakeDevice,
) -> None:
    async with polled(fake, link={"timeout": 1.0}) as device:
        await until(lambda: reads(fake, "input").count((0, 3)) >= 5, "five fast rounds")
        assert sum(start + count > 40 for start, count in reads(fake, "input")) == 1
        assert len(reads(fake, "holding")) < len(reads(fake, "input"))
        fake[1].input[40] = 4712
        fake.drop_clients()
        await until(lambda: device.reading("serial").value == 4712, "the new serial number")


async def test_only_changes_are_told_and_each_follower_once(fake: FakeDevice) -> None:
    told: list[str] = []
    async with polled(fake) as device:
        device.follow(["temperature", "power", "mode"], lambda: told.append("all"))
        device.follow(["mode"], lambda: told.append("mode"))
        await until(lambda: device.counters.cycles >= 2, "the first values")
        first = list(told)
        before = device.counters.cycles
        await until(lambda: device.counters.cycles >= before + 3, "rounds without news")
        assert told == first
        fake[1].input[0], fake[1].input[1] = 220, 13
        await until(lambda: len(told) > len(first), "the change")
        assert told[len(first) :] == ["all"]


async def test_no_value_is_unknown_with_its_reason(fake: FakeDevice) -> None:
    async with polled(fake) as device:
        fake[1].input[0] = 0x8000
        fake[1].holding[11] = 9
        await until(lambda: device.reading("mode").reason == "no_label", "the unknown mode")
        temperature, mode = device.reading("temperature"), device.reading("mode")
    assert (temperature.value, temperature.reason) == (None, "sentinel")
    assert (temperature.quality, temperature.raw) == (Quality.GOOD, (0x8000,))
    assert (mode.value, mode.raw) == (None, (9,))


async def test_a_scale_that_changes_rescales(fake: FakeDevice) -> None:
    async with polled(fake) as device:
        await until(lambda: device.reading("power").value == 1200, "the first value")
        fake[1].input[2] = 0x8000
        await until(lambda: device.reading("power_sf").value == -0x8000, "the other scale")
        fake[1].input[2] = 0xFFFF
        await until(lambda: device.reading("power").value == 1.2, "the value scaled anew")


async def test_one_refused_register_costs_only_itself(fake: FakeDevice) -> None:
    fake[1].holes.add(("holding", 11))
    async with polled(fake) as device:
        await until(lambda: device.reading("mode").reason == "illegal_address", "the refusal")
        assert device.reading("target").value == 20.5
        assert device.reading("mode").quality is Quality.NONE
        assert device.breaker.state is BreakerState.CLOSED
        before = len(fake.log)
        cycles = device.counters.cycles
        await until(lambda: device.counters.cycles >= cycles + 8, "more rounds")
        later = [item for item in fake.log[before:] if item.table == "holding"]
    assert later
    assert not any(item.start <= 11 < item.start + item.count for item in later)


async def test_a_gap_that_can_not_be_read_along_is_read_around(fake: FakeDevice) -> None:
    fake[1].holes.update({("holding", address) for address in range(13, 20)})
    async with polled(fake) as device:
        await until(lambda: device.learned.holes, "the hole that was learned")
        await until(lambda: device.reading("total").value == 0x10002, "the values behind it")
        assert device.reading("target").value == 20.5
        before = device.counters.refused
        cycles = device.counters.cycles
        await until(lambda: device.counters.cycles >= cycles + 5, "more rounds")
        assert device.counters.refused == before


async def test_a_dead_device_is_left_alone_and_its_values_grow_old_at_once(
    fake: FakeDevice,
) -> None:
    breaker = {"failures": 3, "wait": 0.4, "longest": 0.5}
    async with polled(fake, link={"timeout": 0.05}, breaker=breaker) as device:
        await until(lambda: device.reading("temperature").value == 21.5, "the first value")
        fake[1].silent = True
        await until(lambda: device.breaker.state is BreakerState.OPEN, "the open breaker")
        reading = device.reading("temperature")
        assert (reading.value, reading.quality) == (21.5, Quality.STALE)
        assert reading.reason == "breaker_open"
        heard = len(fake.log)
        await asyncio.sleep(0.2)
        assert len(fake.log) == heard
        fake[1].silent = False
        await until(lambda: device.breaker.state is BreakerState.CLOSED, "its return")
        await until(lambda: device.reading("mode").quality is Quality.GOOD, "all values")


async def test_a_single_lost_answer_changes_nothing_that_is_shown(fake: FakeDevice) -> None:
    told: list[Quality] = []
    async with polled(fake, link={"timeout": 0.05}) as device:
        await until(lambda: device.reading("temperature").value == 21.5, "the first value")
        device.follow(["temperature"], lambda: told.append(device.reading("temperature").quality))
        fake.next += [Mischief.DROP]
        await until(lambda: device.counters.timeouts == 1, "the lost answer")
        cycles = device.counters.cycles
        await until(lambda: device.counters.cycles >= cycles + 4, "more rounds")
    assert set(told) <= {Quality.GOOD}


async def test_a_lost_answer_leaves_the_reason_why_a_value_is_unknown(fake: FakeDevice) -> None:
    fake[1].input[0] = 0x8000
    intervals = {"fast": 600, "normal": 600, "slow": 600}
    async with polled(fake, intervals=intervals, link={"timeout": 0.05}) as device:
        await until(lambda: device.counters.cycles, "the first round")
        fake.next += [Mischief.DROP]
        await device.refresh(["temperature"])
        assert device.counters.timeouts == 1
        reading = device.reading("temperature")
        assert (reading.value, reading.quality, reading.reason) == (None, Quality.GOOD, "sentinel")


@pytest.mark.parametrize(
    "mischief",
    [Mischief.SHORT, Mischief.WRONG_TAG, Mischief.WRONG_UNIT, Mischief.DAMAGED, Late(0.2)],
)
async def test_nonsense_is_never_taken_for_a_value(fake: FakeDevice, mischief: Any) -> None:
    async with polled(fake, link={"timeout": 0.1}) as device:
        await until(lambda: device.counters.cycles >= 2, "two rounds")
        fake.next += [mischief] * 2
        await until(lambda: device.counters.timeouts + device.counters.bad_answers, "the nonsense")
        fake[1].input[0] = 230
        await until(lambda: device.reading("temperature").value == 23.0, "the values afterwards")
        assert device.reading("power").value == 1200
        assert device.reading("target").value == 20.5


async def test_a_busy_device_is_asked_again_and_is_not_away(fake: FakeDevice) -> None:
    fake.next += [Refuse(6), Refuse(5)]
    async with polled(fake) as device:
        await until(lambda: device.reading("temperature").value == 21.5, "the value")
        assert device.breaker.last_error is None
        assert device.counters.refused == 2


async def test_a_gateway_that_does_not_reach_the_device_counts_as_silence(
    fake: FakeDevice,
) -> None:
    fake.next += [Refuse(0x0B)] * 60
    breaker = {"failures": 3, "wait": 60}
    async with polled(fake, breaker=breaker) as device:
        await until(lambda: device.breaker.state is BreakerState.OPEN, "the open breaker")
        assert device.reading("temperature").quality is Quality.NONE


async def test_a_link_that_is_down_says_nothing_about_the_device(fake: FakeDevice) -> None:
    async with polled(fake, stale_after=0.3) as device:
        await until(lambda: device.reading("temperature").value == 21.5, "the first value")
        await fake.stop()
        await until(lambda: device.reading("temperature").quality is Quality.STALE, "the old value")
        assert device.reading("temperature").reason == "link_down"
        assert device.breaker.state is BreakerState.CLOSED
        await fake.start()
        await until(lambda: device.reading("temperature").quality is Quality.GOOD, "its return")


async def test_values_that_only_grow_old_are_news(fake: FakeDevice) -> None:
    told: list[Quality] = []
    intervals = {"fast": 600, "normal": 600, "slow": 600}
    async with polled(fake, intervals=intervals, stale_after=0.5) as device:
        await until(lambda: device.counters.cycles, "the first round")
        before = device.version
        device.follow(["mode"], lambda: told.append(device.reading("mode").quality))
        device.follow_rounds(lambda: told.append(device.reading("target").quality))
        await until(lambda: len(told) == 2, "the news")
        assert told == [Quality.STALE, Quality.STALE]
        assert (device.version, device.counters.cycles) == (before + 1, 1)


async def test_what_there_was_no_time_for_comes_first_in_the_next_round(
    fake: FakeDevice,
) -> None:
    fake.delay = 0.3
    scattered = {
        "name": "Scattered",
        "limits": {"gap": 0},
        "blocks": [
            {
                "table": "holding",
                "first": 0,
                "registers": {f"r{n}": {"address": n * 200} for n in range(6)},
            }
        ],
    }
    async with polled(fake, registers=scattered, link={"timeout": 2.0}) as device:
        await until(lambda: device.counters.late_cycles, "a round that ended early")
        await until(
            lambda: all(device.reading(f"r{n}").quality is Quality.GOOD for n in range(6)),
            "all registers",
        )
        asked = [item.start for item in fake.reads]
    first = asked[: asked[1:].index(0) + 1]
    assert first[:-1] == [n * 200 for n in range(len(first) - 1)]
    assert first[-1] == len(first[:-1]) * 200, "what was left comes before what is due again"
    assert set(asked[:7]) == {n * 200 for n in range(6)}


async def test_a_read_now_goes_before_what_is_due(fake: FakeDevice) -> None:
    intervals = {"fast": 600, "normal": 600, "slow": 600}
    async with polled(fake, intervals=intervals) as device:
        await until(lambda: device.counters.cycles == 1, "the first round")
        fake[1].input[0] = 111
        await device.refresh(["temperature"])
        assert device.reading("temperature").value == 11.1
        assert [(item.table, item.start, item.count) for item in fake.reads[3:]] == [
            ("input", 0, 1)
        ]
        fake[1].holding[11] = 2
        await device.refresh()
        assert device.reading("mode").value == "cool"


async def test_who_waits_for_a_device_that_stops_is_told(fake: FakeDevice) -> None:
    async with polled(fake, link={"timeout": 5.0}) as device:
        await until(lambda: device.counters.cycles, "the first round")
        fake[1].silent = True
        waiting = asyncio.create_task(device.refresh())
        await asyncio.sleep(0.05)
        await device.stop()
        with pytest.raises(Unavailable):
            await waiting


async def test_intervals_change_while_it_runs(fake: FakeDevice) -> None:
    from dataclasses import replace

    from integrations.modbus.mapping.models import Rate

    slow = {"fast": 600, "normal": 600, "slow": 600}
    async with polled(fake, intervals=slow) as device:
        await until(lambda: device.counters.cycles == 1, "the first round")
        quick = {**device.settings.intervals, Rate.FAST: 0.05}
        device.adopt(replace(device.settings, intervals=quick))
        await until(lambda: device.counters.cycles >= 4, "quick rounds")
    assert MAP["name"] == "Test device"
