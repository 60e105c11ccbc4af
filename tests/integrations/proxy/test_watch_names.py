"""Name servers of domains, asked of a real bind; a question that fails says nothing."""

import asyncio
import time
from collections.abc import Callable

import pytest

from hub.util.clock import FakeClock, SystemClock
from integrations.proxy.watch import names
from integrations.proxy.watch.names import Found, State, ask, domains, judge
from tests.peers.named import Named
from tests.peers.ports import free_port_number


async def test_the_zone_of_a_name_is_found(named: Named) -> None:
    clock = SystemClock()
    deep = await ask("blog.deep.test", [named.address], clock)
    assert deep == Found(None, (), "blog.deep.test: no zone has this name"), "test. is a top level"
    inner = await ask("*.Blog.inner.test.", [named.address], clock)
    assert inner == Found("inner.test", ("ns.inner.test",))
    assert await ask("inner.test", [named.address], clock) == inner


async def test_a_delegated_zone_answers_for_itself(start_named: Callable[..., Named]) -> None:
    server = start_named(zones=("house.test", "own.house.test"))
    found = await ask("www.own.house.test", [server.address], SystemClock())
    assert found == Found("own.house.test", ("ns.own.house.test",))


async def test_what_changes_is_seen(start_named: Callable[..., Named]) -> None:
    server = start_named(zones=("house.test",))
    server.update("update add house.test 60 NS a.Provider.example.")
    found = await ask("house.test", [server.address], SystemClock())
    assert found.servers == ("a.provider.example", "ns.house.test")
    assert judge(["provider"], found) is State.OK
    assert judge(["other"], found) is State.MISMATCH
    assert judge(["a.provider.example", "b.provider.example"], found) is State.MISMATCH


async def test_the_second_server_is_asked_when_the_first_is_away(named: Named) -> None:
    away = f"127.0.0.1:{free_port_number()}"
    found = await ask("inner.test", [away, named.address], SystemClock())
    assert found.servers == ("ns.inner.test",)


async def test_no_answer_is_unknown_after_three_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "SECONDS", 0.2)
    clock = FakeClock()
    slept: list[float] = []

    async def sleep(delay: float) -> None:
        slept.append(delay)

    clock.sleep = sleep  # type: ignore[method-assign]
    found = await ask("inner.test", [f"127.0.0.1:{free_port_number()}"], clock)
    assert slept == [5, 5]
    assert found.servers == ()
    assert found.error is not None
    assert "inner.test" in found.error
    assert judge(["ns.inner.test"], found) is State.UNKNOWN


async def test_a_server_that_refuses_is_unknown(named: Named) -> None:
    clock = FakeClock()
    asking = asyncio.ensure_future(ask("www.example.org", [named.address], clock))
    while not asking.done():
        await clock.advance(5)
        await asyncio.sleep(0.02)
    assert judge(["x"], asking.result()) is State.UNKNOWN


async def test_a_silent_server_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "SECONDS", 0.3)
    monkeypatch.setattr(names, "ATTEMPTS", 1)
    loop = asyncio.get_running_loop()
    silent, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
    )
    try:
        port = silent.get_extra_info("sockname")[1]
        begun = time.monotonic()
        found = await ask("inner.test", [f"127.0.0.1:{port}"], SystemClock())
        assert time.monotonic() - begun < 5
        assert judge(["x"], found) is State.UNKNOWN
    finally:
        silent.close()


def test_judging() -> None:
    both = Found("example.com", ("ns1.dnspod.example", "ns2.dnspod.example"))
    assert judge(["NS1.dnspod.example.", "ns2.dnspod.example"], both) is State.OK
    assert judge(["ns1.dnspod.example"], both) is State.OK
    assert judge(["dnspod"], both) is State.OK
    assert judge(["dnspod", "ns2.dnspod.example"], both) is State.MISMATCH
    assert judge(["ns1.dnspod.example", "ns3.dnspod.example"], both) is State.MISMATCH
    assert judge(["dnspod"], Found(None, (), "no answer")) is State.UNKNOWN


def test_which_domains_are_asked_about() -> None:
    assert domains(["www.example.com", "example.com", "*.example.com", "a.example.org"]) == [
        "example.com",
        "a.example.org",
    ]
    assert domains(["localhost", "*.test"]) == []
    assert domains(["badexample.com", "example.com"]) == ["example.com", "badexample.com"]


def test_addresses_of_resolvers() -> None:
    assert names._address("127.0.0.1") == ("127.0.0.1", 53)
    assert names._address("127.0.0.1:5353") == ("127.0.0.1", 5353)
    assert names._address("2001:db8::1") == ("2001:db8::1", 53)
    assert names._address("[2001:db8::1]:5353") == ("2001:db8::1", 5353)
