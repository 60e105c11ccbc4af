"""A real mosquitto on a free loopback port."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.peers.ports import free_port_number, require, wait_for_port

INSTALL = "apt-get install -y mosquitto mosquitto-clients"
MARKER = "test/marker"
"""A topic of messages that only end a reading."""


@dataclass
class Mosquitto:
    """One broker: where it listens, who may come in, and how to stop and start it."""

    folder: Path
    port: int
    username: str | None = None
    password: str | None = None
    extra: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> str:
        """What the broker wrote so far."""
        path = self.folder / "mosquitto.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Start, or start again with the same port and the same persistent data."""
        binary = require("mosquitto", INSTALL)
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [binary, "-c", str(self._configure())], stdout=log, stderr=log
            )
        wait_for_port(
            self.port, alive=lambda: self._process is not None and self._process.poll() is None
        )

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the broker and wait for it; SIGKILL plays a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=30)
            self._process = None

    def publish(self, topic: str, payload: str | None, *, retain: bool = False) -> None:
        """Publish one QoS 1 message with mosquitto_pub; None sends an empty payload."""
        body = ["-n"] if payload is None else ["-m", payload]
        arguments = ["-q", "1", "-t", topic, *body, *(["-r"] if retain else [])]
        command = self._command("mosquitto_pub", *arguments)
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode:
            pytest.fail(f"mosquitto_pub exited {done.returncode}: {done.stderr}")

    def retained(self, pattern: str = "#") -> dict[str, str]:
        """Return every retained message of a pattern.

        mosquitto_sub ends at the first live message, and that comes behind the retained ones.
        """
        command = self._command(
            "mosquitto_sub", "-q", "1", "-t", pattern, "-t", MARKER,
            "--retained-only", "-F", "%t\t%p",
        )  # fmt: skip
        reader = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            while True:
                self.publish(MARKER, "now")
                with suppress(subprocess.TimeoutExpired):
                    output, errors = reader.communicate(timeout=0.1)
                    break
        finally:
            reader.kill()
            reader.communicate()
        if reader.returncode:
            pytest.fail(f"mosquitto_sub exited {reader.returncode}: {errors}")
        return dict(line.split("\t", 1) for line in output.splitlines() if "\t" in line)

    def _command(self, program: str, *arguments: str) -> list[str]:
        who = ["-u", self.username, "-P", self.password] if self.username and self.password else []
        place = ["-h", self.host, "-p", str(self.port)]
        return [require(program, INSTALL), *place, *who, *arguments]

    def _configure(self) -> Path:
        lines = [
            f"listener {self.port} 127.0.0.1",
            "persistence true",
            f"persistence_location {self.folder}/",
            "max_queued_messages 100000",
            "log_dest stderr",
            *self.extra,
        ]
        if os.geteuid() == 0:
            lines.append("user root")
        if self.username and self.password:
            passwords = self.folder / "passwd"
            tool = require("mosquitto_passwd", INSTALL)
            passwords.touch(mode=0o600)
            subprocess.run(
                [tool, "-b", str(passwords), self.username, self.password],
                check=True, capture_output=True,
            )  # fmt: skip
            lines += ["allow_anonymous false", f"password_file {passwords}"]
        else:
            lines.append("allow_anonymous true")
        path = self.folder / "mosquitto.conf"
        path.write_text("\n".join(lines) + "\n")
        return path


@pytest.fixture
def start_mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Mosquitto]]:
    """Return a function that starts a broker (`username`, `password`, `port`, `extra` lines)."""
    running: list[Mosquitto] = []

    def start(
        *, username: str | None = None, password: str | None = None,
        port: int | None = None, extra: tuple[str, ...] = (),
    ) -> Mosquitto:  # fmt: skip
        broker = Mosquitto(
            tmp_path_factory.mktemp("mosquitto"),
            port or free_port_number(),
            username,
            password,
            extra,
        )
        running.append(broker)
        broker.start()
        return broker

    yield start
    for broker in running:
        broker.stop()


@pytest.fixture
def mosquitto(start_mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    """A broker of one test that lets everybody in."""
    return start_mosquitto()


@pytest.fixture
def mosquitto_with_password(start_mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    """A broker of one test that knows only the user `tester`."""
    return start_mosquitto(username="tester", password="open-sesame")
