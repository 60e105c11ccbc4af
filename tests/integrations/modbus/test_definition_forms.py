"""One schema: the form of the page, and the JSON schema that editors check a definition with."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import (  # type: ignore[import-untyped]  # published without types
    Draft202012Validator,
)

from hub.schema import form
from hub.schema.render import MAX_DEPTH
from integrations.modbus.mapping import library
from integrations.modbus.mapping.entities import KINDS
from integrations.modbus.mapping.schema import DEFINITION, json_schema


class Editor(yaml.CSafeLoader):
    """Reads YAML 1.2, as editors do: only true and false are booleans."""


Editor.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
Editor.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def keyed(value: Any) -> Any:
    """Return what JSON makes of it: every key is a text."""
    if isinstance(value, dict):
        return {str(key): keyed(inner) for key, inner in value.items()}
    return [keyed(inner) for inner in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def walk(field: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every field of a form with its path."""
    at = f"{path}.{field['name']}" if "name" in field else path
    yield at, field
    inside = [*field.get("fields", []), *field.get("any_of", [])]
    for inner in [*inside, *([field["item"]] if "item" in field else [])]:
        yield from walk(inner, at)


def fields() -> list[tuple[str, dict[str, Any]]]:
    return [found for field in form(DEFINITION) for found in walk(field)]


@pytest.mark.parametrize("name", library.names())
def test_shipped_definitions_are_what_editors_expect(
    validator: Draft202012Validator, name: str
) -> None:
    spec = keyed(yaml.load(library.text(name), Editor))  # noqa: S506 - it is a safe loader
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(spec)] == []
    assert validator.is_valid(keyed(library.load(name)))


BROKEN: list[tuple[list[str | int], object]] = [
    (["name"], None),
    (["nam"], "a"),
    (["blocks"], []),
    (["limits", "words"], 126),
    (["intervals"], {"fast": "soon"}),
    (["blocks", 0, "table"], "holdings"),
    (["blocks", 0, "first"], 500000),
    (["blocks", 0, "registers"], [1]),
    (["blocks", 0, "registers", "power", "address"], "x"),
    (["blocks", 0, "registers", "power", "adress"], 1),
    (["blocks", 0, "registers", "power", "type"], "int17"),
    (["blocks", 0, "registers", "power", "scale"], "ten"),
    (["blocks", 0, "registers", "power", "write"], {"function": "6"}),
    (["blocks", 0, "registers", "power", "enum"], [0, 1]),
    (["entities", 0], {"kind": "light", "register": "power"}),
    (["entities", 0], {"kind": "sensor"}),
    (["entities", 0, "state_class"], "rising"),
    (["entities", 0, "options"], ["a"]),
]


@pytest.mark.parametrize(("path", "value"), BROKEN)
def test_editors_refuse_what_the_hub_refuses(
    validator: Draft202012Validator, path: list[str | int], value: object
) -> None:
    spec: Any = {
        "name": "a",
        "limits": {},
        "blocks": [{"table": "holding", "first": 0, "registers": {"power": {"address": 0}}}],
        "entities": [{"kind": "sensor", "register": "power"}],
    }
    assert validator.is_valid(spec)
    inner = spec
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    assert not validator.is_valid(spec)


def test_every_field_says_what_it_is_for() -> None:
    silent = [path for path, field in fields() if "name" in field and not field.get("description")]
    assert silent == []


def test_the_form_reaches_every_field() -> None:
    found = {path for path, _ in fields()}
    assert ".blocks.registers.write.verify_tries" in found
    assert ".entities.hvac_mode.modes" in found
    deepest = max(path.count(".") for path in found)
    assert deepest < MAX_DEPTH
    unknown = {path for path, field in fields() if field["type"] == "any" and "any_of" not in field}
    assert unknown == set()


def test_the_page_can_tell_the_kinds_of_entities_apart() -> None:
    (entities,) = (field for field in form(DEFINITION) if field["name"] == "entities")
    kinds = [alternative["fields"][0] for alternative in entities["item"]["any_of"]]
    assert [(field["name"], field["options"]) for field in kinds] == [
        ("kind", [kind]) for kind in KINDS
    ]
