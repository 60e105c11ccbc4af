"""Modbus peers that the project did not write: mbpoll as master, socat's pty pair as cable."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.peers.ports import require, wait_for

MBPOLL = "apt-get install -y mbpoll"
SOCAT = "apt-get install -y socat"


class MbpollError(Exception):
    """mbpoll ended with an error; the text is what it wrote."""


@dataclass(frozen=True)
class Mbpoll:
    """A Modbus master; addresses are those on the wire (from 0)."""

    binary: str

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
            "2",
            "-a",
            str(unit),
            "-t",
            table,
            *where,
            *what,
            line,
        ]
        command += ["--", *map(str, values)] if values else []
        done = subprocess.run(command, capture_output=True, text=True, timeout=15, check=False)
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
        process.wait(timeout=5)
