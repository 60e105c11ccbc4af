"""How nginx reaches what is behind a host, so that a name that does not resolve stops nothing.

An address stands in `proxy_pass`. A name goes through a variable: then nginx asks `resolver` at
each request instead of refusing to start. A group holds addresses; names in it need `resolve`,
which is in the free nginx since 1.27.3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from integrations.proxy.models import RESOLVE_IN_UPSTREAM
from integrations.proxy.render.context import FlawError, Here
from integrations.proxy.render.writer import Page, literal
from integrations.proxy.schema.blocks import is_address

LOCALHOST: Final = "localhost"
"""Name servers do not know it, and nginx reads no /etc/hosts for variables."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a location passes its requests to."""

    url: str
    """For `proxy_pass`: scheme, host and port, without a path."""
    variable: str | None
    """The `set` that goes before it, when it is a name."""
    resolver: tuple[str, ...]
    """The directives that the name needs; empty for an address."""
    name: str | None
    """What a certificate of the upstream should stand for; None = an address."""


def reach(
    here: Here, scheme: str, name: str, port: int, field: str, variable: str = "hub_target"
) -> Target:
    """Return how one upstream is reached; raises `FlawError` when its name can not be asked for."""
    if name == LOCALHOST:
        name = "127.0.0.1"
    if is_address(name):
        return Target(f"{scheme}://{bracketed(name)}:{port}", None, (), None)
    return Target(
        f"{scheme}://${variable}:{port}",
        f"set ${variable} {literal(name)}",
        here.resolver(field),
        name,
    )


def group(
    here: Here,
    page: Page,
    name: str,
    upstreams: Sequence[Mapping[str, Any]],
    *,
    balance: str = "round_robin",
    keepalive: int = 0,
    field: str = "upstreams",
) -> None:
    """Write an `upstream` block; raises `FlawError` for names that this nginx can not look up."""
    page.open(field, f"upstream {name}")
    # the processes of nginx count turns and failures together
    page.add(field, f"zone {name} 64k")
    if balance != "round_robin":
        page.add("balance", balance)
    names = [index for index, one in enumerate(upstreams) if not fixed(one["host"])]
    if names:
        place = f"{field}.{names[0]}.host"
        if not here.features.at_least(RESOLVE_IN_UPSTREAM):
            raise FlawError(
                place,
                f"nginx {here.features.text} can not look a name up again inside a group; give"
                " addresses, or one name alone as forward_host, or update nginx to 1.27.3",
            )
        page.add(place, *here.resolver(place))
    for index, one in enumerate(upstreams):
        page.add(f"{field}.{index}", _server(one))
    if keepalive:
        page.add("keepalive", f"keepalive {keepalive}")
    page.close()


def bracketed(name: str) -> str:
    """Return an IPv6 address in brackets, all else as it is."""
    return f"[{name}]" if ":" in name else name


def fixed(name: str) -> bool:
    """Tell whether nginx needs no name server for it."""
    return name == LOCALHOST or is_address(name)


def _server(one: Mapping[str, Any]) -> str:
    """Return the `server` directive of one upstream."""
    name = "127.0.0.1" if one["host"] == LOCALHOST else one["host"]
    words = [f"server {bracketed(literal(name))}:{one['port']}"]
    if (weight := one.get("weight", 1)) != 1:
        words.append(f"weight={weight}")
    words.append(f"max_fails={one.get('max_fails', 1)}")
    words.append(f"fail_timeout={one.get('fail_timeout', 10)}s")
    words += [flag for flag in ("backup", "down") if one.get(flag)]
    if not fixed(one["host"]):
        words.append("resolve")
    return " ".join(words)
