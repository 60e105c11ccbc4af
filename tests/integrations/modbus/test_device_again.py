"""When registers are asked for again: once only, after an outage, after a refusal, on request."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from hub.sdk import BreakerState, Unavailable
from hub.util.clock import SystemClock
from integrations.modbus.line.client import Line
from integrations.modbus.line.options import LinkOptions, RtuOverTcp, Tcp
from integrations.modbus.mapping.models import Table
from integrations.modbus.polling.device import Device
from integrations.modbus.polling.learned import Dead
from integrations.modbus.polling.planner import plan
from integrations.modbus.polling.readings import Quality
from integrations.modbus.polling.settings import DeviceSettings, Patience
from integrations.modbus.schema import DEVICE
from tests.integrations.modbus.devices import definition, polled, until
from tests.peers.modbus_fake import FakeDevice, Mischief, Refuse
from tests.peers.steady import SteadyClock

RARELY = {"fast": 0.1, "normal": 600, "slow": 600}
QUIET = {"fast": 600, "normal": 600, "slow": 600}

SCATTERED: dict[str, Any] = {
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


@pytest.fixture
async def fake() -> AsyncIterator[FakeDevice]:
    async with FakeDevice().on_tcp() as device:
        device[1].input.update({0: 215, 1: 12, 2: 2, 40: 4711})
        device[1].holding.update({10: 205, 11: 1})
        yield device


def looks(fake: FakeDevice, table: str, address: int) -> int:
    return sum(
        item.table == table and item.start <= address < item.start + item.count
        for item in fake.reads
    )


async def test_a_refused_register_has_nothing_read_again_that_is_read_once(
    fake: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.modbus.polling.device.TICK", 0.02)
    monkeypatch.setattr("integrations.modbus.polling.schedule.LEAST", 0.02)
    fake[1].holes.add(("holding", 11))
    async with polled(fake, intervals=RARELY) as device:
        await until(lambda: device.reading("mode").reason == "illegal_address", "the refusal")
        await until(lambda: device.counters.cycles > 5, "more rounds")
        assert looks(fake, "input", 40) == 1
        assert device.values.missed == set()


async def test_what_is_read_once_and_refused_is_tried_when_its_time_comes(
    fake: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.modbus.polling.learned.FIRST_PROBE", 0.3)
    monkeypatch.setattr("integrations.modbus.polling.device.TICK", 0.02)
    monkeypatch.setattr("integrations.modbus.polling.schedule.LEAST", 0.02)
    fake[1].holes.add(("input", 40))
    twice: dict[str, Any] = {
        "name": "Once",
        "blocks": [
            {
                "table": "input",
                "first": 0,
                "rate": "once",
                "registers": {"serial": {"address": 40}, "other": {"address": 900}},
            }
        ],
    }
    async with polled(fake, registers=twice, intervals=QUIET) as device:
        await until(lambda: device.reading("serial").reason == "illegal_address", "the refusal")
        fake[1].holes.clear()
        await until(lambda: device.reading("serial").value == 4711, "the next try")
        assert looks(fake, "input", 900) == 2, "once, and once more with the other one"


async def test_what_is_read_once_and_lost_does_not_block_the_line(
    fake: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.modbus.polling.device.TICK", 0.02)
    monkeypatch.setattr("integrations.modbus.polling.schedule.LEAST", 0.02)
    fake.next += [Mischief.NONE, Mischief.NONE, Mischief.DROP]
    alone: dict[str, Any] = {
        "name": "Once",
        "blocks": [
            {"table": "holding", "first": 0, "registers": {"a": {"address": 0}}},
            {
                "table": "input",
                "first": 0,
                "registers": {"b": {"address": 0}, "c": {"address": 900, "rate": "once"}},
            },
        ],
    }
    async with polled(fake, registers=alone, intervals=QUIET, link={"timeout": 0.05}) as device:
        await until(lambda: device.counters.timeouts, "the lost answer")
        await asyncio.sleep(0.2)
        assert looks(fake, "input", 900) == 1
        device.adopt(replace(device.settings))
        await device.refresh(["c"])
        assert device.reading("c").quality is Quality.GOOD


async def test_a_device_that_is_back_is_read_completely_at_once(fake: FakeDevice) -> None:
    fake[1].silent = True
    breaker = {"failures": 2, "wait": 0.2, "longest": 0.2}
    async with polled(fake, intervals=RARELY, link={"timeout": 0.05}, breaker=breaker) as device:
        await until(lambda: device.breaker.state is BreakerState.OPEN, "the open breaker")
        fake[1].silent = False
        await until(lambda: device.reading("mode").value == "heat", "what is read rarely")
        assert device.reading("serial").value == 4711


async def test_a_scale_that_is_gone_is_not_taken_for_known(fake: FakeDevice) -> None:
    async with polled(fake) as device:
        await until(lambda: device.reading("power").value == 1200, "the first value")
        told: list[Any] = []
        device.follow(["power"], lambda: told.append(device.reading("power").value))
        fake[1].holes.add(("input", 2))
        await until(lambda: told == [None], "the value that means nothing any more")
        assert device.reading("power").reason == "no_exponent"


async def test_forgetting_during_a_round_reads_again_after_it(fake: FakeDevice) -> None:
    async with polled(fake, intervals=QUIET, link={"timeout": 5.0}, start=False) as device:
        fake.gate.clear()
        device.start()
        await until(lambda: fake.log, "the first round")
        device.forget()
        fake.gate.set()
        await until(lambda: device.counters.cycles == 2, "another round")


async def test_another_unit_is_read_from_the_beginning(fake: FakeDevice) -> None:
    fake[1].holes.add(("holding", 11))
    fake[2].input[40], fake[2].holding[11] = 12, 2
    async with polled(fake, intervals=QUIET) as device:
        await until(lambda: device.reading("mode").reason == "illegal_address", "the refusal")
        await until(lambda: device.reading("serial").value == 4711, "all values")
        told: list[Any] = []
        device.follow(["serial"], lambda: told.append(device.reading("serial").value))
        device.adopt(replace(device.settings, unit=2))
        assert (told, device.learned.dead) == ([None], {})
        assert device.reading("target").quality is Quality.NONE
        await until(lambda: device.reading("serial").value == 12, "the other serial number")
        await until(lambda: device.reading("mode").value == "cool", "what the other one has")


async def test_an_answer_of_the_unit_before_is_not_shown(fake: FakeDevice) -> None:
    fake[1].coil[3], fake[2].coil[7] = 1, 1
    async with polled(fake, intervals=QUIET, link={"timeout": 5.0}, start=False) as device:
        fake.gate.clear()
        device.start()
        await until(lambda: fake.log, "the first request")
        assert fake.log[0].table == "coil"
        shown: list[Any] = []
        device.follow(["pump"], lambda: shown.append(device.reading("pump").value))
        device.adopt(replace(device.settings, unit=2))
        fake.gate.set()
        await until(lambda: device.reading("valve").value is True, "what the other one has")
        await until(lambda: device.counters.cycles == 2, "another round")
    assert True not in shown


async def test_who_waits_for_a_read_is_answered_by_the_line_that_came_meanwhile(
    fake: FakeDevice,
) -> None:
    link = {"timeout": 5.0}
    async with (
        polled(fake, intervals=QUIET, link=link) as device,
        polled(fake, link=link, start=False) as other,
    ):
        await until(lambda: device.counters.cycles, "the first round")
        fake.gate.clear()
        fake[1].holding[10] = 210
        heard = len(fake.log)
        asked = asyncio.create_task(device.refresh(["target"]))
        await until(lambda: len(fake.log) > heard, "the request")
        old = device.line
        device.use(other.line)
        await old.stop()
        fake.gate.set()
        await asked
        assert device.reading("target").value == 21.0


async def test_another_line_is_a_new_connection(fake: FakeDevice) -> None:
    async with polled(fake, intervals=QUIET) as device, polled(fake, start=False) as other:
        await until(lambda: device.reading("serial").value == 4711, "the first value")
        fake[1].input[40] = 4712
        device.use(other.line)
        await until(lambda: device.reading("serial").value == 4712, "what is read once")


async def test_other_patience_is_told_to_who_follows_health(fake: FakeDevice) -> None:
    breaker = {"failures": 1, "wait": 60}
    async with polled(fake, link={"timeout": 0.05}, breaker=breaker) as device:
        await until(lambda: device.counters.cycles, "the first round")
        fake[1].silent = True
        await until(lambda: device.breaker.state is BreakerState.OPEN, "the open breaker")
        await asyncio.sleep(0)
        told: list[bool] = []
        device.follow_health(lambda: told.append(device.available))
        device.adopt(replace(device.settings, patience=Patience(failures=3)))
        assert told == [True]


class JumpingClock(SteadyClock):
    """Wall time that somebody sets; the monotonic one goes on."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


@pytest.mark.parametrize("hours", [-5, 5])
async def test_a_refused_register_is_tried_again_whatever_the_wall_clock_does(
    fake: FakeDevice, hours: int
) -> None:
    fake[1].holes.add(("input", 0))
    clock = JumpingClock()
    async with polled(fake, clock=clock) as device:
        await until(lambda: device.reading("temperature").reason == "illegal_address", "refusal")
        cycles = device.counters.cycles
        await until(lambda: device.counters.cycles >= cycles + 8, "rounds of plans that are kept")
        fake[1].holes.clear()
        clock.ahead = 3600.0 * hours
        await until(lambda: device.reading("temperature").value == 21.5, "the next try")
        assert device.reading("temperature").quality is Quality.GOOD


async def test_refusals_of_a_map_before_do_not_plan_every_round_anew(
    fake: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans: list[int] = []

    def counted(*args: Any) -> Any:
        plans.append(1)
        return plan(*args)

    monkeypatch.setattr("integrations.modbus.polling.plans.plan", counted)
    async with polled(fake) as device:
        device.learned.dead[Table.HOLDING, 5000, 1] = Dead(0.0, 60.0)
        await until(lambda: device.counters.cycles >= 5, "some rounds")
        before, cycles = len(plans), device.counters.cycles
        await until(lambda: device.counters.cycles >= cycles + 10, "more rounds")
        assert len(plans) == before


async def test_who_asks_for_more_than_a_round_can_bring_gets_all_of_it(
    fake: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.modbus.polling.device.TICK", 0.1)
    monkeypatch.setattr("integrations.modbus.polling.schedule.LEAST", 0.1)
    fake.delay = 0.06
    async with polled(fake, registers=SCATTERED, intervals={"normal": 0.1}) as device:
        await until(lambda: device.counters.late_cycles, "a round that ended early")
        for n in range(6):
            fake[1].holding[n * 200] = 77
        await device.refresh()
        assert [device.reading(f"r{n}").value for n in range(6)] == [77] * 6


async def test_what_there_is_no_line_for_says_so(fake: FakeDevice) -> None:
    async with polled(fake, intervals=QUIET, limits={"pause": 0.1}, start=False) as device:
        device.start()
        await asyncio.sleep(0.02)  # it rests before the first request
        await fake.stop()
        await until(lambda: device.counters.cycles, "the end of the round")
        reasons = {item["key"]: item["reason"] for item in device.registers()}
        reasons.pop("command")
        assert set(reasons.values()) == {"link_down"}
        assert device.breaker.state is BreakerState.CLOSED


async def test_what_is_not_asked_of_a_device_that_is_left_alone_says_so(
    fake: FakeDevice,
) -> None:
    fake[1].silent = True
    breaker = {"failures": 1, "wait": 60}
    async with polled(fake, intervals=QUIET, link={"timeout": 0.05}, breaker=breaker) as device:
        await until(lambda: device.counters.cycles, "the end of the round")
        reasons = {key: device.reading(key).reason for key in ("pump", "temperature", "target")}
        assert len(fake.log) == 1
    assert sorted(map(str, reasons.values())) == ["breaker_open", "breaker_open", "timeout"]


async def test_what_a_device_refuses_shows_that_it_lives(fake: FakeDevice) -> None:
    alone: dict[str, Any] = {
        "name": "Alone",
        "blocks": [{"table": "holding", "first": 0, "registers": {"a": {"address": 0}}}],
    }
    fake.next += [Mischief.DROP, Refuse(4)] * 4
    breaker = {"failures": 2, "wait": 60}
    link = {"timeout": 0.05}
    async with polled(fake, registers=alone, link=link, breaker=breaker) as device:
        await until(lambda: device.reading("a").quality is Quality.GOOD, "an answer")
        assert (device.counters.timeouts, device.counters.refused) == (4, 4)
        assert device.breaker.changes == 0


async def test_reads_that_are_too_long_are_made_shorter(fake: FakeDevice) -> None:
    fake[1].most_words = 8
    async with polled(fake) as device:
        await until(lambda: device.reading("total").quality is Quality.GOOD, "what is far behind")
        assert device.reading("target").value == 20.5
        assert device.breaker.changes == 0


async def test_a_round_that_fails_gives_its_probe_back(
    fake: FakeDevice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    breaker = {"failures": 1, "wait": 60}
    async with polled(fake, link={"timeout": 0.05}, breaker=breaker) as device:
        await until(lambda: device.counters.cycles, "the first round")
        fake[1].silent = True
        await until(lambda: device.breaker.state is BreakerState.OPEN, "the open breaker")
        fake[1].silent = False
        with monkeypatch.context() as patch:
            patch.setattr(device.line, "read", None)  # what nobody expects
            device.breaker.hurry()
            with pytest.raises(Unavailable, match="could not be read"):
                await device.refresh()
        assert "a round of reads failed" in caplog.text
        await until(lambda: device.breaker.state is BreakerState.CLOSED, "its return")


async def test_a_refusal_is_told_once_however_often_it_is_tried_again(
    fake: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.modbus.polling.learned.FIRST_PROBE", 0.05)
    monkeypatch.setattr("integrations.modbus.polling.learned.LONGEST_PROBE", 0.05)
    fake[1].holes.add(("input", 0))
    told: list[Any] = []
    async with polled(fake, start=False) as device:
        device.follow(["temperature"], lambda: told.append(device.reading("temperature").reason))
        device.start()
        await until(lambda: device.counters.refused > 5, "some more tries")
    assert told == ["illegal_address"]


async def test_rounds_and_those_left_out_are_as_many_as_there_was_time_for(
    fake: FakeDevice,
) -> None:
    fake.delay = 0.06
    alone: dict[str, Any] = {
        "name": "Alone",
        "blocks": [{"table": "holding", "first": 0, "registers": {"a": {"address": 0}}}],
    }
    began = asyncio.get_running_loop().time()
    async with polled(fake, registers=alone, intervals={"normal": 0.05}) as device:
        await until(lambda: device.counters.missed_cycles > 3, "rounds that were left out")
        due = (asyncio.get_running_loop().time() - began) / 0.05
        done = device.counters.cycles + device.counters.missed_cycles
    assert done <= due + 1
    assert device.counters.cycles > device.counters.missed_cycles


@pytest.mark.parametrize("asked", [0, 3], ids=["nobody asks", "people ask all the time"])
async def test_no_register_is_left_behind_for_ever(
    fake: FakeDevice, monkeypatch: pytest.MonkeyPatch, asked: int
) -> None:
    monkeypatch.setattr("integrations.modbus.polling.device.TICK", 0.05)
    monkeypatch.setattr("integrations.modbus.polling.schedule.LEAST", 0.05)
    fake.delay = 0.03
    async with polled(fake, registers=SCATTERED, intervals={"normal": 0.05}) as device:

        async def asks() -> None:
            while True:
                await device.refresh(["r0", "r1", "r2"])

        asking = [asyncio.create_task(asks()) for _ in range(asked)]
        await until(lambda: device.counters.late_cycles > 2, "rounds that end early")
        for value in (76, 77):
            fake[1].holding[1000] = value
            await until(lambda: device.reading("r5").value == value, "the last one")  # noqa: B023
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


async def test_what_grows_old_while_nothing_comes_is_told(
    fake: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.modbus.polling.device.TICK", 0.02)
    monkeypatch.setattr("integrations.modbus.polling.schedule.LEAST", 0.02)
    told: list[Any] = []
    async with polled(fake, link={"timeout": 10.0}, stale_after=0.3) as device:
        await until(lambda: device.reading("temperature").value == 21.5, "the first value")
        device.follow(["temperature"], lambda: told.append(device.reading("temperature")))
        fake.gate.clear()
        await until(lambda: told and told[-1].quality is Quality.STALE, "the old value")
        fake.gate.set()
    assert next(item for item in told if item.quality is Quality.STALE).reason in {
        "not_read_in_time",
        "link_down",
    }


async def test_a_lost_answer_leaves_no_reason_behind(fake: FakeDevice) -> None:
    async with polled(fake, link={"timeout": 0.05}) as device:
        await until(lambda: device.counters.cycles, "a round")
        fake.next += [Mischief.DROP] * 3
        await until(lambda: device.counters.timeouts == 3, "the lost answers")
        await until(lambda: not device.values.missed, "a complete round")
        assert {item["reason"] for item in device.registers()} == {None, "never_received"}
        assert device.reading("command").reason == "never_received"


async def test_a_device_that_needs_a_rest_gets_it(fake: FakeDevice) -> None:
    fake.needs_pause = 0.03
    async with polled(fake, link={"timeout": 0.2}, limits={"pause": 0.05}) as device:
        await until(lambda: device.counters.cycles > 2, "some rounds")
    assert fake.too_soon == 0


async def test_ages_are_published_now_and_then(
    fake: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.modbus.polling.device.REFRESH", 0.1)
    async with polled(fake) as device:
        await until(lambda: device.counters.cycles > 2, "what is new")
        told: list[str] = []
        device.follow(["temperature"], lambda: told.append("value"))
        device.follow_health(lambda: told.append("health"))
        await until(lambda: len(told) >= 4, "ages")
    assert set(told) == {"value", "health"}


def test_less_is_read_along_on_a_bus_than_over_a_network() -> None:
    far: dict[str, Any] = {
        "name": "Far",
        "blocks": [
            {
                "table": "holding",
                "first": 0,
                "registers": {"a": {"address": 0}, "b": {"address": 30}},
            }
        ],
    }
    found, clock = definition(far), SystemClock()
    spec = DEVICE({"link": "l", "definition": "eastron_sdm630"})
    reads = []
    for transport in (Tcp("127.0.0.1", 1), RtuOverTcp("127.0.0.1", 1)):
        line = Line(LinkOptions(transport), clock)
        settings = DeviceSettings.of("d", spec, found)
        reads.append(len(Device("d", settings, found, line, clock).reads()))
    assert reads == [1, 2]
