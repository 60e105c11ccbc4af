"""Entities of servers, hosts and certificates in a whole hub: they come, tell and go."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hub.auth import Role
from hub.events import Context, Event
from hub.resources.errors import FileOwned
from hub.states import State
from integrations.proxy.watch import names
from integrations.proxy.watch.house import Watch
from tests.integrations.proxy.conftest import World, forward
from tests.peers.named import Named
from tests.peers.nginx import Backend
from tests.peers.ports import free_port_number, wait_until
from tests.peers.sshd import Sshd

SERVER = {
    "binary_sensor.web_connectivity",
    "binary_sensor.web_configuration_drift",
    "sensor.web_active_connections",
    "sensor.web_requests",
    "sensor.web_processor_use",
    "sensor.web_memory_use",
    "sensor.web_disk_use",
    "sensor.web_nginx_version",
    "sensor.web_release",
    "sensor.web_deploy",
}
HOST = {
    "switch.blog_test_enabled",
    "binary_sensor.blog_test_upstream",
    "sensor.blog_test_response_time",
    "sensor.blog_test_successes",
    "sensor.blog_test_redirections",
    "sensor.blog_test_client_errors",
    "sensor.blog_test_server_errors",
    "sensor.blog_test_deploy_state",
}


def watch_of(world: World) -> Watch:
    watch = world.watch
    assert watch is not None
    return watch


def ours(world: World) -> set[str]:
    """The ids of the living entities of the integration."""
    return {item.entity_id for item in world.hub.entities.all() if item.entry.platform == "proxy"}


def state(world: World, entity_id: str) -> State:
    found = world.hub.states.get(entity_id)
    assert found is not None, sorted(ours(world))
    return found


async def shown(world: World, entity_id: str, value: str) -> State:
    await wait_until(lambda: (found := world.hub.states.get(entity_id)) and found.state == value)
    return state(world, entity_id)


async def write(world: World, id: str, /, **spec: Any) -> None:
    kind, _, key = id.partition("/")
    await world.hub.resources.put(kind, key, spec)


async def look(world: World, key: str = "web") -> None:
    """Look twice: what counts up needs two."""
    await watch_of(world).servers[key].once()
    await asyncio.sleep(0.05)
    await watch_of(world).servers[key].once()


def heard(world: World, event_type: str) -> list[Event]:
    found: list[Event] = []
    world.hub.bus.listen(event_type, found.append)
    return found


async def test_a_server_tells_how_it_fares(world: World) -> None:
    assert ours(world) == SERVER
    await look(world)
    assert state(world, "binary_sensor.web_connectivity").state == "on"
    for name in ("processor_use", "memory_use", "disk_use"):
        found = state(world, f"sensor.web_{name}")
        assert 0 <= float(found.state) <= 100
        assert found.attributes["unit_of_measurement"] == "%"
        assert found.attributes["measured_at"] is not None
    assert float(state(world, "sensor.web_active_connections").state) >= 1
    assert float(state(world, "sensor.web_requests").state) >= 0
    assert state(world, "sensor.web_nginx_version").state.startswith("1.")
    site = world.site()
    assert site.seen is not None
    assert state(world, "sensor.web_release").state == site.seen.current
    assert state(world, "sensor.web_deploy").state == "done"
    assert state(world, "binary_sensor.web_configuration_drift").state == "off"
    entry = world.hub.entity_registry.get("sensor.web_release")
    assert entry is not None
    device = world.hub.devices.get(entry.device_id or "")
    assert device is not None
    phase = world.hub.entity_registry.by_unique_id("sensor", "hub", "proxy.server/web:phase")
    assert phase is not None
    assert phase.device_id == device.id, "one device for a server, with phase and buttons"


async def test_a_server_that_is_away_shows_nothing_and_says_why(world: World, sshd: Sshd) -> None:
    await look(world)
    sshd.stop()
    await watch_of(world).servers["web"].once()
    connection = state(world, "binary_sensor.web_connectivity")
    assert (connection.state, connection.attributes["reason"]) == ("off", "unreachable")
    assert connection.attributes["last_seen"] is not None
    for entity_id in SERVER - {"binary_sensor.web_connectivity", "sensor.web_deploy"}:
        found = state(world, entity_id)
        assert (found.state, found.attributes["reason"]) == ("unavailable", "unreachable")
    sshd.start()

    async def back() -> bool:
        await watch_of(world).servers["web"].once()
        return state(world, "binary_sensor.web_connectivity").state == "on"

    async with asyncio.timeout(30):
        while not await back():
            await asyncio.sleep(0.2)
    assert state(world, "sensor.web_memory_use").state != "unavailable"


async def test_drift_is_shown_and_told(world: World, backend: Backend) -> None:
    events = heard(world, "proxy_drift")
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    file = world.bases["web"] / "current" / "http" / "host-blog.conf"
    written = file.read_text()
    file.write_text(written + "# by hand\n")
    await world.site().look(deep=True)
    found = await shown(world, "binary_sensor.web_configuration_drift", "on")
    assert (found.attributes["modified"], found.attributes["missing"]) == (1, 0)
    assert found.attributes["modified_files"] == ["http/host-blog.conf"]
    await world.site().look(deep=True)
    file.write_text(written)
    await world.site().look(deep=True)
    await shown(world, "binary_sensor.web_configuration_drift", "off")
    assert [(event.data["server"], event.data["drifted"]) for event in events] == [
        ("web", True),
        ("web", False),
    ]
    assert events[0].data["modified"] == ["http/host-blog.conf"]


async def test_deploys_are_told(world: World, backend: Backend) -> None:
    events = heard(world, "proxy_deploy")
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    site = world.site()
    await wait_until(
        lambda: site.seen and events and events[-1].data["release"] == site.seen.current
    )
    assert events[-1].data["outcome"] == "done"
    await shown(world, "sensor.web_release", events[-1].data["release"])
    assert (await shown(world, "sensor.blog_test_deploy_state", "deployed")).attributes[
        "servers"
    ] == {"web": 1}
    count = len(events)
    data = {"resource": "proxy.host/blog", "spec": forward(backend, "more.test")}
    await world.hub.services.call("proxy", "dry_run", data, None, None, True)
    assert len(events) == count, "a rehearsal deploys nothing"
    await world.apply(
        "proxy.host/blog", **forward(backend, "blog.test", advanced_config="bogus on;")
    )
    await shown(world, "sensor.blog_test_deploy_state", "rejected")
    assert events[-1].data["outcome"] == "rejected"
    assert "bogus" in events[-1].data["message"]


async def test_a_look_from_before_a_deploy_does_not_hide_its_release(
    world: World, backend: Backend
) -> None:
    watch = watch_of(world).servers["web"]
    await watch.once()
    before = state(world, "sensor.web_release").state
    assert watch.look is not None
    assert watch.look.served == before
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    site = world.site()
    assert site.seen is not None
    assert site.seen.current != before
    await shown(world, "sensor.web_release", str(site.seen.current))
    await watch.once()
    assert watch.served == site.seen.current


async def test_a_host_tells_of_its_visitors(world: World, backend: Backend) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    await wait_until(lambda: ours(world) == SERVER | HOST)
    assert state(world, "sensor.blog_test_successes").state in {"unknown", "0.0", "0"}
    assert state(world, "binary_sensor.blog_test_upstream").state == "unknown"
    watch = watch_of(world).servers["web"]
    await watch.once()
    for _ in range(5):
        assert await world.fetch("blog.test") == "site /\n"
    # nginx keeps lines for up to a second
    log = world.bases["web"] / "log" / "access.json"
    await wait_until(lambda: log.read_text().count("proxy.host/blog") == 5)
    await watch.once()
    assert float(state(world, "sensor.blog_test_successes").state) > 0
    assert float(state(world, "sensor.blog_test_server_errors").state) == 0
    time = state(world, "sensor.blog_test_response_time")
    assert float(time.state) >= 0
    assert time.attributes["p95"] >= float(time.state) or time.attributes["p95"] >= 0
    assert state(world, "binary_sensor.blog_test_upstream").state == "on"


async def test_upstreams_are_watched(world: World, start_backend: Callable[..., Any]) -> None:
    backend = await start_backend("site")
    check = {"path": "/healthz", "interval": 5}
    spec = forward(backend, "blog.test", health_check=check)
    await world.good("proxy.host/blog", **spec)
    watch = watch_of(world)
    await wait_until(lambda: "blog" in watch.hosts)
    await watch.servers["web"].ask([watch.hosts["blog"]])
    found = state(world, "binary_sensor.blog_test_upstream")
    assert found.state == "on"
    assert found.attributes["upstreams"] == {"web": {f"127.0.0.1:{backend.port}": 200}}
    assert backend.last.path == "/healthz"
    assert backend.last.headers["Host"] == "blog.test"
    port = free_port_number()
    await world.good("proxy.host/blog", **{**spec, "forward_port": port})
    await wait_until(lambda: watch.hosts["blog"].spec["forward_port"] == port)
    await watch.servers["web"].ask([watch.hosts["blog"]])
    assert state(world, "binary_sensor.blog_test_upstream").state == "off"


async def test_the_switch_writes_the_resource(world: World, backend: Backend) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    await wait_until(lambda: "switch.blog_test_enabled" in ours(world))
    assert state(world, "switch.blog_test_enabled").state == "on"
    user = await world.hub.auth.users.create("Op", role=Role.ADMIN)
    await turn(world, "off", Context(user_id=user.id))
    assert world.hub.resources.get("proxy.host", "blog").spec["enabled"] is False
    (newest, *_) = await world.hub.resources.history("proxy.host", "blog")
    assert newest.user_id == user.id, "it is the user's change, not the house's"
    await shown(world, "switch.blog_test_enabled", "off")
    await live(world, newest.revision)
    await shown(world, "sensor.blog_test_deploy_state", "disabled")
    assert await world.fetch("blog.test") is None
    await turn(world, "on", Context(user_id=user.id))
    await live(world, newest.revision + 1)
    assert await world.fetch("blog.test") == "site /\n"


async def live(world: World, revision: int) -> None:
    status = world.hub.resources.status
    await wait_until(lambda: status("proxy.host", "blog").observed_revision == revision)


async def turn(world: World, way: str, context: Context | None = None) -> None:
    target = {"entity_id": ["switch.blog_test_enabled"]}
    await world.hub.services.call("switch", f"turn_{way}", {}, target, context)


async def test_a_host_of_a_file_stays_as_the_file_says(world: World, backend: Backend) -> None:
    text = f"""proxy.host/blog:
  domain_names: [blog.test]
  servers: [web]
  forward_scheme: http
  forward_host: 127.0.0.1
  forward_port: {backend.port}
"""
    folder = world.house.folder / "config" / "resources"
    folder.mkdir(exist_ok=True)
    (folder / "proxy.yaml").write_text(text)
    await wait_until(lambda: world.hub.resources.store.get("proxy.host/blog") is not None)
    await wait_until(lambda: "switch.blog_test_enabled" in ours(world))
    with pytest.raises(FileOwned, match=r"proxy\.yaml"):
        await turn(world, "off")
    assert state(world, "switch.blog_test_enabled").state == "on"


async def test_entities_follow_the_spec(world: World, backend: Backend) -> None:
    spec = forward(backend, "blog.test")
    await world.put("proxy.host/blog", **spec)
    await wait_until(lambda: ours(world) >= HOST)
    await write(world, "proxy.host/blog", **spec, name="Diary", name_servers=["dnspod"])
    await wait_until(lambda: "binary_sensor.diary_name_servers" in ours(world))
    found = state(world, "sensor.blog_test_successes")
    assert found.attributes["friendly_name"] == "Diary Successes"
    await write(world, "proxy.host/blog", **spec, name="Diary")
    await wait_until(lambda: "binary_sensor.diary_name_servers" not in ours(world))
    assert world.hub.entity_registry.get("binary_sensor.diary_name_servers") is None
    payment = {"due": "2020-01-01", "provider": "Somebody"}
    server = dict(world.hub.resources.get("proxy.server", "web").spec)
    await world.put("proxy.server/web", **{**server, "payment": payment})
    await shown(world, "sensor.web_payment", "overdue")
    due = state(world, "sensor.web_payment_due")
    assert (due.state, due.attributes["provider"]) == ("2020-01-01", "Somebody")


async def test_what_is_deleted_leaves_nothing_behind(world: World, backend: Backend) -> None:
    hub = world.hub
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    await wait_until(lambda: ours(world) >= HOST)
    await world.gone("proxy.host/blog")
    await wait_until(lambda: ours(world) == SERVER)
    await wait_until(lambda: hub.devices.by_identifier(("proxy", "proxy.host/blog")) is None)
    left = [entry for entry in hub.entity_registry.all() if "blog" in entry.unique_id]
    assert left == []
    await wait_until(lambda: watch_of(world).servers["web"].hosts == {})
    await world.gone("proxy.server/web")
    await wait_until(lambda: ours(world) == set())
    await wait_until(lambda: hub.devices.by_identifier(("proxy", "proxy.server/web")) is None)
    await wait_until(lambda: watch_of(world).servers == {})


async def test_a_server_that_comes_again_is_watched_again(world: World) -> None:
    spec = dict(world.hub.resources.get("proxy.server", "web").spec)
    before = watch_of(world).servers["web"]
    await world.gone("proxy.server/web")
    await world.good("proxy.server/web", **spec)
    await wait_until(lambda: watch_of(world).servers.get("web") not in (None, before))
    await wait_until(lambda: ours(world) == SERVER)
    await look(world)
    assert state(world, "sensor.web_memory_use").state != "unavailable"
    running = [name for name in watch_of(world)._loops if name.startswith("proxy.server/")]
    assert running == ["proxy.server/web"]


async def test_groups_place_hosts(world: World, backend: Backend) -> None:
    await world.put("proxy.group/all", servers=["web"])
    spec = {**forward(backend, "blog.test"), "servers": [], "group": "all"}
    await world.good("proxy.host/blog", **spec)
    watch = watch_of(world)
    await wait_until(lambda: "proxy.host/blog" in watch.servers["web"].hosts)


async def test_entities_are_the_same_after_a_restart(
    world: World, backend: Backend, make_house: Callable[..., Any]
) -> None:
    await world.good("proxy.host/blog", **forward(backend, "blog.test"))
    await wait_until(lambda: ours(world) == SERVER | HOST)
    again = World(await make_house(after=world.house))
    await wait_until(lambda: again.watch is not None)
    await wait_until(lambda: ours(again) == SERVER | HOST)
    assert state(again, "sensor.blog_test_successes").state in {"unknown", "unavailable"}


async def test_name_servers(
    world: World,
    backend: Backend,
    start_named: Callable[..., Named],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = start_named(zones=("house.test",))
    watch = watch_of(world)
    watch.domains.resolvers = (named.address,)
    spec = forward(backend, "blog.house.test")
    await write(world, "proxy.host/blog", **spec, name="Blog", name_servers=["ns.house.test"])
    found = await shown(world, "binary_sensor.blog_name_servers", "off")
    assert found.attributes["expected"] == ["ns.house.test"]
    assert found.attributes["actual"] == {"blog.house.test": ["ns.house.test"]}
    servers = ["ns.house.test", "ns2.house.test"]
    await write(world, "proxy.host/blog", **spec, name="Blog", name_servers=servers)
    found = await shown(world, "binary_sensor.blog_name_servers", "on")
    assert found.attributes["wrong"] == ["blog.house.test"]
    named.stop()
    monkeypatch.setattr(names, "ATTEMPTS", 1)
    monkeypatch.setattr(names, "SECONDS", 0.3)
    watch.domains.resolvers = ("127.0.0.1:1",)
    await watch.domains.ask(["blog.house.test"])
    found = state(world, "binary_sensor.blog_name_servers")
    assert found.state == "on", "a question that fails keeps what was known"
    assert "blog.house.test" in found.attributes["errors"]
