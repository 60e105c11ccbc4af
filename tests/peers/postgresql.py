"""A real PostgreSQL on a free loopback port, one for all tests of a worker."""

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

INSTALL = "apt-get install -y postgresql"
USER = "hub"
_OWNER = "postgres"


@dataclass
class PostgreSql:
    """One server: where it listens, and what can happen to it."""

    folder: Path
    port: int
    password: str = field(default_factory=lambda: f"p@ss/{secrets.token_hex(4)}")
    host: str = "127.0.0.1"

    @property
    def log(self) -> str:
        """What the server wrote so far."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def pid(self) -> int:
        """The first process of the server."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def url(self, database: str) -> str:
        """The address of a database as a person writes it."""
        password = self.password.replace("@", "%40").replace("/", "%2F")
        return f"postgresql://{USER}:{password}@{self.host}:{self.port}/{database}"

    def init(self) -> None:
        """Make the server's files."""
        secret = self.folder / "pw"
        secret.write_text(self.password)
        if os.geteuid() == 0:
            shutil.chown(self.folder, _OWNER)
            shutil.chown(secret, _OWNER)
        self._run(
            "initdb", "-D", str(self.folder / "data"), "-U", USER, "--pwfile", str(secret),
            "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip

    def start(self) -> None:
        """Start, or start again on the same port with the same data."""
        options = (
            f"-c listen_addresses={self.host} -p {self.port} -c fsync=off "
            f"-c unix_socket_directories={self.folder} -c max_connections=50"
        )
        self._run(
            "pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"),
            "-w", "-o", options, "start",
        )  # fmt: skip

    def stop(self) -> None:
        """End the server and its connections; nothing when it does not run."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "fast", "-w", "stop")

    def kill(self) -> None:
        """End the server as a power cut does."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not Path("/proc", str(pid)).exists(), "PostgreSQL to end")
        # its children see that and end; the next start waits for none of them to hold the files
        marker = str(self.folder / "data").encode()
        wait_for(lambda: not _running(marker), "PostgreSQL's processes to end")

    def revive(self) -> None:
        """Start it when a test left it ended or frozen."""
        if self._alive():
            self.thaw()
        else:
            self.start()

    def _alive(self) -> bool:
        return _running(str(self.folder / "data").encode())

    def freeze(self) -> None:
        """Let every process of the server stand still, as a machine that hangs."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def create(self, database: str) -> None:
        """Make an empty database."""
        self.sql(f'CREATE DATABASE "{database}"', "postgres")

    def drop(self, database: str) -> None:
        """Remove a database and whoever is connected with it."""
        self.sql(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)', "postgres")

    def sql(self, statement: str, database: str) -> str:
        """Run one statement with psql and return its rows, columns parted by `|`."""
        done = subprocess.run(
            [_program("psql"), "-h", self.host, "-p", str(self.port), "-U", USER, "-d", database,
             "-qAt", "-v", "ON_ERROR_STOP=1", "-c", statement],
            env={**os.environ, "PGPASSWORD": self.password},
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            pytest.fail(f"psql: {done.stderr}\n{self.log[-2000:]}")
        return done.stdout.strip()

    def _signal(self, number: signal.Signals) -> None:
        first = self.pid
        for pid in (*_children(first), first):
            os.kill(pid, number)

    def _run(self, program: str, *arguments: str) -> None:
        command = [_program(program), *arguments]
        if os.geteuid() == 0:
            command = [require("runuser", "apt-get install -y util-linux"), "-u", _OWNER, "--",
                       *command]  # fmt: skip
        done = subprocess.run(
            command, capture_output=program != "pg_ctl", text=True, timeout=60, check=False,
            cwd=self.folder, stdout=None if program != "pg_ctl" else subprocess.DEVNULL,
        )  # fmt: skip
        if done.returncode != 0:
            pytest.fail(f"{program} exited {done.returncode}: {done.stderr}\n{self.log[-2000:]}")


def _program(name: str) -> str:
    """Return the newest installed program of this name; Debian keeps them off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else require(name, INSTALL)


def _children(pid: int) -> list[int]:
    done = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = (tuple(map(int, line.split())) for line in done.stdout.splitlines())
    return [child for child, parent in pairs if parent == pid]


def _running(folder: bytes) -> bool:
    """Tell whether a process works in a folder."""
    for place in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if bytes(place.readlink()) == folder:
                return True
        except OSError:
            continue
    return False


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSql]:
    """A running server for this worker; a test that ends it starts it again."""
    server = PostgreSql(public_folder("hub-postgresql-"), free_port_number())
    try:
        server.init()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)
