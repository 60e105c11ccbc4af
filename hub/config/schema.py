"""The schema of the hub's own sections of hub.yaml."""

import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import voluptuous as vol

from hub.config.settings import Discovery, Profile, Protocol
from hub.schema import boolean, finite_float, port, slug, text
from hub.schema.database_url import database_url

_TOPIC: Final = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*")
_HOST: Final = re.compile(r"[A-Za-z0-9_.:\[\]*-]+")
_SECONDS_MIN, _SECONDS_MAX = 5, 3600


def _matching(pattern: str, expected: str) -> Callable[[object], str]:
    """Accept a text of one form; the message names it by an example."""
    compiled = re.compile(pattern)

    def validate(value: object) -> str:
        if not isinstance(value, str) or compiled.fullmatch(value) is None:
            raise vol.Invalid(f"expected {expected}")
        return value

    return validate


def _one_of(*words: str) -> Callable[[object], str]:
    """Accept one of some words; YAML's booleans stand for on and off."""

    def validate(value: object) -> str:
        word = {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
        if word.lower() not in words:
            raise vol.Invalid(f"expected one of {', '.join(words)}")
        return word.lower()

    return validate


def _between(low: float, high: float) -> Callable[[object], float]:
    """Accept a number of a range, ends included."""

    def validate(value: object) -> float:
        number = finite_float(value)
        if not low <= number <= high:
            raise vol.Invalid(f"expected a number between {low:g} and {high:g}")
        return number

    return validate


def _time_zone(value: object) -> str:
    """Accept a name of the time zone database."""
    try:
        ZoneInfo(text(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise vol.Invalid("expected a time zone such as Europe/Berlin") from None
    return str(value)


def _url(value: object) -> str:
    """Accept scheme, host and port of a web address; the slash at its end is dropped."""
    address = text(value).rstrip("/")
    try:
        parts = urlsplit(address)
        complete = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.path
        complete = complete and (parts.port is None or parts.port > 0)
    except ValueError:
        complete = False
    if not complete:
        raise vol.Invalid("expected an address such as https://hub.example.org:8123")
    return address


def _network(value: object) -> IPv4Network | IPv6Network:
    """Accept an address or a network in CIDR form."""
    try:
        return ip_network(text(value))
    except ValueError:
        raise vol.Invalid("expected an address or a network such as 192.168.1.0/24") from None


_host: Final = _matching(_HOST.pattern, "a host name or an address")
_topic: Final = _matching(_TOPIC.pattern, "letters, digits, _ and -, levels divided by /")
_level: Final = _one_of("debug", "info", "warning", "error", "critical")
_broker: Final = {
    vol.Required("host"): _host,
    vol.Optional("port"): port,
    vol.Optional("username"): text,
    vol.Optional("password"): text,
    vol.Optional("tls"): boolean,
    vol.Optional("tls_ca"): text,
    vol.Optional("tls_insecure"): boolean,
    vol.Optional("keepalive"): vol.All(_between(_SECONDS_MIN, _SECONDS_MAX), vol.Coerce(int)),
}

SECTIONS: Final[dict[str, dict[vol.Marker, Any]]] = {
    "hub": {
        vol.Optional("name"): vol.All(text, vol.Length(min=1, max=100, msg="expected a name")),
        vol.Optional("hub_id"): slug,
        vol.Optional("latitude"): _between(-90, 90),
        vol.Optional("longitude"): _between(-180, 180),
        vol.Optional("elevation"): _between(-500, 9000),
        vol.Optional("time_zone"): _time_zone,
        vol.Optional("language"): _matching("[a-z]{2,3}(-[A-Za-z]+)*", "a language such as en"),
        vol.Optional("country"): _matching("[A-Z]{2}", "two capital letters such as DE"),
        vol.Optional("currency"): _matching("[A-Z]{3}", "three capital letters such as EUR"),
        vol.Optional("unit_system"): _one_of("metric", "us_customary"),
        vol.Optional("internal_url"): _url,
        vol.Optional("external_url"): _url,
        vol.Optional("profile"): vol.All(_one_of(*Profile), vol.Coerce(Profile)),
        vol.Optional("debug"): boolean,
    },
    "http": {
        vol.Optional("host"): _host,
        vol.Optional("port"): port,
        vol.Optional("trusted_proxies"): [_network],
        vol.Optional("allowed_hosts"): [_host],
        vol.Optional("cors_origins"): [_url],
    },
    "mqtt": {
        vol.Optional("enabled"): boolean,
        vol.Optional("broker"): _broker,
        vol.Optional("managed_port"): port,
        vol.Optional("base"): _topic,
        vol.Optional("prefix"): _topic,
        vol.Optional("discovery"): vol.All(_one_of(*Discovery), vol.Coerce(Discovery)),
        vol.Optional("protocol"): vol.All(_one_of(*Protocol), vol.Coerce(Protocol)),
        vol.Optional("legacy_object_id"): boolean,
        vol.Optional("commands_role"): _one_of("viewer", "operator", "admin"),
        vol.Optional("user"): text,
    },
    "logger": {
        vol.Optional("level"): _level,
        vol.Optional("levels"): {text: _level},
        vol.Optional("format"): _one_of("auto", "console", "json"),
    },
    "auth": {
        vol.Optional("ban_after"): vol.All(_between(0, 10000), vol.Coerce(int)),
        vol.Optional("ban_minutes"): _between(1, 525600),
    },
    "audit": {vol.Optional("keep_days"): _between(1, 36500)},
    "metrics": {vol.Optional("enabled"): boolean, vol.Optional("entities"): boolean},
    "recorder": {
        vol.Optional("enabled"): boolean,
        vol.Optional("url"): database_url,
        vol.Optional("commit_interval"): _between(0.1, 60),
        vol.Optional("keep_days"): _between(0.1, 36500),
        vol.Optional("keep_short_days"): _between(1, 36500),
        vol.Optional("keep_hour_days"): _between(1, 36500),
        vol.Optional("max_size"): vol.All(_between(0, 100_000_000), vol.Coerce(int)),
        vol.Optional("min_free_disk"): vol.All(_between(0, 100_000_000), vol.Coerce(int)),
    },
    "diagnostics": {vol.Optional("show_addresses"): boolean},
}
"""Defaults are those of `settings`: the schema only says what is allowed."""
