"""DNS-01: TXT records put by a provider, seen before the CA looks, and taken away afterwards."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from hub.sdk import Hub, HubError
from integrations.proxy.acme.order import DNS, Proof

if TYPE_CHECKING:
    from hub.sdk import Clock

WAIT_SECONDS: Final = 120.0
"""How long a record may take until it is seen, unless the resource says otherwise."""


class DnsFailed(HubError):  # noqa: N818 - the wire names these without "Error"
    """A name server or a hook did not take a record, or it did not come to be seen."""

    code = "dns_failed"
    http_status = 502


class Provider(Protocol):
    """Puts and removes single TXT values; others at the same name stay."""

    async def add(self, record: str, value: str) -> None:
        """Add a value, which may be there already; raises `DnsFailed`."""

    async def remove(self, record: str, value: str) -> None:
        """Remove a value, which may be gone already; raises `DnsFailed`."""

    async def seen(self, record: str, values: Sequence[str]) -> bool | None:
        """Tell whether the world sees all these values; None = the provider can not tell."""


class DnsSolver:
    """Shows proofs by DNS-01."""

    type: Final = DNS

    def __init__(self, provider: Provider, clock: "Clock", seconds: float = WAIT_SECONDS) -> None:
        """Wait at most `seconds` until records are seen."""
        self._provider = provider
        self._clock = clock
        self._seconds = seconds

    async def present(self, proofs: Sequence[Proof]) -> None:
        """Add every value, then wait until all are seen."""
        for proof in proofs:
            await self._provider.add(proof.record, proof.value)
        for record, values in _by_record(proofs).items():
            await self._wait(record, values)

    async def cleanup(self, proofs: Sequence[Proof]) -> None:
        """Remove every value; one that fails does not keep the others."""
        failures = []
        for proof in proofs:
            try:
                await self._provider.remove(proof.record, proof.value)
            except HubError as error:
                failures.append(error.message)
        if failures:
            raise DnsFailed("; ".join(failures))

    async def _wait(self, record: str, values: Sequence[str]) -> None:
        pause = 0.1
        try:
            async with asyncio.timeout(self._seconds):
                while await self._provider.seen(record, values) is False:
                    await self._clock.sleep(pause)
                    pause = min(5.0, pause * 2)
        except TimeoutError:
            raise DnsFailed(
                f"acme.dns: {record} does not show the new value after {self._seconds:g} s;"
                " is the name server the one that the world asks?"
            ) from None


def solver(hub: Hub, options: Mapping[str, Any]) -> DnsSolver:
    """Return the solver for `acme.dns` of a certificate, by its `provider`."""
    from integrations.proxy.acme import hook, rfc2136

    provider: Provider
    if options["provider"] == "rfc2136":
        provider = rfc2136.Rfc2136(options)
    elif options.get("url"):
        provider = hook.WebHook(options["url"], options.get("token"))
    else:
        provider = hook.Hook(hub, options["script"])
    return DnsSolver(provider, hub.clock, float(options.get("propagation") or WAIT_SECONDS))


def _by_record(proofs: Sequence[Proof]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for proof in proofs:
        found.setdefault(proof.record, []).append(proof.value)
    return found
