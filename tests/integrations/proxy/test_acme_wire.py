"""The way to a CA that is slow, large, redirecting or hostile; and the checks of chains."""

import asyncio
import contextlib
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from hub.errors import ServiceValidationError
from hub.util.clock import SystemClock
from integrations.proxy.acme import chain, keys, wire
from integrations.proxy.acme.client import Client
from integrations.proxy.acme.jws import AccountKey, decoded, encoded
from integrations.proxy.acme.problems import AcmeError, CAUnavailable, problem
from integrations.proxy.acme.wire import connected, retry_after
from tests.peers.pebble import Authority

NOW = 1_800_000_000.0
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def serving(folder: Path, handler: Handler) -> AsyncIterator[tuple[str, str]]:
    """Serve one handler by https; yields its address and the authority to trust."""
    authority = Authority(folder)
    pem, key = authority.pair(["127.0.0.1"])
    (folder / "server.pem").write_bytes(pem + key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem")
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        trusted = authority.certificate.read_text()
        yield f"https://127.0.0.1:{runner.addresses[0][1]}/dir", trusted
    finally:
        await runner.cleanup()


async def failure(folder: Path, handler: Handler) -> str:
    async with (
        serving(folder, handler) as (url, trusted),
        connected(url, SystemClock(), trusted) as way,
    ):
        with pytest.raises(CAUnavailable) as caught:
            await Client(way).open()
    return caught.value.message


async def test_an_endless_answer_is_cut_off(tmp_path: Path) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while request.transport is not None and not request.transport.is_closing():
                await response.write(b" " * 65536)
                await asyncio.sleep(0)  # else nobody comes to close it
                sent += 65536
        return response

    assert "more than 1048576 bytes" in await failure(tmp_path, endless)
    assert sent < 20 << 20


async def test_a_silent_ca_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "SECONDS", 0.3)

    async def silent(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(3600)
        raise AssertionError

    assert "no answer within 0.3 s" in await failure(tmp_path, silent)


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (302, {"Location": "https://elsewhere.test/"}, b"", "status 302"),
        (200, {"Content-Type": "application/json"}, b"{", ""),
        (200, {"Content-Type": "application/json"}, b"[1]", "is no ACME directory"),
        (200, {"Content-Type": "application/json"}, b'{"newNonce": 7}', "is no ACME directory"),
        (200, {"Content-Type": "text/html"}, b"<html>", "is no ACME directory"),
        (500, {"Content-Type": "application/problem+json"}, b'{"type":"x","detail":"y"}', "x: y"),
    ],
)
async def test_what_no_ca_answers(
    tmp_path: Path, status: int, headers: dict[str, str], body: bytes, words: str
) -> None:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers=headers, body=body)

    assert words in await failure(tmp_path, answer)


async def test_nonces_that_are_never_good_end(tmp_path: Path) -> None:
    asked = 0

    async def refuse(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        base = f"https://{request.host}"
        if request.path == "/dir":
            found = {name: f"{base}/{name}" for name in ("newNonce", "newAccount", "newOrder")}
            return web.json_response(found)
        if request.path == "/newNonce":
            return web.Response(headers={"Replay-Nonce": "first"})
        asked += 1
        body = {"type": "urn:ietf:params:acme:error:badNonce", "detail": "no"}
        return web.json_response(
            body, status=400, headers={"Replay-Nonce": f"n{asked}"},
            content_type="application/problem+json",
        )  # fmt: skip

    async with (
        serving(tmp_path, refuse) as (url, trusted),
        connected(url, SystemClock(), trusted) as way,
    ):
        client = Client(way)
        await client.open()
        with pytest.raises(AcmeError, match="badNonce"):
            await client.register(AccountKey.make(), None)
    assert asked == wire.NONCE_ATTEMPTS


async def test_a_ca_can_not_lead_to_plain_http(tmp_path: Path) -> None:
    async def lead(_request: web.Request) -> web.StreamResponse:
        names = ("newNonce", "newAccount", "newOrder")
        return web.json_response(dict.fromkeys(names, "http://127.0.0.1:1/"))

    async with (
        serving(tmp_path, lead) as (url, trusted),
        connected(url, SystemClock(), trusted) as way,
    ):
        client = Client(way)
        await client.open()
        with pytest.raises(CAUnavailable, match="no https address"):
            await client.register(AccountKey.make(), None)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120),
        ("0", 1),
        ("99999999999999999999", 7 * 86400),
        ("Fri, 15 Jan 2027 08:02:00 GMT", 120),
        ("Fri, 15 Jan 2021 08:02:00 GMT", 1),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("٣", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_problems_are_read_whole_and_harmless() -> None:
    found = problem(
        {
            "type": "urn:ietf:params:acme:error:compound",
            "detail": "two\nlines \x1b[31m",
            "subproblems": [
                {
                    "type": "urn:ietf:params:acme:error:caa",
                    "detail": "forbidden",
                    "identifier": {"type": "dns", "value": "a.test"},
                },
                "nonsense",
            ],
        },
        403,
    )
    error = AcmeError([found], ca="ca.test")
    assert error.message == (
        "ca.test refuses: urn:ietf:params:acme:error:compound: two lines [31m;"
        " a.test: urn:ietf:params:acme:error:caa: forbidden"
    )
    assert error.names == ["a.test"]
    assert error.has("compound")
    (told,) = error.as_dict()["problems"]
    assert told["subproblems"][0]["name"] == "a.test"
    assert told["status"] == 403
    empty = problem(None)
    assert (empty.type, empty.detail) == ("about:blank", "the CA gave no reason")
    assert len(problem({"type": "x", "detail": "y" * 99999}).detail) == 2000


def test_base64url() -> None:
    for data in (b"", b"a", b"ab", b"abc", bytes(range(256))):
        assert decoded(encoded(data)) == data
        assert "=" not in encoded(data)
    with pytest.raises(ValueError, match=r"base64|characters"):
        decoded("not base64!")


def test_only_account_keys_are_account_keys() -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    other = ec.generate_private_key(ec.SECP384R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(ValueError, match="P-256"):
        AccountKey.load(other.decode())
    key = AccountKey.make()
    assert AccountKey.load(key.pem()).thumbprint == key.thumbprint
    assert key.pem() not in repr(key)


# --- chains


async def test_a_chain_is_put_in_order(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    leaf, key = authority.pair(["a.test"])
    root = authority.certificate.read_bytes()
    pem, facts = await chain.checked(
        leaf + b"words between\n" + root + leaf + root, key, ["a.test"], SystemClock.time()
    )
    assert pem == leaf + root  # said twice, kept once
    assert facts.names == ("a.test",)
    assert chain.Facts.from_dict(facts.as_dict()) == facts


async def test_a_certificate_of_tomorrow_is_not_taken(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    begin = dt.datetime.now(dt.UTC) + dt.timedelta(days=3)
    leaf, key = authority.pair(["a.test"], not_before=begin)
    with pytest.raises(ServiceValidationError, match="is not valid yet"):
        await chain.checked(leaf, key, ["a.test"], SystemClock.time())


@pytest.mark.parametrize("text", [b"", b"x", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
async def test_what_is_no_chain(text: bytes) -> None:
    with pytest.raises(ServiceValidationError, match="expected 1 to 10 certificates in PEM"):
        await chain.checked(text, b"", ["a.test"], NOW)
    garbage = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    with pytest.raises(ServiceValidationError, match="can not be read"):
        await chain.checked(garbage, b"", ["a.test"], NOW)
    with pytest.raises(ServiceValidationError, match="found 0"):
        await chain.checked(garbage * 9999, b"", ["a.test"], NOW)


@pytest.mark.parametrize(
    ("patterns", "name", "found"),
    [
        (["a.test"], "A.TEST", True),
        (["*.a.test"], "b.a.test", True),
        (["*.a.test"], "a.test", False),
        (["*.a.test"], "c.b.a.test", False),
        (["*.a.test"], "*.a.test", True),
        (["b.a.test"], "*.a.test", False),
        (["*.test"], "*.a.test", False),
    ],
)
def test_which_names_are_covered(patterns: list[str], name: str, found: bool) -> None:
    assert chain.covers(patterns, name) is found


async def test_keys_are_made_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making one takes from half a second to several; the loop goes on all the while."""
    is_making, made = False, keys._made

    def watched(key_type: str) -> bytes:
        nonlocal is_making
        is_making = True
        try:
            return made(key_type)
        finally:
            is_making = False

    monkeypatch.setattr(keys, "_made", watched)
    turns = 0
    while not turns:  # a busy machine may keep the loop waiting for as long as one key takes
        making = asyncio.create_task(keys.make("rsa-4096"))
        while not making.done():
            await asyncio.sleep(0.001)
            turns += is_making
    with pytest.raises(ValueError, match="key_type: expected one of ecdsa-p256"):
        await keys.make("dsa")
