"""A real MariaDB on a free loopback port, one for all tests of a worker."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.peers.ports import free_port_number, require, wait_for
from tests.peers.sshd import public_folder

INSTALL = "apt-get install -y mariadb-server"
USER = "hub"
_OWNER = "mysql"


@dataclass
class MariaDb:
    """One server: where it listens, and what can happen to it."""

    folder: Path
    port: int
    password: str = field(default_factory=lambda: f"p@ss/{secrets.token_hex(4)}")
    host: str = "127.0.0.1"
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> str:
        """What the server wrote so far."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def _tmp(self) -> Path:
        """Its own: a server that starts deletes the temporary tables that it finds in /tmp."""
        return self.folder / "tmp"

    def url(self, database: str) -> str:
        """The address of a database as a person writes it."""
        password = self.password.replace("@", "%40").replace("/", "%2F")
        return f"mariadb://{USER}:{password}@{self.host}:{self.port}/{database}"

    def init(self) -> None:
        """Make the server's files."""
        self._tmp.mkdir()
        self._tmp.chmod(0o777)
        owner = []
        if os.geteuid() == 0:
            shutil.chown(self.folder, _OWNER)
            owner = [f"--user={_OWNER}"]
        done = subprocess.run(
            [require("mariadb-install-db", INSTALL), "--no-defaults", *owner,
             f"--datadir={self.folder / 'data'}", f"--tmpdir={self._tmp}",
             "--auth-root-authentication-method=normal",
             "--skip-test-db"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            pytest.fail(f"mariadb-install-db exited {done.returncode}: {done.stdout}{done.stderr}")

    def start(self) -> None:
        """Start, or start again on the same port with the same data."""
        owner = [f"--user={_OWNER}"] if os.geteuid() == 0 else []
        with (self.folder / "log").open("ab") as log:
            process = self._process = subprocess.Popen(
                [require("mariadbd", INSTALL), "--no-defaults", *owner,
                 f"--datadir={self.folder / 'data'}", f"--tmpdir={self._tmp}",
                 f"--socket={self.folder / 's.sock'}",
                 f"--pid-file={self.folder / 'pid'}", f"--bind-address={self.host}",
                 f"--port={self.port}", "--innodb-flush-log-at-trx-commit=2", "--skip-log-bin",
                 "--skip-name-resolve", "--innodb-buffer-pool-size=64M"],
                stdout=log, stderr=log,
            )  # fmt: skip
        wait_for(lambda: process.poll() is not None or self._admin("ping"), "MariaDB", timeout=30.0)
        if process.poll() is not None:
            pytest.fail(f"mariadbd ended at once\n{self.log[-2000:]}")

    def stop(self) -> None:
        """End the server and wait for it; nothing when it does not run."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            self._process.wait(timeout=30)
            self._process = None

    def kill(self) -> None:
        """End the server as a power cut does."""
        assert self._process is not None, "MariaDB does not run"
        self._process.kill()
        self._process.wait(timeout=30)
        self._process = None

    def revive(self) -> None:
        """Start it when a test left it ended or frozen."""
        if self._process is None:
            self.start()
        else:
            self.thaw()

    def freeze(self) -> None:
        """Let the server stand still, as a machine that hangs."""
        assert self._process is not None, "MariaDB does not run"
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None, "MariaDB does not run"
        self._process.send_signal(signal.SIGCONT)

    def allow(self) -> None:
        """Let the hub's user in, by password."""
        self.sql(
            f"CREATE USER {USER}@'{self.host}' IDENTIFIED BY '{self.password}'; "
            f"GRANT ALL ON *.* TO {USER}@'{self.host}'",
            "mysql",
        )

    def create(self, database: str) -> None:
        """Make an empty database."""
        self.sql(f"CREATE DATABASE `{database}`", "mysql")

    def drop(self, database: str) -> None:
        """Remove a database."""
        self.sql(f"DROP DATABASE IF EXISTS `{database}`", "mysql")

    def sql(self, statement: str, database: str) -> str:
        """Run statements as the server's root and return their rows, columns parted by tabs."""
        done = subprocess.run(
            [require("mariadb", INSTALL), "--no-defaults", "-S", str(self.folder / "s.sock"),
             "-u", "root", "-BN", "-e", statement, database],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            pytest.fail(f"mariadb: {done.stderr}\n{self.log[-2000:]}")
        return done.stdout.strip()

    def _admin(self, command: str) -> bool:
        done = subprocess.run(
            [require("mariadb-admin", INSTALL), "--no-defaults", "-S",
             str(self.folder / "s.sock"), "-u", "root", command],
            capture_output=True, timeout=30, check=False,
        )  # fmt: skip
        return done.returncode == 0


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDb]:
    """A running server for this worker; a test that ends it starts it again."""
    server = MariaDb(public_folder("hub-mariadb-"), free_port_number())
    try:
        server.init()
        server.start()
        server.allow()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)
