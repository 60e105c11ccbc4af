"""Entities and events of certificates that a real pebble has issued or refused."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from hub.events import Event
from hub.states import State
from tests.integrations.proxy.conftest import World, forward
from tests.integrations.proxy.test_certificate import acme, in_sync
from tests.peers.nginx import Backend
from tests.peers.pebble import SIX_DAYS, Pebble
from tests.peers.ports import wait_until

DAY = 86400.0


def state(world: World, entity_id: str) -> State:
    found = world.hub.states.get(entity_id)
    assert found is not None, entity_id
    return found


def heard(world: World) -> list[Event]:
    found: list[Event] = []
    world.hub.bus.listen("proxy_certificate", found.append)
    return found


async def test_a_certificate_tells_how_long_it_is_good_for(
    world: World, backend: Backend, start_pebble: Callable[..., Pebble]
) -> None:
    pebble = start_pebble(world.ports["web"]["http_port"], validity=SIX_DAYS)
    events = heard(world)
    await world.put("proxy.certificate/site", **acme(pebble, "a.test"))
    await wait_until(lambda: world.hub.states.get("sensor.a_test_expiry") is not None)
    assert state(world, "sensor.a_test_expiry").state == "unknown"
    assert state(world, "binary_sensor.a_test_problem").state in {"unknown", "off"}
    await world.good("proxy.host/blog", **forward(backend, "a.test", certificate_id="site"))
    facts = await in_sync(world)
    await wait_until(lambda: state(world, "sensor.a_test_expiry").state != "unknown")
    ends = datetime.fromtimestamp(int(facts["not_after"]), UTC).isoformat()
    expiry = state(world, "sensor.a_test_expiry")
    assert expiry.state == ends
    assert expiry.attributes["serial"] == facts["serial"]
    assert expiry.attributes["issuer"] == facts["issuer"]
    assert state(world, "sensor.a_test_certificate_expiry").state == ends
    assert 5.9 <= float(state(world, "sensor.a_test_days_left").state) <= 6
    assert state(world, "binary_sensor.a_test_problem").state == "off", "six days are its life"
    renewal = datetime.fromisoformat(state(world, "sensor.a_test_next_renewal").state)
    assert 2.5 * DAY < renewal.timestamp() - world.hub.clock.time() < 3.5 * DAY
    assert [event.data["change"] for event in events] == ["issued"]
    answer = await world.hub.services.call(
        "proxy", "renew", {"certificate": "site"}, None, None, True
    )
    assert answer is not None
    assert answer["job_id"] is not None
    await wait_until(lambda: len(events) == 2)
    assert events[1].data["change"] == "renewed"
    assert events[1].data["serial"] != facts["serial"]
    status = await world.hub.services.call("proxy", "status", {}, None, None, True)
    assert status is not None
    shown = status["certificates"]["site"]
    assert (shown["serial"], shown["domains"]) == (events[1].data["serial"], ["a.test"])
    assert status["hosts"]["blog"]["certificate"]["not_after"] == shown["not_after"]


async def test_one_that_can_not_be_had_is_a_problem(
    world: World, backend: Backend, start_pebble: Callable[..., Pebble]
) -> None:
    pebble = start_pebble(world.ports["web"]["http_port"])
    events = heard(world)
    pebble.tell("set-servfail", host="bad.test.")
    await world.put("proxy.certificate/site", **acme(pebble, "bad.test"))
    await world.good("proxy.host/blog", **forward(backend, "bad.test", certificate_id="site"))
    await wait_until(lambda: events)
    assert events[0].data["change"] == "failed"
    assert "bad.test" in events[0].data["error"]
    problem = state(world, "binary_sensor.bad_test_problem")
    assert problem.state == "on"
    assert "bad.test" in problem.attributes["error"]
    assert state(world, "sensor.bad_test_certificate_expiry").state == "unknown"
    await world.gone("proxy.host/blog")
    await world.gone("proxy.certificate/site")
    await wait_until(lambda: world.hub.states.get("binary_sensor.bad_test_problem") is None)
    await asyncio.sleep(0)
    assert not [item for item in world.hub.entities.all() if "certificate/site" in item.unique_id]
