"""The real hub in a process of its own, on free ports, with an owner and a token."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.peers.ports import free_port_number, wait_for, wait_for_port

OWNER = "owner"
PASSWORD = "correct horse battery"
MINIMAL = "hub:\n  name: Test\nmqtt:\n  enabled: false\n"


@dataclass
class HubProcess:
    """One running `hub run`: where it answers, how to get in, how to end it."""

    config: Path
    data: Path
    port: int
    user_id: str = ""
    token: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Base address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """The authorisation header of the owner's long-lived token."""
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def pid(self) -> int:
        """Process id; fails when the hub does not run."""
        assert self._process is not None, "the hub does not run"
        return self._process.pid

    @property
    def log(self) -> str:
        """What the hub wrote so far, over all its starts."""
        path = self.data.parent / "hub.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def init(self) -> None:
        """Make the owner (see OWNER and PASSWORD) and keep its token."""
        done = run_hub(
            "init", "--data", str(self.data), "--owner", OWNER, "--password-stdin", stdin=PASSWORD
        )
        if done.returncode != 0:
            pytest.fail(f"hub init exited {done.returncode}: {done.stderr}{done.stdout}")
        answer = json.loads(done.stdout)
        self.user_id, self.token = answer["user_id"], answer["token"]

    def be_like(self, other: "HubProcess") -> None:
        """Take the owner and the token of a hub that was never started: quicker than `init`."""
        shutil.copytree(other.data, self.data)
        self.user_id, self.token = other.user_id, other.token

    def start(self) -> None:
        """Start and return when the house is set up; fails with the log when the hub ends."""
        seen = len(self.log)
        command = [
            "run",
            "--config",
            str(self.config),
            "--data",
            str(self.data),
            "--port",
            str(self.port),
        ]
        with (self.data.parent / "hub.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*HUB, *command], stdout=log, stderr=log, env={**os.environ, **self.environment}
            )
        try:
            wait_for_port(self.port, alive=lambda: self.exit_code is None)
            said = " runs at http"
            wait_for(
                lambda: said in self.log[seen:] or self.exit_code is not None,
                "the house to be set up",
            )
            if self.exit_code is not None:
                pytest.fail(f"the hub ended with {self.exit_code} while it started")
        except pytest.fail.Exception as error:
            self.stop(signal.SIGKILL)
            pytest.fail(f"{error}\n--- hub.log\n{self.log}")

    @property
    def exit_code(self) -> int | None:
        """None while the hub runs or was never started."""
        return None if self._process is None else self._process.poll()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int | None:
        """End the hub, wait for it and return its exit code; SIGKILL plays a power cut."""
        if self._process is None:
            return None
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            code = self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=5)
            pytest.fail(f"the hub did not stop within 30 s\n--- hub.log\n{self.log}")
        self._process = None
        return code


HUB = [sys.executable, "-m", "hub.cli.app"]


def run_hub(
    *arguments: str, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run one `hub` command to its end and return what it wrote and its exit code."""
    return subprocess.run(
        [*HUB, *arguments], input=stdin, text=True, capture_output=True, timeout=30, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip


@contextmanager
def starter(
    folders: pytest.TempPathFactory, like: HubProcess | None = None
) -> Iterator[Callable[..., HubProcess]]:
    """Give a function that starts a hub on a folder or on the text of a `hub.yaml`; end them all.

    `like`: a hub whose owner they have, instead of one made for each.
    """
    started: list[HubProcess] = []

    def start(
        config: Path | str = MINIMAL,
        *,
        init: bool = True,
        resources: str | None = None,
        **environment: str,
    ) -> HubProcess:
        home = folders.mktemp("hub")
        if isinstance(config, str):
            folder = home / "config"
            folder.mkdir()
            (folder / "hub.yaml").write_text(config)
            config = folder
        if resources is not None:
            (config / "resources").mkdir()
            (config / "resources" / "test.yaml").write_text(resources)
        process = HubProcess(config, home / "data", free_port_number(), environment=environment)
        started.append(process)
        if init and like is not None:
            process.be_like(like)
        elif init:
            process.init()
        process.start()
        return process

    try:
        yield start
    finally:
        crashed = [hub for hub in started if hub.exit_code not in (None, 0)]
        for hub in started:
            hub.stop()
    for hub in crashed:
        pytest.fail(f"the hub ended by itself\n--- hub.log\n{hub.log}")


@pytest.fixture
def start_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., HubProcess]]:
    """Return a function that starts a hub on a folder or on the text of a `hub.yaml`."""
    with starter(tmp_path_factory) as start:
        yield start


@pytest.fixture
def hub_process(start_hub: Callable[..., HubProcess]) -> HubProcess:
    """A hub with a minimal configuration, an owner and a token."""
    return start_hub()
