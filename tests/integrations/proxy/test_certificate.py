"""Certificates from a real pebble, shown by the nginx that the hub deployed to over a real sshd."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509

from hub.errors import HubError
from hub.events import Context
from hub.resources import Phase
from hub.util.clock import SystemClock
from integrations.proxy import certificate
from integrations.proxy.acme.issuing import Held
from integrations.proxy.certificate import Certificates
from integrations.proxy.deploying.site import Site
from tests.integrations.proxy.conftest import World, forward
from tests.integrations.proxy.test_acme_dns import options
from tests.integrations.proxy.test_acme_issuing import DAY, Clock
from tests.peers.named import Named
from tests.peers.nginx import Backend
from tests.peers.pebble import SIX_DAYS, Authority, Pebble

StartPebble = Callable[..., Pebble]


def acme(pebble: Pebble, *names: str, **more: Any) -> dict[str, Any]:
    """Return the spec of a certificate from pebble."""
    return {
        "domain_names": list(names),
        "acme": {
            "directory": pebble.directory,
            "email": "me@example.com",
            "ca_certificate": pebble.ca_certificate,
            **more,
        },
    }


async def served(world: World, name: str, trusted: str | None = None) -> str | None:
    """Return the serial that nginx shows for a name; None = no handshake."""

    def look() -> str | None:
        context = ssl.create_default_context(cadata=trusted)
        if trusted is None:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        address = "127.0.0.1", world.ports["web"]["https_port"]
        try:
            with (
                socket.create_connection(address, timeout=30) as plain,
                context.wrap_socket(plain, server_hostname=name) as secure,
            ):
                found = secure.getpeercert(binary_form=True)
        except OSError:
            return None
        assert found is not None
        return f"{x509.load_der_x509_certificate(found).serial_number:X}"

    return await asyncio.to_thread(look)


async def in_sync(world: World, key: str = "site") -> Any:
    """Wait until a certificate is in sync; returns its facts as they are then."""
    name = "proxy.certificate", key
    while True:
        status = world.hub.resources.status(*name)
        if status.phase is Phase.IN_SYNC and status.facts.get("serial"):
            return status.facts
        await asyncio.sleep(0.02)


@pytest.fixture
def pebble(world: World, start_pebble: StartPebble) -> Pebble:
    """A pebble that fetches HTTP-01 from the nginx of the hub."""
    return start_pebble(world.ports["web"]["http_port"])


async def test_two_names_through_the_nginx_that_the_hub_deployed(
    world: World, pebble: Pebble, backend: Backend
) -> None:
    """Nothing but two resources: the host is served by http, then by https."""
    await world.put("proxy.certificate/site", **acme(pebble, "a.test", "b.test"))
    await world.good(
        "proxy.host/blog", **forward(backend, "a.test", "b.test", certificate_id="site")
    )
    facts = await in_sync(world)
    assert await served(world, "a.test", pebble.root) == facts["serial"]
    assert await served(world, "b.test", pebble.root) == facts["serial"]
    assert facts["names"] == ["a.test", "b.test"]
    assert facts["issuer"].startswith("CN=Pebble Intermediate CA")
    assert facts["servers"] == {"web": 1}
    assert facts["version"] == 1
    assert facts["last_error"] is None
    assert facts["not_before"] < SystemClock.time() < facts["next_renewal"] < facts["not_after"]
    assert pebble.orders() == 1
    tokens = world.bases["web"] / "acme/.well-known/acme-challenge"
    assert list(tokens.iterdir()) == []
    keys = [path for path in (world.bases["web"] / "files").iterdir() if path.suffix == ".key"]
    assert [path.stat().st_mode & 0o777 for path in keys] == [0o600]
    record = await world.fleet.pairs.record("site")
    assert (record.proved, len(record.versions)) == (1, 1)


async def test_a_wrong_set_up_costs_no_order(
    world: World, pebble: Pebble, backend: Backend
) -> None:
    """No host answers for the name: the CA is not asked, and is as soon as one does."""
    await world.put("proxy.certificate/site", **acme(pebble, "a.test"))
    status = await world.settled("proxy.certificate/site")
    assert "no server serves a.test yet; add a host with this name" in status.message
    assert status.phase is Phase.UNKNOWN
    assert pebble.count("POST") == 0
    await world.put("proxy.host/blog", **forward(backend, "a.test", certificate_id="site"))
    await in_sync(world)
    assert pebble.orders() == 1


async def test_what_the_world_would_not_find_is_not_asked_for(
    world: World, pebble: Pebble, backend: Backend
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "a.test"))
    acme_folder = world.bases["web"] / "acme"
    acme_folder.chmod(0o700)  # nginx's workers are somebody else where it runs as root
    (acme_folder / ".well-known").rename(acme_folder / "moved")
    (acme_folder / ".well-known").write_text("in the way")
    spec = {**acme(pebble, "a.test"), "servers": ["web"]}
    status = await world.apply("proxy.certificate/site", **spec)
    assert status.phase is Phase.FAILED
    assert "http-01: web: " in status.message
    assert pebble.count("POST") == 0


async def test_a_failing_challenge_is_shown_whole_and_not_repeated(
    world: World, pebble: Pebble, backend: Backend
) -> None:
    pebble.tell("set-servfail", host="bad.test.")
    names = ["good.test", "bad.test"]
    await world.put("proxy.certificate/site", **acme(pebble, *names))
    await world.good("proxy.host/blog", **forward(backend, *names, certificate_id="site"))
    while (status := world.hub.resources.status("proxy.certificate", "site")).facts.get(
        "last_error"
    ) is None:
        await asyncio.sleep(0.02)
    error = status.facts["last_error"]
    (problem,) = error["problems"]
    assert problem["name"] == "bad.test"
    assert problem["type"].startswith("urn:ietf:params:acme:error:")
    assert problem["detail"] in error["message"]
    # the next look says until when it is not asked again
    while "tried again at 20" not in status.message:
        await asyncio.sleep(0.02)
        status = world.hub.resources.status("proxy.certificate", "site")
    assert status.phase is Phase.FAILED
    assert problem["detail"] in status.message
    assert 600 < status.facts["next_attempt"] - SystemClock.time() < 1000
    # nothing but time or another wish makes the hub ask again
    for _ in range(3):
        with pytest.raises(Held, match=r"bad\.test"):
            await world.hub.resources.apply("proxy.certificate", "site")
    assert pebble.orders() == 1
    assert await world.fetch("good.test") == "site /\n"
    await world.put("proxy.certificate/site", **acme(pebble, "good.test"))
    facts = await in_sync(world)
    assert await served(world, "good.test", pebble.root) == facts["serial"]


async def test_wildcard_and_base_by_dns_before_any_host(
    world: World, start_pebble: StartPebble, named: Named, backend: Backend
) -> None:
    pebble = start_pebble(dns_server=named.address)
    spec = acme(pebble, "*.w.test", "w.test", challenge="dns-01", dns=options(named))
    await world.put("proxy.certificate/site", **spec)
    facts = await in_sync(world)
    assert facts["servers"] == {}
    assert named.texts("_acme-challenge.w.test") == []
    await world.good("proxy.host/wild", **forward(backend, "*.w.test", certificate_id="site"))
    assert await served(world, "any.w.test", pebble.root) == facts["serial"]
    # and the certificate comes to know that it is served
    while (await world.fleet.pairs.record("site")).proved != 1:
        await asyncio.sleep(0.02)


async def test_it_is_renewed_in_time_though_nothing_was_changed(
    world: World, start_pebble: StartPebble, backend: Backend
) -> None:
    pebble = start_pebble(world.ports["web"]["http_port"], validity=SIX_DAYS)
    clock = Clock()
    world.hub.clock = clock
    await world.put("proxy.certificate/site", **acme(pebble, "a.test"))
    await world.good("proxy.host/blog", **forward(backend, "a.test", certificate_id="site"))
    first = await in_sync(world)
    assert 2.9 * DAY < first["next_renewal"] - first["not_before"] < 3.2 * DAY
    world.hub.resources.look("proxy.certificate", "site")
    await asyncio.sleep(0.2)
    assert (await in_sync(world))["serial"] == first["serial"]
    clock.ahead = 3.2 * DAY
    world.hub.resources.look("proxy.certificate", "site")  # as the interval does, every hour
    while (second := await in_sync(world))["version"] != 2:
        await asyncio.sleep(0.02)
    assert second["serial"] != first["serial"]
    while (await world.fleet.pairs.record("site")).proved != 2:
        await asyncio.sleep(0.02)
    assert await served(world, "a.test", pebble.root) == second["serial"]
    record = await world.fleet.pairs.record("site")
    assert [item.number for item in record.versions] == [2]
    assert pebble.orders() == 2


async def test_a_failing_renewal_leaves_the_old_one_in_force(
    world: World, start_pebble: StartPebble, backend: Backend
) -> None:
    pebble = start_pebble(world.ports["web"]["http_port"], validity=SIX_DAYS)
    clock = Clock()
    world.hub.clock = clock
    await world.put("proxy.certificate/site", **acme(pebble, "a.test"))
    await world.good("proxy.host/blog", **forward(backend, "a.test", certificate_id="site"))
    first, root = await in_sync(world), pebble.root
    pebble.stop()
    pebble.start()  # it trusts no name any more, see `Pebble.authz_reuse`
    pebble.tell("set-servfail", host="a.test.")
    clock.ahead = 5.2 * DAY
    world.hub.resources.look("proxy.certificate", "site")
    while (status := world.hub.resources.status("proxy.certificate", "site")).facts.get(
        "last_error"
    ) is None:
        await asyncio.sleep(0.02)
    status = await world.settled("proxy.certificate/site")
    assert status.phase is Phase.FAILED
    found = {item.type: item for item in status.conditions}
    assert (found["renewal"].status, found["renewal"].reason) == (False, "ends_soon")
    assert (found["valid"].status, found["served"].status) == (True, True)
    assert status.facts["ends_soon"] is True
    assert await served(world, "a.test", root) == first["serial"]
    pebble.tell("clear-servfail", host="a.test.")
    clock.ahead += 1000
    world.hub.resources.look("proxy.certificate", "site")
    while (await in_sync(world))["version"] != 2:
        await asyncio.sleep(0.02)


async def test_somebody_asks_for_a_new_one(world: World, pebble: Pebble, backend: Backend) -> None:
    await world.put("proxy.certificate/site", **acme(pebble, "a.test"))
    await world.good("proxy.host/blog", **forward(backend, "a.test", certificate_id="site"))
    first = await in_sync(world)
    assert await certificate.issue(world.hub, "site", Context()) is None
    job = await certificate.issue(world.hub, "site", Context(), force=True)
    assert job is not None
    while (await in_sync(world))["version"] != 2:
        await asyncio.sleep(0.02)
    second = await in_sync(world)
    assert second["serial"] != first["serial"]
    assert await served(world, "a.test", pebble.root) == second["serial"]
    with pytest.raises(HubError, match="no-such"):
        await certificate.issue(world.hub, "no-such", Context())


async def test_going_back_to_a_release_with_an_old_pair_never_ends_tls(
    world: World, pebble: Pebble, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.put("proxy.certificate/site", **acme(pebble, "a.test"))
    await world.good("proxy.host/blog", **forward(backend, "a.test", certificate_id="site"))
    first = await in_sync(world)
    seen = world.site().seen
    assert seen is not None
    await certificate.issue(world.hub, "site", Context(), force=True)
    while (await world.fleet.pairs.record("site")).proved != 2:
        await asyncio.sleep(0.02)
    observe, turn = Certificates.observe, asyncio.Event()

    async def later(self: Certificates, desired: Any) -> Any:
        await turn.wait()
        return await observe(self, desired)

    # the next change there comes before the certificate is looked at again
    monkeypatch.setattr(Certificates, "observe", later)
    await world.site().rollback(seen.current)
    assert await served(world, "a.test") == first["serial"]
    await world.good("proxy.host/more", **forward(backend, "more.test"))
    record = await world.fleet.pairs.record("site")
    assert await served(world, "a.test", pebble.root) == record.versions[-1].facts.serial


async def test_a_revoked_one_is_replaced(world: World, pebble: Pebble, backend: Backend) -> None:
    await world.put("proxy.certificate/site", **acme(pebble, "a.test"))
    await world.good("proxy.host/blog", **forward(backend, "a.test", certificate_id="site"))
    await in_sync(world)
    await certificate.controller_of(world.hub).revoke("site")
    while (await in_sync(world))["version"] != 2:
        await asyncio.sleep(0.02)
    assert pebble.count("POST /revoke-cert") == 1


async def test_a_server_that_goes_on_with_the_old_one_gets_it_back(
    world: World, pebble: Pebble, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handshake decides: a release that is proven but serves another pair is taken back."""
    await world.put("proxy.certificate/site", **acme(pebble, "a.test"))
    await world.good("proxy.host/blog", **forward(backend, "a.test", certificate_id="site"))
    first = await in_sync(world)
    wrong: list[str] = []
    run = Site.script

    async def script(site: Site, name: str, arguments: Any = (), **more: Any) -> Any:
        if name == "served" and wrong is not None and arguments[2] != first["serial"]:
            # as if somebody else answered there: ask for what another name shows
            wrong.append(arguments[2])
            more["stdin"] = b"a.test\n"
            return await run(site, name, [arguments[0], "1", *arguments[2:]], **more)
        return await run(site, name, arguments, **more)

    monkeypatch.setattr(Site, "script", script)
    await certificate.issue(world.hub, "site", Context(), force=True)
    while world.hub.resources.status("proxy.certificate", "site").phase is not Phase.FAILED:
        await asyncio.sleep(0.02)
    status = await world.settled("proxy.certificate/site")
    assert "serves no certificate for a.test, not serial" in status.message
    assert wrong
    assert await served(world, "a.test", pebble.root) == first["serial"]
    record = await world.fleet.pairs.record("site")
    assert [item.number for item in record.versions] == [1, 2]
    assert record.proved == 1
    orders = pebble.orders()
    monkeypatch.undo()
    await world.again("proxy.certificate/site")
    second = await in_sync(world)
    assert await served(world, "a.test", pebble.root) == second["serial"] != first["serial"]
    assert pebble.orders() == orders  # what was issued is deployed, not ordered again


async def test_an_upload_is_checked_deployed_and_replaced(
    world: World, backend: Backend, tmp_path: Any
) -> None:
    authority = Authority(tmp_path)
    chain, key = authority.pair(["a.test", "b.test"])
    root = authority.certificate.read_text()
    spec = {
        "domain_names": ["a.test"],
        "provider": "custom",
        "certificate": chain.decode(),
        "certificate_key": key.decode(),
        "intermediate_certificate": root,
    }
    await world.put("proxy.certificate/site", **spec)
    await world.good("proxy.host/blog", **forward(backend, "a.test", certificate_id="site"))
    first = await in_sync(world)
    assert (first["provider"], first["next_renewal"]) == ("custom", None)
    # a host that was deployed before the pair was taken over gets it afterwards
    while (await world.fleet.pairs.record("site")).proved != 1:
        await asyncio.sleep(0.02)
    assert await served(world, "a.test", root) == first["serial"]
    chain, key = authority.pair(["a.test"])
    spec |= {"certificate": chain.decode(), "certificate_key": key.decode()}
    await world.put("proxy.certificate/site", **spec)
    while (await in_sync(world))["version"] != 2:
        await asyncio.sleep(0.02)
    assert await served(world, "a.test", root) == (await in_sync(world))["serial"]


async def test_uploads_that_can_not_be_served_name_the_field(world: World, tmp_path: Any) -> None:
    authority = Authority(tmp_path)
    chain, key = authority.pair(["a.test"])
    other_chain, other_key = authority.pair(["b.test"])
    old_chain, old_key = authority.pair(["a.test"], days=0.01)
    root = authority.certificate.read_text()

    async def refused(**changes: Any) -> str:
        spec = {
            "domain_names": ["a.test"],
            "provider": "custom",
            "certificate": chain.decode(),
            "certificate_key": key.decode(),
            **changes,
        }
        status = await world.apply("proxy.certificate/site", **spec)
        assert status.phase is Phase.FAILED
        assert status.facts.get("serial") is None
        return status.message

    assert "certificate_key: does not belong to certificate" in await refused(
        certificate_key=other_key.decode()
    )
    assert "certificate: does not cover a.test (it holds b.test)" in await refused(
        certificate=other_chain.decode(), certificate_key=other_key.decode()
    )
    assert "certificate: has expired" in await refused(
        certificate=old_chain.decode(), certificate_key=old_key.decode()
    )
    assert "intermediate_certificate: holds a certificate that has not signed" in await refused(
        intermediate_certificate=other_chain.decode()
    )
    assert "certificate_key: is no private key" in await refused(certificate_key="x" * 60)
    locked = (
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIBAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
    )
    assert "certificate_key: " in await refused(certificate_key=locked)
    assert "does not cover *.a.test" in await refused(
        domain_names=["*.a.test"], intermediate_certificate=root
    )


async def test_what_is_gone_leaves_nothing(world: World, pebble: Pebble, backend: Backend) -> None:
    await world.put("proxy.certificate/site", **acme(pebble, "a.test"))
    await world.good("proxy.host/blog", **forward(backend, "a.test", certificate_id="site"))
    await in_sync(world)
    await world.good("proxy.host/blog", **forward(backend, "a.test"))
    await world.gone("proxy.certificate/site")
    places = (("sealed", "proxy.certificate/site"), ("proxy.certificate", "site"))
    for place in places:
        while await world.hub.documents.load(*place) is not None:
            await asyncio.sleep(0.02)
    assert await served(world, "a.test") is None
    assert "proxy.certificate/site" not in (world.site().parts or {})
