"""A terminal with a person before it: a program that sees a tty, and what is typed into it."""

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SECONDS = 30.0


@dataclass
class Terminal:
    """One program on a pseudo-terminal of its own."""

    process: subprocess.Popen[bytes]
    master: int
    screen: str = ""
    _seen: int = field(default=0, repr=False)

    def expect(self, pattern: str) -> str:
        """Wait until the pattern shows up after what was expected before; return the match."""
        end = time.monotonic() + SECONDS
        while (found := re.compile(pattern).search(self.screen, self._seen)) is None:
            if not self._read(end - time.monotonic()):
                pytest.fail(f"{pattern!r} did not show up; the screen says:\n{self.screen}")
        self._seen = found.end()
        return found[0]

    def type(self, text: str) -> None:
        """Type text; `\\n` is the return key, `\\x03` Ctrl-C."""
        os.write(self.master, text.encode())

    def end(self) -> int:
        """Wait for the end and return the exit status."""
        end = time.monotonic() + SECONDS
        while self._read(end - time.monotonic()):
            pass
        return self.process.wait(SECONDS)

    def interrupt(self) -> int:
        """Press Ctrl-C until the program ends, as people do, and return the exit status.

        Python may miss one that comes just before it reads (fgets starts anew after EINTR only).
        """
        end = time.monotonic() + SECONDS
        while self.process.poll() is None and time.monotonic() < end:
            self.type("\x03")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(2)
        return self.end()

    def close(self) -> None:
        """End the program, if it still runs."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(SECONDS)
        os.close(self.master)

    def _read(self, seconds: float) -> bool:
        """Take what was written; False at the end or when nothing came."""
        if seconds <= 0 or not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:  # Linux says EIO when the program has ended
            return False
        self.screen += data.decode(errors="replace")
        return bool(data)


OpenTerminal = Callable[..., Terminal]


@pytest.fixture
def open_terminal() -> Iterator[OpenTerminal]:
    """Return a function that starts a program on a terminal."""
    opened: list[Terminal] = []

    def start(command: Sequence[str], env: Mapping[str, str], cwd: Path | None = None) -> Terminal:
        master, slave = pty.openpty()
        process = subprocess.Popen(
            ["setsid", "--ctty", *command],  # the terminal's keys send signals
            stdin=slave, stdout=slave, stderr=slave, env=env, cwd=cwd,
        )  # fmt: skip
        os.close(slave)
        terminal = Terminal(process, master)
        opened.append(terminal)
        return terminal

    yield start
    for terminal in opened:
        terminal.close()
