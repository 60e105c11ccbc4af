"""The quick answers in front of aiohttp: the same bytes, the same order, the same refusals."""

import asyncio
import contextlib
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.peers.house import House

SLOW = {"Origin": "http://elsewhere.example"}
"""Makes a request take the full stack without changing its answer."""


class Wire:
    """One raw HTTP connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.token = token

    def request(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> bytes:
        lines = {
            "Host": "127.0.0.1",
            "Authorization": f"Bearer {self.token}",
            "Content-Length": str(len(body)),
            **(headers or {}),
        }
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items())
        return head.encode() + b"\r\n" + body

    async def answer(self) -> bytes:
        async with asyncio.timeout(30):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            return head + (await self.reader.readexactly(int(length[1])) if length else b"")

    async def ask(self, *request: Any, **options: Any) -> bytes:
        self.writer.write(self.request(*request, **options))
        return await self.answer()


Open = Callable[[], Awaitable[Wire]]


@pytest.fixture
async def wire(house: House) -> AsyncIterator[Open]:
    """Return a function that opens another raw connection to the hub."""
    host, port = house.url.removeprefix("http://").split(":")
    opened: list[Wire] = []

    async def connect() -> Wire:
        opened.append(Wire(*await asyncio.open_connection(host, int(port)), house.token))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.writer.close()
        with contextlib.suppress(OSError):
            await connection.writer.wait_closed()


def comparable(answer: bytes) -> bytes:
    """Replace what differs between two equal calls: times and context ids."""
    answer = re.sub(rb"Date: [^\r]+", b"Date: D", answer)
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *headers = head.split(b"\r\n")
    answer = b"\r\n".join([status, *sorted(headers), b"", body])  # their order means nothing
    answer = re.sub(rb"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", b"T", answer)
    return re.sub(rb'"id":"[0-9A-Z]{26}"', b'"id":"C"', answer)


def register(house: House) -> None:
    async def waits(call: Any) -> None:
        await asyncio.sleep(0)
        house.hub.states.set("sensor.waited", "1", {}, call.context, force=True)

    def now(call: Any) -> None:
        house.hub.states.set("sensor.now", "1", {}, call.context, force=True)

    house.hub.services.register("probe", "waits", waits)
    house.hub.services.register("probe", "now", now)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/states/sensor.probe", b""),
        ("GET", "/api/states/SENSOR.probe", b""),
        ("GET", "/api/states/sensor.missing", b""),
        ("GET", "/api/states/nothing", b""),
        ("POST", "/api/states/sensor.probe", b'{"state":"5","attributes":{"a":1}}'),
        ("POST", "/api/states/sensor.probe", b'{"state":"5","attributes":"x"}'),
        ("POST", "/api/states/sensor.probe", b'{"state":5,"attributes":{"a":"\xc3\xa4"}}'),
        ("POST", "/api/states/sensor.probe", b"{"),
        ("POST", "/api/states/sensor.probe", b"[1]"),
        ("POST", "/api/states/sensor.probe", b""),
        ("POST", "/api/states/sensor.probe", b'{"attributes":{}}'),
        ("POST", "/api/states/sensor.probe", b'{"state":"%b"}' % (b"x" * 256)),
        ("POST", "/api/states/nodot", b'{"state":"1"}'),
        ("POST", "/api/states/a__b.c", b'{"state":"1"}'),
        ("POST", "/api/services/probe/now", b"{}"),
        ("POST", "/api/services/Probe/NOW", b""),
        ("POST", "/api/services/probe/waits", b"{}"),
        ("POST", "/api/services/probe/now", b'{"extra":1}'),
        ("POST", "/api/services/probe/now", b"{"),
        ("POST", "/api/services/probe/now", b"5"),
        ("POST", "/api/services/no/such", b"{}"),
        ("POST", "/api/services/no", b"{}"),
    ],
)
async def test_quick_and_slow_answers_are_equal(
    house: House, wire: Open, method: str, path: str, body: bytes
) -> None:
    register(house)
    house.hub.states.set("sensor.probe", "5", {"a": 1})
    connection = await wire()
    quick = await connection.ask(method, path, body)
    slow = await connection.ask(method, path, body, headers=SLOW)
    assert comparable(quick) == comparable(slow)


async def test_a_new_state_is_201_with_its_place_both_ways(house: House, wire: Open) -> None:
    connection = await wire()
    quick = await connection.ask("POST", "/api/states/sensor.Quick_1", b'{"state":"1"}')
    slow = await connection.ask("POST", "/api/states/sensor.Slow1", b'{"state":"1"}', headers=SLOW)
    assert quick.startswith(b"HTTP/1.1 201 Created\r\nLocation: /api/states/sensor.quick_1\r\n")
    assert slow.startswith(b"HTTP/1.1 201 Created\r\nLocation: /api/states/sensor.slow1\r\n")


async def test_pipelined_requests_are_answered_in_order(house: House, wire: Open) -> None:
    register(house)
    connection = await wire()
    paths = ["/api/states/sensor.p", "/api/services/probe/waits", "/api/", "/api/states/sensor.p"]
    requests = [
        connection.request("POST", paths[0], b'{"state":"0"}'),
        connection.request("POST", paths[1], b"{}"),
        connection.request("GET", paths[2]),
        connection.request("POST", paths[3], b'{"state":"3"}'),
    ]
    connection.writer.write(b"".join(requests * 50))
    for _ in range(50):
        answers = [await connection.answer() for _ in requests]
        assert b'"state":"0"' in answers[0]
        assert b"sensor.waited" in answers[1] or answers[1].endswith(b"[]")
        assert b"API running." in answers[2]
        assert b'"state":"3"' in answers[3]


async def test_a_request_byte_by_byte_is_answered(house: House, wire: Open) -> None:
    connection = await wire()
    for byte in connection.request("POST", "/api/states/sensor.slowly", b'{"state":"1"}'):
        connection.writer.write(bytes([byte]))
        await connection.writer.drain()
        await asyncio.sleep(0)
    assert b'"state":"1"' in await connection.answer()
    again = await connection.ask("POST", "/api/states/sensor.slowly", b'{"state":"2"}')
    assert b'"state":"2"' in again


async def test_wrong_tokens_take_the_full_stack_and_get_401(house: House, wire: Open) -> None:
    connection = await wire()
    for value in ("Bearer wrong", f"bearer {house.token}", "Basic abc", house.token):
        refused = await connection.ask(
            "GET", "/api/states/sensor.a", headers={"Authorization": value}
        )
        assert refused.startswith(b"HTTP/1.1 401 Unauthorized\r\n")
        assert b"WWW-Authenticate: Bearer resource_metadata=" in refused
        assert refused.endswith(b"\r\n\r\n401: Unauthorized")


async def test_a_revoked_token_ends_on_an_open_connection(house: House, wire: Open) -> None:
    hub = house.hub
    user = hub.auth.users.by_username("owner")
    assert user is not None
    connection = await wire()
    connection.token = await hub.auth.tokens.create_long_lived(user, "short", 1)
    body = b'{"state":"1"}'
    assert b" 201 " in await connection.ask("POST", "/api/states/sensor.r", body)
    session = hub.auth.tokens.validate(connection.token)
    assert session is not None
    await hub.auth.tokens.revoke(session.refresh_token_id)
    assert b" 401 " in await connection.ask("POST", "/api/states/sensor.r", body)


async def test_a_body_over_the_limit_is_413(house: House) -> None:
    answer = await house.request(
        "POST", "/api/states/sensor.big", data=io.BytesIO(b"x" * (17 << 20))
    )
    assert answer.status == 413


async def test_bytes_that_are_no_request_are_400(house: House, wire: Open) -> None:
    connection = await wire()
    connection.writer.write(b"\x16\x03\x01 hello\r\n\r\n")
    assert (await connection.answer()).startswith(b"HTTP/1.0 400")


async def test_http_1_0_and_connection_close_end_the_connection(house: House, wire: Open) -> None:
    for change in ({"Connection": "close"}, {}):
        connection = await wire()
        request = connection.request("GET", "/api/states/nothing", headers=change)
        if not change:
            request = request.replace(b"HTTP/1.1", b"HTTP/1.0")
        connection.writer.write(request)
        async with asyncio.timeout(30):
            answer = await connection.reader.read()
        assert b" 404 " in answer.split(b"\r\n", 1)[0]


async def test_a_waiting_call_runs_to_its_end_when_the_client_hangs_up(
    house: House, wire: Open
) -> None:
    began, release, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def waits(call: Any) -> None:
        began.set()
        await release.wait()
        done.set()

    house.hub.services.register("probe", "waits", waits)
    connection = await wire()
    connection.writer.write(connection.request("POST", "/api/services/probe/waits", b"{}"))
    await connection.writer.drain()
    async with asyncio.timeout(30):
        await began.wait()
        connection.writer.close()
        await connection.writer.wait_closed()
        release.set()
        await done.wait()


async def test_many_writes_at_once_leave_the_connection_alive(house: House, wire: Open) -> None:
    """Their bodies fill the server's queue, so that it stops and resumes reading meanwhile."""
    link = await wire()
    for _ in range(3):
        link.writer.write(b"".join([
            link.request("POST", f"/api/states/sensor.n{number}", b'{"state":"1"}')
            for number in range(300)
        ]))  # fmt: skip
        for _ in range(300):
            assert (await link.answer()).startswith(b"HTTP/1.1 20")
    assert (await link.ask("GET", "/api/config")).startswith(b"HTTP/1.1 200")


async def test_many_requests_at_once_are_answered_in_their_order(house: House, wire: Open) -> None:
    for number in range(500):
        house.hub.states.set(f"sensor.n{number}", str(number))
    link = await wire()
    link.writer.write(b"".join([
        link.request("GET", f"/api/states/sensor.n{number}", headers={} if number % 7 else SLOW)
        for number in range(500)
    ]))  # fmt: skip
    for number in range(500):
        assert b'"sensor.n%d"' % number in await link.answer()
