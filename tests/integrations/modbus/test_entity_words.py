"""Shipped maps as Home Assistant takes them, words for people, degrees Fahrenheit."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import integrations.modbus
from hub.config.settings import MqttSettings
from hub.mqtt.discovery import Announcer, DeviceFacts, EntityFacts
from hub.mqtt.topics import Topics
from hub.schema import form
from hub.sdk import (
    slugify,
)
from hub.util.clock import SystemClock
from integrations.modbus import connection as connections
from integrations.modbus import link_schema, schema
from integrations.modbus.const import DOMAIN
from integrations.modbus.kinds import make
from integrations.modbus.mapping import compile as compiling
from integrations.modbus.mapping import library
from integrations.modbus.mapping.models import Reason
from integrations.modbus.mapping.schema import DEFINITION
from integrations.modbus.mapping.units import distance, highest, lowest, shown, wanted
from integrations.modbus.polling.device import Device
from integrations.modbus.polling.settings import DeviceSettings
from tests.integrations.modbus.bench import HOLDING


@pytest.mark.parametrize("name", library.names())
def test_shipped_definitions_become_entities_that_home_assistant_takes(name: str) -> None:
    definition = compiling.definition(library.load(name))
    line: Any = SimpleNamespace(connected=True)
    settings = DeviceSettings(name=name, link="cellar", unit=1)
    device = Device(name, settings, definition, line, SystemClock())
    entities = [make(device, item) for item in definition.entities]
    entities += connections.device_entities(device)
    assert len({(entity.kind, entity.unique_id) for entity in entities}) == len(entities)
    facts = [
        EntityFacts(
            f"{entity.kind}.{slugify(entity.unique_id)}",
            DOMAIN,
            entity.unique_id,
            device_class=entity.device_class,
            unit=entity.unit,
            category=entity.entity_category,
            icon=entity.icon,
            features=entity.supported_features,
            attributes=entity.capability_attributes,
        )
        for entity in entities
    ]
    mqtt = MqttSettings(hub_id="h1")
    [told] = Announcer(mqtt, Topics(mqtt)).announce(DeviceFacts(name, name), facts)
    assert {fact.key for fact in facts} == set(told.components)


# --- words


def test_every_field_has_a_word_for_people() -> None:
    names: set[str] = set()
    for known in (link_schema.LINK, schema.DEVICE, DEFINITION):
        found: list[Any] = list(form(known))
        while found:
            one = found.pop()
            names |= {one["name"]} if "name" in one else set()
            found += [*one.get("fields", []), *one.get("any_of", [])]
            found += [one[part] for part in ("item", "value") if isinstance(one.get(part), dict)]
    for words in strings():
        assert set(words["config"]) == names


def test_every_reason_and_state_has_a_word_for_people() -> None:
    for words in strings():
        assert {reason.value for reason in Reason} <= set(words["reason"])
        assert {*connections.STATES.values(), connections.LINK_DOWN} == set(words["state"])


def strings() -> list[dict[str, Any]]:
    folder = Path(integrations.modbus.__file__).parent / "strings"
    return [json.loads((folder / f"{language}.json").read_text()) for language in ("en", "ar")]


# --- degrees


def test_fahrenheit_is_shown_as_celsius_and_written_back() -> None:
    def register(**fields: Any) -> Any:
        block = {**HOLDING, "registers": {}}
        return compiling.register(block, "t", {"address": 0, "unit": "°F", **fields})

    whole, tenth = register(), register(scale=0.1, precision=1)
    assert shown(whole, 68) == 20.0
    assert wanted(whole, 21.0) == 70
    assert wanted(tenth, 21.0) == 69.8
    assert wanted(register(write={"min": 41, "step": 2}), 21) == 69
    assert (lowest(whole, 45), highest(whole, 100)) == (7.3, 37.7)
    assert distance(tenth, 0.1) == 0.1
    celsius = register(unit="°C")
    assert {ask(celsius, 20) for ask in (shown, wanted, lowest, highest, distance)} == {20}
