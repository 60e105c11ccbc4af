"""What a register map may say: its schema, and the checks of its fields together."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from hub.sdk import boolean, openapi, slug
from integrations.modbus.mapping.checks import registers as check_registers
from integrations.modbus.mapping.checks import teller
from integrations.modbus.mapping.entities import entity
from integrations.modbus.mapping.kinds import fit
from integrations.modbus.mapping.models import Access, Function, Order, Rate, Table, Type
from integrations.modbus.mapping.validators import (
    integer,
    label,
    listing,
    number,
    one_of,
    record,
    table,
    whole,
    words,
)

MOST_REGISTERS: Final = 8192
"""Of one map: it is checked and compiled while others wait."""
_SECONDS: Final = number(0.05, 86400, "s")


def _code(value: object) -> str:
    """Accept the number of a label or flag; kept as decimal text, as JSON has no other keys."""
    found = integer(value)
    if found is None or not -(2**63) <= found < 2**64:
        raise vol.Invalid("expected a whole number; 0x.. is one, too")
    return str(found)


def _described(told: str, unit: str = "", *, advanced: bool = False) -> dict[str, Any]:
    return {
        "description": told,
        **({"unit": unit} if unit else {}),
        **({"advanced": True} if advanced else {}),
    }


WRITE: Final = record(
    {
        vol.Optional(
            "function",
            default="auto",
            description="auto = 05/06 for one address, else 15/16; mask = 22, for some bits",
        ): one_of(*Function),
        vol.Optional("min", description="Lowest value that may be written"): number(),
        vol.Optional("max", description="Highest value that may be written"): number(),
        vol.Optional("step", description="Distance of values that may be written"): number(
            1e-9, 1e9
        ),
        vol.Optional("verify", description="Whether it is read back; default true"): boolean,
        vol.Optional(
            "verify_delay",
            default=0,
            description=_described("Rest between the write and the first look", "s"),
        ): number(0, 60, "s"),
        vol.Optional("verify_tries", default=3, description="How often to look"): whole(
            1, 20, "a number of looks"
        ),
    }
)
_DEFAULTS: Final[dict[Any, Any]] = {
    vol.Optional("type", description="How its words are read; default uint16, in bits bool"): (
        one_of(*Type)
    ),
    vol.Optional("word_order", description="Which word comes first; default big"): one_of(*Order),
    vol.Optional("byte_order", description="Which byte of a word comes first; default big"): (
        one_of(*Order)
    ),
    vol.Optional("scale", description="Factor from the number in the register to the value"): (
        number()
    ),
    vol.Optional("offset", description="Added after the scale"): number(),
    vol.Optional("precision", description="Decimals that are kept; default: all"): whole(
        0, 10, "a number of decimals"
    ),
    vol.Optional("rate", description="How often it is read; default normal"): one_of(*Rate),
    vol.Optional("access", description="What may be done with it; default read"): one_of(*Access),
}
REGISTER: Final = record(
    {
        vol.Required(
            "address", description="Number in the manual; on the wire it is this less `first`"
        ): whole(0, 465536, "an address"),
        vol.Optional("name", description="What people call it"): words(100),
        vol.Optional("unit", description="Unit of the value, such as kWh"): words(20),
        **_DEFAULTS,
        vol.Optional("length", description=_described("Length of a string", "words")): whole(
            1, 125, "a number of words"
        ),
        vol.Optional("bit", description="Only this bit of the word; it is on or off"): whole(
            0, 15, "a bit"
        ),
        vol.Optional("mask", description="Only these bits of the word, such as 0x00FF"): whole(
            1, 2**64 - 1, "a mask"
        ),
        vol.Optional("exponent", description="Register that holds a power of ten"): slug,
        vol.Optional("min", description="Lowest value it can have; below it is unknown"): number(),
        vol.Optional("max", description="Highest value it can have; above it is unknown"): number(),
        vol.Optional("invalid", description="Words that mean no value, such as 0x8000"): listing(
            whole(-(2**63), 2**64 - 1), 1, 16, "numbers"
        ),
        vol.Optional("enum", description="Label of each number"): table(
            _code, label, 1000, "labels"
        ),
        vol.Optional("enum_gaps", description="Numbers between may have no label"): boolean,
        vol.Optional("flags", description="Name of each bit, from 0"): table(
            _code, label, 64, "flags"
        ),
        vol.Optional("write", description="How it is written; none = it is not"): WRITE,
    }
)
BLOCK: Final = record(
    {
        vol.Optional("source", description="Where these addresses were published"): words(500),
        vol.Required("table", description="Address space of the device"): one_of(*Table),
        vol.Required(
            "first", description="Number that the manual gives to the first address: 0, 1, 40001"
        ): whole(0, 465536, "an address"),
        **_DEFAULTS,
        vol.Required("registers", description="The registers by key"): table(
            slug, REGISTER, 4096, "registers"
        ),
    }
)
LIMITS: Final = record(
    {
        vol.Optional("words", default=125, description="Most words of one read"): whole(
            1, 125, "a number of words"
        ),
        vol.Optional("bits", default=2000, description="Most bits of one read"): whole(
            1, 2000, "a number of bits"
        ),
        vol.Optional(
            "gap",
            description="Unwanted addresses that are read along; default: as its device says",
        ): whole(0, 2000, "a number of addresses"),
        vol.Optional("write_words", default=123, description="Most words of one write"): whole(
            1, 123, "a number of words"
        ),
        vol.Optional(
            "pause", default=0, description=_described("Rest before each request", "s")
        ): number(0, 60, "s"),
        vol.Optional(
            "forbidden", default=list, description="Addresses on the wire never to be read along"
        ): listing(
            record(
                {
                    vol.Required("table", description="Address space"): one_of(*Table),
                    vol.Required("first", description="First address on the wire"): whole(
                        0, 65535, "an address"
                    ),
                    vol.Required("last", description="Last address on the wire"): whole(
                        0, 65535, "an address"
                    ),
                }
            ),
            0,
            256,
            "ranges",
        ),
    }
)
DEFINITION: Final = vol.Schema(
    record(
        {
            vol.Required("name", description="What people call this kind of device"): words(100),
            vol.Optional("manufacturer", description="Who makes it"): words(100),
            vol.Optional("model", description="What its maker calls it"): words(100),
            vol.Optional(
                "limits",
                default=dict,
                description=_described("What the device can stand in one request", advanced=True),
            ): LIMITS,
            vol.Optional(
                "intervals",
                default=dict,
                description=_described("Seconds that each rate means", advanced=True),
            ): record(
                {
                    vol.Optional("fast", description=_described("Between reads", "s")): _SECONDS,
                    vol.Optional("normal", description=_described("Between reads", "s")): _SECONDS,
                    vol.Optional("slow", description=_described("Between reads", "s")): _SECONDS,
                }
            ),
            vol.Required("blocks", description="Registers, in blocks of one table"): listing(
                BLOCK, 1, 256, "blocks"
            ),
            vol.Optional("entities", default=list, description="What is made of them"): listing(
                entity, 0, 4096, "entities"
            ),
        }
    )
)
"""The spec of a `modbus.definition`, and of every file in `definitions/`."""


def check_definition(spec: Mapping[str, Any]) -> None:
    """Raise `vol.MultipleInvalid` with every problem that the fields have together."""
    count = sum(len(block["registers"]) for block in spec["blocks"])
    if count > MOST_REGISTERS:
        told = f"{count} registers are more than the {MOST_REGISTERS} of one map; make two of it"
        raise vol.MultipleInvalid([vol.Invalid(told, ["blocks"])])
    problems: list[vol.Invalid] = []
    registers = check_registers(spec, problems)
    seen: dict[str, int] = {}
    for index, item in enumerate(spec["entities"]):
        tell = teller(problems, ["entities", index])
        key = fit(item, registers, tell).key
        if key in seen:
            at = "key" if "key" in item else "register"
            tell(f"the key {key} is taken by entity {seen[key]}; give this one its own key", at)
        seen.setdefault(key, index)
    if problems:
        raise vol.MultipleInvalid(problems)


def json_schema() -> dict[str, Any]:
    """Return the schema of a definition file for editors, made of the one that validates it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Register map of a Modbus device",
        **openapi(DEFINITION),
    }
