"""From names to a chain: order, show that the names are ours, finalize, download."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from hub.sdk import Clock, ServiceValidationError
from integrations.proxy.acme import keys
from integrations.proxy.acme.client import Authorization, Challenge, Client, Order
from integrations.proxy.acme.jws import challenge_digest
from integrations.proxy.acme.problems import AcmeError, CAUnavailable, Problem

HTTP: Final = "http-01"
DNS: Final = "dns-01"

POLL: Final = (0.2, 10.0)
"""Seconds between two looks at the CA, growing from the first to the second."""
LONGEST_WAIT: Final = 60.0
"""Seconds between two looks that a CA may ask for while an order is open."""
VALIDATION_SECONDS: Final = 180.0
CLEANUP_SECONDS: Final = 60.0
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{16,256}")


@dataclass(frozen=True, slots=True)
class Proof:
    """What has to be seen outside for one name."""

    name: str
    """As it was ordered, with `*.` for a wildcard."""
    token: str
    authorization: str
    """The content of the file for HTTP-01."""

    @property
    def record(self) -> str:
        """Return the name of the TXT record for DNS-01."""
        return f"_acme-challenge.{self.name.removeprefix('*.')}"

    @property
    def value(self) -> str:
        """Return the TXT value for DNS-01."""
        return challenge_digest(self.authorization)


class Solver(Protocol):
    """Shows proofs outside, all of an order at once, and takes them away."""

    @property
    def type(self) -> str:
        """Return the challenge's type: `http-01` or `dns-01`."""

    async def present(self, proofs: Sequence[Proof]) -> None:
        """Show them, and return when they can be seen; raises `HubError`."""

    async def cleanup(self, proofs: Sequence[Proof]) -> None:
        """Take them away, also those that were never shown; raises `HubError`."""


@dataclass(slots=True)
class Issuing:
    """One certificate on its way."""

    client: Client
    clock: Clock
    solver: Solver
    names: Sequence[str]
    log: Callable[[str], None]
    ordered: Callable[[str], Awaitable[None]]
    """Keeps the order's URL; a start after a crash goes on with it."""
    ordering: Callable[[], Awaitable[None]]
    """Told before a new order is made, for what counts them."""
    profile: str | None = None
    replaces: str | None = None
    """The certID of the certificate that the new one takes over from."""

    async def run(self, key: bytes, order_url: str | None = None) -> bytes:
        """Return the chain, PEM; `order_url` goes on with an order that was begun with `key`.

        Raises `AcmeError` with the CA's words, `CAUnavailable`, what the solver raises.
        """
        order = await self._order(order_url)
        if order.status == "pending":
            await self._prove(order)
            order = await self._until(order, {"ready", "processing", "valid"})
        if order.status == "ready":
            request = await keys.signing_request(key, self.names)
            order = await self.client.finalize(order, request)
        order = await self._until(order, {"valid"})
        if order.certificate is None:
            raise CAUnavailable(f"{self.client.wire.host}: a valid order without a certificate")
        return await self.client.certificate(order.certificate)

    async def _order(self, url: str | None) -> Order:
        """Go on with an order if the CA still knows it, else begin one."""
        if url is not None:
            try:
                order = await self.client.order(url)
            except AcmeError as error:
                self.log(f"The order that was begun can not be gone on with: {error.message}")
            else:
                if order.status != "invalid":
                    self.log(f"Going on with the order that was begun ({order.status})")
                    return order
        await self.ordering()
        order = await self.client.new_order(self.names, self.profile, self.replaces)
        await self.ordered(order.url)
        return order

    async def _prove(self, order: Order) -> None:
        """Show every name that the CA does not trust already."""
        found = [await self.client.authorization(url) for url in order.authorizations]
        known = [item.shown for item in found if item.status == "valid"]
        if known:
            self.log(f"The CA still trusts {', '.join(known)}")
        pending = [(item, self._chosen(item)) for item in found if item.status == "pending"]
        proofs = [self._proof(item, challenge) for item, challenge in pending]
        if not pending:
            return
        try:
            await self.solver.present(proofs)
            self.log(f"Shown by {self.solver.type}: {', '.join(item.name for item in proofs)}")
            for _item, challenge in pending:
                if challenge.status == "pending":
                    await self.client.answer(challenge)
            await self._validated([item for item, _challenge in pending])
        finally:
            # also when the job is cancelled: what was shown is taken away
            await asyncio.shield(self._cleaned(proofs))

    async def _cleaned(self, proofs: Sequence[Proof]) -> None:
        try:
            async with asyncio.timeout(CLEANUP_SECONDS):
                await self.solver.cleanup(proofs)
        except Exception as error:  # noqa: BLE001 - it must not hide what happened before
            self.log(f"Not taken away: {error}")

    async def _validated(self, pending: Sequence[Authorization]) -> None:
        """Wait until the CA has looked at every name; all that failed is told together."""
        problems: list[Problem] = []
        try:
            async with asyncio.timeout(VALIDATION_SECONDS):
                for item in pending:
                    found = await self._looked_at(item)
                    if found.status != "valid":
                        problems.append(_failure(found))
        except TimeoutError:
            raise CAUnavailable(
                f"{self.client.wire.host}: has not looked at {', '.join(x.shown for x in pending)}"
                f" within {VALIDATION_SECONDS:g} s"
            ) from None
        if problems:
            raise AcmeError(problems, ca=self.client.wire.host)

    async def _looked_at(self, item: Authorization) -> Authorization:
        wait = POLL[0]
        while True:
            found = await self.client.authorization(item.url)
            if found.status != "pending":
                return found
            wait = await self._pause(wait, found.retry_after)

    async def _until(self, order: Order, statuses: set[str]) -> Order:
        """Wait until an order has one of these statuses."""
        wait = POLL[0]
        try:
            async with asyncio.timeout(VALIDATION_SECONDS):
                while order.status not in statuses:
                    if order.status == "invalid":
                        raise AcmeError([_invalid(order)], ca=self.client.wire.host)
                    wait = await self._pause(wait, order.retry_after)
                    order = await self.client.order(order.url)
        except TimeoutError:
            raise CAUnavailable(
                f"{self.client.wire.host}: the order is still {order.status} after"
                f" {VALIDATION_SECONDS:g} s"
            ) from None
        return order

    async def _pause(self, wait: float, wanted: float | None) -> float:
        """Wait as long as the CA wants, else a little longer each time; returns the next wait."""
        await self.clock.sleep(min(LONGEST_WAIT, wanted if wanted is not None else wait))
        return min(POLL[1], wait * 1.5)

    def _chosen(self, item: Authorization) -> Challenge:
        for challenge in item.challenges:
            if challenge.type == self.solver.type:
                if not _TOKEN.fullmatch(challenge.token):
                    raise CAUnavailable(f"{self.client.wire.host}: a token that is no base64url")
                return challenge
        offered = ", ".join(challenge.type for challenge in item.challenges) or "none"
        raise ServiceValidationError(
            f"acme.challenge: the CA does not take {self.solver.type} for {item.shown},"
            f" it offers {offered}"
        )

    def _proof(self, item: Authorization, challenge: Challenge) -> Proof:
        account: Any = self.client.account
        return Proof(item.shown, challenge.token, account.key.authorization(challenge.token))


def _failure(item: Authorization) -> Problem:
    """Return why a name was not accepted."""
    for challenge in item.challenges:
        if challenge.problem is not None:
            return challenge.problem.of(item.shown)
    return Problem("about:blank", f"the authorization is {item.status}", item.shown)


def _invalid(order: Order) -> Problem:
    return order.problem or Problem("about:blank", "the order is invalid and the CA gave no reason")
