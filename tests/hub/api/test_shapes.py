"""Strict models of what clients parse: nothing missing, nothing extra, times that parse."""

import asyncio
import re
from datetime import datetime, timedelta
from typing import Any

import voluptuous as vol

from hub.util.json import loads
from tests.peers.house import House

CONTEXT_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
HEX = re.compile(r"[0-9a-f]{32}")
ENTITY_ID = re.compile(r"(?!.+__)(?!_)[\da-z_]+(?<!_)\.(?!_)[\da-z_]+(?<!_)")


def iso(value: Any) -> Any:
    """Accept a time in UTC as the wire writes it."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", value):
        raise vol.Invalid("not in the form of the wire")
    assert datetime.fromisoformat(value).utcoffset() == timedelta(0)
    return value


def matching(pattern: re.Pattern[str]) -> Any:
    def check(value: Any) -> Any:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise vol.Invalid(f"does not match {pattern.pattern}")
        return value

    return check


def schema(fields: Any) -> vol.Schema:
    return vol.Schema(fields, required=True, extra=vol.PREVENT_EXTRA)


CONTEXT = schema(
    {
        "id": matching(CONTEXT_ID),
        "parent_id": vol.Any(None, matching(CONTEXT_ID)),
        "user_id": vol.Any(None, matching(HEX)),
    }
)
STATE = schema(
    {
        "entity_id": matching(ENTITY_ID),
        "state": vol.All(str, vol.Length(max=255)),
        "attributes": dict,
        "last_changed": iso,
        "last_reported": iso,
        "last_updated": iso,
        "context": CONTEXT,
    }
)
EVENT = schema(
    {
        "event_type": vol.All(str, vol.Length(min=1, max=64)),
        "data": dict,
        "origin": vol.In(["LOCAL", "REMOTE"]),
        "time_fired": iso,
        "context": CONTEXT,
    }
)
NUMBER = vol.Any(int, float)
FILTER = vol.Schema(
    {
        "integration": str,
        "domain": [str],
        "device_class": [str],
        "supported_features": [int],
        "unit_of_measurement": [str],
    },
    extra=vol.PREVENT_EXTRA,
)
OPTION = vol.Any(str, schema({"value": str, "label": str}))
SELECTORS = {
    "boolean": {},
    "config_entry": {"integration": str},
    "date": {},
    "datetime": {},
    "duration": {"enable_day": bool, "enable_second": bool, "enable_millisecond": bool},
    "entity": {"filter": [FILTER], "multiple": bool, "domain": vol.Any(str, [str])},
    "icon": {"placeholder": str},
    "number": {
        "min": NUMBER,
        "max": NUMBER,
        "step": vol.Any("any", vol.All(NUMBER, vol.Range(min=0.001))),
        "unit_of_measurement": str,
        "mode": vol.In(["box", "slider"]),
    },
    "object": {},
    "select": {
        vol.Required("options"): [OPTION],
        "multiple": bool,
        "custom_value": bool,
        "mode": vol.In(["list", "dropdown"]),
        "sort": bool,
    },
    "state": {"entity_id": str, "hide_states": [str], "attribute": str, "multiple": bool},
    "template": {},
    "text": {"multiline": bool, "type": str, "multiple": bool, "suffix": str, "prefix": str},
    "time": {},
}


def selector(value: Any) -> Any:
    """Accept one well-formed selector with a known name."""
    if not isinstance(value, dict) or len(value) != 1:
        raise vol.Invalid("a selector has exactly one key")
    name, config = next(iter(value.items()))
    if name not in SELECTORS:
        raise vol.Invalid(f"unknown selector {name}")
    vol.Schema(SELECTORS[name], extra=vol.PREVENT_EXTRA)(config or {})
    return value


FIELD = vol.Schema(
    {
        "required": bool,
        "example": object,
        "default": object,
        "advanced": bool,
        "name": str,
        "description": str,
        "selector": selector,
        "filter": {"supported_features": [int], "attribute": dict},
    },
    extra=vol.PREVENT_EXTRA,
)
DESCRIPTION = vol.Schema(
    {
        vol.Required("fields"): {str: vol.Any(FIELD, {"fields": {str: FIELD}, "collapsed": bool})},
        "name": str,
        "description": str,
        "target": {"entity": [FILTER], "device": [dict]},
        "response": {vol.Required("optional"): bool},
    },
    extra=vol.PREVENT_EXTRA,
)


def strict_state(value: Any) -> None:
    """Fail when a state is not exactly what strict clients accept."""
    STATE(value)
    assert value["last_changed"] <= value["last_updated"] <= value["last_reported"]


async def test_every_state_is_strict(house: House) -> None:
    house.hub.states.set("sensor.probe", "5", {"a": [1, {"b": None}], "ä": "ö"})
    client = await house.connect()
    states = (await client.call(type="get_states"))["result"]
    assert states == await (await house.request("GET", "/api/states")).json()
    assert {state["entity_id"].partition(".")[0] for state in states} >= {"switch", "climate"}
    for state in states:
        strict_state(state)


async def test_every_service_description_is_strict(house: House) -> None:
    client = await house.connect()
    services = (await client.call(type="get_services"))["result"]
    for domain, verbs in services.items():
        for verb, description in verbs.items():
            try:
                DESCRIPTION(description)
            except vol.Invalid as error:
                raise AssertionError(f"{domain}.{verb}: {error}") from error


async def test_every_event_is_strict(house: House) -> None:
    client = await house.connect()
    await client.call(type="subscribe_events")
    switch = house.hub.states.entity_ids("switch")[0]
    await house.request("POST", "/api/services/switch/toggle", json={"entity_id": switch})
    await house.request("POST", "/api/events/probe", json={"a": 1})
    await house.request("POST", "/api/events/last")
    writer = await house.connect()
    made = await writer.call(type="config/area_registry/create", name="Strict")
    assert made["success"]
    house.hub.services.register("strict", "verb", lambda call: None)
    await writer.call(type="fire_event", event_type="the_end")
    seen: dict[str, Any] = {}
    async with asyncio.timeout(30):
        while "the_end" not in seen:
            message = await client.receive()
            EVENT(message["event"])
            seen[message["event"]["event_type"]] = message["event"]
    await client.ws.close()
    await writer.ws.close()
    assert {
        "call_service",
        "state_changed",
        "probe",
        "area_registry_updated",
        "service_registered",
    } <= set(seen)
    assert seen["probe"]["origin"] == "REMOTE"
    assert seen["last"]["data"] == {}
    assert seen["the_end"]["origin"] == "LOCAL"
    changed = seen["state_changed"]
    for key in ("old_state", "new_state"):
        if changed["data"][key] is not None:
            STATE(changed["data"][key])
    assert changed["time_fired"] == changed["data"]["new_state"]["last_updated"]
    assert changed["context"] == changed["data"]["new_state"]["context"]


def test_the_strict_models_refuse_what_they_should() -> None:
    good = loads(b'{"id":"01M7YC6116W6YV0TNT3E4C03DJ","parent_id":null,"user_id":null}')
    CONTEXT(good)
    for wrong in ({**good, "x": 1}, {"id": good["id"]}, {**good, "id": "short"}):
        try:
            CONTEXT(wrong)
        except vol.Invalid:
            continue
        raise AssertionError(wrong)
