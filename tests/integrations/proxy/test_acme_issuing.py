"""What the hub keeps while it gets certificates: accounts, orders, limits, renewal information."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ServiceValidationError
from hub.util.clock import SystemClock
from integrations.proxy.acme import planning
from integrations.proxy.acme.attempts import Memory
from integrations.proxy.acme.issuing import Held, Issuer, life
from integrations.proxy.acme.order import Proof
from integrations.proxy.acme.planning import Observed
from integrations.proxy.acme.problems import AcmeError, CAUnavailable
from integrations.proxy.acme.wanted import Wanted, wanted
from integrations.proxy.pairs import Pairs
from tests.integrations.proxy.acmefake import AcmeFake, acme_fake
from tests.integrations.proxy.test_acme_client import Standin
from tests.peers.house import House, MakeHouse
from tests.peers.pebble import SIX_DAYS, Pebble

DAY = 86400.0


class Clock(SystemClock):
    """The real clock, moved ahead."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def time(self) -> float:  # type: ignore[override]
        return SystemClock.time() + self.ahead


def desire(ca: Pebble | AcmeFake, *names: str, **acme: Any) -> Wanted:
    return wanted(
        {
            "domain_names": list(names),
            "provider": "acme",
            "acme": {
                "directory": ca.directory,
                "email": "me@example.com",
                "ca_certificate": ca.ca_certificate,
                **acme,
            },
        }
    )


class Desk:
    """A hub without servers that gets certificates."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.hub = house.hub
        self.clock = Clock()
        self.hub.clock = self.clock
        self.lines: list[str] = []
        self.again()

    def again(self) -> None:
        """Forget everything that is in memory."""
        self.pairs = Pairs(self.hub)
        self.memory = Memory(self.hub)
        self.issuer = Issuer(self.hub, self.pairs, self.memory)

    async def issue(self, want: Wanted, solver: Any, key: str = "one", **more: Any) -> Any:
        return await self.issuer.issue(key, want, solver, self.lines.append, **more)

    async def observed(self, want: Wanted, key: str = "one") -> Observed:
        record = await self.pairs.record(key)
        assert record.newest is not None
        attempts = await self.issuer.refreshed(key, want, record.newest)
        wait = await self.issuer.wait(want)
        return Observed(record, self.clock.time(), attempts, wait)


class Nobody:
    """Shows nothing, for a CA that trusts every name."""

    type = "http-01"

    async def present(self, proofs: Sequence[Proof]) -> None:
        raise AssertionError

    async def cleanup(self, proofs: Sequence[Proof]) -> None:
        raise AssertionError


@pytest.fixture
async def desk(make_house: MakeHouse) -> Desk:
    return Desk(await make_house("mqtt:\n  enabled: false\n"))


@pytest.fixture
async def fake(tmp_path: Path) -> AsyncIterator[AcmeFake]:
    async with acme_fake(tmp_path) as server:
        yield server


async def test_one_account_for_all_certificates_of_an_address(desk: Desk, pebble: Pebble) -> None:
    solver = Standin(pebble)
    first = await desk.issue(desire(pebble, "a.test"), solver, "one")
    desk.again()
    await desk.issue(desire(pebble, "b.test"), solver, "two")
    assert pebble.count("There are now 1 accounts in memory") == 1
    assert "There are now 2 accounts" not in pebble.log
    await desk.issue(desire(pebble, "c.test", email="you@example.com"), solver, "three")
    assert pebble.count("There are now 2 accounts") == 1
    kept = await desk.pairs.record("one")
    assert kept.versions == (first,)
    assert kept.pending is None


async def test_an_external_account_is_used_for_its_own_account(
    desk: Desk, start_pebble: Callable[..., Pebble]
) -> None:
    secret = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
    pebble = start_pebble(answer_http=True, external_accounts={"kid-1": secret})
    with pytest.raises(ServiceValidationError, match=r"acme\.eab: .* enter kid and hmac_key"):
        await desk.issue(desire(pebble, "a.test"), Standin(pebble))
    assert (await desk.memory.attempts("one")).failure is None  # a mistake here, not a refusal
    want = desire(pebble, "a.test", eab={"kid": "kid-1", "hmac_key": secret})
    assert secret not in repr(want)
    await desk.issue(want, Standin(pebble))
    assert pebble.orders() == 1


async def test_two_that_come_first_at_once_share_a_new_account(desk: Desk, pebble: Pebble) -> None:
    solver = Standin(pebble)
    wants = {name: desire(pebble, f"{name}.test") for name in ("one", "two", "three")}
    await asyncio.gather(*(desk.issue(want, solver, name) for name, want in wants.items()))
    assert "There are now 2 accounts" not in pebble.log


async def test_an_account_that_the_ca_has_forgotten_is_made_anew(
    desk: Desk, start_pebble: Callable[..., Pebble]
) -> None:
    pebble = start_pebble(answer_http=True)
    want = desire(pebble, "a.test")
    await desk.issue(want, Standin(pebble))
    pebble.stop()
    pebble.start()  # it keeps nothing
    version = await desk.issue(want, Standin(pebble))
    assert version.number == 2


async def test_nothing_of_a_pair_is_readable_at_rest(desk: Desk, pebble: Pebble) -> None:
    version = await desk.issue(desire(pebble, "a.test"), Standin(pebble))
    documents = desk.hub.documents
    names = await documents.keys("sealed")
    assert "proxy.certificate/one" in names
    for name in names:
        sealed = await documents.load("sealed", name)
        assert isinstance(sealed, str)
        assert sealed.startswith("v1:")
    assert version.key not in repr(version)
    assert "PRIVATE" not in repr(await desk.pairs.get("one"))


async def test_pairs_survive_new_sealing_keys(desk: Desk, pebble: Pebble) -> None:
    version = await desk.issue(desire(pebble, "a.test"), Standin(pebble))
    before = await desk.hub.documents.load("sealed", "proxy.certificate/one")
    answer = await desk.house.request("POST", "/api/secrets/rotate")
    assert answer.status in {200, 202}, await answer.text()
    while await desk.hub.documents.load("sealed", "proxy.certificate/one") == before:
        await asyncio.sleep(0.02)
    desk.again()
    assert (await desk.pairs.record("one")).newest == version


async def test_versions_are_counted_and_old_ones_go_when_the_new_one_is_seen(
    desk: Desk, pebble: Pebble
) -> None:
    want = desire(pebble, "a.test")
    first = await desk.issue(want, Standin(pebble))
    second = await desk.issue(want, Standin(pebble))
    desk.again()
    assert [item.number for item in (await desk.pairs.record("one")).versions] == [1, 2]
    old = await desk.pairs.get("one", first.facts.serial)
    assert old == first.pair
    assert await desk.pairs.get("one") == second.pair
    part = await desk.pairs.part("one")
    assert part is not None
    assert (part.id, part.revision) == ("proxy.certificate/one", 2)
    assert part.spec["serial"] == second.facts.serial
    assert part.spec["chain"].startswith("files/one-")
    assert "PRIVATE" not in str(part.spec)
    await desk.pairs.settle("one", 2)
    assert await desk.pairs.get("one", first.facts.serial) is None
    await desk.pairs.forget("one")
    assert await desk.pairs.part("one") is None
    assert await desk.hub.documents.load("sealed", "proxy.certificate/one") is None


async def test_a_refusal_is_remembered_and_not_repeated_at_once(desk: Desk, pebble: Pebble) -> None:
    want = desire(pebble, "bad.test")
    pebble.tell("set-servfail", host="bad.test.")
    solver = Standin(pebble)
    with pytest.raises(AcmeError) as caught:
        await desk.issue(want, solver)
    failure = (await desk.memory.attempts("one")).failure
    assert failure is not None
    assert failure.message == caught.value.message
    assert failure.problems[0]["name"] == "bad.test"
    assert 800 < failure.retry_at - desk.clock.time() < 1000
    ledger = await desk.memory.ledger(f"{want.directory} me@example.com ")
    assert len(ledger.entries["failure:bad.test"]) == 1
    for count in (2, 3, 4):
        with pytest.raises(AcmeError):
            await desk.issue(want, solver)
        failure = (await desk.memory.attempts("one")).failure
        assert failure is not None
        assert failure.count == count
    orders = pebble.orders()
    desk.again()
    with pytest.raises(Held, match=r"4 failed validations of bad\.test within 1 h") as held:
        await desk.issue(want, solver)
    assert pebble.orders() == orders == 4  # the CA was not asked a fifth time
    assert 3500 < held.value.until - desk.clock.time() <= 3600
    pebble.tell("clear-servfail", host="bad.test.")
    desk.clock.ahead += 3601
    await desk.issue(want, solver)
    assert (await desk.memory.attempts("one")).failure is None


async def test_an_order_that_was_cut_off_is_gone_on_with(desk: Desk, pebble: Pebble) -> None:
    class Ends(Standin):
        async def present(self, proofs: Sequence[Proof]) -> None:
            raise asyncio.CancelledError

    want = desire(pebble, "a.test")
    with pytest.raises(asyncio.CancelledError):
        await desk.issue(want, Ends(pebble))
    desk.again()
    pending = (await desk.pairs.record("one")).pending
    assert pending is not None
    assert pending.order is not None
    version = await desk.issue(want, Standin(pebble))
    assert version.key == pending.key
    assert pebble.orders() == 1


# --- what pebble can not do


async def test_a_ca_that_is_asked_too_often_is_left_alone(desk: Desk, fake: AcmeFake) -> None:
    words = "too many certificates already issued for example.test, see https://ca.test/limits"
    fake.refuse.append(fake.problem(429, "rateLimited", words, **{"Retry-After": "7200"}))
    want = desire(fake, "a.test")
    with pytest.raises(AcmeError, match=r"https://ca\.test/limits") as caught:
        await desk.issue(want, Nobody())
    assert caught.value.retry_after == 7200
    assert caught.value.as_dict()["problems"][0]["detail"] == words
    desk.clock.ahead += 7100
    with pytest.raises(Held, match="too many certificates"):
        await desk.issue(want, Nobody())
    assert len(fake.orders) == 1
    await desk.issue(desire(fake, "b.test"), Nobody(), "two")  # others are not held up
    desk.clock.ahead += 200
    await desk.issue(want, Nobody())


async def test_a_ca_that_is_busy_is_left_alone_as_a_whole(desk: Desk, fake: AcmeFake) -> None:
    fake.refuse.append((503, {}, {"Retry-After": "300"}))
    with pytest.raises(CAUnavailable, match="status 503"):
        await desk.issue(desire(fake, "a.test"), Nobody())
    failure = (await desk.memory.attempts("one")).failure
    assert failure is not None
    assert failure.retry_at - desk.clock.time() < 70
    with pytest.raises(Held, match="503"):
        await desk.issue(desire(fake, "b.test"), Nobody(), "two")
    desk.clock.ahead += 301
    await desk.issue(desire(fake, "b.test"), Nobody(), "two")


async def test_renewal_information_decides(desk: Desk, fake: AcmeFake) -> None:
    want = desire(fake, "a.test")
    version = await desk.issue(want, Nobody())
    begin = dt.datetime.fromtimestamp(version.facts.not_before, dt.UTC)
    fake.window = begin + dt.timedelta(days=20), begin + dt.timedelta(days=22)
    observed = await desk.observed(want)
    assert fake.asked_for == [version.facts.cert_id]
    due = planning.due(want, observed)
    assert due is not None
    assert due.why == "ari"
    assert 20 * DAY <= due.at - version.facts.not_before <= 22 * DAY
    await desk.observed(want)
    assert len(fake.asked_for) == 1  # not before it said so
    # the CA has to revoke: the window is moved, and seen within six hours
    fake.window = begin - dt.timedelta(days=2), begin - dt.timedelta(days=1)
    desk.clock.ahead += 6 * 3600 + 1
    observed = await desk.observed(want)
    due = planning.due(want, observed)
    assert due is not None
    assert due.at < desk.clock.time()
    replaced = await desk.issue(want, Nobody(), replaces=version.facts.cert_id)
    assert fake.orders[-1]["replaces"] == version.facts.cert_id
    assert replaced.number == 2


async def test_without_renewal_information_the_life_decides(desk: Desk, fake: AcmeFake) -> None:
    want = desire(fake, "a.test")
    await desk.issue(want, Nobody())
    for has in (True, False):
        fake.has_renewal_info = has  # the first one answers 404
        due = planning.due(want, await desk.observed(want))
        assert due is not None
        assert due.why == "fraction"
        assert 59 * DAY < due.at - desk.clock.time() < 62 * DAY


async def test_an_order_that_must_not_replace_is_made_without(desk: Desk, fake: AcmeFake) -> None:
    want = desire(fake, "a.test")
    await desk.issue(want, Nobody())
    fake.refuse.append(fake.problem(409, "alreadyReplaced", "it was replaced before"))
    await desk.issue(want, Nobody(), replaces="abc.def")
    assert [order.get("replaces") for order in fake.orders] == [None, "abc.def", None]


async def test_a_profile_goes_along(desk: Desk, fake: AcmeFake) -> None:
    fake.profiles = {"classic": "as ever", "shortlived": "six days"}
    await desk.issue(desire(fake, "a.test", profile="shortlived"), Nobody())
    assert fake.orders[-1]["profile"] == "shortlived"
    with pytest.raises(Exception, match=r"acme\.profile: .* offers only classic, shortlived"):
        await desk.issue(desire(fake, "a.test", profile="tlsserver"), Nobody())


@pytest.mark.parametrize("days", [6, 45, 90, 398])
async def test_lifetimes(desk: Desk, fake: AcmeFake, days: float) -> None:
    fake.days = days
    fake.has_renewal_info = False
    want = desire(fake, "a.test")
    version = await desk.issue(want, Nobody())
    share = 1 / 2 if days < 10 else 2 / 3
    for moved, action in ((share - 0.02, None), (share + 0.03, planning.RENEW)):
        desk.clock.ahead = days * DAY * moved
        step = planning._getting(want, await desk.observed(want))
        assert (None if step is None else step.action) == action
    assert life(version).seconds == pytest.approx(days * DAY, abs=5)


async def test_six_days_of_pebble_with_a_moved_clock(
    desk: Desk, start_pebble: Callable[..., Pebble]
) -> None:
    pebble = start_pebble(answer_http=True, validity=SIX_DAYS)
    want = desire(pebble, "a.test")
    first = await desk.issue(want, Standin(pebble))
    assert planning._getting(want, await desk.observed(want)) is None
    desk.clock.ahead = 3.2 * DAY
    step = planning._getting(want, await desk.observed(want))
    assert step is not None
    assert step.action == planning.RENEW
    second = await desk.issue(want, Standin(pebble), replaces=step.data["replaces"])
    assert second.facts.serial != first.facts.serial
    # pebble's own clock was not moved: the new one is old on paper, and yet not due again
    assert planning._getting(want, await desk.observed(want)) is None
