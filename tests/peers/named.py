"""A real bind9 on a free loopback port: authoritative for `test.`, changed by RFC 2136 updates."""

import base64
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.peers.ports import free_port_number, require, wait_for

INSTALL = "apt-get install -y bind9 bind9-dnsutils"

_ZONE = """$TTL 60
@ IN SOA ns.{zone}. root.{zone}. 1 60 60 600 1
@ IN NS ns.{zone}.
ns IN A 127.0.0.1
@ IN A 127.0.0.1
* IN A 127.0.0.1
"""


@dataclass
class Named:
    """One name server: every name below its zones is 127.0.0.1, one TSIG key may change them."""

    folder: Path
    port: int
    zones: tuple[str, ...] = ("test", "inner.test")
    key_name: str = "hub-key"
    key_algorithm: str = "hmac-sha256"
    key_secret: str = field(
        default_factory=lambda: base64.b64encode(secrets.token_bytes(32)).decode(), repr=False
    )
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """`127.0.0.1:port`."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What the server wrote so far."""
        path = self.folder / "named.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Start and wait until it answers."""
        binary = require("named", INSTALL)
        arguments = [binary, "-g", "-c", str(self._configure()), "-n", "1"]
        if os.geteuid() == 0:
            # named refuses to write a journal into a folder that its user may not write
            arguments += ["-u", "root"]
        with (self.folder / "named.log").open("ab") as log:
            process = self._process = subprocess.Popen(arguments, stdout=log, stderr=log)
        wait_for(lambda: process.poll() is not None or "] running" in self.log or
                 " running\n" in self.log, "named to run")  # fmt: skip
        if process.poll() is not None:
            pytest.fail(f"named ended at once\n{self.log}")

    def stop(self) -> None:
        """End the server and wait for it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=30)
            self._process = None

    def texts(self, name: str) -> list[str]:
        """Return the TXT values of a name, in order."""
        done = subprocess.run(
            [require("dig", INSTALL), "+short", "@127.0.0.1", "-p", str(self.port), name, "TXT"],
            capture_output=True, text=True, check=True, timeout=30,
        )  # fmt: skip
        return sorted(line.strip('"') for line in done.stdout.splitlines())

    def update(self, *lines: str) -> None:
        """Change a zone with nsupdate, such as `update add x.test 60 TXT "a"`."""
        script = "\n".join([f"server 127.0.0.1 {self.port}", *lines, "send"])
        key = f"{self.key_algorithm}:{self.key_name}:{self.key_secret}"
        subprocess.run(
            [require("nsupdate", INSTALL), "-y", key],
            input=script, text=True, check=True, timeout=30, capture_output=True,
        )  # fmt: skip

    def _configure(self) -> Path:
        lines = [
            f'key "{self.key_name}" {{',
            f"  algorithm {self.key_algorithm};",
            f'  secret "{self.key_secret}";',
            "};",
            "options {",
            f'  directory "{self.folder}";',
            f"  listen-on port {self.port} {{ 127.0.0.1; }};",
            "  listen-on-v6 { none; };",
            f'  pid-file "{self.folder}/named.pid";',
            f'  session-keyfile "{self.folder}/session.key";',
            "  recursion no;",
            "  dnssec-validation no;",
            "  notify no;",
            "};",
            "controls { };",
        ]
        for zone in self.zones:
            file = self.folder / f"{zone}.zone"
            file.write_text(_ZONE.format(zone=zone))
            lines.append(
                f'zone "{zone}" {{ type primary; file "{file}"; '
                f'allow-update {{ key "{self.key_name}"; }}; }};'
            )
        path = self.folder / "named.conf"
        path.write_text("\n".join(lines) + "\n")
        path.chmod(0o600)
        return path


@pytest.fixture
def start_named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Named]]:
    """Return a function that starts a name server; takes the options of `Named`."""
    running: list[Named] = []

    def start(**options: object) -> Named:
        server = Named(tmp_path_factory.mktemp("named"), free_port_number(), **options)  # type: ignore[arg-type]
        running.append(server)
        server.start()
        return server

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def named(start_named: Callable[..., Named]) -> Named:
    """A name server of one test."""
    return start_named()
