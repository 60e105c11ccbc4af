"""A real sshd on a free loopback port, with a user of its own whose shell is /bin/sh."""

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.peers.ports import free_port_number, require, wait_for

INSTALL = "apt-get install -y openssh-server sudo"


@dataclass
class Account:
    """A user of this machine, made for the tests and removed after them."""

    name: str
    password: str
    home: Path

    def grant(self, rule: str) -> None:
        """Give rights in sudo, such as `ALL=(ALL) NOPASSWD: ALL`; replaces those given before."""
        require("sudo", INSTALL)
        written = self.rights.with_name(f".{self.name}")
        written.write_text(f"{self.name} {rule}\n")
        written.chmod(0o440)
        written.rename(self.rights)

    def revoke(self) -> None:
        """Take every right in sudo back."""
        self.rights.unlink(missing_ok=True)

    @property
    def rights(self) -> Path:
        """The file with this account's rights in sudo."""
        return Path("/etc/sudoers.d") / self.name


@dataclass
class Sshd:
    """One server: where it listens, who may come in, and what can happen to it."""

    folder: Path
    port: int
    account: Account
    extra: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    key_type: str = "ed25519"
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> str:
        """What the server wrote so far."""
        path = self.folder / "sshd.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def host_key(self) -> str:
        """The public key of the server, `algorithm base64`."""
        return " ".join((self.folder / "hostkey.pub").read_text().split()[:2])

    @property
    def client_key(self) -> str:
        """The private key that the account lets in, as text."""
        return (self.folder / "client").read_text()

    @property
    def connections(self) -> list[int]:
        """The processes that hold a logged-in connection of the account."""
        done = subprocess.run(
            ["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True
        )
        wanted = f"sshd: {self.account.name}@"
        lines = (line.strip().partition(" ") for line in done.stdout.splitlines())
        return [int(pid) for pid, _, what in lines if what.strip().startswith(wanted)]

    def start(self) -> None:
        """Start, or start again on the same port with the same keys."""
        binary = require("sshd", INSTALL)
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        for name in ("hostkey", "client"):
            if not (self.folder / name).exists():
                self._make_key(name, self.key_type if name == "hostkey" else "ed25519")
        keys = self.folder / "authorized_keys"
        keys.write_text((self.folder / "client.pub").read_text())
        keys.chmod(0o644)
        listening = self.count("Server listening on")
        with (self.folder / "sshd.log").open("ab") as log:
            process = self._process = subprocess.Popen(
                [binary, "-D", "-e", "-f", str(self._configure())], stdout=log, stderr=log
            )
        # asked by its log: a look at the port would count as a connection
        wait_for(
            lambda: process.poll() is not None or self.count("Server listening on") > listening,
            "sshd to listen",
        )
        if process.poll() is not None:
            pytest.fail(f"sshd ended at once\n{self.log}")

    def stop(self) -> None:
        """End the server and its connections, and wait for it."""
        if self._process is None:
            return
        for pid in self._children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGKILL)
        self._process.terminate()
        self._process.wait(timeout=30)
        self._process = None

    def change_host_key(self, key_type: str | None = None) -> None:
        """Come back with another host key, as a stranger in the middle would."""
        self.stop()
        (self.folder / "hostkey").unlink()
        (self.folder / "hostkey.pub").unlink()
        self.key_type = key_type or self.key_type
        self.start()

    def count(self, text: str) -> int:
        """Return how often the server wrote `text`."""
        return self.log.count(text)

    def _children(self) -> list[int]:
        assert self._process is not None
        return descendants(self._process.pid)

    def _make_key(self, name: str, key_type: str) -> None:
        tool = require("ssh-keygen", INSTALL)
        subprocess.run(
            [tool, "-q", "-t", key_type, "-N", "", "-C", name, "-f", str(self.folder / name)],
            check=True,
        )

    def _configure(self) -> Path:
        lines = [
            *self.extra,
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self.folder}/hostkey",
            f"AuthorizedKeysFile {self.folder}/authorized_keys",
            f"PidFile {self.folder}/sshd.pid",
            "StrictModes no",
            "UsePAM no",
            "PasswordAuthentication yes",
            "KbdInteractiveAuthentication no",
            "PrintMotd no",
            # a bash of root's that is not the first reads no .bashrc of the machine
            "SetEnv SHLVL=3",
            "MaxStartups 100:30:200",
            "Subsystem sftp internal-sftp",
            "LogLevel VERBOSE",
        ]
        path = self.folder / "sshd_config"
        path.write_text("\n".join(lines) + "\n")
        return path


def descendants(pid: int) -> list[int]:
    """Return the processes started by `pid` and theirs."""
    done = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        children = [child for child, of in pairs if of == parent]
        found += children
        waiting += children
    return found


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    """A user of this machine with /bin/sh, a password and no rights in sudo."""
    if os.geteuid() != 0:
        reason = "making a user for sshd needs root: run the tests as root, as CI does"
        if os.environ.get("HUB_TEST_ALLOW_SKIP") == "1":
            pytest.skip(reason)
        pytest.fail(reason, pytrace=False)
    with making_account() as made:
        yield made


@contextlib.contextmanager
def making_account() -> Iterator[Account]:
    """Make a user, named after this process, and remove it at the end."""
    made = Account(f"hubtest{os.getpid()}", secrets.token_urlsafe(18), public_folder("hub-home-"))
    with _passwd_locked():
        _remove_leftovers()
        subprocess.run(
            [require("useradd", "apt-get install -y passwd"), "-M", "-d", str(made.home),
             "-s", "/bin/sh", made.name], check=True,
        )  # fmt: skip
        subprocess.run(
            [require("chpasswd", "apt-get install -y passwd")],
            input=f"{made.name}:{made.password}", text=True, check=True,
        )  # fmt: skip
    shutil.chown(made.home, made.name)
    try:
        yield made
    finally:
        made.revoke()
        with _passwd_locked():
            _remove_user(made.name)
        shutil.rmtree(made.home, ignore_errors=True)


@pytest.fixture
def start_sshd(account: Account) -> Iterator[Callable[..., Sshd]]:
    """Return a function that starts a server; `extra` are lines of sshd_config and come first."""
    running: list[Sshd] = []

    def start(*extra: str, key_type: str = "ed25519") -> Sshd:
        server = Sshd(
            public_folder("hub-sshd-"), free_port_number(), account, extra, key_type=key_type
        )
        running.append(server)
        server.start()
        return server

    yield start
    for server in running:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture
def sshd(start_sshd: Callable[..., Sshd]) -> Sshd:
    """A server of one test that lets the account in by key or password."""
    return start_sshd()


@pytest.fixture
def small_disk(account: Account) -> Iterator[Path]:
    """A folder of the account on a disk of 64 KB."""
    folder = public_folder("hub-disk-")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "hub-test", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        folder.rmdir()
        pytest.fail(f"a small disk needs the right to mount: {done.stderr}", pytrace=False)
    shutil.chown(folder, account.name)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


def public_folder(prefix: str) -> Path:
    """Return a new folder that other users may enter; those of pytest are root's alone."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    folder.chmod(0o755)
    return folder


@contextlib.contextmanager
def _passwd_locked() -> Iterator[None]:
    """Let one test process at a time change the list of users."""
    with Path("/run/hub-test-users.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_leftovers() -> None:
    """Remove users whose test process is gone, as after a kill."""
    for line in Path("/etc/passwd").read_text().splitlines():
        name = line.partition(":")[0]
        pid = name.removeprefix("hubtest")
        if name.startswith("hubtest") and pid.isdigit() and not Path("/proc", pid).exists():
            (Path("/etc/sudoers.d") / name).unlink(missing_ok=True)
            _remove_user(name)


def _remove_user(name: str) -> None:
    subprocess.run(["userdel", "-f", name], capture_output=True, check=False)
