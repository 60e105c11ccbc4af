"""Brings a pair to the servers that use it, and sees it served before the old one may go."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, Protocol

from hub.sdk import HubError, NotProved, Outcome, OutcomeKind, Progress, Unavailable
from integrations.proxy.acme.chain import covers
from integrations.proxy.const import DEAD_HOST, HOST, REDIRECT, STREAM
from integrations.proxy.models import Part, Spec
from integrations.proxy.pairs import Version

AT_ONCE: Final = 8
"""Servers that are brought a pair at the same time."""
HANDSHAKE_SECONDS: Final = 5
"""How long a server may go on serving the old pair after it was reloaded: old workers answer
until their connections are done."""
_NO_OPENSSL: Final = 69


class Server(Protocol):
    """A server of the fleet (`Site`), as far as certificates need it."""

    key: str

    @property
    def spec(self) -> Spec:
        """Return the spec of its `proxy.server`."""

    @property
    def parts(self) -> Mapping[str, Part] | None:
        """Return what is deployed; None = not known."""

    async def bring(self, changes: Mapping[str, Part | None], listening: Progress) -> object:
        """Deploy parts and prove that they are served."""

    async def script(
        self,
        name: str,
        arguments: Sequence[str] = (),
        *,
        stdin: bytes | None = None,
        timeout: float = 20.0,  # noqa: ASYNC109 - it holds on the server
    ) -> Outcome:
        """Run a script of the integration there."""


class At:
    """One server as HTTP-01 and handshakes see it."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def key(self) -> str:
        """Return the key of the server."""
        return self._server.key

    @property
    def base(self) -> str:
        """Return the hub's folder there."""
        return str(self._server.spec["base"])

    @property
    def address(self) -> str:
        """Return the address at which it is asked from itself."""
        addresses = self._server.spec.get("addresses") or ["127.0.0.1"]
        first = str(addresses[0])
        return f"[{first}]" if ":" in first else first

    @property
    def http(self) -> tuple[str, int]:
        """Return where it answers http."""
        return self.address, int(self._server.spec["http_port"])

    @property
    def names(self) -> Collection[str]:
        """Return the names that it serves by http."""
        found: set[str] = set()
        for part in (self._server.parts or {}).values():
            if part.type in {HOST, REDIRECT, DEAD_HOST} and part.spec.get("enabled", True):
                found.update(name.lower() for name in part.spec["domain_names"])
        return found

    async def script(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        stdin: bytes,
        timeout: float,  # noqa: ASYNC109 - it holds on the server
    ) -> Outcome:
        """Run a script of the integration there."""
        return await self._server.script(name, arguments, stdin=stdin, timeout=timeout)


def users(parts: Mapping[str, Part], key: str) -> list[Part]:
    """Return the enabled parts that refer to a certificate."""
    return [
        part
        for part in parts.values()
        if part.spec.get("certificate_id") == key and part.spec.get("enabled", True)
    ]


def serving(parts: Mapping[str, Part], id: str) -> int | None:
    """Return the version that a server has; 0 = none yet, None = it needs none."""
    deployed = parts.get(id)
    if deployed is not None:
        return deployed.revision
    return 0 if users(parts, id.partition("/")[2]) else None


async def deploy(servers: Sequence[Server], id: str, version: Version, progress: Progress) -> None:
    """Bring a version to all servers; one that fails does not keep the others from it.

    A server that does not come to serve the new pair gets back what it had. Raises `NotProved` or
    what the only server that failed raised.
    """
    part = version.part(id.partition("/")[2])
    turns = asyncio.Semaphore(AT_ONCE)
    done = 0

    async def one(server: Server) -> HubError | None:
        nonlocal done
        async with turns:
            try:
                await _bring(server, part, version, progress)
            except HubError as error:
                progress.log(f"{server.key}: {error.message}")
                return error
            finally:
                done += 1
                progress.progress(done / len(servers))
        progress.log(f"{server.key}: serves {version.facts.serial}")
        return None

    failed = {
        server.key: error
        for server, error in zip(servers, await asyncio.gather(*map(one, servers)), strict=True)
        if error is not None
    }
    if len(failed) == 1 and len(servers) == 1:
        raise next(iter(failed.values()))
    if failed:
        words = "; ".join(f"{key}: {error.message}" for key, error in failed.items())
        away = all(isinstance(error, Unavailable) for error in failed.values())
        kind = Unavailable if away else NotProved
        raise kind(f"{len(failed)} of {len(servers)} servers go on with the old one: {words}")


async def prove(server: Server, id: str, version: Version, progress: Progress) -> None:
    """Shake hands on the server for each thing that uses the certificate; raises `NotProved`."""
    place = At(server)
    for port, names in _handshakes(server, id.partition("/")[2], version).items():
        lines = "".join(f"{name}\n" for name in names).encode()
        serial = version.facts.serial
        arguments = [place.address, str(port), serial, str(HANDSHAKE_SECONDS)]
        outcome = await place.script(
            "served", arguments, stdin=lines, timeout=HANDSHAKE_SECONDS + 15.0 + len(names)
        )
        if outcome.kind is OutcomeKind.EXIT and outcome.status == _NO_OPENSSL:
            progress.log(f"{server.key}: openssl is not there, so the handshake was not tried")
            return
        found = dict(
            line.split(" ", 1) for line in outcome.check().text.splitlines() if " " in line
        )
        for name in names:
            if found.get(name) != serial:
                seen = found.get(name, "-").replace("-", "no certificate")
                raise NotProved(
                    f"{server.key}: port {port} serves {seen} for {name}, not serial {serial}"
                )


async def _bring(server: Server, part: Part, version: Version, progress: Progress) -> None:
    before = (server.parts or {}).get(part.id)
    if before != part:
        await server.bring({part.id: part}, progress)
    try:
        await prove(server, part.id, version, progress)
    except NotProved:
        if before is not None and before.revision != part.revision:
            progress.log(f"{server.key}: putting the pair before back")
            await server.bring({part.id: before}, progress)
        raise


def _handshakes(server: Server, key: str, version: Version) -> dict[int, list[str]]:
    """Return a name of each thing that uses the certificate, by the port that it is served on."""
    found: dict[int, dict[str, None]] = {}
    for part in users(server.parts or {}, key):
        if part.type == STREAM:
            port, names = int(part.spec["incoming_port"]), iter(version.facts.names)
        else:
            port, names = int(server.spec["https_port"]), iter(part.spec["domain_names"])
        name = next(_covered(names, version), None)
        if name is not None:
            found.setdefault(port, {})[name] = None
    return {port: list(names) for port, names in found.items()}


def _covered(names: Iterator[str], version: Version) -> Iterator[str]:
    """Return names that can be asked for; a label stands for the star of a pattern."""
    for name in names:
        asked = name.lower().replace("*.", "hub-proof.", 1)
        if covers(version.facts.names, asked) or name in version.facts.names:
            yield asked
