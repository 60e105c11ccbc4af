"""HTTP-01: token files on every server that answers for the names, tried before a CA is asked."""

import asyncio
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from hub.sdk import HubError, Unavailable
from integrations.proxy.acme.order import HTTP, Proof

if TYPE_CHECKING:
    from hub.sdk import Outcome

SECONDS: Final = 60.0
"""The longest that one call on a server may take."""
AT_ONCE: Final = 16
"""Servers that are written to at the same time."""


class NotReady(Unavailable):
    """The names do not lead to the hub's own files yet; the CA was not asked."""

    code = "challenge_not_ready"


class Place(Protocol):
    """A server, as far as HTTP-01 needs it."""

    @property
    def key(self) -> str:
        """Return the key of its `proxy.server`."""

    @property
    def base(self) -> str:
        """Return the hub's folder there."""

    @property
    def http(self) -> tuple[str, int]:
        """Return where it answers http when asked from itself."""

    @property
    def names(self) -> Collection[str]:
        """Return the names that it serves by http, patterns among them."""

    async def script(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        stdin: bytes,
        timeout: float,  # noqa: ASYNC109 - it holds on the server
    ) -> "Outcome":
        """Run a script of the integration there."""


class HttpSolver:
    """Shows proofs by HTTP-01."""

    type: Final = HTTP

    def __init__(self, places: Sequence[Place], log: Callable[[str], None]) -> None:
        """Write to all `places`: the CA may come to any of them."""
        self._places = places
        self._log = log
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def preflight(self, names: Sequence[str]) -> None:
        """Fetch a file of our own by every name on every server that serves it.

        Raises `NotReady`, also for a name that nobody serves.
        """
        wanted = {place.key: [name for name in names if serves(place, name)] for place in
                  self._places}  # fmt: skip
        served = {name for found in wanted.values() for name in found}
        if missing := [name for name in names if name not in served]:
            raise unserved(missing)
        token, content = f"hub-{secrets.token_urlsafe(24)}", secrets.token_urlsafe(24)
        files = {token: content}
        try:
            await self._all("put", files)
            results = await asyncio.gather(
                *(
                    self._fetched(place, wanted[place.key], token, content)
                    for place in self._places
                    if wanted[place.key]
                )
            )
        finally:
            await self._removed(files)
        wrong = [line for found in results for line in found]
        if wrong:
            raise NotReady(
                "http-01: the CA was not asked, for it would not find its file: " + "; ".join(wrong)
            )
        self._log(f"{', '.join(names)} lead to the hub's files")

    async def present(self, proofs: Sequence[Proof]) -> None:
        """Write the files."""
        await self._all("put", {proof.token: proof.authorization for proof in proofs})

    async def cleanup(self, proofs: Sequence[Proof]) -> None:
        """Remove the files."""
        await self._all("remove", {proof.token: proof.authorization for proof in proofs})

    async def _removed(self, files: Mapping[str, str]) -> None:
        """Remove files; what stays behind is swept by the next that comes."""
        try:
            await self._all("remove", files)
        except HubError as error:
            self._log(f"Not taken away: {error.message}")

    async def _all(self, verb: str, files: Mapping[str, str]) -> None:
        """Do something on every server; raises the first failure when all are done."""
        lines = "".join(f"{token} {content}\n" for token, content in files.items()).encode()

        async def one(place: Place) -> None:
            async with self._turns:
                outcome = await place.script(
                    "challenge", [verb, place.base], stdin=lines, timeout=SECONDS
                )
            outcome.check()

        results = await asyncio.gather(*map(one, self._places), return_exceptions=True)
        for place, result in zip(self._places, results, strict=True):
            if isinstance(result, HubError):
                raise NotReady(f"http-01: {place.key}: {result.message}") from result
            if isinstance(result, BaseException):
                raise result

    async def _fetched(
        self, place: Place, names: Sequence[str], token: str, content: str
    ) -> list[str]:
        """Return what is wrong with the names on one server."""
        address, port = place.http
        lines = "".join(f"{name} {token}\n" for name in names).encode()
        async with self._turns:
            outcome = await place.script(
                "challenge",
                ["check", place.base, address, str(port)],
                stdin=lines,
                timeout=SECONDS + 5.0 * len(names),
            )
        wrong = []
        for line in outcome.check().text.splitlines():
            name, _, rest = line.partition(" ")
            status, _, said = rest.partition(" ")
            if (status, said.strip()) != ("200", content):
                what = "does not answer" if status == "000" else f"answers {status} {said[:100]!r}"
                wrong.append(f"{name} on {place.key}, port {port}: {what}")
        return wrong


def serves(place: Place, name: str) -> bool:
    """Tell whether a server answers for a name."""
    return name in place.names or f"*.{name.partition('.')[2]}" in place.names


def unserved(names: Sequence[str]) -> NotReady:
    """Say that nobody answers for names."""
    these = "this name" if len(names) == 1 else "these names"
    return NotReady(
        f"http-01: no server serves {', '.join(names)} yet; add a host with {these}, or use dns-01"
    )
