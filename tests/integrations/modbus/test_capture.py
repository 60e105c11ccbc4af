"""Recordings of links, and devices that answer as they were recorded."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hub.util.clock import FakeClock
from integrations.modbus.capture import FORMAT, LinkCapture
from integrations.modbus.line.client import Line
from integrations.modbus.line.errors import Fault, NoAnswer, Refused
from integrations.modbus.line.options import LinkOptions, Serial, Tcp
from integrations.modbus.line.turns import Priority
from integrations.modbus.mapping.models import Function, Table
from integrations.modbus.polling.device import Device
from integrations.modbus.polling.settings import DeviceSettings
from integrations.modbus.replay import Exchange, Recorded, Replay, exchanges, main
from integrations.modbus.schema import DEVICE
from tests.integrations.modbus.devices import definition, until
from tests.peers.modbus_fake import crc
from tests.peers.ports import free_port_number
from tests.peers.steady import SteadyClock

ASKED = Priority.ASKED


def device() -> SimDevice:
    registers = SimData(0, values=[100, 101, 102, 103], datatype=DataType.REGISTERS)
    return SimDevice(3, simdata=[registers])


@contextlib.asynccontextmanager
async def line_to(transport: Any, **more: Any) -> AsyncIterator[Line]:
    line = Line(LinkOptions(transport, **{"timeout": 1, "retries": 0, **more}), SteadyClock())
    await line.start()
    try:
        yield line
    finally:
        await line.stop()


async def session(line: Line) -> list[Any]:
    """Ask this and that; returns what came."""
    seen: list[Any] = []
    for start, count in ((0, 2), (1, 3), (0, 200), (0, 2)):
        try:
            seen.append(await line.read(3, Table.HOLDING, start, min(count, 125), ASKED))
        except Fault as fault:
            seen.append(getattr(fault, "code", fault.word))
    await line.write(3, Table.HOLDING, 0, [7], Function.AUTO, ASKED)
    seen.append(await line.read(3, Table.HOLDING, 0, 2, ASKED))
    return seen


SEEN = [[100, 101], [101, 102, 103], 2, [100, 101], [7, 101]]


async def record(line: Line, path: Path) -> list[Any]:
    capture = LinkCapture(line, path, SteadyClock())
    capture.start()
    try:
        return await session(line)
    finally:
        await capture.stop()


@pytest.mark.parametrize("framing", ["mbap", "rtu"])
async def test_what_was_recorded_is_answered_again(
    framing: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "deep" / "link.jsonl"
    server: Any
    transport: Any
    if framing == "rtu":
        far, near = request.getfixturevalue("pty_pair")
        server, transport = ModbusSerialServer(device(), port=far, baudrate=9600), Serial(near)
    else:
        port = free_port_number()
        server = ModbusTcpServer(device(), address=("127.0.0.1", port))
        transport = Tcp("127.0.0.1", port)
    await server.serve_forever(background=True)
    async with line_to(transport) as line:
        assert await record(line, path) == SEEN
        assert line.on_frame is None
    await server.shutdown()
    head = json.loads(path.read_text().splitlines()[0])
    assert head == {"format": FORMAT, "version": 1, "framing": framing}

    found = exchanges(path)
    assert [(item.unit, item.request.hex(), (item.answer or b"").hex()) for item in found] == [
        (3, "0300000002", "030400640065"),
        (3, "0300010003", "0306006500660067"),
        (3, "030000007d", "8302"),
        (3, "0300000002", "030400640065"),
        (3, "0600000007", "0600000007"),
        (3, "0300000002", "030400070065"),
    ]
    replay = Replay(Recorded(found))
    await replay.start()
    async with line_to(Tcp("127.0.0.1", replay.port)) as line:
        assert await session(line) == SEEN
        assert await line.read(3, Table.HOLDING, 0, 2, ASKED) == [7, 101], "the last one stays"
        assert replay.recorded.surprises == []
        with pytest.raises(Refused) as refused:
            await line.read(3, Table.HOLDING, 0, 3, ASKED)
        assert (refused.value.code, refused.value.is_transport) == (2, False)
        with pytest.raises(Refused) as refused:
            await line.read(4, Table.HOLDING, 0, 2, ASKED)
        assert refused.value.is_transport
    assert [(unit, pdu.hex()) for unit, pdu in replay.recorded.surprises] == [
        (3, "0300000003"),
        (4, "0300000002"),
    ]
    await replay.stop()


FIXTURE = Path(__file__).parents[2] / "fixtures" / "modbus" / "boiler.jsonl"
"""Recorded by `test_a_device_shows_again_what_it_showed` from the pymodbus server below."""
SHOWN = {
    "target": (21.5, "good"),
    "mode": ("heat", "good"),
    "low": (0x34, "good"),
    "high": (0x12, "good"),
    "total": (70_000, "good"),
    "temperature": (-1.5, "good"),
    "power": (1.5, "good"),
    "serial": (None, "none"),
    "pump": (True, "good"),
    "valve": (False, "good"),
}


@contextlib.asynccontextmanager
async def shown(port: int, path: Path | None = None) -> AsyncIterator[dict[str, Any]]:
    """Let a device of the hub read everything once; records it when there is a path."""
    found = definition()
    spec = {"link": "l", "definition": "eastron_sdm630", "unit": 3}
    spec["intervals"] = dict.fromkeys(("fast", "normal", "slow"), 900)
    settings = DeviceSettings.of("d", DEVICE(spec), found)
    async with line_to(Tcp("127.0.0.1", port)) as line:
        device = Device("d", settings, found, line, SteadyClock())
        capture = None if path is None else LinkCapture(line, path, SteadyClock())
        if capture is not None:
            capture.start()
        device.start()
        await until(lambda: device.version, "the first round")
        await device.refresh(["target"])
        yield {key: (device.reading(key).value, device.reading(key).quality.value) for key in SHOWN}
        await device.stop()
        if capture is not None:
            await capture.stop()


async def test_a_device_shows_again_what_it_showed(tmp_path: Path) -> None:
    port, path = free_port_number(), tmp_path / "boiler.jsonl"
    bits = SimData(0, values=[False] * 3 + [True] + [False] * 12, datatype=DataType.BITS)
    holding = [0] * 10 + [215, 1] + [0] * 8 + [0x1234, 9] + [0] * 8 + [1, 4464]
    server = ModbusTcpServer(
        SimDevice(
            3,
            simdata=(
                [bits],
                [SimData(0, values=[False] * 16, datatype=DataType.BITS)],
                [SimData(0, values=holding, datatype=DataType.REGISTERS)],
                [SimData(0, values=[0xFFF1, 15, 0xFFFF], datatype=DataType.REGISTERS)],
            ),
        ),
        address=("127.0.0.1", port),
    )
    await server.serve_forever(background=True)
    async with shown(port, path) as seen:
        assert seen == SHOWN
    await server.shutdown()
    for recording in (path, FIXTURE):
        replay = Replay(Recorded(exchanges(recording)))
        await replay.start()
        async with shown(replay.port) as seen:
            assert seen == SHOWN
            assert replay.recorded.surprises == []
        await replay.stop()


async def test_silence_is_recorded_and_kept() -> None:
    question = bytes.fromhex("0300000001")
    told = bytes.fromhex("03020005")
    recorded = Recorded([Exchange(1, question, None), Exchange(1, question, told)])
    replay = Replay(recorded)
    await replay.start()
    async with line_to(Tcp("127.0.0.1", replay.port), timeout=0.05) as line:
        with pytest.raises(NoAnswer):
            await line.read(1, Table.HOLDING, 0, 1, ASKED)
        assert await line.read(1, Table.HOLDING, 0, 1, ASKED) == [5]
        assert await line.read(1, Table.HOLDING, 0, 1, ASKED) == [5]
    await replay.stop()


async def test_it_is_written_while_it_runs(tmp_path: Path) -> None:
    clock = FakeClock()
    line = Line(LinkOptions(Tcp("127.0.0.1", free_port_number())), clock)
    capture = LinkCapture(line, tmp_path / "link.jsonl", clock, 1000)
    capture.start()
    assert line.on_frame is not None
    line.on_frame(True, bytes.fromhex("000100000006 01 0300000001"))
    await clock.advance(2)
    while not capture.path.exists():
        await asyncio.sleep(0.01)
    line.on_frame(False, b"\x00")
    await capture.stop()
    assert [(item.unit, item.answer) for item in exchanges(capture.path)] == [(1, None)]
    assert capture.dropped == 0


def write(path: Path, framing: str, chunks: list[tuple[str, bytes]]) -> Path:
    lines = [json.dumps({"format": FORMAT, "version": 1, "framing": framing})]
    lines += [json.dumps([1.0, "device", way, data.hex()]) for way, data in chunks]
    path.write_text("\n".join(lines) + "\n")
    return path


@settings(max_examples=50)
@given(st.booleans(), st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_answers_are_found_in_pieces_of_any_size(
    tmp_path_factory: pytest.TempPathFactory, is_bus: bool, sizes: list[int]
) -> None:
    asked, told = bytes.fromhex("0300000002"), bytes.fromhex("03040001ffff")

    def frame(tag: int, pdu: bytes) -> bytes:
        if is_bus:
            return b"\x01" + pdu + crc(b"\x01" + pdu).to_bytes(2, "little")
        return bytes((0, tag, 0, 0, 0, len(pdu) + 1, 1)) + pdu

    chunks: list[tuple[str, bytes]] = []
    for tag in (1, 2):
        chunks.append(("tx", frame(tag, asked)))
        rest = frame(tag, told)
        for size in sizes:
            chunks.append(("rx", rest[:size]))
            rest = rest[size:]
        chunks.append(("rx", rest))
    path = tmp_path_factory.getbasetemp() / "pieces.jsonl"
    found = exchanges(write(path, "rtu" if is_bus else "mbap", chunks))
    assert [(item.request, item.answer) for item in found] == [(asked, told)] * 2


def test_answers_that_come_late_or_out_of_turn_find_their_requests(tmp_path: Path) -> None:
    def frame(tag: int, pdu: str) -> bytes:
        data = bytes.fromhex(pdu)
        return bytes((0, tag, 0, 0, 0, len(data) + 1, 1)) + data

    chunks = [
        ("tx", frame(1, "0300000001")),
        ("tx", frame(2, "0300010001")),
        ("tx", frame(1, "0400000001")),
        ("rx", frame(2, "03020002") + frame(1, "04020003")),
        ("rx", b"\xff" * 9),
        ("rx", frame(1, "03020001")),
        ("rx", frame(9, "03020009")),
    ]
    found = exchanges(write(tmp_path / "link.jsonl", "mbap", chunks))
    assert [(item.answer or b"").hex() for item in found] == ["03020001", "03020002", "04020003"]


def test_other_and_damaged_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "link.jsonl"
    path.write_text('{"format": "neasmart-capture", "version": 1, "framing": "rtu"}\n')
    with pytest.raises(ValueError, match="not a capture"):
        exchanges(path)
    with pytest.raises(ValueError, match="'ascii' is no framing"):
        exchanges(write(path, "ascii", []))
    path.write_text(path.read_text().replace("ascii", "rtu") + "[1]\n")
    with pytest.raises(ValueError, match=r"link\.jsonl:2"):
        exchanges(path)
    for kind, request in (("rtu", b"\x01\x02\x03"), ("mbap", b"\x00" * 7)):
        with pytest.raises(ValueError, match="no request"):
            exchanges(write(path, kind, [("tx", request)]))


def test_the_command_line_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main([str(tmp_path / "x"), "nowhere"])
    assert left.value.code == 2
    assert main([str(tmp_path / "missing")]) == 1
    assert "missing" in capsys.readouterr().err
