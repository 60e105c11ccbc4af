"""Modbus peers that the project did not write.

mbpoll as master; servers by pymodbus, libmodbus and modbus_tk; socat's pty pair as cable.
"""

import asyncio
import contextlib
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.peers.ports import require, wait_for

MBPOLL = "apt-get install -y mbpoll"
SOCAT = "apt-get install -y socat"
T = TypeVar("T")


class MbpollError(Exception):
    """mbpoll ended with an error; the text is what it wrote."""


@dataclass(frozen=True)
class Mbpoll:
    """A Modbus master; addresses are those on the wire (from 0)."""

    binary: str
    seconds: float = 10.0
    """Until it counts a request as unanswered; it takes no more than these."""

    def read(
        self, address: int, count: int = 1, *, unit: int = 240, table: str = "4",
        port: int | None = None, device: str | None = None,
    ) -> list[int]:  # fmt: skip
        """Read a table (4 holding, 3 input, 1 input bits, 0 coils) over TCP or a serial device."""
        output = self._run(["-r", str(address), "-c", str(count)], unit, table, port, device)
        values = [
            line.split(":", 1)[1].split()[0] for line in output.splitlines() if line.startswith("[")
        ]
        return [int(value) & 0xFFFF for value in values]

    def write(
        self, address: int, *values: int, unit: int = 240, table: str = "4",
        port: int | None = None, device: str | None = None,
    ) -> None:  # fmt: skip
        """Write registers or coils: one value with function 6 or 5, several with 16 or 15."""
        self._run(["-r", str(address)], unit, table, port, device, values)

    def _run(
        self, what: list[str], unit: int, table: str, port: int | None, device: str | None,
        values: tuple[int, ...] = (),
    ) -> str:  # fmt: skip
        if device is None:
            where, line = ["-m", "tcp", "-p", str(port)], "127.0.0.1"
        else:
            where, line = ["-m", "rtu", "-b", "9600", "-P", "none"], device
        command = [
            self.binary,
            "-0",
            "-1",
            "-o",
            str(self.seconds),
            "-a",
            str(unit),
            "-t",
            table,
            *where,
            *what,
            line,
        ]
        command += ["--", *map(str, values)] if values else []
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode != 0:
            raise MbpollError(done.stdout + done.stderr)
        return done.stdout


@pytest.fixture
def mbpoll() -> Mbpoll:
    """The Modbus master mbpoll; its calls block, so an async test runs them in a thread."""
    return Mbpoll(require("mbpoll", MBPOLL))


@pytest.fixture
def pty_pair(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two serial devices joined by a cable: what is written to one is read from the other."""
    socat = require("socat", SOCAT)
    ends = (tmp_path / "tty-a", tmp_path / "tty-b")
    process = subprocess.Popen([socat, *(f"pty,raw,echo=0,link={end}" for end in ends)])
    try:
        wait_for(lambda: all(end.exists() for end in ends), "both ends of socat's pty pair")
        yield str(ends[0]), str(ends[1])
    finally:
        process.terminate()
        process.wait(timeout=30)


class PymodbusServer:
    """A server of pymodbus in a thread; unit 7, address n of every table holds n (bits: n % 2)."""

    UNIT = 7
    COUNT = 1000

    def __init__(self, kind: str, where: str | int, context: ssl.SSLContext | None = None) -> None:
        """Serve `tcp`, `rtu_over_tcp`, `udp` or `tls` on a port, or `rtu` on a serial device."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(self._serve(kind, where, context))

    def words(self, table: int, address: int, count: int = 1) -> list[int]:
        """Return what it holds; `table` is the function that reads it."""
        found: list[int] = self._run(self._server.async_getValues(self.UNIT, table, address, count))
        return found

    def close(self) -> None:
        """End at once."""
        self._run(self._server.shutdown())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=30)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _serve(
        self, kind: str, where: str | int, context: ssl.SSLContext | None
    ) -> Any:  # the four classes share no public base
        from pymodbus import FramerType, server
        from pymodbus.simulator import DataType, SimData, SimDevice

        words = SimData(0, values=list(range(self.COUNT)), datatype=DataType.REGISTERS)
        pattern = [address % 2 == 1 for address in range(self.COUNT)]
        bits = SimData(0, values=pattern, datatype=DataType.BITS)
        device = SimDevice(self.UNIT, ([bits], [bits], [words], [words]))
        address = ("127.0.0.1", where)
        made: Any
        if kind == "rtu":
            made = server.ModbusSerialServer(device, port=where, baudrate=9600)
        elif kind == "udp":
            made = server.ModbusUdpServer(device, address=address)
        elif kind == "tls":
            made = server.ModbusTlsServer(device, address=address, sslctx=context)
        else:
            framer = FramerType.RTU if kind == "rtu_over_tcp" else FramerType.SOCKET
            made = server.ModbusTcpServer(device, address=address, framer=framer)
        await made.serve_forever(background=True)
        return made


@pytest.fixture
def pymodbus_server() -> Iterator[Callable[..., PymodbusServer]]:
    """A function that starts servers of pymodbus, see `PymodbusServer`."""
    with contextlib.ExitStack() as stack:

        def start(*args: Any) -> PymodbusServer:
            return stack.enter_context(contextlib.closing(PymodbusServer(*args)))

        yield start


@pytest.fixture
def libmodbus_server() -> Iterator[Callable[[str, str], None]]:
    """A function that starts a server of libmodbus: (`tcp`, port) or (`rtu`, device)."""
    require("mbpoll", MBPOLL)  # it brings the library
    processes: list[subprocess.Popen[str]] = []

    def start(kind: str, where: str) -> None:
        script = Path(__file__).with_name("libmodbus.py")
        process = subprocess.Popen(
            [sys.executable, str(script), kind, where], stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    yield start
    for process in processes:
        process.kill()
        process.communicate(timeout=30)
