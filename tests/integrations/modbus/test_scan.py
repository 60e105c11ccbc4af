"""Scans for units and addresses."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus import ModbusDeviceIdentification
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hub.errors import Unavailable
from hub.sdk import dumps
from integrations.modbus.line.client import Line
from integrations.modbus.line.options import LinkOptions, Tcp
from integrations.modbus.mapping.models import Table
from integrations.modbus.polling.reads import Read
from integrations.modbus.scan import Scan, halves, identification
from tests.peers.modbus_fake import FakeDevice, Mischief, Refuse, Request
from tests.peers.ports import free_port_number
from tests.peers.steady import SteadyClock

HOLDING, INPUT = Table.HOLDING, Table.INPUT


@contextlib.asynccontextmanager
async def scanning(port: int, **more: Any) -> AsyncIterator[Scan]:
    options = LinkOptions(Tcp("127.0.0.1", port), timeout=0.04, retries=0)
    line = Line(options, SteadyClock())
    await line.start()
    try:
        yield Scan(line, SteadyClock(), 0.0, **more)
    finally:
        await line.stop()


class Quiet(FakeDevice):
    """Leaves unanswered what others refuse for its address."""

    def _answer(self, request: Request, todo: Any) -> bytes | None:
        answer = super()._answer(request, todo)
        return None if answer is not None and answer[0] & 0x80 and answer[1] == 2 else answer


async def test_units_that_answer_anything_are_found() -> None:
    told: list[float] = []
    lines: list[str] = []
    device = FakeDevice()
    device[1].functions = frozenset({4})
    device[3].holding[0] = 7
    device[5].silent = True
    async with (
        device.on_tcp(),
        scanning(device.port, tell=lambda part, _: told.append(part), log=lines.append) as scan,
    ):
        found = await scan.run(range(1, 6), [])
    assert found == {
        "asked": 5,
        "units": [
            {"unit": 1, "answered": True, "by": "holding", "exception": 1},
            {"unit": 3, "answered": True, "by": "holding", "exception": None},
        ],
        "ranges": [],
        "shortened": False,
    }
    assert told == sorted(told)
    assert lines == [
        "Unit 1 answers, no identification",
        "Unit 3 answers, no identification",
    ]


async def test_a_gateways_word_for_nobody_is_no_answer_and_inputs_are_tried() -> None:
    device = FakeDevice()
    device.strangers = 0x0B
    device.next += [Mischief.NONE] * 3 + [Mischief.DROP]
    async with device.on_tcp(), scanning(device.port) as scan:
        found = await scan.run([9, 1], [])
    assert found["units"] == [{"unit": 1, "answered": True, "by": "input", "exception": None}]


async def test_who_it_is() -> None:
    identity = ModbusDeviceIdentification(
        info_name={"VendorName": "Acme", "ProductCode": "T\x00800", "MajorMinorRevision": "1.2"}
    )
    data = SimData(0, values=[1], datatype=DataType.REGISTERS)
    port = free_port_number()
    server = ModbusTcpServer(SimDevice(1, [data]), identity=identity, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    async with scanning(port) as scan:
        found = await scan.run([1], [])
    assert found["units"][0]["identification"] == {
        "vendor": "Acme",
        "product": "T800",
        "revision": "1.2",
    }
    await server.shutdown()


@given(st.binary(max_size=40))
def test_no_answer_breaks_the_identification(rest: bytes) -> None:
    for answer in (rest, b"\x2b\x0e" + rest):
        found = identification(answer)
        assert found is None or all(text.isprintable() for text in found.values())


@pytest.mark.parametrize("kind", [FakeDevice, Quiet])
async def test_ranges_are_found_by_halving(kind: type[FakeDevice]) -> None:
    device = kind()
    there = {*range(10), 13, *range(16, 32)}
    device[1].only = {"holding": there, "input": set()}
    async with device.on_tcp(), scanning(device.port) as scan:
        wanted = [Read(HOLDING, 0, 32)]
        if kind is FakeDevice:
            wanted.append(Read(INPUT, 4, 3))
        found = await scan.run([1], wanted)
    assert [(item["table"], item["first"], item["last"]) for item in found["ranges"]] == [
        ("holding", 0, 9),
        ("holding", 13, 13),
        ("holding", 16, 31),
    ]


async def test_values_of_two_words_that_are_never_torn() -> None:
    class Pairs(FakeDevice):
        def _answer(self, request: Request, todo: Any) -> bytes | None:
            torn = request.function == 3 and (request.start % 2 or request.count % 2)
            return bytes((0x83, 2)) if torn else super()._answer(request, todo)

    device = Pairs()
    device[1].only = {"holding": {4, 5, 6, 7, 20, 21}}
    async with device.on_tcp(), scanning(device.port) as scan:
        found = await scan.run([1], [Read(HOLDING, 0, 30)])
    assert [(item["first"], item["last"]) for item in found["ranges"]] == [(4, 7), (20, 21)]


async def test_a_unit_that_dies_meanwhile_is_left() -> None:
    lines: list[str] = []
    device = FakeDevice()
    device[1].only = {"holding": {0}}
    async with device.on_tcp(), scanning(device.port, log=lines.append) as scan:
        work = asyncio.create_task(scan.run([1], [Read(HOLDING, 0, 2000)]))
        while len(device.log) < 12:
            await asyncio.sleep(0)
        device[1].silent = True
        assert (await work)["ranges"] == [{"unit": 1, "table": "holding", "first": 0, "last": 0}]
    assert "does not answer any more" in lines[-2]


async def test_a_unit_that_is_away_now_and_then_is_not_left() -> None:
    device = FakeDevice()
    away, there = Refuse(0x0B), Mischief.NONE
    device.next += [there, there, away, away, there, away, there]  # two for who it is
    async with device.on_tcp(), scanning(device.port) as scan:
        found = await scan.run([1], [Read(HOLDING, 0, 600)])
    assert [(item["first"], item["last"]) for item in found["ranges"]] == [(240, 359), (480, 599)]


async def test_a_link_that_stays_away_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.modbus.scan._RECONNECT_SECONDS", 0.1)
    monkeypatch.setattr("integrations.modbus.scan._LOOK_SECONDS", 0.01)
    async with scanning(free_port_number()) as scan:
        with pytest.raises(Unavailable, match="the link is down"):
            await scan.run([1], [])


async def test_a_result_fits_what_a_job_keeps() -> None:
    device = FakeDevice()
    device[1].only = {"holding": set(range(0, 4000, 2))}
    async with device.on_tcp(), scanning(device.port) as scan:
        found = await scan.run([1], [Read(HOLDING, 0, 700)])
    assert found["shortened"]
    assert len(found["ranges"]) > 100
    assert len(dumps(found)) <= 16_000


@settings(max_examples=50)
@given(st.integers(0, 9), st.integers(1, 200))
def test_halves_are_all_of_it_and_smaller(start: int, count: int) -> None:
    parts = halves(Read(HOLDING, start, count))
    if count == 1:
        assert parts == []
    else:
        assert [parts[0].start, parts[0].end, parts[1].end] == [
            start,
            parts[1].start,
            start + count,
        ]
        assert all(0 < part.count < count for part in parts)
        assert parts[0].count % 2 == 0 or count == 2
