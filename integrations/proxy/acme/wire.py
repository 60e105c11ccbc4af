"""The way to a CA: bounded answers, time limits, nonces that are used once and asked for anew."""

import asyncio
import contextlib
import email.utils
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from hub.sdk import Clock, loads
from integrations.proxy.acme.jws import AccountKey, signed
from integrations.proxy.acme.problems import AcmeError, CAUnavailable, problem

SECONDS: Final = 30.0
"""The longest that one request may take."""
MAX_BODY: Final = 1 << 20
MAX_URL: Final = 2048
NONCES: Final = 20
"""Unused nonces that are kept; each answer brings one."""
NONCE_ATTEMPTS: Final = 10
RETRY_AFTER: Final = (1.0, 7 * 86400.0)
"""Between what seconds a CA's `Retry-After` is believed."""
AGENT: Final = "homelab-hub"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a CA answered: JSON in `data`, anything else in `body`."""

    status: int
    data: Any
    body: bytes = field(repr=False)
    location: str | None = None
    retry_after: float | None = None
    """Seconds, within bounds."""


class Wire:
    """Requests to one CA; made by `connected`."""

    def __init__(self, session: aiohttp.ClientSession, directory: str, clock: Clock) -> None:
        self.directory = directory
        self.host = urlsplit(directory).hostname or directory
        self.clock = clock
        self.nonces: deque[str] = deque(maxlen=NONCES)
        self.new_nonce: str | None = None
        """The URL that gives nonces, from the directory."""
        self._session = session

    async def get(self, url: str) -> Answer:
        """Fetch without a signature; raises `AcmeError`, `CAUnavailable`."""
        return self._checked(await self._request("GET", url))

    async def post(
        self, url: str, payload: Mapping[str, Any] | None, key: AccountKey, account: str | None
    ) -> Answer:
        """Send a signed request; a refused nonce is replaced (RFC 8555 section 6.5)."""
        for attempt in range(1, NONCE_ATTEMPTS + 1):
            body = signed(key, url, await self._nonce(), payload, account)
            try:
                return self._checked(await self._request("POST", url, body))
            except AcmeError as error:
                if not error.has("badNonce") or attempt == NONCE_ATTEMPTS:
                    raise
        raise AssertionError  # pragma: no cover - the last attempt returns or raises

    async def _nonce(self) -> str:
        if not self.nonces:
            if self.new_nonce is None:
                raise CAUnavailable(f"{self.host}: the directory has no newNonce")
            await self._request("HEAD", self.new_nonce)
        if not self.nonces:
            raise CAUnavailable(f"{self.host}: gives no nonce")
        return self.nonces.popleft()

    async def _request(self, method: str, url: str, body: bytes | None = None) -> Answer:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or len(url) > MAX_URL:
            raise CAUnavailable(f"{self.host}: {url[:200]!r} is no https address")
        headers = {"User-Agent": AGENT}
        if body is not None:
            headers["Content-Type"] = "application/jose+json"
        try:
            async with (
                asyncio.timeout(SECONDS),
                self._session.request(
                    method, url, data=body, headers=headers, allow_redirects=False
                ) as response,
            ):
                return await self._read(response)
        except TimeoutError:
            raise CAUnavailable(f"{parts.hostname}: no answer within {SECONDS:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise CAUnavailable(f"{parts.hostname}: {_words(error)}") from error

    async def _read(self, response: aiohttp.ClientResponse) -> Answer:
        nonce = response.headers.get("Replay-Nonce", "")
        if 0 < len(nonce) <= 1024:
            self.nonces.append(nonce)
        body = bytearray()
        async for chunk in response.content.iter_chunked(65536):
            body += chunk
            if len(body) > MAX_BODY:
                raise CAUnavailable(f"{self.host}: an answer of more than {MAX_BODY} bytes")
        data = None
        if body and "json" in response.headers.get("Content-Type", ""):
            data = loads(bytes(body))
        return Answer(
            response.status,
            data,
            bytes(body),
            response.headers.get("Location"),
            retry_after(response.headers.get("Retry-After"), self.clock.time()),
        )

    def _checked(self, answer: Answer) -> Answer:
        """Return an answer of success; raises what any other says."""
        if 200 <= answer.status < 300:
            return answer
        if isinstance(answer.data, Mapping) and "type" in answer.data:
            found = problem(answer.data, answer.status)
            if answer.status >= 500 or found.kind == "serverInternal":
                raise CAUnavailable(
                    f"{self.host}: {found.lines()[0]}", retry_after=answer.retry_after
                )
            raise AcmeError([found], ca=self.host, retry_after=answer.retry_after)
        raise CAUnavailable(
            f"{self.host}: answered with status {answer.status} and no reason; is the directory's"
            " address right?",
            retry_after=answer.retry_after,
        )


@contextlib.asynccontextmanager
async def connected(
    directory: str, clock: Clock, ca_certificate: str | None = None
) -> AsyncIterator[Wire]:
    """Lend a way to a CA; `ca_certificate` (PEM) is then the only authority its TLS may have.

    Raises `CAUnavailable` for a PEM that can not be read.
    """
    import ssl

    try:
        # reads the system's list of authorities, some hundred files
        context = await asyncio.to_thread(ssl.create_default_context, cadata=ca_certificate)
    except (ssl.SSLError, ValueError) as error:
        raise CAUnavailable(f"acme.ca_certificate: is no PEM certificate ({error})") from error
    connector = aiohttp.TCPConnector(ssl=context, limit=4)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
    ) as session:
        yield Wire(session, directory, clock)


def retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds of a `Retry-After` header (RFC 9110 section 10.2.3), within bounds."""
    if not value:
        return None
    text = value.strip()
    if text.isdecimal() and text.isascii():
        seconds = float(text[:9])
    else:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, RETRY_AFTER[0]), RETRY_AFTER[1])


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
