"""Forms and JSON Schema derived from the schemas that validate."""

import enum
import ipaddress
import re
from collections.abc import Mapping
from typing import Any

import pytest
import voluptuous as vol
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.schema import (
    Reference,
    Secret,
    boolean,
    described,
    entity_id,
    finite_float,
    form,
    integer,
    list_of,
    openapi,
    port,
    positive_seconds,
    resource_key,
    slug,
    text,
)
from hub.schema.markers import markers, walk
from hub.schema.render import field


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@described(type="integer", min=1, max=12)
def channel(value: object) -> int:
    if not isinstance(value, int) or not 1 <= value <= 12:
        raise vol.Invalid("expected a channel")
    return value


def network(value: object) -> str:
    return str(ipaddress.ip_network(str(value)))


SPEC = vol.Schema(
    vol.All(
        {
            vol.Required("host", description="Name or address"): text,
            vol.Optional("port", default=22): port,
            vol.Required("credential"): {
                vol.Required("user"): vol.All(str, vol.Length(min=1, max=32)),
                vol.Optional("password"): Secret(min=8),
            },
            vol.Optional("via"): vol.Any(None, Reference("host.server")),
            vol.Optional("mode", default="none"): vol.In(["none", "sudo"]),
            vol.Optional("labels"): {str: vol.All(int, vol.Range(min=0))},
            vol.Optional("zones", default=list): [{vol.Required("channel"): channel}],
            vol.Optional(
                "body",
                description={
                    "description": "Text",
                    "multiline": True,
                    "advanced": True,
                    "odd": 1,
                },
            ): text,
        },
        lambda spec: spec,
    )
)


def test_a_whole_form() -> None:
    assert form(SPEC) == [
        {"name": "host", "type": "string", "required": True, "description": "Name or address"},
        {
            "name": "port",
            "type": "integer",
            "min": 1,
            "max": 65535,
            "required": False,
            "default": 22,
        },
        {
            "name": "credential",
            "type": "object",
            "required": True,
            "fields": [
                {
                    "name": "user",
                    "type": "string",
                    "min_length": 1,
                    "max_length": 32,
                    "required": True,
                },
                {
                    "name": "password",
                    "type": "secret",
                    "min_length": 8,
                    "max_length": 65536,
                    "required": False,
                },
            ],
        },
        {
            "name": "via",
            "type": "reference",
            "reference_type": "host.server",
            "nullable": True,
            "required": False,
        },
        {
            "name": "mode",
            "type": "select",
            "options": ["none", "sudo"],
            "required": False,
            "default": "none",
        },
        {
            "name": "labels",
            "type": "object",
            "item": {"type": "integer", "min": 0},
            "required": False,
        },
        {
            "name": "zones",
            "type": "list",
            "item": {
                "type": "object",
                "fields": [
                    {"name": "channel", "type": "integer", "min": 1, "max": 12, "required": True}
                ],
            },
            "required": False,
            "default": [],
        },
        {
            "name": "body",
            "type": "string",
            "description": "Text",
            "multiline": True,
            "advanced": True,
            "required": False,
        },
    ]


def test_the_same_as_json_schema() -> None:
    written = openapi(SPEC)
    assert written["required"] == ["host", "credential"]
    assert written["additionalProperties"] is False
    properties = written["properties"]
    assert properties["host"] == {"type": "string", "description": "Name or address"}
    assert properties["port"] == {"type": "integer", "minimum": 1, "maximum": 65535, "default": 22}
    secret = properties["credential"]["properties"]["password"]
    assert secret["writeOnly"]
    assert secret["anyOf"][0] == {"type": "string", "minLength": 8, "maxLength": 65536}
    via = properties["via"]["anyOf"]
    assert via[0]["x-reference"] == "host.server"
    assert via[1] == {"type": "null"}
    assert properties["mode"] == {"enum": ["none", "sudo"], "default": "none"}
    assert properties["labels"] == {
        "type": "object",
        "additionalProperties": {"type": "integer", "minimum": 0},
    }
    assert properties["zones"]["items"]["required"] == ["channel"]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (finite_float, {"type": "float"}),
        (integer, {"type": "integer"}),
        (
            positive_seconds,
            {"type": "float", "min": 0, "exclusive_min": True, "unit": "s"},
        ),
        (boolean, {"type": "boolean"}),
        (vol.Coerce(int), {"type": "integer"}),
        (vol.Coerce(Colour), {"type": "select", "options": ["red", "blue"]}),
        (vol.Maybe(str), {"type": "string", "nullable": True}),
        (vol.Any("tcp", "udp"), {"type": "select", "options": ["tcp", "udp"]}),
        (vol.Any(int, float), {"type": "float"}),
        (vol.Any(text, [text]), {"type": "list", "item": {"type": "string"}}),
        (
            vol.Any(int, str),
            {"type": "any", "any_of": [{"type": "integer"}, {"type": "string"}]},
        ),
        (vol.In({"a": "Anna"}), {"type": "select", "options": [{"value": "a", "label": "Anna"}]}),
        (vol.In({"b", "a"}), {"type": "select", "options": ["a", "b"]}),
        (vol.Range(min=1), {"type": "float", "min": 1}),
        (
            vol.All(int, vol.Range(min=1, max=9), vol.Range(min=3, max=99)),
            {"type": "integer", "min": 3, "max": 9},
        ),
        (
            vol.All(int, vol.Range(min=0, min_included=False)),
            {"type": "integer", "min": 0, "exclusive_min": True},
        ),
        (vol.All(text, vol.Match(r"[a-z]+$")), {"type": "string", "pattern": "^(?:[a-z]+$)"}),
        (
            vol.All([str], vol.Length(min=1)),
            {"type": "list", "item": {"type": "string"}, "min_length": 1},
        ),
        (list_of(port), {"type": "list", "item": {"type": "integer", "min": 1, "max": 65535}}),
        (network, {"type": "any"}),
        (vol.All(text, network), {"type": "string"}),
        (lambda value: value, {"type": "any"}),
        (object, {"type": "any"}),
        (dict, {"type": "object", "item": {"type": "any"}}),
        ([], {"type": "list", "item": {"type": "any"}}),
        (vol.ExactSequence([int, str]), {"type": "any"}),
        (vol.Self, {"type": "any"}),
        (object(), {"type": "any"}),
        (
            vol.Schema({"a": int}, required=True, extra=vol.ALLOW_EXTRA),
            {
                "type": "object",
                "fields": [{"name": "a", "type": "integer", "required": True}],
                "item": {"type": "any"},
            },
        ),
        ({vol.Remove("old"): object, "new": str}, None),
    ],
    # Not by repr: two test workers see different addresses of functions.
    ids=lambda value: value.get("type", "object") if isinstance(value, dict) else None,
)
def test_single_validators(schema: Any, expected: Any) -> None:
    if expected is None:
        expected = {
            "type": "object",
            "fields": [{"name": "new", "type": "string", "required": False}],
        }
    assert field(schema) == expected


def test_what_is_not_understood_is_no_constraint() -> None:
    class Odd:
        @property
        def schema(self) -> Any:
            raise RuntimeError("odd")

        def __call__(self, value: Any) -> Any:
            return value

    schema = vol.Schema(
        {
            vol.Optional("odd"): Odd(),
            vol.Optional("date", default=object): network,
            vol.Required(vol.Any("a", "b")): int,
        }
    )
    assert form(schema) == [
        {"name": "odd", "type": "any", "required": False},
        {"name": "date", "type": "any", "required": False},
    ]
    assert openapi(schema)["properties"] == {"odd": {}, "date": {}}
    assert form(lambda value: value) == []
    deep: Any = int
    for _ in range(50):
        deep = {vol.Required("in"): deep}
    assert openapi(deep)["type"] == "object"


def test_list_of_shows_the_markers_inside() -> None:
    schema = {vol.Required("peers"): list_of({vol.Required("key"): Secret()})}
    ((path, marker),) = markers(schema)
    assert path == ("peers", "*", "key")
    assert isinstance(marker, Secret)


# --- what a form allows, the schema accepts


def values(shown: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return everything a form lets a person type into a field of a simple type."""
    return MAKERS[shown["type"]](shown)


def strings(shown: Mapping[str, Any]) -> st.SearchStrategy[str]:
    low, high = shown.get("min_length", 0), shown.get("max_length", 60)
    if "pattern" in shown:
        found = st.from_regex(re.compile(shown["pattern"], re.ASCII))
        return found.filter(lambda value: "\n" not in value and low <= len(value) <= high)
    return st.text(min_size=low, max_size=min(high, low + 60))


def floats(shown: Mapping[str, Any]) -> st.SearchStrategy[float]:
    return st.floats(
        shown.get("min", -1e300),
        shown.get("max", 1e300),
        exclude_min=shown.get("exclusive_min", False),
        exclude_max=shown.get("exclusive_max", False),
    )


def integers(shown: Mapping[str, Any]) -> st.SearchStrategy[int]:
    low, high = shown.get("min"), shown.get("max")
    low = low + 1 if shown.get("exclusive_min") else low
    high = high - 1 if shown.get("exclusive_max") else high
    return st.integers(low, high)


def objects(shown: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    fields = shown.get("fields", [])
    named = {one["name"]: values(one) for one in fields if one["required"]}
    optional = {one["name"]: values(one) for one in fields if not one["required"]}
    return st.fixed_dictionaries(named, optional=optional)


MAKERS: dict[str, Any] = {
    "string": strings,
    "secret": strings,
    "integer": integers,
    "float": floats,
    "boolean": lambda _: st.booleans(),
    "select": lambda shown: st.sampled_from(
        [one["value"] if isinstance(one, dict) else one for one in shown["options"]]
    ),
    "reference": lambda _: st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,20}[a-z0-9]", fullmatch=True),
    "list": lambda shown: st.lists(
        values(shown["item"]),
        min_size=shown.get("min_length", 0),
        max_size=shown.get("max_length", 5),
    ),
    "object": objects,
}

limits = st.tuples(st.integers(-1000, 1000), st.integers(0, 1000)).map(
    lambda pair: (pair[0], pair[0] + pair[1] + 2)
)
lengths = st.tuples(st.integers(0, 5), st.integers(0, 5)).map(lambda pair: (pair[0], sum(pair)))
leaves = st.one_of(
    st.sampled_from(
        [
            text,
            boolean,
            integer,
            finite_float,
            positive_seconds,
            port,
            slug,
            entity_id,
            resource_key,
        ]
    ),
    st.sampled_from([vol.Coerce(float), Secret(), Secret(3, 9), Reference("a.b"), int, bool, str]),
    limits.map(lambda pair: vol.All(int, vol.Range(*pair))),
    limits.map(
        lambda pair: vol.All(finite_float, vol.Range(*pair, min_included=False, max_included=False))
    ),
    lengths.map(lambda pair: vol.All(text, vol.Length(*pair))),
    st.lists(st.text(), min_size=1, unique=True).map(vol.In),
)
schemas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        inner.map(lambda one: [one]),
        st.dictionaries(
            st.tuples(st.sampled_from([vol.Required, vol.Optional]), st.text("abc", min_size=1)),
            inner,
            max_size=4,
        ).map(
            lambda found: {
                marker(name): one
                for (marker, name), one in {key[1]: (key, v) for key, v in found.items()}.values()
            }
        ),
        lengths.flatmap(lambda pair: inner.map(lambda one: vol.All([one], vol.Length(*pair)))),
    ),
    max_leaves=6,
)


@settings(max_examples=150)
@given(st.data())
def test_what_the_form_allows_passes_the_schema(data: st.DataObject) -> None:
    schema = data.draw(schemas)
    shown = field(schema)
    value = data.draw(values(shown))
    vol.Schema(schema)(value)
    assert openapi(schema)


def test_what_an_integration_ships_may_be_referred_to() -> None:
    schema = vol.Schema({vol.Required("map"): Reference("a.map", shipped=["meter", "boiler"])})
    (shown,) = form(schema)
    assert shown["shipped"] == ["boiler", "meter"]
    assert list(walk(schema, {"map": "meter"})) == []
    ((path, marker, value),) = walk(schema, {"map": "own"})
    assert (path, value) == (("map",), "own")
    assert isinstance(marker, Reference)
    assert [path for path, _ in markers(schema)] == [("map",)]
