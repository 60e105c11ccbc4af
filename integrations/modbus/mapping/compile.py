"""From a checked spec to a `Definition`: addresses as on the wire, all defaults filled."""

from collections.abc import Mapping
from typing import Any, Final

from integrations.modbus.mapping.kinds import fit
from integrations.modbus.mapping.models import (
    WORDS,
    Access,
    Definition,
    Function,
    Limits,
    Order,
    Rate,
    Register,
    Table,
    Type,
    Write,
)

Fields = Mapping[str, Any]

NUMERIC: Final = ("scale", "offset", "precision")
"""Defaults of a block that only its numbers take."""


def definition(spec: Fields) -> Definition:
    """Return what a spec says that `schema.DEFINITION` and `check_definition` let through."""
    found = {
        key: register(block, key, fields)
        for block in spec["blocks"]
        for key, fields in block["registers"].items()
    }
    return Definition(
        name=spec["name"],
        manufacturer=spec.get("manufacturer"),
        model=spec.get("model"),
        registers=tuple(found.values()),
        entities=tuple(fit(item, found, _unexpected) for item in spec["entities"]),
        limits=limits(spec["limits"]),
        rates={Rate(rate): seconds for rate, seconds in spec["intervals"].items()},
    )


def limits(fields: Fields) -> Limits:
    """Return what a device can stand in one request."""
    forbidden = fields.get("forbidden", ())
    known = {name: fields[name] for name in Limits.__slots__ if name in fields}
    known["forbidden"] = tuple(
        (Table(item["table"]), item["first"], item["last"]) for item in forbidden
    )
    return Limits(**known)


def register(block: Fields, key: str, fields: Fields) -> Register:
    """Return one register with its block's defaults; never raises for what `checks` refuses."""
    kind, access = type_of(block, fields), access_of(block, fields)
    words = fields.get("length", 1) if kind is Type.STRING else WORDS[kind]
    own = {name: block[name] for name in NUMERIC if name in block and is_number(kind, fields)}
    own |= {name: fields[name] for name in NUMERIC if name in fields}
    return Register(
        key=key,
        table=Table(block["table"]),
        address=fields["address"] - block["first"],
        type=kind,
        words=words,
        word_order=Order(_given(block, fields, "word_order", Order.BIG)),
        byte_order=Order(_given(block, fields, "byte_order", Order.BIG)),
        mask=mask_of(fields, 16 * words),
        exponent=fields.get("exponent"),
        low=fields.get("min"),
        high=fields.get("max"),
        sentinels=frozenset(raw & (1 << 16 * words) - 1 for raw in fields.get("invalid", ())),
        labels=_by_number(fields.get("enum")),
        flags=_by_number(fields.get("flags")),
        unit=fields.get("unit"),
        rate=Rate(_given(block, fields, "rate", Rate.NORMAL)),
        access=access,
        write=None if access is Access.READ else _write(fields.get("write", {}), access),
        name=fields.get("name", ""),
        source=block.get("source", ""),
        **own,
    )


def type_of(block: Fields, fields: Fields) -> Type:
    """Return a register's type: its own, else by where it stands, else its block's."""
    if "type" in fields:
        return Type(fields["type"])
    if Table(block["table"]).is_bits or "bit" in fields:
        return Type.BOOL
    return Type(block.get("type", Type.UINT16))


def access_of(block: Fields, fields: Fields) -> Access:
    """Return what may be done with a register; `write` says that it may be written."""
    if "access" in fields:
        return Access(fields["access"])
    given = Access(block.get("access", Access.READ))
    return Access.READ_WRITE if "write" in fields and given is Access.READ else given


def is_number(kind: Type, fields: Fields) -> bool:
    """Tell whether a register shows a number, not a text, label, flag or switch."""
    return kind not in {Type.BOOL, Type.STRING} and not {"enum", "flags"} & fields.keys()


def mask_of(fields: Fields, bits: int) -> int | None:
    """Return the bits of its word that are a register's; None = all."""
    mask: int | None = fields.get("mask")
    if "bit" in fields:
        mask = 1 << fields["bit"]
    elif "flags" in fields and mask is None:
        mask = sum(1 << int(bit) for bit in fields["flags"] if 0 <= int(bit) < bits)
    return None if mask == (1 << bits) - 1 else mask


def _given(block: Fields, fields: Fields, name: str, default: str) -> str:
    found: str = fields.get(name, block.get(name, default))
    return found


def _by_number(names: Mapping[str, str] | None) -> dict[int, str] | None:
    return None if names is None else {int(number): name for number, name in names.items()}


def _write(fields: Fields, access: Access) -> Write:
    return Write(
        function=Function(fields.get("function", Function.AUTO)),
        low=fields.get("min"),
        high=fields.get("max"),
        step=fields.get("step"),
        verify=access is not Access.WRITE and fields.get("verify", True),
        verify_delay=fields.get("verify_delay", 0.0),
        verify_tries=fields.get("verify_tries", 3),
    )


def _unexpected(message: str, *path: str | int) -> None:
    raise ValueError(f"not checked before it was compiled: {message} ({path})")
