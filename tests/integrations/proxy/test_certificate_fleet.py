"""One certificate on many servers, behind a door, on a stream, and on an nginx of somebody else."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from hub.errors import Unavailable
from hub.events import Context
from hub.resources import Phase
from integrations.proxy import certificate
from integrations.proxy.deploying.site import Site
from tests.integrations.proxy.conftest import World, forward
from tests.integrations.proxy.test_acme_dns import options
from tests.integrations.proxy.test_case_fleet import fleet
from tests.integrations.proxy.test_certificate import acme, in_sync, served
from tests.peers.named import Named
from tests.peers.nginx import Backend
from tests.peers.pebble import Pebble
from tests.peers.ports import free_port_number
from tests.peers.sshd import Sshd

StartPebble = Callable[..., Pebble]


async def shown(port: int, name: str) -> str | None:
    """Return the serial that is shown on a port; None = no handshake."""

    def look() -> str | None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with contextlib.suppress(OSError):
            with (
                socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
                context.wrap_socket(plain, server_hostname=name) as secure,
            ):
                found = secure.getpeercert(binary_form=True)
            assert found is not None
            return f"{x509.load_der_x509_certificate(found).serial_number:X}"
        return None

    return await asyncio.to_thread(look)


async def until_version(world: World, number: int) -> Any:
    while (facts := await in_sync(world))["version"] != number:
        await asyncio.sleep(0.02)
    return facts


async def test_a_server_that_is_away_gets_it_when_it_is_back(
    bare: World,
    sshd: Sshd,
    backend: Backend,
    make_base: Callable[[], Path],
    start_pebble: StartPebble,
    named: Named,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = ["s0", "s1", "s2"]
    await fleet(bare, sshd, make_base(), keys)
    pebble = start_pebble(dns_server=named.address)
    spec = acme(pebble, "blog.test", challenge="dns-01", dns=options(named))
    await bare.put("proxy.certificate/site", **spec)
    host = forward(backend, "blog.test", servers=[], group="all", certificate_id="site")
    await bare.good("proxy.host/blog", **host)
    first = await until_version(bare, 1)
    while (await bare.fleet.pairs.record("site")).proved != 1:
        await asyncio.sleep(0.02)
    ports = {key: bare.ports[key]["https_port"] for key in keys}
    # a wave of the host that began without the certificate gets it right after its end
    while {await shown(port, "blog.test") for port in ports.values()} != {first["serial"]}:
        await asyncio.sleep(0.05)
    bring = Site.bring

    async def away(site: Site, *arguments: Any, **more: Any) -> Any:
        if site.key == "s1":
            raise Unavailable("no way to s1")
        return await bring(site, *arguments, **more)

    monkeypatch.setattr(Site, "bring", away)
    await certificate.issue(bare.hub, "site", Context(), force=True)
    while bare.hub.resources.status("proxy.certificate", "site").phase is not Phase.FAILED:
        await asyncio.sleep(0.02)
    status = await bare.settled("proxy.certificate/site")
    assert "1 of 3 servers go on with the old one: s1: no way to s1" in status.message
    record = await bare.fleet.pairs.record("site")
    assert [item.number for item in record.versions] == [1, 2]  # s1 still needs the old one
    second = record.versions[-1].facts.serial
    assert await shown(ports["s0"], "blog.test") == second
    assert await shown(ports["s2"], "blog.test") == second
    assert await shown(ports["s1"], "blog.test") == first["serial"]
    monkeypatch.undo()
    # while it waits, another change of s1 is deployed with the pair that is in force there
    await bare.good("proxy.host/more", **forward(backend, "more.test", servers=["s1"]))
    await bare.again("proxy.certificate/site")
    await until_version(bare, 2)
    assert {await shown(port, "blog.test") for port in ports.values()} == {second}
    assert [item.number for item in (await bare.fleet.pairs.record("site")).versions] == [2]
    assert pebble.orders() == 2


async def test_it_is_renewed_behind_a_door_and_a_forced_redirect(
    world: World, backend: Backend, start_pebble: StartPebble
) -> None:
    pebble = start_pebble(world.ports["web"]["http_port"])
    await world.good("proxy.access_list/door", items=[{"username": "me", "password": "opensesame"}])
    await world.put("proxy.certificate/site", **acme(pebble, "a.test"))
    host = forward(
        backend, "a.test", certificate_id="site", ssl_forced=True, access_list_id="door",
        maintenance={"enabled": True, "message": "soon"},
    )  # fmt: skip
    await world.good("proxy.host/blog", **host)
    await until_version(world, 1)
    assert (await world.get("a.test")).status in {301, 307, 308}
    await certificate.issue(world.hub, "site", Context(), force=True)
    facts = await until_version(world, 2)
    assert await served(world, "a.test") == facts["serial"]


async def test_an_nginx_of_somebody_else_as_a_user_with_sudo(
    shared: World, backend: Backend, start_pebble: StartPebble
) -> None:
    pebble = start_pebble(shared.ports["web"]["http_port"])
    await shared.put("proxy.certificate/site", **acme(pebble, "a.test"))
    await shared.good("proxy.host/blog", **forward(backend, "a.test", certificate_id="site"))
    facts = await until_version(shared, 1)
    assert await served(shared, "a.test", pebble.root) == facts["serial"]
    keys = [path for path in (shared.bases["web"] / "files").iterdir() if path.suffix == ".key"]
    assert [(path.stat().st_uid, path.stat().st_mode & 0o777) for path in keys] == [(0, 0o600)]


async def test_a_stream_that_ends_tls(
    world: World, backend: Backend, start_pebble: StartPebble, named: Named
) -> None:
    pebble = start_pebble(dns_server=named.address)
    spec = acme(pebble, "db.test", challenge="dns-01", dns=options(named))
    await world.put("proxy.certificate/site", **spec)
    await until_version(world, 1)
    port = free_port_number()
    await world.good(
        "proxy.stream/db", servers=["web"], incoming_port=port, forwarding_host="127.0.0.1",
        forwarding_port=backend.port, certificate_id="site",
    )  # fmt: skip
    while (await world.fleet.pairs.record("site")).proved != 1:
        await asyncio.sleep(0.02)
    assert await shown(port, "db.test") == (await in_sync(world))["serial"]
    await certificate.issue(world.hub, "site", Context(), force=True)
    facts = await until_version(world, 2)
    assert await shown(port, "db.test") == facts["serial"]


async def test_two_certificates_of_one_account_at_once(
    world: World, backend: Backend, start_pebble: StartPebble
) -> None:
    pebble = start_pebble(world.ports["web"]["http_port"])
    for key in ("one", "two"):
        await world.put(f"proxy.certificate/{key}", **acme(pebble, f"{key}.test"))
        await world.put(f"proxy.host/{key}", **forward(backend, f"{key}.test", certificate_id=key))
    found = {key: await in_sync(world, key) for key in ("one", "two")}
    for key, facts in found.items():
        assert await served(world, f"{key}.test", pebble.root) == facts["serial"]
    assert "There are now 2 accounts" not in pebble.log
