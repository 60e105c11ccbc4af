"""`/metrics` of a running hub: who may read it, and what the numbers say."""

import re
from typing import Any

import pytest

from hub.auth import Role
from tests.peers.house import House, MakeHouse


async def scrape(house: House) -> dict[str, float]:
    """Return every sample by its name with labels."""
    answer = await house.request("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    found = {}
    for line in (await answer.text()).splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found


async def test_a_token_is_needed(house: House) -> None:
    assert (await house.session.get(f"{house.url}/metrics")).status == 401


async def test_every_room_is_counted(house: House) -> None:
    client = await house.connect()
    await client.call(type="get_states")
    house.hub.areas.create("Attic")
    await house.hub.areas.flush()
    found = await scrape(house)
    for name in (
        "hub_info", "hub_health", "hub_bus_events_total", "hub_states", "hub_service_calls_total",
        "hub_database_write_seconds_count", "hub_database_rows_waiting", "hub_audit_rows_total",
        "hub_jobs", "hub_resources", "hub_event_loop_lag_seconds_bucket", "hub_mqtt_connected",
        "hub_websocket_clients", "hub_websocket_received_total", "hub_websocket_sent_bytes_total",
        "hub_log_messages_total", "process_resident_memory_bytes", "process_open_fds",
        "process_cpu_seconds_total", "python_gc_collections_total", "hub_tasks",
    ):  # fmt: skip
        if name in ("hub_jobs", "hub_resources"):
            continue  # there are none in this house
        assert any(re.match(rf"{name}(\{{|$)", sample) for sample in found), name
    assert found["hub_websocket_clients"] == 1
    assert found["hub_websocket_received_total"] >= 1
    assert found["hub_database_write_seconds_count"] > 0
    assert found['hub_states{domain="climate"}'] > 0
    assert found['hub_health{item="database"}'] == 0


async def test_requests_are_labelled_with_templates_and_never_with_paths(house: House) -> None:
    entity_id = next(iter(house.hub.states.entity_ids()))
    for _ in range(3):
        await house.request("GET", f"/api/states/{entity_id}")  # the quick answer
    await house.request("GET", f"/api/states/{entity_id}", headers={"Origin": "http://x"})  # full
    await house.request("GET", "/api/states/sensor.secret_name")
    await house.request("GET", "/api/there/is/no/secret_name")
    await house.request("POST", "/api/states/sensor.secret_name", json={"state": "1"})
    await house.request("POST", "/api/services/secret_name/x", json={})
    found = await scrape(house)
    route = '{method="GET",route="/api/states/{entity_id}",status="%d"}'
    assert found["hub_http_requests_total" + route % 200] == 4
    assert found["hub_http_requests_total" + route % 404] == 1
    assert found['hub_http_requests_total{method="GET",route="(none)",status="404"}'] == 1
    assert (
        found['hub_http_requests_total{method="POST",route="/api/states/{entity_id}",status="201"}']
        == 1
    )
    assert not any("secret_name" in sample for sample in found)
    count = 'hub_http_request_duration_seconds_count{method="GET",route="/api/states/{entity_id}"}'
    assert found[count] == 1  # only the one that took the full stack


async def test_a_service_that_waits_is_counted_when_it_ends(house: House) -> None:
    async def wait(_call: Any) -> None:
        import asyncio

        await asyncio.sleep(0.01)
        raise ValueError("boom")

    house.hub.services.register("test", "wait", wait)
    before = await scrape(house)
    answer = await house.request("POST", "/api/services/test/wait", json={})
    assert answer.status == 500
    found = await scrape(house)
    route = '{method="POST",route="/api/services/{domain}/{service}",status="500"}'
    assert found["hub_http_requests_total" + route] == 1
    assert found["hub_service_errors_total"] - before["hub_service_errors_total"] == 1
    assert found["hub_service_calls_total"] - before["hub_service_calls_total"] == 1


async def test_metrics_can_be_switched_off(make_house: MakeHouse) -> None:
    house = await make_house("mqtt:\n  enabled: false\nmetrics:\n  enabled: false\n")
    assert (await house.request("GET", "/metrics")).status == 404


@pytest.mark.parametrize("accept", ["application/openmetrics-text; version=1.0.0", "*/*", ""])
async def test_what_a_prometheus_asks_for_is_what_it_gets(house: House, accept: str) -> None:
    answer = await house.request("GET", "/metrics", headers={"Accept": accept})
    body = await answer.text()
    if "openmetrics" in accept:
        assert body.endswith("# EOF\n")
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_parser
    from prometheus_client.parser import text_string_to_metric_families as parser

    parse = open_parser if "openmetrics" in accept else parser
    assert len(list(parse(body))) > 20


WITH_ENTITIES = "mqtt:\n  enabled: false\nmetrics:\n  entities: true\n"


async def test_entities_only_when_wished_and_only_readable_ones(
    house: House, make_house: MakeHouse
) -> None:
    assert not any(name.startswith("hub_entity_state") for name in await scrape(house))
    told = await make_house(WITH_ENTITIES)
    hub = told.hub
    hub.states.set("sensor.hot", "21.5", {"unit_of_measurement": "°C"})
    hub.states.set("sensor.secret", "4")
    hub.states.set("switch.lamp", "off")
    for number, state in enumerate(("unknown", "unavailable", "nan", "inf", "", "words")):
        hub.states.set(f"sensor.none{number}", state)
    found = {
        name: value
        for name, value in (await scrape(told)).items()
        if name.startswith("hub_entity_state") and "recorder" not in name
    }
    assert found == {
        'hub_entity_state{entity="sensor.hot",unit="°C"}': 21.5,
        'hub_entity_state{entity="sensor.secret",unit=""}': 4.0,
        'hub_entity_state{entity="switch.lamp",unit=""}': 0.0,
    }
    rules = [{"effect": "deny", "verbs": ["read"], "entity": "sensor.secret"}]
    await hub.auth.policies.put("scraper", rules)
    user = await hub.auth.users.create("Scraper", role=Role.VIEWER, policies=["scraper"])
    told.token = await hub.auth.tokens.create_long_lived(user, "prometheus", 1)
    names = "".join(await scrape(told))
    assert "sensor.hot" in names
    assert "sensor.secret" not in names
