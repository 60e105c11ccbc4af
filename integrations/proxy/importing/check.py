"""Documents against the hub's own schema: what does not pass is told and left out."""

from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from integrations.proxy.importing.result import Finding, Imported, Level, Spec

REFERENCES = {"certificate_id": "proxy.certificate", "access_list_id": "proxy.access_list"}


def checked(found: Imported) -> Imported:
    """Return an import without the documents that the hub would refuse.

    Who refers to a document that is left out goes as well: a host without its access list would
    be open.
    """
    findings = list(found.findings)
    kept: dict[str, Spec] = {}
    for name, spec in found.documents.items():
        wrong = flaw(name, spec) or _missing(spec, kept)
        if wrong:
            findings.append(Finding(Level.LEFT_OUT, name, wrong, "write it by hand", name))
        else:
            kept[name] = spec
    return Imported(kept, tuple(findings))


def flaw(name: str, spec: Mapping[str, Any]) -> str:
    """Return why the hub would refuse a document; empty when it would not."""
    from hub.sdk import explain
    from integrations.proxy import schema

    domain, _, kind = name.partition("/")[0].partition(".")
    shape = getattr(schema, kind.upper(), None)
    if domain != "proxy" or shape is None:
        return "this is no resource of reverse proxies"
    try:
        full = shape(dict(spec))
        getattr(schema, f"check_{kind}")(full)
    except vol.Invalid as error:
        return explain(error)
    return ""


def _missing(spec: Mapping[str, Any], kept: Mapping[str, Any]) -> str:
    for part in (spec, *spec.get("locations", ())):
        for field, kind in REFERENCES.items():
            if (key := part.get(field)) and f"{kind}/{key}" not in kept:
                return f"{field}: {kind}/{key} is left out"
    return ""
