"""DNS-01 with a real bind9 that pebble asks: dynamic updates, an executable, a web hook."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hub.util.clock import SystemClock
from integrations.proxy.acme import keys
from integrations.proxy.acme.dns import DnsFailed, DnsSolver, solver
from integrations.proxy.acme.jws import AccountKey
from integrations.proxy.acme.order import Proof
from integrations.proxy.acme.problems import AcmeError
from integrations.proxy.acme.rfc2136 import Rfc2136
from tests.integrations.proxy.test_acme_client import issue, opened
from tests.peers.house import MakeHouse
from tests.peers.named import Named
from tests.peers.pebble import Pebble

WILD = ["*.w.test", "w.test"]
HOOK = """#!/bin/sh
# what a user writes: $1 present or cleanup, $2 the record, $3 the value
echo "$*" >> {log}
case $1 in
present) verb=add; rest="60 TXT \\"$3\\"" ;;
cleanup) verb=delete; rest="TXT \\"$3\\"" ;;
esac
nsupdate -y {key} <<END
server 127.0.0.1 {port}
update $verb $2 $rest
send
END
"""


def options(named: Named, **more: Any) -> dict[str, Any]:
    return {
        "provider": "rfc2136",
        "server": "127.0.0.1",
        "port": named.port,
        "key_name": named.key_name,
        "key_secret": named.key_secret,
        "algorithm": named.key_algorithm,
        "ttl": 60,
        "propagation": 20,
        **more,
    }


def proofs(*names: str) -> list[Proof]:
    return [Proof(name, "t" * 20, f"authorization-{n}") for n, name in enumerate(names)]


async def test_wildcard_and_base_by_dynamic_updates(
    named: Named, start_pebble: Callable[..., Pebble]
) -> None:
    named.update('update add _acme-challenge.w.test 60 TXT "somebody-else"')
    pebble = start_pebble(dns_server=named.address)
    shown = DnsSolver(Rfc2136(options(named)), SystemClock())
    async with opened(pebble, AccountKey.make()) as client:
        _pem, facts, _lines, _orders = await issue(
            client, shown, WILD, await keys.make("ecdsa-p256")
        )
    assert sorted(facts.names) == WILD
    # two values stood beside that of somebody else, and only ours were taken away
    assert named.log.count("adding an RR at '_acme-challenge.w.test' TXT") == 3
    assert named.texts("_acme-challenge.w.test") == ["somebody-else"]


async def test_wildcard_and_base_by_an_executable(
    named: Named, start_pebble: Callable[..., Pebble], make_house: MakeHouse, tmp_path: Path
) -> None:
    house = await make_house("mqtt:\n  enabled: false\n")
    log = tmp_path / "calls"
    hooks = house.hub.config_dir / "hooks"
    hooks.mkdir()
    key = f"{named.key_algorithm}:{named.key_name}:{named.key_secret}"
    (hooks / "dns.sh").write_text(HOOK.format(log=log, key=key, port=named.port))
    (hooks / "dns.sh").chmod(0o700)
    pebble = start_pebble(dns_server=named.address)
    shown = solver(house.hub, {"provider": "hook", "script": "dns.sh"})
    async with opened(pebble, AccountKey.make()) as client:
        await issue(client, shown, WILD, await keys.make("ecdsa-p256"))
    calls = log.read_text().splitlines()
    assert sorted(line.split()[0] for line in calls) == ["cleanup"] * 2 + ["present"] * 2
    assert named.texts("_acme-challenge.w.test") == []
    told = house.hub.runners.transcripts()[-1]
    assert told.argv[:4] == ("proxy/hook.sh", str(hooks), "dns.sh", "cleanup")


async def test_records_are_taken_away_after_a_failure(
    named: Named, start_pebble: Callable[..., Pebble]
) -> None:
    pebble = start_pebble()  # it asks the stand-in, which knows nothing of these records
    shown = DnsSolver(Rfc2136(options(named)), SystemClock())
    async with opened(pebble, AccountKey.make()) as client:
        with pytest.raises(AcmeError, match=r"\*\.w\.test: urn:ietf:params:acme:error:unauth"):
            await issue(client, shown, WILD, await keys.make("ecdsa-p256"))
    assert "adding an RR" in named.log
    assert named.texts("_acme-challenge.w.test") == []


async def test_the_zone_is_found_by_asking_and_aliases_are_followed(named: Named) -> None:
    named.update("update add _acme-challenge.far.test 60 CNAME far.inner.test.")
    shown = DnsSolver(Rfc2136(options(named)), SystemClock())
    near, far = proofs("a.inner.test", "far.test")
    await shown.present([near, far])
    assert named.texts("_acme-challenge.a.inner.test") == [near.value]
    assert named.texts("far.inner.test") == [far.value]
    await shown.cleanup([near, far])
    assert named.texts("_acme-challenge.a.inner.test") == named.texts("far.inner.test") == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"key_secret": "c3RyYW5nZXI="},
            r"acme\.dns\.key_secret: .* does not know the key hub-key",
        ),
        ({"key_name": "other-key"}, r"acme\.dns\.key_secret: .* does not know the key other-key"),
        ({"key_secret": "no base64!"}, r"acme\.dns\.key_secret: is not base64"),
        ({"zone": "other.test"}, r"acme\.dns\.zone: .* is not in the zone other\.test"),
        ({"port": 1}, r"acme\.dns\.server: 127\.0\.0\.1 port 1: .*failed"),
        ({"server": "no-such-host.invalid"}, r"acme\.dns\.server: no-such-host\.invalid"),
    ],
)
async def test_what_the_name_server_refuses_names_the_field(
    named: Named, changes: dict[str, Any], words: str
) -> None:
    shown = DnsSolver(Rfc2136(options(named, **changes)), SystemClock())
    with pytest.raises(DnsFailed, match=words) as caught:
        await shown.present(proofs("a.test"))
    assert named.key_secret not in caught.value.message


async def test_a_server_without_authority_is_told(named: Named) -> None:
    shown = DnsSolver(Rfc2136(options(named)), SystemClock())
    with pytest.raises(DnsFailed, match=r"has no authority over _acme-challenge\.example\.com"):
        await shown.present(proofs("example.com"))


async def test_a_record_that_is_never_seen_is_given_up(named: Named) -> None:
    class Forgets(Rfc2136):
        async def add(self, record: str, value: str) -> None:
            pass

    shown = DnsSolver(Forgets(options(named)), SystemClock(), seconds=0.5)
    with pytest.raises(DnsFailed, match=r"_acme-challenge\.a\.test does not show .* after 0\.5 s"):
        await shown.present(proofs("a.test"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gone.sh", "is not there"),
        ("plain.sh", "is not executable"),
        ("link.sh", "is a symbolic link"),
        ("../outside.sh", "plain file name"),
        (".hidden", "plain file name"),
        ("a b", "plain file name"),
        ("fails.sh", "the provider said no"),
    ],
)
async def test_only_executables_of_the_folder_run(
    make_house: MakeHouse, name: str, words: str
) -> None:
    house = await make_house("mqtt:\n  enabled: false\n")
    config = house.hub.config_dir
    hooks = config / "hooks"
    hooks.mkdir()
    ran = config / "ran"
    for path in (config / "outside.sh", hooks / ".hidden", hooks / "a b", hooks / "real.sh"):
        path.write_text(f"#!/bin/sh\ntouch {ran}\n")
        path.chmod(0o700)
    (hooks / "plain.sh").write_text(f"#!/bin/sh\ntouch {ran}\n")
    (hooks / "link.sh").symlink_to(hooks / "real.sh")
    (hooks / "fails.sh").write_text("#!/bin/sh\necho 'the provider said no' >&2\nexit 3\n")
    (hooks / "fails.sh").chmod(0o700)
    shown = solver(house.hub, {"provider": "hook", "script": name})
    with pytest.raises(DnsFailed, match=words):
        await shown.present(proofs("a.test"))
    assert not ran.exists()


async def test_a_web_hook_gets_both_values(make_house: MakeHouse, aiohttp_server: Any) -> None:
    asked: list[Any] = []

    async def take(request: web.Request) -> web.Response:
        asked.append((request.headers.get("Authorization"), await request.json()))
        return web.Response(status=500, text="zone is locked") if len(asked) > 4 else web.Response()

    app = web.Application()
    app.router.add_post("/dns", take)
    server = await aiohttp_server(app)
    house = await make_house("mqtt:\n  enabled: false\n")
    url = str(server.make_url("/dns"))
    shown = solver(house.hub, {"provider": "hook", "url": url, "token": "opensesame"})
    first, second = proofs("*.w.test", "w.test")
    await shown.present([first, second])
    await shown.cleanup([first, second])
    assert [body["action"] for _who, body in asked] == ["present"] * 2 + ["cleanup"] * 2
    assert {who for who, _body in asked} == {"Bearer opensesame"}
    assert {body["record"] for _who, body in asked} == {"_acme-challenge.w.test"}
    assert {body["value"] for _who, body in asked} == {first.value, second.value}
    with pytest.raises(DnsFailed, match=r"acme\.dns\.url: .* status 500 zone is locked"):
        await shown.present([first])
