"""A small ACME server in the test's own loop, for what pebble 2.4.0 can not do.

Renewal information, profiles, `replaces`, rate limits with `Retry-After`, any lifetime. Names are
trusted without a look, signatures are not checked: pebble does both.
"""

import base64
import datetime as dt
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509

from tests.peers.pebble import Authority


@dataclass
class AcmeFake:
    """One CA: what it was asked, and how it answers."""

    authority: Authority
    days: float = 90
    now: Any = field(default=lambda: dt.datetime.now(dt.UTC))
    """Tells when certificates begin."""
    window: tuple[dt.datetime, dt.datetime] | None = None
    """What renewal information suggests; None = it answers 404."""
    has_renewal_info: bool = True
    info_retry_after: str = "21600"
    profiles: dict[str, str] = field(default_factory=dict)
    refuse: list[tuple[int, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    """Answers to the next orders, in place of an order."""
    orders: list[dict[str, Any]] = field(default_factory=list)
    asked_for: list[str] = field(default_factory=list)
    """certIDs that renewal information was asked for."""
    poll_retry_after: str | None = None
    url: str = ""
    _nonce: int = 0
    _certificates: list[bytes] = field(default_factory=list)

    @property
    def directory(self) -> str:
        return f"{self.url}/dir"

    @property
    def ca_certificate(self) -> str:
        return self.authority.certificate.read_text()

    def problem(
        self, status: int, type: str, detail: str, **headers: str
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Return an answer for `refuse`."""
        body = {"type": f"urn:ietf:params:acme:error:{type}", "detail": detail, "status": status}
        return status, body, headers

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.strip("/")
        if path == "dir":
            return self._json(self._directory())
        if path.startswith("info/"):
            return self._info(path.removeprefix("info/"))
        body = json.loads(await request.read()) if request.method == "POST" else {}
        payload = json.loads(_decoded(body["payload"])) if body.get("payload") else None
        match path.partition("/"):
            case "nonce", _, _:
                return self._json({})
            case "account", _, _:
                return self._json({"status": "valid"}, Location=f"{self.url}/account/1")
            case "order", _, "":
                return self._order(payload)
            case "order", _, number:
                return self._json(self._state(int(number)), **self._again())
            case "finalize", _, number:
                self._sign(int(number), _decoded(payload["csr"]))
                return self._json(self._state(int(number)), Location=f"{self.url}/order/{number}")
            case "certificate", _, number:
                return web.Response(
                    body=self._certificates[int(number)],
                    content_type="application/pem-certificate-chain",
                    headers=self._headers(),
                )
        return web.Response(status=404)

    def _directory(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "newNonce": f"{self.url}/nonce",
            "newAccount": f"{self.url}/account",
            "newOrder": f"{self.url}/order",
            "revokeCert": f"{self.url}/revoke",
            "meta": {"profiles": self.profiles} if self.profiles else {},
        }
        if self.has_renewal_info:
            found["renewalInfo"] = f"{self.url}/info"
        return found

    def _info(self, cert_id: str) -> web.Response:
        self.asked_for.append(cert_id)
        if self.window is None:
            return web.Response(status=404)
        start, end = (moment.isoformat() for moment in self.window)
        return self._json(
            {
                "suggestedWindow": {"start": start, "end": end},
                "explanationURL": "https://ca.test/why",
            },
            **{"Retry-After": self.info_retry_after},
        )

    def _order(self, payload: dict[str, Any]) -> web.Response:
        self.orders.append(payload)
        if self.refuse:
            status, body, headers = self.refuse.pop(0)
            return self._json(body, status=status, **headers)
        number = len(self._certificates)
        self._certificates.append(b"")
        return self._json(self._state(number), status=201, Location=f"{self.url}/order/{number}")

    def _state(self, number: int) -> dict[str, Any]:
        done = bool(self._certificates[number])
        found: dict[str, Any] = {
            "status": "valid" if done else "ready",
            "authorizations": [],
            "finalize": f"{self.url}/finalize/{number}",
        }
        if done:
            found["certificate"] = f"{self.url}/certificate/{number}"
        return found

    def _sign(self, number: int, request: bytes) -> None:
        csr = x509.load_der_x509_csr(request)
        found = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = found.value.get_values_for_type(x509.DNSName)
        self._certificates[number] = self.authority.signed(
            names, csr.public_key(), self.now(), self.days
        )

    def _again(self) -> dict[str, str]:
        return {} if self.poll_retry_after is None else {"Retry-After": self.poll_retry_after}

    def _headers(self, **headers: str) -> dict[str, str]:
        self._nonce += 1
        return {"Replay-Nonce": f"nonce-{self._nonce}", **headers}

    def _json(self, data: Any, *, status: int = 200, **headers: str) -> web.Response:
        kind = "application/problem+json" if status >= 400 else "application/json"
        return web.Response(
            status=status,
            body=json.dumps(data).encode(),
            content_type=kind,
            headers=self._headers(**headers),
        )


@asynccontextmanager
async def acme_fake(folder: Path, **options: Any) -> AsyncIterator[AcmeFake]:
    """Run a CA while the block runs."""
    fake = AcmeFake(Authority(folder), **options)
    _ = fake.ca_certificate
    chain, key = fake.authority.pair(["127.0.0.1"])
    (folder / "server.pem").write_bytes(chain + key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem")
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fake.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    fake.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        await runner.cleanup()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
