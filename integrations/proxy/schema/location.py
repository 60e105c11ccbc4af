"""A location of a host: a path with an upstream, a door and limits of its own."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import voluptuous as vol

from hub.sdk import boolean, described, port
from integrations.proxy.const import ACCESS_LIST
from integrations.proxy.schema.blocks import (
    FORWARD_AUTH,
    HEADERS,
    RATE_LIMIT,
    check_headers,
    check_rate_limit,
)
from integrations.proxy.schema.names import host
from integrations.proxy.schema.numbers import maybe, one_of, reference
from integrations.proxy.schema.patterns import regex
from integrations.proxy.schema.snippets import location_snippet
from integrations.proxy.schema.texts import path
from integrations.proxy.syntax import MalformedError, parse

_FIELDS: Final[dict[Any, Any]] = {
    vol.Required("path", description="Path, or pattern"): vol.Any(str, msg="expected a text"),
    vol.Optional("match", default="prefix", description="How the path is meant"): one_of(
        "prefix", "exact", "regex"
    ),
    vol.Optional("forward_scheme", description="As the host's when left out"): maybe(
        one_of("http", "https")
    ),
    vol.Optional("forward_host", description="As the host's when left out"): maybe(host),
    vol.Optional("forward_port", description="As the host's when left out"): maybe(port),
    vol.Optional("forward_path", description="Stands in the path's place upstream"): maybe(path),
    vol.Optional(
        "access_list_id", default=None, description="Who may come in; as the host's when left out"
    ): reference(ACCESS_LIST),
    vol.Optional("public", default=False, description="Open to everyone"): boolean,
    vol.Optional("forward_auth", description="As the host's when left out"): maybe(FORWARD_AUTH),
    vol.Optional("rate_limit", description="Instead of the host's"): maybe(RATE_LIMIT),
    vol.Optional(
        "headers", default=lambda: {"request": {}, "response": {}}, description="Beside the host's"
    ): HEADERS,
    vol.Optional("allow_websocket_upgrade", description="As the host's when left out"): maybe(
        boolean
    ),
    vol.Optional(
        "advanced_config",
        default="",
        description={"description": "Directives of nginx, each ended by ;", "multiline": True},
    ): location_snippet,
}
_SCHEMA: Final = vol.Schema(_FIELDS)


@described(schema=_SCHEMA)
def LOCATION(value: object) -> dict[str, Any]:  # noqa: N802 - stands beside the other schemas
    """Accept a location; what its path may hold is told by `match`."""
    found: dict[str, Any] = _SCHEMA(value)
    try:
        found["path"] = (regex if found["match"] == "regex" else path)(found["path"])
    except vol.Invalid as error:
        raise vol.Invalid(error.msg, path=["path"]) from None
    return found


def check_forward(spec: Mapping[str, Any], path: Sequence[Any]) -> bool:
    """Tell whether an upstream is named; its name and its port go together."""
    name, port = spec.get("forward_host"), spec.get("forward_port")
    if name is not None and port is None:
        raise vol.Invalid("expected the upstream's port", path=[*path, "forward_port"])
    if name is None and port is not None:
        raise vol.Invalid("expected the upstream's name", path=[*path, "forward_host"])
    return name is not None


def forged(spec: Mapping[str, Any]) -> frozenset[str]:
    """Return the request headers, in small letters, that only a sign-in service may fill."""
    places = [spec, *spec.get("locations", ())]
    return frozenset(
        name.lower()
        for place in places
        for name in (place.get("forward_auth") or {}).get("response_headers", ())
    )


def check_location(
    location: Mapping[str, Any], fenced: frozenset[str], path: Sequence[Any]
) -> None:
    """Refuse what the fields of a location forbid together."""
    if not check_forward(location, path) and location.get("forward_scheme") is not None:
        raise vol.Invalid("needs forward_host", path=[*path, "forward_scheme"])
    if location["public"]:
        for field in ("access_list_id", "forward_auth"):
            if location.get(field) is not None:
                raise vol.Invalid("expected nothing: public opens it", path=[*path, field])
    if location["path"].startswith("/.well-known/acme-challenge"):
        raise vol.Invalid("belongs to the challenges of certificates", path=[*path, "path"])
    if location["path"].startswith("/.hub"):
        raise vol.Invalid("expected another path: the hub's own begin so", path=[*path, "path"])
    check_headers(location["headers"], [*path, "headers"])
    check_rate_limit(location.get("rate_limit"), [*path, "rate_limit"])
    for name in location["headers"]["request"]:
        if name.lower() in fenced:
            raise vol.Invalid("comes from forward_auth", path=[*path, "headers", "request", name])
    check_snippet(location["advanced_config"], fenced, [*path, "advanced_config"])


def check_snippet(snippet: str, fenced: frozenset[str], path: Sequence[Any]) -> None:
    """Refuse a snippet that fills what only a sign-in service may fill."""
    try:
        statements = parse(snippet)
    except MalformedError as error:
        raise vol.Invalid(str(error), path=list(path)) from None
    for one in statements:
        if one.name == "proxy_set_header" and one.arguments[:1]:
            name = one.arguments[0].lower()
            if name in fenced or name.replace("_", "-") in fenced:
                raise vol.Invalid(
                    f"line {one.line}: {one.arguments[0][:64]} comes from forward_auth",
                    path=list(path),
                )
