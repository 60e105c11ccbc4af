"""The resource types of this integration."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.sdk import DriftPolicy, ResourceType
from integrations.proxy import schema
from integrations.proxy.const import (
    ACCESS_LIST,
    CERTIFICATE,
    DEAD_HOST,
    GROUP,
    HOST,
    OBSERVE_SECONDS,
    REDIRECT,
    SERVER,
    STREAM,
)

if TYPE_CHECKING:
    import voluptuous as vol

    from hub.sdk import Controller, Hub

ROLLOUT_SECONDS: Final = 3600.0
"""The longest that a rollout over a group may take."""


def _servers(hub: "Hub") -> "Controller[Any]":
    from integrations.proxy.controller import Servers

    return Servers(hub)


def _groups(hub: "Hub") -> "Controller[Any]":
    from integrations.proxy.group import Groups

    return Groups(hub)


def _certificates(hub: "Hub") -> "Controller[Any]":
    from integrations.proxy.certificate import Certificates

    return Certificates(hub)


def _placed(hub: "Hub") -> "Controller[Any]":
    from integrations.proxy.placed import PlacedController

    return PlacedController(hub)


def _title(spec: Mapping[str, Any]) -> str | None:
    names = spec.get("domain_names") or ()
    return spec.get("name") or (names[0] if names else None)


def _deployed(
    name: str,
    spec: "vol.Schema",
    check: Callable[[Mapping[str, Any]], None],
    title: str,
    description: str,
) -> ResourceType:
    return ResourceType(
        name=name,
        schema=spec,
        check=check,
        controller=_placed,
        title=title,
        description=description,
        title_of=_title,
        drift=DriftPolicy.REPORT,
        observe_seconds=OBSERVE_SECONDS,
        # those that wait for the same server go together in its next deploy
        workers=100,
        apply_seconds=ROLLOUT_SECONDS,
    )


TYPES: Final = (
    ResourceType(
        name=SERVER,
        schema=schema.SERVER,
        check=schema.check_server,
        controller=_servers,
        title="Proxy server",
        description="An nginx that the hub deploys to",
        drift=DriftPolicy.REPORT,
        observe_seconds=OBSERVE_SECONDS,
        workers=16,
    ),
    ResourceType(
        name=GROUP,
        schema=schema.GROUP,
        check=schema.check_group,
        controller=_groups,
        title="Proxy group",
        description="Servers that serve the same, and how changes reach them",
        drift=DriftPolicy.IGNORE,
    ),
    _deployed(
        HOST,
        schema.HOST,
        schema.check_host,
        "Proxy host",
        "Domains that are handed on to a web server",
    ),
    _deployed(
        REDIRECT,
        schema.REDIRECT,
        schema.check_redirect,
        "Redirection",
        "Domains that lead to another domain",
    ),
    _deployed(
        STREAM, schema.STREAM, schema.check_stream, "Stream", "A TCP or UDP port that is handed on"
    ),
    _deployed(
        DEAD_HOST, schema.DEAD_HOST, schema.check_dead_host, "404 host", "Domains that answer 404"
    ),
    _deployed(
        ACCESS_LIST,
        schema.ACCESS_LIST,
        schema.check_access_list,
        "Access list",
        "Who may use a host: users with passwords, and addresses",
    ),
    ResourceType(
        name=CERTIFICATE,
        schema=schema.CERTIFICATE,
        check=schema.check_certificate,
        controller=_certificates,
        title="Certificate",
        description="For the domains of hosts; asked for and renewed by the hub, or uploaded",
        title_of=_title,
        drift=DriftPolicy.REPAIR,
        observe_seconds=3600.0,
        workers=8,
        apply_seconds=ROLLOUT_SECONDS,
    ),
)
