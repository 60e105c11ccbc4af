"""Asks each hour who serves the domains of hosts that say who should; one question per domain."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from hub.sdk import Clock
from integrations.proxy.watch.names import RESOLVERS, Found, State, ask, domains, judge

_LOGGER = logging.getLogger(__name__)

INTERVAL: Final = 3600.0
AT_ONCE: Final = 4
_LONGEST: Final = 120.0
"""Seconds for all attempts at one domain."""


@dataclass(frozen=True, slots=True)
class Check:
    """What is known of one domain of a host; a question that fails keeps what was known."""

    domain: str
    state: State = State.UNKNOWN
    servers: Sequence[str] = ()
    at: float | None = None
    """When it was answered last, seconds since 1970."""
    error: str | None = None
    """Why the newest question was not answered."""


@dataclass(slots=True)
class _Wish:
    expected: tuple[str, ...]
    checks: dict[str, Check]
    tell: Callable[[], None] = field(repr=False)


class Domains:
    """The wishes of all hosts, and what was found."""

    def __init__(self, clock: Clock, resolvers: Sequence[str] = RESOLVERS) -> None:
        """Ask `resolvers`: `address` or `address:port`."""
        self.resolvers = tuple(resolvers)
        self._clock = clock
        self._wishes: dict[str, _Wish] = {}
        self._wake = asyncio.Event()

    def of(self, host: str) -> list[Check]:
        """Return what is known of a host's domains."""
        wish = self._wishes.get(host)
        return [] if wish is None else list(wish.checks.values())

    def want(
        self, host: str, names: Sequence[str], expected: Sequence[str], tell: Callable[[], None]
    ) -> None:
        """Watch a host's domains from now on; without `expected` no more."""
        if not expected:
            self._wishes.pop(host, None)
            return
        before = self._wishes.get(host)
        wanted, servers = domains(names), tuple(expected)
        if before is not None and before.expected == servers and [*before.checks] == wanted:
            return
        self._wishes[host] = _Wish(servers, {name: Check(name) for name in wanted}, tell)
        self._wake.set()

    def forget(self, host: str) -> None:
        """Watch a host's domains no more."""
        self._wishes.pop(host, None)

    async def run(self) -> None:
        """Ask about all domains each hour, about new ones soon, for ever."""
        asked: dict[str, float] = {}
        while True:
            self._wake.clear()
            now = self._clock.monotonic()
            names = {name for wish in self._wishes.values() for name in wish.checks}
            asked = {name: at for name, at in asked.items() if name in names}
            fresh = self._unasked()
            due = [
                name
                for name in sorted(names)
                if name in fresh or now - asked.get(name, 0) >= INTERVAL
            ]
            for name in due:
                asked[name] = now
            await self.ask(due)
            soonest = min((at + INTERVAL - now for at in asked.values()), default=INTERVAL)
            await self._sleep(max(1.0, soonest))

    async def ask(self, names: Sequence[str]) -> None:
        """Ask about domains now, a few side by side."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(name: str) -> None:
            async with slots:
                self._answered(name, await self._ask(name))

        await asyncio.gather(*map(one, names))

    # --- private

    async def _ask(self, name: str) -> Found:
        try:
            async with asyncio.timeout(_LONGEST):
                return await ask(name, self.resolvers, self._clock)
        except TimeoutError:
            return Found(None, (), f"{name}: no answer in {_LONGEST:g} s")
        except Exception as error:
            _LOGGER.exception("Asking who serves %s failed in an unexpected way", name)
            return Found(None, (), f"{name}: {type(error).__name__}")

    def _answered(self, name: str, found: Found) -> None:
        for wish in self._wishes.values():
            check = wish.checks.get(name)
            if check is None:
                continue
            state = judge(wish.expected, found)
            if state is State.UNKNOWN:
                wish.checks[name] = replace(check, error=found.error or "no answer")
            else:
                wish.checks[name] = Check(name, state, found.servers, self._clock.time())
            wish.tell()

    def _unasked(self) -> set[str]:
        return {
            name
            for wish in self._wishes.values()
            for name, check in wish.checks.items()
            if check.at is None and check.error is None
        }

    async def _sleep(self, seconds: float) -> None:
        """Wait, at most until somebody has a new wish."""
        waiting = [
            asyncio.ensure_future(self._clock.sleep(seconds)),
            asyncio.ensure_future(self._wake.wait()),
        ]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
