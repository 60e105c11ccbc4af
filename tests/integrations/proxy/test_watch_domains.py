"""When domains are asked about: new ones soon, all each hour, one question for many hosts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from hub.util.clock import FakeClock
from integrations.proxy.watch import domains as module
from integrations.proxy.watch.domains import INTERVAL, Domains
from integrations.proxy.watch.names import Found, State


class World:
    """What the world's name servers would say; None = they do not answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: tuple[str, ...] | None = ("ns1.example", "ns2.example")
        self.asked: list[str] = []
        monkeypatch.setattr(module, "ask", self.ask)

    async def ask(self, domain: str, _resolvers: object, _clock: object) -> Found:
        self.asked.append(domain)
        if self.said is None:
            return Found(None, (), f"{domain}: no answer")
        return Found(domain, self.said)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def running(clock: FakeClock) -> AsyncIterator[Domains]:
    found = Domains(clock)
    task = asyncio.ensure_future(found.run())
    await clock.settle()
    yield found
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def states(domains: Domains, host: str) -> dict[str, State]:
    return {check.domain: check.state for check in domains.of(host)}


async def test_new_wishes_are_asked_soon_and_all_each_hour(
    running: Domains, world: World, clock: FakeClock
) -> None:
    told: list[str] = []
    running.want("a", ["a.example.com"], ["ns1.example"], lambda: told.append("a"))
    assert states(running, "a") == {"a.example.com": State.UNKNOWN}
    await clock.advance(1)
    assert states(running, "a") == {"a.example.com": State.OK}
    running.want("b", ["a.example.com", "b.example.com"], ["other"], lambda: told.append("b"))
    await clock.advance(1)
    assert states(running, "b") == dict.fromkeys(("a.example.com", "b.example.com"), State.MISMATCH)
    assert world.asked == ["a.example.com", "a.example.com", "b.example.com"]
    await clock.advance(INTERVAL / 2)
    assert len(world.asked) == 3
    await clock.advance(INTERVAL)
    assert sorted(world.asked[3:]) == ["a.example.com", "b.example.com"], "once for both hosts"
    assert set(told) == {"a", "b"}


async def test_what_is_not_answered_keeps_the_last_state(
    running: Domains, world: World, clock: FakeClock
) -> None:
    running.want("a", ["a.example.com"], ["ns1.example"], lambda: None)
    await clock.advance(1)
    answered = clock.time()
    world.said = None
    await clock.advance(2 * INTERVAL)
    (check,) = running.of("a")
    assert (check.state, check.servers) == (State.OK, ("ns1.example", "ns2.example"))
    assert check.error == "a.example.com: no answer"
    assert check.at == pytest.approx(answered, abs=2)
    world.said = ("elsewhere.example",)
    await clock.advance(INTERVAL)
    (check,) = running.of("a")
    assert (check.state, check.error) == (State.MISMATCH, None)


async def test_who_expects_nothing_is_not_asked_about(
    running: Domains, world: World, clock: FakeClock
) -> None:
    running.want("a", ["a.example.com"], [], lambda: None)
    await clock.advance(2 * INTERVAL)
    assert world.asked == []
    running.want("a", ["a.example.com"], ["ns1.example"], lambda: None)
    await clock.advance(1)
    running.want("a", ["a.example.com"], [], lambda: None)
    assert running.of("a") == []
    running.want("b", ["b.example.com"], ["x"], lambda: None)
    running.forget("b")
    await clock.advance(2 * INTERVAL)
    assert world.asked.count("a.example.com") == 1


async def test_the_same_wish_again_is_no_new_question(
    running: Domains, world: World, clock: FakeClock
) -> None:
    for _ in range(3):
        running.want("a", ["a.example.com"], ["ns1.example"], lambda: None)
        await clock.advance(1)
    assert world.asked == ["a.example.com"]
