"""The client against a real pebble: accounts, orders, problems, nonces, revocation."""

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from hub.errors import ServiceValidationError
from hub.util.clock import SystemClock
from integrations.proxy.acme import chain, keys
from integrations.proxy.acme.client import Client
from integrations.proxy.acme.jws import AccountKey
from integrations.proxy.acme.order import Issuing, Proof
from integrations.proxy.acme.problems import AcmeError, CAUnavailable
from integrations.proxy.acme.wire import connected
from tests.peers.pebble import SIX_DAYS, Pebble

StartPebble = Callable[..., Pebble]


class Standin:
    """Shows proofs through pebble's stand-in."""

    def __init__(self, pebble: Pebble, type: str = "http-01") -> None:
        self.pebble = pebble
        self.type = type
        self.shown: list[str] = []
        self.removed: list[str] = []

    async def present(self, proofs: Sequence[Proof]) -> None:
        for item in proofs:
            self.shown.append(item.name)
            if self.type == "dns-01":
                self.pebble.tell("set-txt", host=f"{item.record}.", value=item.value)
            else:
                self.pebble.tell("add-http01", token=item.token, content=item.authorization)

    async def cleanup(self, proofs: Sequence[Proof]) -> None:
        self.removed += [item.name for item in proofs]


@contextlib.asynccontextmanager
async def opened(pebble: Pebble, key: AccountKey | None = None) -> AsyncIterator[Client]:
    async with connected(pebble.directory, SystemClock(), pebble.ca_certificate) as wire:
        client = Client(wire)
        await client.open()
        if key is not None:
            await client.register(key, "me@example.com")
        yield client


async def nothing() -> None:
    """Count no order."""


async def issue(client: Client, solver: Any, names: Sequence[str], key: bytes, **more: Any) -> Any:
    lines: list[str] = []
    orders: list[str] = []

    async def ordered(url: str) -> None:
        orders.append(url)

    run = Issuing(client, SystemClock(), solver, names, lines.append, ordered, nothing, **more)
    pem = await run.run(key)
    checked, facts = await chain.checked(pem, key, names, SystemClock.time())
    return checked, facts, lines, orders


async def test_an_account_is_found_again_by_its_key(pebble: Pebble) -> None:
    key = AccountKey.make()
    async with opened(pebble, key) as client:
        assert client.account is not None
        first = client.account.url
    async with opened(pebble, AccountKey.load(key.pem())) as client:
        assert client.account is not None
        assert client.account.url == first
    async with opened(pebble, AccountKey.make()) as client:
        assert client.account is not None
        assert client.account.url != first


@pytest.mark.parametrize("key_type", keys.KEY_TYPES)
async def test_every_key_type_is_issued(pebble: Pebble, key_type: str) -> None:
    key = await keys.make(key_type)
    async with opened(pebble, AccountKey.make()) as client:
        _chain, facts, _lines, _orders = await issue(client, Standin(pebble), ["a.test"], key)
    kind, _, size = key_type.partition("-")
    assert facts.names == ("a.test",)
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    found: Any = load_pem_private_key(key, None)
    assert str(found.key_size) == size.removeprefix("p")
    assert (kind == "rsa") == hasattr(found.public_key().public_numbers(), "n")


async def test_six_days_for_two_names_and_a_chain_in_order(start_pebble: StartPebble) -> None:
    pebble = start_pebble(answer_http=True, validity=SIX_DAYS)
    solver = Standin(pebble)
    key = await keys.make("ecdsa-p256")
    async with opened(pebble, AccountKey.make()) as client:
        pem, facts, _lines, orders = await issue(client, solver, ["a.test", "b.test"], key)
    assert sorted(solver.shown) == sorted(solver.removed) == ["a.test", "b.test"]
    assert facts.lifetime == pytest.approx(SIX_DAYS, abs=2)
    assert pem.count(b"BEGIN CERTIFICATE") == 2
    assert facts.cert_id is not None
    assert len(orders) == 1


async def test_wildcard_and_base_share_one_record(pebble: Pebble) -> None:
    solver = Standin(pebble, "dns-01")
    names = ["*.w.test", "w.test"]
    key = await keys.make("ecdsa-p256")
    async with opened(pebble, AccountKey.make()) as client:
        _pem, facts, _lines, _orders = await issue(client, solver, names, key)
    assert sorted(facts.names) == names
    assert sorted(solver.shown) == names


async def test_a_wildcard_can_not_be_shown_by_http(pebble: Pebble) -> None:
    key = await keys.make("ecdsa-p256")
    async with opened(pebble, AccountKey.make()) as client:
        with pytest.raises(ServiceValidationError, match=r"acme.challenge: .*http-01 for \*.w.te"):
            await issue(client, Standin(pebble), ["*.w.test"], key)


async def test_a_failing_challenge_is_told_word_for_word(pebble: Pebble) -> None:
    class Nothing(Standin):
        async def present(self, proofs: Sequence[Proof]) -> None:
            for item in proofs:
                if item.name == "good.test":
                    await super().present([item])

    solver = Nothing(pebble)
    key = await keys.make("ecdsa-p256")
    async with opened(pebble, AccountKey.make()) as client:
        with pytest.raises(AcmeError) as caught:
            await issue(client, solver, ["good.test", "bad.test"], key)
    error = caught.value
    assert error.names == ["bad.test"]
    (found,) = error.as_dict()["problems"]
    assert found["type"] == "urn:ietf:params:acme:error:unauthorized"
    assert found["name"] == "bad.test"
    assert found["detail"] in error.message
    assert found["type"] in error.message
    assert "did not match this challenge" in error.message
    assert sorted(solver.removed) == ["bad.test", "good.test"]


async def test_a_name_that_does_not_resolve(pebble: Pebble) -> None:
    pebble.tell("set-servfail", host="away.test.")
    key = await keys.make("ecdsa-p256")
    async with opened(pebble, AccountKey.make()) as client:
        with pytest.raises(AcmeError) as caught:
            await issue(client, Standin(pebble), ["away.test"], key)
    assert caught.value.problems[0].name == "away.test"
    assert caught.value.problems[0].kind in {"connection", "dns", "unauthorized"}


async def test_a_blocked_name_is_a_rejected_identifier(start_pebble: StartPebble) -> None:
    pebble = start_pebble(answer_http=True, blocklist=("blocked.test",))
    key = await keys.make("ecdsa-p256")
    async with opened(pebble, AccountKey.make()) as client:
        with pytest.raises(AcmeError, match=r"127\.0\.0\.1 refuses: .*blocked\.test") as caught:
            await issue(client, Standin(pebble), ["fine.test", "blocked.test"], key)
    assert caught.value.has("rejectedIdentifier")
    assert caught.value.problems[0].status == 400


async def test_refused_nonces_are_replaced(start_pebble: StartPebble) -> None:
    pebble = start_pebble(answer_http=True, nonce_reject=20)
    key = await keys.make("ecdsa-p256")
    async with opened(pebble, AccountKey.make()) as client:
        for number in range(4):
            await issue(client, Standin(pebble), [f"n{number}.test"], key)
    assert "reject 20% of good nonces" in pebble.log


async def test_names_that_the_ca_still_trusts_are_not_shown_again(
    start_pebble: StartPebble,
) -> None:
    pebble = start_pebble(answer_http=True, authz_reuse=100)
    account, key = AccountKey.make(), await keys.make("ecdsa-p256")
    first, second = Standin(pebble), Standin(pebble)
    async with opened(pebble, account) as client:
        await issue(client, first, ["a.test"], key)
        _pem, _facts, lines, _orders = await issue(client, second, ["a.test", "b.test"], key)
        third = Standin(pebble)
        await issue(client, third, ["b.test"], key)
    assert first.shown == ["a.test"]
    assert second.shown == second.removed == ["b.test"]
    assert third.shown == []
    assert any("still trusts a.test" in line for line in lines)


async def test_an_external_account_is_wanted_and_given(start_pebble: StartPebble) -> None:
    secret = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
    pebble = start_pebble(answer_http=True, external_accounts={"kid-1": secret})
    key = AccountKey.make()
    async with opened(pebble) as client:
        with pytest.raises(ServiceValidationError, match=r"acme\.eab: .* enter kid and hmac_key"):
            await client.register(key, None)
        with pytest.raises(ServiceValidationError, match=r"acme\.eab\.hmac_key"):
            await client.register(key, None, ("kid-1", "not base64!"))
        with pytest.raises(AcmeError, match=r"unauthorized|malformed"):
            await client.register(key, None, ("kid-2", secret))
        account = await client.register(key, None, ("kid-1", secret))
        assert account.url.startswith("https://127.0.0.1")
        await issue(client, Standin(pebble), ["e.test"], await keys.make("ecdsa-p256"))


async def test_revoking_twice_is_a_success(pebble: Pebble) -> None:
    key = await keys.make("ecdsa-p256")
    async with opened(pebble, AccountKey.make()) as client:
        pem, facts, _lines, _orders = await issue(client, Standin(pebble), ["a.test"], key)
        before = pebble.count("POST /revoke-cert")
        await client.revoke(chain.first_der(pem))
        await client.revoke(chain.first_der(pem))
    assert pebble.count("POST /revoke-cert") == before + 2
    assert facts.serial.strip("0123456789ABCDEF") == ""


async def test_a_profile_that_is_not_offered_is_refused_before_the_order(pebble: Pebble) -> None:
    key = await keys.make("ecdsa-p256")
    async with opened(pebble, AccountKey.make()) as client:
        with pytest.raises(ServiceValidationError, match=r"acme\.profile: .* has no profiles"):
            await issue(client, Standin(pebble), ["a.test"], key, profile="shortlived")
    assert pebble.orders() == 0


async def test_an_order_is_gone_on_with(pebble: Pebble) -> None:
    """A hub that ended after the order was made asks for no second one."""

    class Gone(Standin):
        async def present(self, proofs: Sequence[Proof]) -> None:
            raise ConnectionError("the hub ended here")

    key = await keys.make("ecdsa-p256")
    orders: list[str] = []

    async def ordered(url: str) -> None:
        orders.append(url)

    async with opened(pebble, AccountKey.make()) as client:
        run = Issuing(client, SystemClock(), Gone(pebble), ["a.test"], print, ordered, nothing)
        with pytest.raises(ConnectionError):
            await run.run(key)
        run = Issuing(client, SystemClock(), Standin(pebble), ["a.test"], print, ordered, nothing)
        first = await run.run(key, orders[0])
        again = await run.run(key, orders[0])  # downloaded once more, as after a crash at the end
    assert first == again
    assert len(orders) == pebble.orders() == 1


async def test_a_ca_of_another_authority_is_not_spoken_to(pebble: Pebble) -> None:
    async with connected(pebble.directory, SystemClock()) as wire:
        with pytest.raises(CAUnavailable, match=r"127\.0\.0\.1: .*certificate"):
            await Client(wire).open()
    with pytest.raises(CAUnavailable, match=r"acme\.ca_certificate"):
        async with connected(pebble.directory, SystemClock(), "no certificate"):
            pass


async def test_what_is_no_directory_is_told(pebble: Pebble) -> None:
    for address, words in (
        (f"{pebble.directory}/other", "status 404"),
        (pebble.directory.replace("https:", "http:"), "no https address"),
        ("https://127.0.0.1:1/dir", "Connect"),
    ):
        async with connected(address, SystemClock(), pebble.ca_certificate) as wire:
            with pytest.raises(CAUnavailable, match=words):
                await Client(wire).open()
