"""How the services of this integration are called: fields, their checks, and words for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import voluptuous as vol

from hub.sdk import Field, boolean, list_of, text


@dataclass(frozen=True, slots=True)
class Verb:
    """A service; `Services` has a method of its name."""

    name: str
    title: str
    words: str
    schema: Mapping[Any, Any]
    fields: Mapping[str, Field]
    asks: bool = False
    """Whether it only answers: then a response has to be asked for."""
    admin: bool = False


_TEXT: Final = {"text": None}
_KEY: Final = vol.All(text, vol.Length(min=1, max=100))
_SERVER: Final = {vol.Required("server"): _KEY}
_HOST: Final = {vol.Required("host"): _KEY}
_SERVER_FIELD: Final = Field(_TEXT, required=True, name="Server", example="web1")
_HOST_FIELD: Final = Field(_TEXT, required=True, name="Host", example="blog")
_RESOURCE_FIELD: Final = Field(
    _TEXT, required=True, name="Resource", description="type/key", example="proxy.host/blog"
)
_CERTIFICATE_FIELD: Final = Field(_TEXT, required=True, name="Certificate", example="example_com")


def _names(value: object) -> list[str]:
    """Accept a name or a list of them."""
    found = [text(value)] if isinstance(value, str) else list_of(text)(value)
    if not 1 <= len(found) <= 1000:
        raise vol.Invalid("expected 1 to 1000 resources")
    return list(dict.fromkeys(found))


VERBS: Final = (
    Verb(
        "deploy",
        "Deploy",
        "Brings resources to their servers now",
        {vol.Required("resource"): _names},
        {"resource": _RESOURCE_FIELD},
    ),
    Verb(
        "dry_run",
        "Dry run",
        "Lets the servers test what a deploy would bring and shows the difference",
        {vol.Required("resource"): _KEY, vol.Optional("spec"): dict},
        {
            "resource": _RESOURCE_FIELD,
            "spec": Field({"object": None}, name="Spec", description="Instead of the stored one"),
        },
        asks=True,
    ),
    Verb(
        "rollback",
        "Roll back",
        "Serves an earlier release of a server again",
        {**_SERVER, vol.Optional("release"): _KEY},
        {
            "server": _SERVER_FIELD,
            "release": Field(_TEXT, name="Release", description="Absent = the one before"),
        },
    ),
    Verb(
        "drift",
        "Show drift",
        "Shows what was changed by hand on a server, as texts",
        _SERVER,
        {"server": _SERVER_FIELD},
        asks=True,
    ),
    Verb(
        "adopt",
        "Adopt",
        "Keeps what was changed by hand on a server",
        {**_SERVER, vol.Optional("paths"): list_of(text)},
        {
            "server": _SERVER_FIELD,
            "paths": Field({"object": None}, name="Files", description="Absent = all"),
        },
    ),
    Verb(
        "overwrite",
        "Overwrite",
        "Replaces what was changed by hand on a server",
        _SERVER,
        {"server": _SERVER_FIELD},
    ),
    Verb(
        "issue",
        "Issue certificate",
        "Gets a certificate that is missing or due",
        {vol.Required("certificate"): _KEY},
        {"certificate": _CERTIFICATE_FIELD},
    ),
    Verb(
        "renew",
        "Renew certificate",
        "Gets a new certificate whether it is time to or not",
        {vol.Required("certificate"): _KEY},
        {"certificate": _CERTIFICATE_FIELD},
    ),
    Verb(
        "purge_cache",
        "Purge cache",
        "Deletes what the servers of a host have cached of it",
        _HOST,
        {"host": _HOST_FIELD},
    ),
    Verb(
        "set_maintenance",
        "Set maintenance",
        "Shows the page of maintenance instead of a host, or no more",
        {**_HOST, vol.Required("enabled"): boolean, vol.Optional("message"): text},
        {
            "host": _HOST_FIELD,
            "enabled": Field({"boolean": None}, required=True, name="Maintenance"),
            "message": Field({"text": {"multiline": True}}, name="Message"),
        },
    ),
    Verb(
        "test_upstream",
        "Test upstream",
        "Asks the upstreams of a host from each of its servers",
        _HOST,
        {"host": _HOST_FIELD},
        asks=True,
    ),
    Verb("status", "Status", "Tells everything of the fleet", {}, {}, asks=True),
    Verb(
        "diagnostics",
        "Diagnostics",
        "Tells what is needed to find a fault",
        {},
        {},
        asks=True,
        admin=True,
    ),
)
