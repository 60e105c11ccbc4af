"""How the services of this integration are called: fields, their checks, and words for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import voluptuous as vol

from hub.sdk import Field, finite_float, list_of, text, whole
from integrations.modbus.line.questions import (
    ADDRESSES,
    MOST_BITS,
    MOST_WORDS,
    MOST_WRITTEN_BITS,
    MOST_WRITTEN_WORDS,
)
from integrations.modbus.mapping.models import Function, Table

LONGEST_WAIT: Final = 30.0
MOST_RANGES: Final = 16


@dataclass(frozen=True, slots=True)
class Verb:
    """A service; `Services` has a method of its name."""

    name: str
    title: str
    words: str
    schema: vol.Schema
    fields: Mapping[str, Field]
    asks: bool = False
    """Whether it only answers: then a response has to be asked for."""
    admin: bool = False


def _table(value: object) -> Table:
    if not isinstance(value, str) or value not in list(Table):
        raise vol.Invalid(f"expected one of {', '.join(Table)}")
    return Table(value)


def _function(value: object) -> Function:
    if not isinstance(value, str) or value not in list(Function):
        raise vol.Invalid(f"expected one of {', '.join(Function)}")
    return Function(value)


def _item(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value <= 0xFFFF:
        raise vol.Invalid("expected words between 0 and 65535, or bits")
    return int(value)


def _value(value: object) -> bool | int | float | str | tuple[str, ...]:
    """Accept what a register can be: on/off, a number, text or a label, names of flags."""
    if isinstance(value, list):
        return tuple(text(name) for name in value)
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return finite_float(value)
    raise vol.Invalid("expected true or false, a number, a text or a list of texts")


def _seconds(longest: float) -> vol.All:
    message = f"expected seconds between 0 and {longest:g}"
    return vol.All(finite_float, vol.Range(min=0, max=longest, msg=message))


_KEY: Final = vol.All(text, vol.Length(min=1, max=100))
_UNIT: Final = whole(0, 255, "a unit id")
_ADDRESS: Final = whole(0, ADDRESSES - 1, "a wire address")
_PLACE: Final[dict[Any, Any]] = {
    vol.Required("link"): _KEY,
    vol.Required("unit"): _UNIT,
    vol.Required("table"): _table,
    vol.Required("address"): _ADDRESS,
}


def _readable(data: dict[str, Any]) -> dict[str, Any]:
    most = MOST_BITS if data["table"].is_bits else MOST_WORDS
    if data["count"] > min(most, ADDRESSES - data["address"]):
        raise vol.Invalid(
            f"expected at most {most} addresses, up to address {ADDRESSES - 1}", path=["count"]
        )
    return data


def _writable(data: dict[str, Any]) -> dict[str, Any]:
    table, values, function = data["table"], data["values"], data["function"]
    if not table.is_writable:
        raise vol.Invalid("expected coil or holding: nothing else can be written", path=["table"])
    most = MOST_WRITTEN_BITS if table.is_bits else MOST_WRITTEN_WORDS
    if not 1 <= len(values) <= min(most, ADDRESSES - data["address"]):
        raise vol.Invalid(
            f"expected 1 to {most} values, up to address {ADDRESSES - 1}", path=["values"]
        )
    if table.is_bits and any(value > 1 for value in values):
        raise vol.Invalid("expected only 0 and 1, or false and true", path=["values"])
    if function is Function.MASK and (table.is_bits or len(values) != 2):
        raise vol.Invalid("a mask is for holding, its values are [and, or]", path=["function"])
    return data


def _range(value: dict[str, Any]) -> dict[str, Any]:
    if value["first"] > value["last"]:
        raise vol.Invalid("expected the last address not before the first", path=["last"])
    return value


def _units(value: object) -> tuple[int, int]:
    found = vol.Schema([_UNIT])(value)
    if len(found) != 2 or found[0] > found[1]:
        raise vol.Invalid("expected the first and the last unit id")
    return found[0], found[1]


def _one_of(by_link: vol.Schema, by_device: vol.Schema) -> vol.Schema:
    """Accept the fields of either form, told apart by `link` and `device`."""

    def validate(data: dict[str, Any]) -> Any:
        if ("link" in data) == ("device" in data):
            raise vol.Invalid("expected either a link or a device")
        return (by_link if "link" in data else by_device)(data)

    return vol.Schema(vol.All(dict, validate))


_TEXT: Final = {"text": None}
_OBJECT: Final = {"object": None}
_DEVICE: Final[dict[Any, Any]] = {vol.Required("device"): _KEY}
_DEVICE_FIELD: Final = Field(_TEXT, required=True, name="Device", example="meter")
_LINK_FIELD: Final = Field(_TEXT, required=True, name="Link", example="cellar")
_PLACE_FIELDS: Final = {
    "link": Field(_TEXT, name="Link", description="For raw words", example="cellar"),
    "unit": Field({"number": {"min": 0, "max": 255}}, name="Unit", description="With a link"),
    "table": Field({"select": {"options": list(Table)}}, name="Table", description="With a link"),
    "address": Field(
        {"number": {"min": 0, "max": 65535}},
        name="Address",
        description="With a link: the first address, as on the wire",
    ),
    "device": Field(_TEXT, name="Device", description="Instead of a link", example="meter"),
}

VERBS: Final = (
    Verb(
        "registers",
        "Registers",
        "Tells everything that is known of the registers of a device",
        vol.Schema(
            {
                **_DEVICE,
                vol.Optional("after"): whole(0, 2**53, "a version"),
                vol.Optional("wait", default=0.0): _seconds(LONGEST_WAIT),
            }
        ),
        {
            "device": _DEVICE_FIELD,
            "after": Field(
                {"number": {"min": 0}},
                name="After",
                description="Version that is known already: with a wait, only news are told",
            ),
            "wait": Field(
                {"number": {"min": 0, "max": LONGEST_WAIT, "unit_of_measurement": "s"}},
                name="Wait",
                description="How long to wait for something newer",
            ),
        },
        asks=True,
    ),
    Verb(
        "read_registers",
        "Read registers",
        "Reads now: raw words or bits over a link, or registers of a device",
        _one_of(
            vol.Schema(
                vol.All(
                    {**_PLACE, vol.Required("count"): whole(1, MOST_BITS, "a count")}, _readable
                )
            ),
            vol.Schema({**_DEVICE, vol.Required("registers"): list_of(_KEY)}),
        ),
        {
            **_PLACE_FIELDS,
            "count": Field({"number": {"min": 1, "max": MOST_BITS}}, name="Count"),
            "registers": Field(_OBJECT, name="Registers", description="Keys, with a device"),
        },
        asks=True,
    ),
    Verb(
        "write_registers",
        "Write registers",
        "Writes raw words or bits over a link, or values to registers of a device",
        _one_of(
            vol.Schema(
                vol.All(
                    {
                        **_PLACE,
                        vol.Required("values"): [_item],
                        vol.Optional("function", default=Function.AUTO): _function,
                    },
                    _writable,
                )
            ),
            vol.Schema({**_DEVICE, vol.Required("values"): vol.All({_KEY: _value}, vol.Length(1))}),
        ),
        {
            **_PLACE_FIELDS,
            "values": Field(
                _OBJECT,
                required=True,
                name="Values",
                description="A list of words or bits, or register: value with a device",
            ),
            "function": Field(
                {"select": {"options": list(Function)}},
                name="Function",
                description="With a link: 05/06, 15/16 or 22; auto = by the number of values",
            ),
        },
    ),
    Verb(
        "scan",
        "Scan",
        "Looks for units on a link, and for addresses that can be read; as a job",
        vol.Schema(
            {
                vol.Required("link"): _KEY,
                vol.Required("units"): _units,
                vol.Optional("ranges", default=list): vol.All(
                    [
                        vol.All(
                            {
                                vol.Required("table"): _table,
                                vol.Required("first"): _ADDRESS,
                                vol.Required("last"): _ADDRESS,
                            },
                            _range,
                        )
                    ],
                    vol.Length(max=MOST_RANGES),
                ),
                vol.Optional("pause", default=0.05): _seconds(10.0),
            }
        ),
        {
            "link": _LINK_FIELD,
            "units": Field(_OBJECT, required=True, name="Units", example=[1, 247]),
            "ranges": Field(
                _OBJECT,
                name="Ranges",
                description="Addresses to try on units that answer",
                example=[{"table": "holding", "first": 0, "last": 999}],
            ),
            "pause": Field(
                {"number": {"min": 0, "max": 10, "unit_of_measurement": "s"}},
                name="Pause",
                description="Rest before each request",
            ),
        },
    ),
    Verb(
        "learn",
        "Learn",
        "Finds out how much a device can stand in one read, and which rest it needs; as a job",
        vol.Schema(_DEVICE),
        {"device": _DEVICE_FIELD},
    ),
    Verb(
        "forget",
        "Forget",
        "Forgets what was learned of a device",
        vol.Schema(_DEVICE),
        {"device": _DEVICE_FIELD},
    ),
    Verb(
        "diagnostics",
        "Diagnostics",
        "Tells what is needed to find a fault on a line",
        vol.Schema({}),
        {},
        asks=True,
        admin=True,
    ),
)
