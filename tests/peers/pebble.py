"""A real pebble (an ACME server for tests) and its stand-in for DNS and HTTP, on loopback."""

import datetime as dt
import json
import os
import ssl
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.peers.ports import free_port_number, require, wait_for, wait_for_port

INSTALL = "apt-get install -y pebble"
SIX_DAYS = 518_400
"""Lifetime of a short-lived certificate, seconds."""


@dataclass
class Authority:
    """A certificate authority of the tests, made in a folder: `ca.pem` and servers' pairs."""

    folder: Path
    _key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )

    @property
    def certificate(self) -> Path:
        """The file with the authority's own certificate, made at the first look."""
        path = self.folder / "ca.pem"
        if not path.exists():
            made = self._signed("test CA", self._key, [], authority=True)
            path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return path

    def pair(
        self,
        names: list[str],
        *,
        days: float = 30,
        key: Any = None,
        not_before: dt.datetime | None = None,
    ) -> tuple[bytes, bytes]:
        """Return a certificate for names or addresses and its private key, PEM."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        made = self._signed(names[0], key, names, days=days, not_before=not_before)
        return (
            made.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )

    def signed(
        self, names: list[str], public_key: Any, not_before: dt.datetime, days: float
    ) -> bytes:
        """Return a certificate for somebody else's key, PEM."""
        made = self._signed(names[0], None, names, days, not_before=not_before, public=public_key)
        return made.public_bytes(serialization.Encoding.PEM)

    def _signed(
        self,
        name: str,
        key: Any,
        names: list[str],
        days: float = 30,
        *,
        authority: bool = False,
        not_before: dt.datetime | None = None,
        public: Any = None,
    ) -> x509.Certificate:
        begin = not_before or dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
        public = public or key.public_key()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test CA")])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if authority:
            builder = builder.add_extension(
                x509.SubjectKeyIdentifier.from_public_key(public), critical=False
            )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(item) for item in names]), critical=False
            )
        return builder.sign(self._key, hashes.SHA256())


def _general_name(name: str) -> x509.GeneralName:
    import ipaddress

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@dataclass
class Pebble:
    """One pebble with its own authority, and the stand-in that answers DNS for every name."""

    folder: Path
    http_port: int
    """Where HTTP-01 is fetched."""
    validity: int = 157_766_400
    """Lifetime of certificates, seconds."""
    blocklist: tuple[str, ...] = ()
    """Names that are refused as `rejectedIdentifier`."""
    nonce_reject: int = 0
    """Percent of good nonces that are refused."""
    authz_reuse: int = 0
    """Percent of valid authorizations that are used again; with 0 it is still one in a hundred
    (pebble 2.4 compares `rand.Intn(100) > percent`): start anew where another look must come."""
    external_accounts: dict[str, str] = field(default_factory=dict)
    """Key ids and keys (base64url) of external accounts; any = a binding is required."""
    dns_server: str | None = None
    """`address:port` that is asked for names; None = the stand-in, which says 127.0.0.1."""
    answer_http: bool = False
    """Whether the stand-in answers HTTP-01 on `http_port`."""
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.port, self.management_port = free_port_number(), free_port_number()
        self.dns_port, self.standin_port = free_port_number(), free_port_number()
        self.authority = Authority(self.folder)

    @property
    def directory(self) -> str:
        """The address of the ACME directory."""
        return f"https://127.0.0.1:{self.port}/dir"

    @property
    def ca_certificate(self) -> str:
        """The authority of the server's own TLS, PEM."""
        return self.authority.certificate.read_text()

    @property
    def log(self) -> str:
        """What the server wrote so far."""
        path = self.folder / "pebble.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def root(self) -> str:
        """The root certificate of this run, PEM."""
        return self._get("roots/0")

    def story(self) -> str:
        """Return the end of what both programs wrote, for a test that ran out of time."""
        logs = [path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log"))]
        return "\n".join(text[-6000:] for text in logs)

    def start(self) -> None:
        """Start both programs; pebble knows nothing of a run before."""
        environment = {
            **os.environ,
            "PEBBLE_VA_NOSLEEP": "1",
            "PEBBLE_AUTHZREUSE": str(self.authz_reuse),
            "PEBBLE_WFE_NONCEREJECT": str(self.nonce_reject),
        }
        if self.dns_server is None:
            self._start_standin()
        dns = self.dns_server or f"127.0.0.1:{self.dns_port}"
        arguments = ["-config", str(self._configure()), "-dnsserver", dns]
        self._run("pebble", arguments, environment)
        wait_for(lambda: self._ended or self._answers(), "pebble to answer")
        if self._ended:
            pytest.fail(f"pebble ended at once\n{self.log}")

    def stop(self) -> None:
        """End both programs and wait for them."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(timeout=30)
        self._processes.clear()

    def orders(self) -> int:
        """Return how many orders were asked for."""
        return self.log.count("POST /order-plz")

    def count(self, text: str) -> int:
        """Return how often the server wrote `text`."""
        return self.log.count(text)

    def tell(self, path: str, **body: Any) -> None:
        """Tell the stand-in something, such as `set-servfail` with `host`."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.standin_port}/{path}", data=json.dumps(body).encode()
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            assert answer.status == 200

    @property
    def _ended(self) -> bool:
        return any(process.poll() is not None for process in self._processes)

    def _answers(self) -> bool:
        try:
            context = ssl.create_default_context(cadata=self.ca_certificate)
            urllib.request.urlopen(self.directory, timeout=1, context=context).close()  # noqa: S310
        except OSError:
            return False
        return True

    def _get(self, path: str) -> str:
        context = ssl.create_default_context(cadata=self.ca_certificate)
        url = f"https://127.0.0.1:{self.management_port}/{path}"
        with urllib.request.urlopen(url, timeout=30, context=context) as answer:
            return str(answer.read().decode())

    def _start_standin(self) -> None:
        http = f"127.0.0.1:{self.http_port}" if self.answer_http else ""
        arguments = [
            *("-dns01", f"127.0.0.1:{self.dns_port}"),
            *("-management", f"127.0.0.1:{self.standin_port}"),
            *("-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""),
            *("-http01", http, "-https01", "", "-tlsalpn01", ""),
        ]
        self._run("pebble-challtestsrv", arguments, dict(os.environ))
        wait_for_port(self.standin_port, alive=lambda: not self._ended)

    def _run(self, program: str, arguments: list[str], environment: dict[str, str]) -> None:
        binary = require(program, INSTALL)
        with (self.folder / f"{program}.log").open("ab") as log:
            self._processes.append(
                subprocess.Popen([binary, *arguments], stdout=log, stderr=log, env=environment)
            )

    def _configure(self) -> Path:
        chain, key = self.authority.pair(["localhost", "127.0.0.1"])
        (self.folder / "cert.pem").write_bytes(chain)
        (self.folder / "key.pem").write_bytes(key)
        settings: dict[str, Any] = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self.management_port}",
            "certificate": str(self.folder / "cert.pem"),
            "privateKey": str(self.folder / "key.pem"),
            "httpPort": self.http_port,
            "tlsPort": free_port_number(),
            "ocspResponderURL": "",
            "externalAccountBindingRequired": bool(self.external_accounts),
            "externalAccountMACKeys": self.external_accounts,
            "certificateValidityPeriod": self.validity,
            "domainBlocklist": list(self.blocklist),
        }
        path = self.folder / "pebble.json"
        path.write_text(json.dumps({"pebble": settings}))
        return path


@dataclass
class Pebbles:
    """Starts a pebble at each call; takes the options of `Pebble`."""

    factory: pytest.TempPathFactory
    running: list[Pebble] = field(default_factory=list)

    def __call__(self, http_port: int | None = None, **options: Any) -> Pebble:
        folder = self.factory.mktemp("pebble")
        server = Pebble(folder, http_port or free_port_number(), **options)
        self.running.append(server)
        server.start()
        return server

    def story(self) -> str:
        """Return what each of them wrote, for a test that ran out of time."""
        return "\n".join(server.story() for server in self.running)


@pytest.fixture
def start_pebble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebbles]:
    """Return what starts pebbles, and stops them at the end."""
    pebbles = Pebbles(tmp_path_factory)
    yield pebbles
    for server in pebbles.running:
        server.stop()


@pytest.fixture
def pebble(start_pebble: Callable[..., Pebble]) -> Pebble:
    """A pebble of one test that fetches HTTP-01 from its stand-in and refuses no nonce."""
    return start_pebble(answer_http=True)
