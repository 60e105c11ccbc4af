"""`hub modbus` as a person runs it: a process of its own, a whole hub, a server of pymodbus."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hub.cli.conftest import HUB
from tests.integrations.modbus.commands import CONFIG, Shell, polled
from tests.peers.house import House, MakeHouse
from tests.peers.modbus import PymodbusServer
from tests.peers.modbus_fake import FakeDevice
from tests.peers.ports import free_port_number
from tests.peers.terminal import OpenTerminal

pytestmark = pytest.mark.timeout(120)
UNIT = PymodbusServer.UNIT
RAW = ("--link", "cellar", "--unit", str(UNIT))


@pytest.fixture
async def house(make_house: MakeHouse) -> House:
    return await make_house(CONFIG)


@pytest.fixture
async def server(house: House, pymodbus_server: Callable[..., PymodbusServer]) -> PymodbusServer:
    """A server whose registers hold their own address, and the hub that polls it."""
    port = free_port_number()
    server = pymodbus_server("tcp", port)
    await polled(house, port, UNIT)
    return server


@pytest.fixture
async def fake(house: House) -> AsyncIterator[FakeDevice]:
    """A device that does as it is told, and the hub that polls it."""
    fake = FakeDevice()
    async with fake.on_tcp():
        await polled(house, fake.port, 1)
        yield fake


@pytest.fixture
def shell(house: House, tmp_path: Path, open_terminal: OpenTerminal) -> Shell:
    return Shell.of(tmp_path, open_terminal, house)


# --- read


@pytest.mark.usefixtures("server")
async def test_registers_of_a_device(shell: Shell) -> None:
    table = await shell.ok("modbus", "read", "boiler", "level", "target", "alarms")
    lines = [line.split() for line in table.splitlines()]
    assert lines[0] == ["REGISTER", "VALUE", "RAW", "QUALITY"]
    assert lines[1:] == [
        ["level", "1.0", "m", "000a", "good"],
        ["target", "10.0", "°C", "0014", "good"],
        ["alarms", "low,", "high", "0005", "good"],
    ]
    found = await shell.json("modbus", "read", "modbus.device/boiler", "pump")
    assert found["pump"]["value"] is True
    for arguments, words in (
        (["boiler", "depth"], "has no register 'depth'"),
        (["boiler"], "name the registers to read"),
        (["kettle", "level"], "kettle"),
        (["link/boiler", "level"], "expected a key, or modbus.device/KEY"),
    ):
        done = await shell.hub("modbus", "read", *arguments)
        assert done.status in (1, 2)
        assert words in done.err


@pytest.mark.usefixtures("server")
async def test_raw_words_and_bits(shell: Shell) -> None:
    table = await shell.ok("modbus", "read", *RAW, "holding", "0x10", "2")
    assert [line.split() for line in table.splitlines()] == [
        ["ADDRESS", "HEX", "UNSIGNED", "SIGNED"],
        ["16", "0010", "16", "16"],
        ["17", "0011", "17", "17"],
    ]
    bits = await shell.ok("modbus", "read", *RAW, "coil", "4", "2")
    assert [line.split() for line in bits.splitlines()[1:]] == [["4", "off"], ["5", "on"]]
    [row] = await shell.json("modbus", "read", *RAW, "input", "2", "--type", "uint32")
    assert row == {"address": 2, "raw": [2, 3], "value": 0x0002_0003}
    swapped = ["--type", "uint32", "--word-order", "little", "--byte-order", "little"]
    rows = await shell.json("modbus", "read", *RAW, "input", "2", "4", *swapped)
    assert [row["value"] for row in rows] == [0x0300_0200, 0x0500_0400]
    for arguments, words in (
        (["holding"], "expected TABLE FIRST"),
        (["registers", "1"], "expected one of coil"),
        (["holding", "70000"], "expected an address from 0 to 65535"),
        (["holding", "1", "0"], "expected a count"),
        (["holding", "1", "3", "--type", "uint32"], "no whole values"),
        (["coil", "1", "--type", "int16"], "--type is for words"),
        (["holding", "5000"], "address"),
    ):
        done = await shell.hub("modbus", "read", *RAW, *arguments)
        assert done.status in (1, 2)
        assert words in done.err, done.err


# --- write


async def test_values_are_shown_asked_for_and_written(shell: Shell, server: PymodbusServer) -> None:
    def person() -> None:
        terminal = shell.at_terminal("modbus", "write", "boiler", "target=21.5", "mode=off")
        terminal.expect("boiler target: 10.0 °C -> 21.5 °C")
        terminal.expect("boiler mode: cool -> off")
        terminal.expect("Write to boiler")
        terminal.type("n\n")
        assert terminal.end() == 1

    await asyncio.to_thread(person)
    assert server.words(3, 20) == [20]
    out = await shell.ok("modbus", "write", "boiler", "target=21.5", "mode=off", "pump=off", "-y")
    assert out.splitlines() == [
        "target: 10.0 °C -> 21.5 °C",
        "mode: cool -> off",
        "pump: on -> off",
    ]
    assert (server.words(3, 20), server.words(3, 2)) == ([43], [3])
    found = await shell.json("modbus", "write", "boiler", "target=22", "-y")
    assert (found["before"], found["after"]) == ({"target": 21.5}, {"target": 22.0})
    for arguments, words in (
        (["target=99"], "target"),
        (["target"], "REGISTER=VALUE"),
        (["depth=1"], "has no register 'depth'"),
        (["mode=warm"], "heat"),
        (["level=1"], "level"),
    ):
        done = await shell.hub("modbus", "write", "boiler", *arguments, "-y")
        assert done.status in (1, 2)
        assert words in done.err, done.err


async def test_raw_words_are_written(shell: Shell, server: PymodbusServer) -> None:
    done = await shell.hub("modbus", "write", *RAW, "holding", "100", "0x00ff", "-2", "-y")
    assert "holding 100 of unit 7 on cellar: 100 101 -> 255 65534" in done.err
    assert done.out == "holding 100 of unit 7 on cellar: 100 101 -> 255 65534\n"
    assert server.words(3, 100, 2) == [255, 65534]
    await shell.ok("modbus", "write", *RAW, "holding", "200", "-5.5", "--type", "float32", "-y")
    assert server.words(3, 200, 2) == [0xC0B0, 0]
    await shell.ok("modbus", "write", *RAW, "coil", "4", "on", "off", "-y")
    assert [bool(bit) for bit in server.words(1, 4, 2)] == [True, False]
    masked = ["holding", "300", "0xff00", "0x0042", "--function", "mask", "-y"]
    await shell.ok("modbus", "write", *RAW, *masked)
    assert server.words(3, 300) == [(300 & 0xFF00) | 0x42]
    for arguments, words in (
        (["input", "1", "2"], "only coil and holding"),
        (["holding", "1"], "expected TABLE FIRST VALUE"),
        (["holding", "1", "70000"], "expected a word"),
        (["holding", "1", "x", "--type", "int16"], "expected a number"),
        (["holding", "1", "70000", "--type", "int16"], "expected -32768 to 32767"),
        (["coil", "1", "open"], "expected on or off"),
        (["coil", "1", "on", "--type", "int16"], "--type is for words"),
        (["holding", "1", "2", "--force"], "no such option: --force"),
    ):
        failed = await shell.hub("modbus", "write", *RAW, *arguments, "-y")
        assert failed.status in (1, 2)
        assert words in failed.err, failed.err


# --- watch


@pytest.mark.usefixtures("server")
async def test_what_is_known_once(shell: Shell) -> None:
    table = await shell.ok("modbus", "watch", "boiler", "--once")
    assert "level" in table
    assert "1.0 m" in table
    found = await shell.json("modbus", "watch", "boiler", "--once")
    assert {row["key"] for row in found["registers"]} == {
        "level", "target", "mode", "alarms", "pump",
    }  # fmt: skip


async def test_changes_are_lines(shell: Shell, fake: FakeDevice) -> None:
    async def watching(*options: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *HUB, "modbus", "watch", "boiler", *options, cwd=shell.home, env=shell.environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def until(
        stream: asyncio.StreamReader | None, wanted: str, of: Callable[[str], Any] = str
    ) -> str:
        assert stream is not None
        async with asyncio.timeout(30):
            while wanted not in str(of(line := (await stream.readline()).decode())):
                assert line
        return line

    lines, objects = await watching("--changes"), await watching("-o", "json")
    await until(lines.stdout, "pump")
    fake[1].holding[10] = 33
    assert "level 0.0 m -> 3.3 m" in await until(lines.stdout, "3.3")
    await until(objects.stdout, "3.3", lambda line: json.loads(line)["value"])
    await fake.stop()
    await until(lines.stderr, "boiler is away")
    for process in (lines, objects):
        process.terminate()
        await process.communicate()


async def test_a_table_that_is_kept_up_to_date(shell: Shell, fake: FakeDevice) -> None:
    def person() -> None:
        terminal = shell.at_terminal("modbus", "watch", "boiler")
        terminal.expect("level +0.0 m")
        fake[1].holding[10] = 71
        terminal.expect("level +7.1 m")
        assert terminal.interrupt() == 130
        assert "Traceback" not in terminal.screen

    await asyncio.to_thread(person)


# --- scan and learn


async def test_a_scan(shell: Shell, fake: FakeDevice) -> None:
    fake[3].only = {"holding": set(range(100, 120))}
    done = await shell.hub(
        "modbus", "scan", "cellar", "--units", "1-3", "--range", "holding:90-130", "--pause", "0",
        "-y",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert "some devices act strangely" in done.err
    lines = [line.split() for line in done.out.splitlines()]
    assert ["1", "holding", "-"] in lines
    assert ["3", "holding", "(exception", "2)"] in [line[:4] for line in lines]
    assert ["3", "holding", "100", "119"] in lines
    assert not any(line[:1] == ["2"] for line in lines)
    nothing = await shell.ok("modbus", "scan", "cellar", "--units", "9", "--pause", "0", "-y")
    assert nothing == "no unit answered\n"
    started = await shell.json("modbus", "scan", "cellar", "--units", "1", "-y", "--no-wait")
    assert started["job_id"]
    for arguments, words in (
        (["--units", "9-1"], "the first is behind the last"),
        (["--units", "300"], "from 0 to 255"),
        (["--range", "holding"], "expected TABLE:FIRST-LAST"),
        (["--range", "words:1-2"], "expected one of coil"),
    ):
        failed = await shell.hub("modbus", "scan", "cellar", *arguments, "-y")
        assert (failed.status, words in failed.err) == (2, True), failed.err


async def test_nothing_is_scanned_without_a_yes(shell: Shell, fake: FakeDevice) -> None:
    def person() -> None:
        terminal = shell.at_terminal("modbus", "scan", "cellar")
        terminal.expect("act strangely")
        terminal.expect("Scan units 1 to 247 on cellar")
        terminal.type("\n")
        assert terminal.end() == 1

    await asyncio.to_thread(person)
    assert not [request for request in fake.log if request.unit != 1]


async def test_learning_and_forgetting(shell: Shell, fake: FakeDevice) -> None:
    fake[1].most_words = 10
    out = await shell.ok("modbus", "learn", "boiler", "-y")
    shown = dict(line.split("  ", 1) for line in out.splitlines())
    assert shown["largest read"].strip().endswith("registers")
    assert "rest between requests" in shown
    found = await shell.json("modbus", "learn", "boiler", "-y")
    assert {"words", "gap", "pause_ms", "holes"} <= set(found)
    assert "forgotten" in (await shell.hub("modbus", "learn", "boiler", "--forget")).err


async def test_a_hub_without_modbus_says_so(shell: Shell) -> None:
    for arguments in (["watch", "boiler"], ["scan", "cellar", "-y"], ["read", "boiler", "x"]):
        done = await shell.hub("modbus", *arguments)
        assert done.status == 1
        assert "modbus.link" in done.err
