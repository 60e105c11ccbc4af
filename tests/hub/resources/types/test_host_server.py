"""The resource type `host.server` in a whole hub, on a real sshd."""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hub.errors import HubError, NotFound
from hub.events import Context
from hub.hub import Hub
from hub.resources.errors import InvalidSpec
from hub.resources.model import Phase, Status
from hub.runner.errors import HostKeyChanged
from hub.runner.hostkeys import host_key
from tests.peers.house import House
from tests.peers.ports import wait_until
from tests.peers.sshd import Sshd

TYPE = "host.server"


def spec(sshd: Sshd, **changes: Any) -> dict[str, Any]:
    """Return the spec of a server that lets the hub in."""
    return {
        "address": sshd.host,
        "port": sshd.port,
        "user": sshd.account.name,
        "credential": {"private_key": sshd.client_key},
        "host_keys": [sshd.host_key],
        **changes,
    }


async def settled(hub: Hub, phase: Phase, revision: int | None = None) -> Status:
    """Wait until the server's status has a phase; `revision` is what has been looked at."""

    def there() -> bool:
        status = hub.resources.status(TYPE, "web")
        return status.phase is phase and (revision is None or status.observed_revision == revision)

    await wait_until(there)
    return hub.resources.status(TYPE, "web")


def conditions(status: Status) -> dict[str, bool | None]:
    """Return the conditions by type."""
    return {item.type: item.status for item in status.conditions}


async def call(hub: Hub, service: str, response: bool = True, **data: Any) -> Any:
    """Call a service of the host domain."""
    return await hub.services.call("host", service, data, return_response=response)


async def test_a_server_shows_its_facts(house: House, sshd: Sshd) -> None:
    hub = house.hub
    await hub.resources.put(TYPE, "web", spec(sshd))
    status = await settled(hub, Phase.IN_SYNC)
    assert conditions(status) == {"reachable": True, "host_key": True, "authenticated": True}
    assert status.facts["hostname"] == os.uname().nodename
    assert status.facts["disks"]
    runner = hub.runners.host("web", "hub")
    assert (await runner.run(["id", "-un"])).check().text.strip() == sshd.account.name
    assert sshd.count("Accepted publickey") == 1


async def test_nothing_readable_holds_a_secret(house: House, sshd: Sshd) -> None:
    hub = house.hub
    password = sshd.account.password
    await hub.resources.put(TYPE, "web", spec(sshd, credential={"password": password}))
    await settled(hub, Phase.IN_SYNC)
    shown = hub.resources.as_dict(hub.resources.get(TYPE, "web"))
    assert shown["spec"]["credential"] == {"password": {"sealed": True}}
    assert password not in repr(shown)
    assert password not in repr(hub.runners.server("web"))
    response = await house.request("GET", "/api/states")
    assert password not in await response.text()


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"address": "web 1"}, "address", "host name or an IP address"),
        ({"address": "-oProxyCommand=x"}, "address", "host name"),
        ({"port": 0}, "port", "port between"),
        ({"user": "a;b"}, "user", "user name"),
        ({"user": "-l"}, "user", "user name"),
        ({"credential": {}}, "credential", "either password or private_key"),
        ({"credential": {"password": "x", "private_key": "y"}}, "credential", "either"),
        (
            {"credential": {"password": "x", "passphrase": "y"}},
            "credential.passphrase",
            "only a private_key",
        ),
        ({"credential": {"password": "x\ny"}}, "credential.password", "line breaks"),
        ({"credential": {"private_key": "x"}}, "credential.private_key", "from BEGIN to END"),
        ({"host_keys": ["ssh-ed25519 x"]}, "host_keys.0", "expected a public host key"),
        ({"sudo": "always"}, "sudo", ""),
        ({"sudo": "password"}, "sudo_password", "needs it"),
        ({"jump": "other"}, "jump", "extra keys"),
    ],
    ids=str,
)
async def test_mistakes_are_told_with_their_place(
    house: House, sshd: Sshd, changes: dict[str, Any], path: str, words: str
) -> None:
    with pytest.raises(InvalidSpec) as caught:
        await house.hub.resources.put(TYPE, "web", spec(sshd, **changes))
    assert any(
        problem["path"] == path and words in problem["message"] for problem in caught.value.problems
    ), caught.value.problems


@pytest.fixture
def locked_key(tmp_path: Path) -> str:
    """A private key with the passphrase `open-sesame`."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "open-sesame", "-f", str(tmp_path / "key")],
        check=True,
    )
    return (tmp_path / "key").read_text()


@pytest.mark.parametrize(
    ("passphrase", "words"),
    [(None, "needs its passphrase"), ("wrong", "does not open")],
    ids=["none", "wrong"],
)
async def test_keys_are_opened_before_they_are_kept(
    house: House, sshd: Sshd, locked_key: str, passphrase: str | None, words: str
) -> None:
    credential = {"private_key": locked_key}
    if passphrase is not None:
        credential["passphrase"] = passphrase
    with pytest.raises(InvalidSpec) as caught:
        await house.hub.resources.put(TYPE, "web", spec(sshd, credential=credential))
    [problem] = caught.value.problems
    assert problem["path"] == "credential.passphrase"
    assert words in problem["message"]


async def test_a_key_with_its_passphrase(
    house: House, sshd: Sshd, locked_key: str, tmp_path: Path
) -> None:
    (sshd.folder / "authorized_keys").write_text((tmp_path / "key.pub").read_text())
    credential = {"private_key": locked_key, "passphrase": "open-sesame"}
    await house.hub.resources.put(TYPE, "web", spec(sshd, credential=credential))
    await settled(house.hub, Phase.IN_SYNC)


async def test_an_unknown_host_key_is_shown_and_trusted_by_hand(house: House, sshd: Sshd) -> None:
    hub = house.hub
    await hub.resources.put(TYPE, "web", spec(sshd, host_keys=[]))
    status = await settled(hub, Phase.FAILED)
    fingerprint = host_key(sshd.host_key).fingerprint
    assert fingerprint in status.message
    assert conditions(status) == {"reachable": True, "host_key": False, "authenticated": None}
    assert status.conditions[1].reason == "host_key_unknown"
    assert sshd.count("Accepted") == sshd.count("Failed") == 0

    found = await call(hub, "scan_key", server="web")
    assert found == {
        "algorithm": "ssh-ed25519",
        "key": sshd.host_key,
        "fingerprint": fingerprint,
        "trusted": False,
        "trusted_fingerprints": [],
    }
    with pytest.raises(HostKeyChanged, match="nothing was changed"):
        await call(hub, "trust_key", server="web", key="SHA256:" + "A" * 43)
    answer = await call(hub, "trust_key", server="web", key=fingerprint)
    assert answer["host_keys"] == [sshd.host_key]
    await settled(hub, Phase.IN_SYNC)
    assert hub.resources.get(TYPE, "web").spec["host_keys"] == [sshd.host_key]


async def test_a_changed_host_key_stops_and_is_replaced_by_hand(house: House, sshd: Sshd) -> None:
    hub = house.hub
    await hub.resources.put(TYPE, "web", spec(sshd))
    await settled(hub, Phase.IN_SYNC)
    old = host_key(sshd.host_key).fingerprint
    sshd.change_host_key()
    new = host_key(sshd.host_key).fingerprint
    with pytest.raises(HubError):
        await hub.resources.apply(TYPE, "web")
    status = await settled(hub, Phase.FAILED)
    assert old in status.message
    assert new in status.message
    assert conditions(status)["host_key"] is False
    await call(hub, "trust_key", server="web", key=sshd.host_key, replace=True)
    await settled(hub, Phase.IN_SYNC)
    assert hub.resources.get(TYPE, "web").spec["host_keys"] == [sshd.host_key]


async def test_a_refused_login_waits_for_a_change(house: House, sshd: Sshd) -> None:
    hub = house.hub
    await hub.resources.put(TYPE, "web", spec(sshd, credential={"password": "not-the-password"}))
    status = await settled(hub, Phase.FAILED)
    assert conditions(status) == {"reachable": True, "host_key": True, "authenticated": False}
    for _ in range(3):
        with pytest.raises(HubError, match="refuses user"):
            await hub.resources.apply(TYPE, "web")
    # the server writes that down after it has answered
    await wait_until(lambda: sshd.count("Failed password"))
    assert sshd.count("Failed password") == 1
    await hub.resources.put(TYPE, "web", spec(sshd, credential={"password": sshd.account.password}))
    await settled(hub, Phase.IN_SYNC)
    assert sshd.count("Failed password") == 1


async def test_connect_forgets_what_was_refused(house: House, sshd: Sshd) -> None:
    hub = house.hub
    keys = sshd.folder / "authorized_keys"
    kept = keys.read_text()
    keys.write_text("")
    await hub.resources.put(TYPE, "web", spec(sshd))
    await settled(hub, Phase.FAILED)
    keys.write_text(kept)
    await call(hub, "connect", response=False, server="web")
    await settled(hub, Phase.IN_SYNC)


async def test_an_unreachable_server_is_unknown(house: House, sshd: Sshd, free_port: int) -> None:
    hub = house.hub
    await hub.resources.put(TYPE, "web", spec(sshd, port=free_port))
    status = await settled(hub, Phase.UNKNOWN)
    assert conditions(status) == {"reachable": False, "host_key": None, "authenticated": None}
    await hub.resources.delete(TYPE, "web")
    with pytest.raises(NotFound):
        await wait_until_gone(hub)


async def test_missing_rights_are_a_condition(house: House, sshd: Sshd) -> None:
    hub = house.hub
    sshd.account.revoke()
    await hub.resources.put(TYPE, "web", spec(sshd, sudo="nopasswd"))
    status = await settled(hub, Phase.FAILED)
    assert conditions(status) == {
        "reachable": True,
        "host_key": True,
        "authenticated": True,
        "sudo": False,
    }
    sshd.account.grant("ALL=(ALL) NOPASSWD: ALL")
    await call(hub, "connect", response=False, server="web")
    status = await settled(hub, Phase.IN_SYNC)
    assert conditions(status)["sudo"] is True
    assert status.facts["sudo"] == "all"
    sshd.account.revoke()


async def test_a_plan_for_other_settings_leaves_the_connection(house: House, sshd: Sshd) -> None:
    hub = house.hub
    await hub.resources.put(TYPE, "web", spec(sshd))
    await settled(hub, Phase.IN_SYNC)
    with pytest.raises(HubError, match="refuses user"):
        await hub.resources.plan(TYPE, "web", spec(sshd, credential={"password": "other"}))
    plan = await hub.resources.plan(TYPE, "web", spec(sshd, name="Web"))
    assert list(plan.steps) == []
    assert (await hub.runners.host("web", "hub").run(["true"])).ok
    assert hub.runners.snapshot()["host.server/web"]["connects"] == 1
    assert list(hub.runners.snapshot()) == ["host.server/web"]


async def test_a_new_name_keeps_and_a_new_user_closes_the_connection(
    house: House, sshd: Sshd
) -> None:
    hub = house.hub
    await hub.resources.put(TYPE, "web", spec(sshd))
    await settled(hub, Phase.IN_SYNC, 1)
    await hub.resources.put(TYPE, "web", spec(sshd, name="Web"))
    await settled(hub, Phase.IN_SYNC, 2)
    assert sshd.count("Accepted publickey") == 1
    await hub.resources.put(TYPE, "web", spec(sshd, user="root"))
    await settled(hub, Phase.IN_SYNC, 3)
    assert (await hub.runners.host("web", "hub").run(["id", "-un"])).text == "root\n"
    await wait_until(lambda: not sshd.connections)


async def test_a_change_holds_at_once(house: House, sshd: Sshd) -> None:
    """No command after the write runs with the old settings, looked at or not."""
    hub = house.hub
    await hub.resources.put(TYPE, "web", spec(sshd))
    await settled(hub, Phase.IN_SYNC)
    runner = hub.runners.host("web", "hub")
    await hub.resources.put(TYPE, "web", spec(sshd, user="root"))
    assert (await runner.run(["id", "-un"])).text == "root\n"


async def test_a_removed_server_is_left(house: House, sshd: Sshd) -> None:
    hub = house.hub
    await hub.resources.put(TYPE, "web", spec(sshd))
    await settled(hub, Phase.IN_SYNC)
    await hub.resources.delete(TYPE, "web")
    await wait_until(lambda: not sshd.connections)
    with pytest.raises(NotFound):
        await hub.runners.host("web", "hub").run(["true"])


async def test_commands_and_trust_are_audited(house: House, sshd: Sshd) -> None:
    hub = house.hub
    await hub.resources.put(TYPE, "web", spec(sshd, host_keys=[]))
    await settled(hub, Phase.FAILED)
    context = Context()
    await hub.services.call(
        "host", "trust_key", {"server": "web", "key": sshd.host_key}, context=context
    )
    await settled(hub, Phase.IN_SYNC)
    await hub.runners.host("web", "hub").run(["uname", "-s"], context=context)
    with pytest.raises(HubError):
        await hub.runners.host("web", "demo").run(["rm", "-rf", "/"], context=context)
    await hub.audit.flush()
    rows = await hub.audit.query(target="host.server/web")
    found = {(row["action"], row["result"]) for row in rows}
    assert {
        ("host.connect", "failed"),
        ("host.connect", "ok"),
        ("host.trust_key", "ok"),
        ("host.run", "ok"),
        ("host.run", "denied"),
    } <= found


async def test_the_services_are_for_administrators(house: House) -> None:
    for name in ("scan_key", "trust_key", "connect"):
        assert house.hub.services.get("host", name).admin


async def test_a_key_of_an_address_without_resource(house: House, sshd: Sshd) -> None:
    found = await call(house.hub, "scan_key", address=sshd.host, port=sshd.port)
    assert found["key"] == sshd.host_key
    with pytest.raises(HubError, match="server or address"):
        await call(house.hub, "scan_key")
    with pytest.raises(HubError):
        await call(house.hub, "scan_key", server="none")


async def wait_until_gone(hub: Hub) -> None:
    """Return by `NotFound` when the resource is gone."""
    async with asyncio.timeout(30):
        while True:
            hub.resources.get(TYPE, "web")
            await asyncio.sleep(0.01)
