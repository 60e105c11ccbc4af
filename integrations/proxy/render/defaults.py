"""Specs as they lie in manifests may be older than the schema: what is missing gets its default."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import voluptuous as vol

from integrations.proxy import const, schema
from integrations.proxy.models import Part
from integrations.proxy.schema.location import LOCATION

_SCHEMAS: Final[Mapping[str, vol.Schema]] = {
    const.SERVER: schema.SERVER,
    const.HOST: schema.HOST,
    const.REDIRECT: schema.REDIRECT,
    const.DEAD_HOST: schema.DEAD_HOST,
    const.STREAM: schema.STREAM,
    const.ACCESS_LIST: schema.ACCESS_LIST,
}
Spec = dict[str, Any]


@cache
def _defaults(type: str) -> Spec:
    known = _SCHEMAS.get(type)
    return {} if known is None else _of(known.schema)


@cache
def _location() -> Spec:
    return _of(LOCATION.schema.schema)  # type: ignore[attr-defined]  # set by `described`


def _of(fields: Mapping[Any, Any]) -> Spec:
    """Return each optional field with its default; None for those that have none."""
    found = {}
    for key in fields:
        if isinstance(key, vol.Optional):
            known = not isinstance(key.default, vol.Undefined)
            found[str(key.schema)] = key.default() if known else None  # type: ignore[operator]
    return found


def complete(part: Part) -> Spec:
    """Return a part's spec with every field; nobody may change what is in it."""
    found = {**_defaults(part.type), **part.spec}
    if part.type == const.HOST and found["locations"]:
        found["locations"] = [{**_location(), **one} for one in found["locations"]]
    return found


def fits(part: Part, spec: Mapping[str, Any]) -> bool:
    """Tell whether a spec has the shape that parts are compared by."""
    if part.type == const.STREAM:
        return isinstance(spec.get("incoming_port"), int)
    names = spec.get("domain_names")
    return isinstance(names, list) and all(isinstance(name, str) for name in names)
