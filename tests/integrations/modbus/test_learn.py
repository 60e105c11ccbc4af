"""What is measured of a device: sizes, holes, rest."""

from typing import Any

import pytest

from hub.errors import Unavailable
from integrations.modbus.learn import Learning
from integrations.modbus.polling.device import Device
from integrations.modbus.polling.learned import Learned
from tests.integrations.modbus.devices import polled
from tests.peers.modbus_fake import FakeDevice, Request


class Quiet(FakeDevice):
    """Leaves unanswered what others refuse."""

    def _answer(self, request: Request, todo: Any) -> bytes | None:
        answer = super()._answer(request, todo)
        return None if answer is None or answer[0] & 0x80 else answer


def registers(*addresses: int, table: str = "holding") -> dict[str, Any]:
    found = {f"r{address}": {"address": address} for address in addresses}
    return {
        "name": "Map",
        "blocks": [{"table": table, "first": 0, "registers": found}],
        "entities": [],
    }


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the longest rests."""
    monkeypatch.setattr("integrations.modbus.learn._CAREFUL", 0.05)
    monkeypatch.setattr("integrations.modbus.learn.PAUSES", (0.0, 0.02, 0.05, 0.1))


async def learn(device: Device, lines: list[str] | None = None) -> dict[str, Any]:
    told: list[float] = []
    found = await Learning(
        device,
        tell=lambda part, _: told.append(part),
        log=lambda line: None if lines is None else lines.append(line),
    ).run()
    assert told == sorted(told)
    return found


async def test_the_largest_read_is_found() -> None:
    fake = FakeDevice()
    fake[1].most_words = 37
    async with (
        fake.on_tcp(),
        polled(fake, registers=registers(*range(90)), start=False) as device,
    ):
        found = await learn(device)
        assert (found["words"], found["pause_ms"], found["holes"]) == (37, 0, [])
        assert [read.count for read in device.reads()] == [37, 37, 16]
        assert max(request.count for request in fake.log) == 90, "more is known to be too much"
        assert Learned.from_dict(device.learned.as_dict()).words == 37


async def test_a_device_without_limits_is_asked_for_more_than_its_map() -> None:
    fake = FakeDevice()
    async with (
        fake.on_tcp(),
        polled(fake, registers=registers(0, 1, 50), start=False) as device,
    ):
        found = await learn(device)
    assert (found["words"], found["gap"], found["refused"]) == (125, 48, [])
    assert found["requests"] < 20


async def test_forbidden_addresses_are_not_read_to_measure() -> None:
    fake = FakeDevice()
    forbidden = {"table": "holding", "first": 40, "last": 60}
    limited = {**registers(0, 1, 2, 90), "limits": {"forbidden": [forbidden]}}
    async with fake.on_tcp(), polled(fake, registers=limited, start=False) as device:
        found = await learn(device)
    assert found["words"] == 40
    assert not [item for item in fake.log if item.start <= 60 and item.start + item.count > 40]


@pytest.mark.parametrize("kind", [FakeDevice, Quiet])
async def test_holes_and_registers_that_are_not_there(kind: type[FakeDevice]) -> None:
    fake = kind()
    fake[1].only = {"holding": {0, 1, 2, 3, 4, 20, 21, 30}}
    lines: list[str] = []
    async with (
        fake.on_tcp(),
        polled(
            fake, registers=registers(0, 4, 20, 21, 30, 33), start=False, link={"timeout": 0.04}
        ) as device,
    ):
        found = await learn(device, lines)
        assert found["holes"] == [
            {"table": "holding", "first": 5, "last": 19},
            {"table": "holding", "first": 22, "last": 29},
        ]
        assert found["refused"] == ["r33"]
        assert found["gap"] == 3
        assert [(read.start, read.count) for read in device.reads()] == [(0, 5), (20, 2), (30, 1)]
        fake.log.clear()
        device.start()
        await device.refresh()
        assert device.reading("r30").value == 0
    assert all(fake[1].has("holding", request.start) for request in fake.log)
    assert any("not answered at all" in line for line in lines) is (kind is Quiet)


async def test_the_shortest_rest_that_is_enough() -> None:
    fake = FakeDevice()
    fake.needs_pause, fake.delay = 0.04, 0.03
    async with (
        fake.on_tcp(),
        polled(fake, registers=registers(0, 1), start=False, link={"timeout": 0.1}) as device,
    ):
        found = await learn(device)
        assert found["pause_ms"] == 50
        assert device.learned.pause == 0.05
        fake.too_soon = 0
        device.start()
        for _ in range(3):
            await device.refresh()
        assert fake.too_soon == 0, "it rests after an answer, not after a question"
        device.forget()
        assert device.learned.pause == 0


async def test_busy_and_unclear_answers_teach_nothing() -> None:
    class Moody(FakeDevice):
        def _answer(self, request: Request, todo: Any) -> bytes | None:
            if request.function == 4:
                return b"\x84\x04"
            return super()._answer(request, todo)

    fake = Moody()
    spec = registers(0, 1)
    spec["blocks"] += registers(7, table="input")["blocks"]
    lines: list[str] = []
    async with fake.on_tcp(), polled(fake, registers=spec, start=False) as device:
        found = await learn(device, lines)
        assert found["refused"] == []
        assert device.learned.holes == []
    assert any("device failure" in line for line in lines)


async def test_what_is_refused_for_no_clear_reason_is_asked_once() -> None:
    class Moody(FakeDevice):
        def _answer(self, request: Request, todo: Any) -> bytes | None:
            return b"\x84\x04" if request.function == 4 else super()._answer(request, todo)

    fake = Moody()
    fake[1].holes.add(("holding", 5))
    spec = registers(0, 1, 9)
    spec["blocks"] += [
        {"table": "input", "first": 0, "registers": {"odd": {"address": 7}}},
    ]
    async with fake.on_tcp(), polled(fake, registers=spec, start=False) as device:
        found = await learn(device)
    assert found["holes"] == [{"table": "holding", "first": 2, "last": 8}]
    assert [request.start for request in fake.log if request.function == 4] == [7]


async def test_a_device_that_its_gateway_does_not_reach_any_more_is_named() -> None:
    class Gone(FakeDevice):
        def _answer(self, request: Request, todo: Any) -> bytes | None:
            if request.number > 15:
                return bytes((request.function | 0x80, 0x0B))
            return super()._answer(request, todo)

    fake = Gone()
    many = registers(*range(0, 900, 90))
    async with fake.on_tcp(), polled(fake, registers=many, start=False) as device:
        with pytest.raises(Unavailable, match="answers no more"):
            await learn(device)
        assert device.learned.holes == []


@pytest.mark.parametrize("silent_after", [0, 15])
async def test_a_device_that_is_away_is_named(silent_after: int) -> None:
    class Tired(FakeDevice):
        def _answer(self, request: Request, todo: Any) -> bytes | None:
            return None if request.number > silent_after else super()._answer(request, todo)

    fake = Tired()
    many = registers(*range(0, 900, 90))
    async with (
        fake.on_tcp(),
        polled(fake, registers=many, start=False, link={"timeout": 0.02}) as device,
    ):
        with pytest.raises(Unavailable, match="answers"):
            await learn(device)
        assert device.learned.holes == []
        assert not device.learned.is_dead(device.definition.registers[0])


async def test_a_link_that_is_away_is_named() -> None:
    fake = FakeDevice()
    async with fake.on_tcp(), polled(fake, registers=registers(0), start=False) as device:
        await device.line.stop()
        with pytest.raises(Unavailable):
            await learn(device)
