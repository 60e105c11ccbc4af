"""Whether a value fits the fields of the hub: its own schema is asked, value by value."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

import voluptuous as vol

from integrations.proxy.importing.result import Report
from integrations.proxy.importing.tree import Directive, text_of


def domain(name: str) -> str | None:
    """Return a domain name as the hub keeps it; None when it is none."""
    from integrations.proxy.schema.names import domain_pattern

    return _tried(domain_pattern, name)


def header(name: str, value: str) -> bool:
    """Tell whether a header can be a field."""
    from integrations.proxy.schema.texts import header_name, header_value

    return _tried(header_name, name) is not None and _tried(header_value, value) is not None


def location(spec: Mapping[str, Any]) -> str:
    """Return why a location can not be one; empty when it can."""
    from hub.sdk import explain
    from integrations.proxy.schema.location import LOCATION, check_location

    try:
        check_location(LOCATION(dict(spec)), frozenset(), [])
    except vol.Invalid as error:
        return explain(error)
    return ""


def network(address: str) -> str | None:
    """Return an address or a network without host bits; None when it is neither."""
    if address == "all":
        return address
    try:
        found = ipaddress.ip_network(address, strict=False)
    except ValueError:
        return None
    return str(found.network_address) if found.num_addresses == 1 else str(found)


def is_snippet(text: str) -> bool:
    """Tell whether a text can be the `advanced_config` of a host as it is."""
    from integrations.proxy.schema.snippets import server_snippet

    return _tried(server_snippet, text) is not None


def snippet(
    directives: Sequence[Directive], level: str, report: Report, about: str
) -> tuple[str, list[Directive]]:
    """Return the text of the directives that a snippet may hold, and the others.

    The others go to the report, each with what the lint says.
    """
    from integrations.proxy.syntax import lint

    kept, refused = [], []
    for item in directives:
        found = lint(text_of([item]), level)
        if found:
            report.left_out(item.place, f"{item.words}: {found[0][1]}", "", about)
            refused.append(item)
        else:
            kept.append(item)
    return text_of(kept) if kept else "", refused


def _tried(validator: object, value: str) -> str | None:
    try:
        found: str = vol.Schema(validator)(value)
    except vol.Invalid:
        return None
    return found
