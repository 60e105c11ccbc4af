"""The REST part of the protocol's edge-behaviour table, row by row, against a running hub."""
# ruff: noqa: E501 - a row of the table stays on one line

from dataclasses import dataclass, field
from typing import Any

import pytest
import voluptuous as vol

from hub.errors import ServiceValidationError, Unavailable
from hub.services import Description, Response
from tests.peers.house import House

TEXT = "text/plain"
JSON = "application/json"


@dataclass
class Row:
    """A request and what must come back; `body` None = not looked at."""

    name: str
    method: str
    path: str
    status: int
    body: Any = None
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str | None = None

    def __str__(self) -> str:
        return self.name


def message(text: str, **more: str) -> dict[str, str]:
    return {"message": text, **more}


BAD = "invalid_format"
TOO_LONG = b'{"state":"%b"}' % (b"x" * 256)
NO_AUTH = {"Authorization": ""}

ROWS = [
    Row("api root", "GET", "/api/", 200, message("API running."), content_type=JSON),
    Row("api without slash", "GET", "/api", 404, "404: Not Found", content_type=TEXT),
    Row("unknown path", "GET", "/api/nothing/here", 404, "404: Not Found"),
    Row("wrong method", "DELETE", "/api/config", 405, "405: Method Not Allowed"),
    Row("wrong method of a hot route", "PUT", "/api/states/sensor.a", 405),
    Row("no token", "GET", "/api/config", 401, "401: Unauthorized", headers=NO_AUTH),
    Row("basic", "GET", "/api/config", 401, headers={"Authorization": "Basic YTpi"}),
    Row("bearer in small letters", "GET", "/api/", 401, headers={"Authorization": "bearer {}"}),
    Row("token without scheme", "GET", "/api/", 401, headers={"Authorization": "{}"}),
    Row("bad token", "GET", "/api/", 401, headers={"Authorization": "Bearer abc"}),
    Row("state unknown", "GET", "/api/states/sensor.no", 404, message("Entity not found.", code="not_found")),
    Row("state ill-formed", "GET", "/api/states/no", 404, message("Entity not found.", code="not_found")),
    Row("state in capitals", "GET", "/api/states/Sensor.KNOWN", 200),
    Row("post bad JSON", "POST", "/api/states/sensor.a", 400, message("Invalid JSON specified.", code=BAD), b"{"),
    Row("post empty", "POST", "/api/states/sensor.a", 400, message("Invalid JSON specified.", code=BAD)),
    Row("post list", "POST", "/api/states/sensor.a", 400, message("State data should be a JSON object.", code=BAD), b"[1]"),
    Row("post no state", "POST", "/api/states/sensor.a", 400, message("No state specified.", code=BAD), b"{}"),
    Row("post bad id", "POST", "/api/states/a", 400, message("Invalid entity ID specified.", code=BAD), b'{"state":1}'),
    Row("post bad id 2", "POST", "/api/states/a.b__c", 400, message("Invalid entity ID specified.", code=BAD), b'{"state":1}'),
    Row("post long", "POST", "/api/states/sensor.a", 400, message("Invalid state specified.", code=BAD), TOO_LONG),
    Row("post attributes text", "POST", "/api/states/sensor.a", 400, None, b'{"state":1,"attributes":"x"}'),
    Row("post attributes list", "POST", "/api/states/sensor.a", 400, None, b'{"state":1,"attributes":[]}'),
    Row("delete unknown", "DELETE", "/api/states/sensor.no", 404, message("Entity not found.", code="not_found")),
    Row("service unknown", "POST", "/api/services/no/such", 400, message("Service no.such not found.", code="not_found")),
    Row("service bad JSON", "POST", "/api/services/probe/plain", 400, message("Data should be valid JSON.", code=BAD), b"{"),
    Row("service list", "POST", "/api/services/probe/plain", 400, None, b"[]"),
    Row("service extra key", "POST", "/api/services/probe/plain", 400, None, b'{"x":1}'),
    Row("service nested target", "POST", "/api/services/probe/plain", 400, None, b'{"target":{"entity_id":"a.b"}}'),
    Row("service missing target", "POST", "/api/services/switch/turn_on", 400, None, b"{}"),
    Row("service bad entity id", "POST", "/api/services/switch/turn_on", 400, None, b'{"entity_id":"nodot"}'),
    Row("service unknown entity", "POST", "/api/services/switch/turn_on", 200, [], b'{"entity_id":"switch.no"}'),
    Row("service out of range", "POST", "/api/services/climate/set_temperature", 400, None, b'{"entity_id":"CLIMATE","temperature":4000}'),
    Row("service mistake", "POST", "/api/services/probe/mistake", 400, message("No", code="service_validation_error")),
    Row("service device away", "POST", "/api/services/probe/away", 503, message("Away", code="unavailable")),
    Row("service without response", "POST", "/api/services/probe/plain?return_response", 400, message("Service does not support responses. Remove return_response from request.", code="service_validation_error")),
    Row("response only", "POST", "/api/services/probe/ask", 400, message("Service call requires responses but caller did not ask for responses. Add ?return_response to query parameters.", code="service_validation_error")),
    Row("with response", "POST", "/api/services/probe/ask?return_response", 200, {"changed_states": [], "service_response": {"answer": 42}}),
    Row("optional response", "POST", "/api/services/probe/maybe", 200, []),
    Row("event", "POST", "/api/events/probe", 200, message("Event probe fired.")),
    Row("event object", "POST", "/api/events/probe", 200, message("Event probe fired."), b'{"a":1}'),
    Row("event list", "POST", "/api/events/probe", 400, message("Event data should be a JSON object", code=BAD), b"[]"),
    Row("event bad JSON", "POST", "/api/events/probe", 400, message("Event data should be valid JSON.", code=BAD), b"{"),
    Row("event long name", "POST", "/api/events/" + "x" * 70, 400),
    Row("token unknown grant", "POST", "/auth/token", 400, {"error": "unsupported_grant_type"}, {"grant_type": "x"}),
    Row("token bad refresh", "POST", "/auth/token", 400, {"error": "invalid_grant"}, {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "http://a/"}),
    Row("token as JSON", "POST", "/auth/token", 400, {"error": "unsupported_grant_type"}, b'{"grant_type":"refresh_token"}'),
    Row("login flow shown", "GET", "/auth/login_flow/x", 404),
    Row("login flow list", "GET", "/auth/login_flow", 405),
    Row("login flow bad JSON", "POST", "/auth/login_flow", 400, message("Invalid JSON.", code=BAD), b"{"),
    Row("login flow unknown", "POST", "/auth/login_flow/x", 404, None, b'{"client_id":"http://a/"}'),
    Row("revoke nothing", "POST", "/auth/revoke", 200, ""),
    Row("revoke unknown", "POST", "/auth/revoke", 200, "", {"token": "x"}),
    Row("discovery info", "GET", "/api/discovery_info", 404),
    Row("error all", "GET", "/api/error/all", 404),
    Row("calendars", "GET", "/api/calendars", 404),
    Row("one calendar", "GET", "/api/calendars/calendar.x", 404),
    Row("customize", "GET", "/api/config/customize/config", 404),
    Row("webhook get", "GET", "/api/webhook/x", 200, "", headers=NO_AUTH),
    Row("webhook head", "HEAD", "/api/webhook/x", 200, "", headers=NO_AUTH),
    Row("webhook post", "POST", "/api/webhook/x", 200, "", b"anything", headers=NO_AUTH),
    Row("webhook put", "PUT", "/api/webhook/x", 200, "", headers=NO_AUTH),
    Row("webhook delete", "DELETE", "/api/webhook/x", 405, headers=NO_AUTH),
    Row("installation type", "GET", "/api/onboarding/installation_type", 401),
    Row("manifest", "GET", "/manifest.json", 200, headers=NO_AUTH, content_type="application/manifest+json"),
    Row("websocket without upgrade", "GET", "/api/websocket", 400),
    Row("state of the hub", "GET", "/api/core/state", 200, {"state": "RUNNING", "recorder_state": {"migration_in_progress": False, "migration_is_live": False}}),
    Row("hostile path", "GET", "/api/states/..%2f..%2fetc%2fpasswd", 404),
    Row("hostile static path", "GET", "/assets/..%2f..%2fapp.py", 404),
    Row("hostile page path", "GET", "/%00", 404),
]  # fmt: skip


def mistake(call: Any) -> None:
    raise ServiceValidationError("No")


def away(call: Any) -> None:
    raise Unavailable("Away")


def prepare(house: House) -> None:
    register = house.hub.services.register
    register("probe", "plain", lambda call: None)
    register("probe", "mistake", mistake)
    register("probe", "away", away)
    register("probe", "ask", lambda call: {"answer": 42}, response=Response.ONLY)
    register(
        "probe",
        "maybe",
        lambda call: {"answer": 42},
        response=Response.OPTIONAL,
        schema=vol.Schema({}),
        description=Description("Maybe", "Answers on request"),
    )
    house.hub.states.set("sensor.known", "1")


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_row(house: House, row: Row) -> None:
    prepare(house)
    data = row.data
    if isinstance(data, bytes):
        climate = next(iter(house.hub.states.entity_ids("climate")), "climate.none")
        data = data.replace(b"CLIMATE", climate.encode())
    headers = {name: value.format(house.token) for name, value in row.headers.items()}
    answer = await house.request(row.method, row.path, data=data, headers=headers)
    assert answer.status == row.status, await answer.text()
    if isinstance(row.body, str):
        assert await answer.text() == row.body
    elif row.body is not None:
        assert await answer.json() == row.body
    if row.content_type is not None:
        assert answer.content_type == row.content_type
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["Server"] == ""
    if row.status >= 400 and answer.content_type == JSON and row.path.startswith("/api"):
        assert set(await answer.json()) == {"message", "code"}


async def test_a_state_lives_and_dies_over_rest(house: House) -> None:
    events = []
    house.hub.bus.listen("state_changed", events.append)
    path = "/api/states/Sensor.Life"
    first = await house.request("POST", path, json={"state": 5, "attributes": {"a": 1}, "x": 1})
    assert first.status == 201
    assert first.headers["Location"] == "/api/states/sensor.life"
    made = await first.json()
    assert (made["entity_id"], made["state"], made["attributes"]) == ("sensor.life", "5", {"a": 1})
    assert made["context"]["user_id"] is not None
    same = await house.request("POST", path, json={"state": "5", "attributes": {"a": 1}})
    assert same.status == 200
    assert len(events) == 1
    forced = {"state": "5", "attributes": {"a": 1}, "force_update": True}
    await house.request("POST", path, json=forced)
    assert len(events) == 2
    bare = await (await house.request("POST", path, json={"state": "5"})).json()
    assert bare["attributes"] == {}
    assert bare["last_updated"] > bare["last_changed"]
    listed = await (await house.request("GET", "/api/states")).json()
    assert bare in listed
    gone = await house.request("DELETE", path)
    assert (gone.status, await gone.json()) == (200, {"message": "Entity removed."})
    assert (await house.request("DELETE", path)).status == 404
    shown = await (await house.request("POST", path, json={"state": True})).json()
    assert shown["state"] == "True"


async def test_a_service_call_returns_what_it_changed(house: House) -> None:
    switch = next(iter(house.hub.states.entity_ids("switch")))
    before = house.hub.states.get(switch)
    assert before is not None
    verb = "turn_off" if before.state == "on" else "turn_on"
    answer = await house.request("POST", f"/api/services/switch/{verb}", json={"entity_id": switch})
    changed = await answer.json()
    assert [state["entity_id"] for state in changed] == [switch]
    assert changed[0]["state"] == verb.removeprefix("turn_")
    assert changed[0]["context"]["user_id"] is not None
    again = await house.request("POST", f"/api/services/switch/{verb}", json={"entity_id": switch})
    assert await again.json() == []


async def test_an_event_comes_from_afar_with_its_user(house: House) -> None:
    events: list[Any] = []
    house.hub.bus.listen("probe", events.append)
    await house.request("POST", "/api/events/probe", json={"a": 1})
    assert [(event.origin, event.data) for event in events] == [("REMOTE", {"a": 1})]
    assert events[0].context.user_id is not None


async def test_a_defect_is_500_with_a_reference_and_no_inside(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(call: Any) -> None:
        raise RuntimeError("the inside")

    house.hub.services.register("probe", "broken", broken)
    answer = await house.request("POST", "/api/services/probe/broken")
    body = await answer.json()
    assert answer.status == 500
    assert body["code"] == "unknown_error"
    assert "the inside" not in body["message"]
    assert body["message"].rpartition(" ")[2] in caplog.text


async def test_preflight_of_a_foreign_page_is_refused(house: House) -> None:
    asks = {"Origin": "http://evil.example", "Access-Control-Request-Method": "GET"}
    refused = await house.request("OPTIONS", "/api/states", headers=asks)
    assert refused.status == 403
    assert refused.content_type == TEXT
    shared = await house.request("OPTIONS", "/auth/token", headers=asks)
    assert shared.status == 200
    assert shared.headers["Access-Control-Allow-Origin"] == "http://evil.example"
    assert "Access-Control-Allow-Credentials" not in shared.headers
    plain = await house.request("GET", "/api/config", headers={"Origin": "http://evil.example"})
    assert "Access-Control-Allow-Origin" not in plain.headers
