"""What the shell completes: names that only the running hub knows; silent when it is not there."""

from collections.abc import Callable
from typing import Any, Final

import click

SECONDS: Final = 1.0
MOST: Final = 500
"""Completions past this help nobody and make the shell slow."""


def resource(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Complete TYPE, then TYPE/KEY."""
    del parameter
    kinds = _kinds(context, incomplete)
    if len(kinds) == 1:
        return _fitting([*kinds, *_keys(context, kinds[0])], incomplete)
    return kinds


def full_resource(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Complete TYPE/KEY, for commands that need one resource."""
    del parameter
    kinds = _kinds(context, incomplete)
    if len(kinds) == 1:
        # A lone TYPE/ would get a space behind it.
        return _fitting(_keys(context, kinds[0]), incomplete)
    return [f"{kind}/" for kind in kinds]


def _kinds(context: click.Context, incomplete: str) -> list[str]:
    """Return the types that the word may mean; the one that stands before a slash."""
    kind, slash, _ = incomplete.partition("/")
    if slash:
        return [kind]
    return _fitting([item["resource_type"] for item in _ask(context, "/api/resources")], kind)


def _keys(context: click.Context, kind: str) -> list[str]:
    return [f"{kind}/{item['key']}" for item in _ask(context, f"/api/resources/{kind}")]


def keys_of(*kinds: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """Return what completes the keys of some types; one that two types have as TYPE/KEY."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
        del parameter
        found: dict[str, list[str]] = {}
        for kind in kinds:
            for item in _ask(context, f"/api/resources/{kind}"):
                found.setdefault(item["key"], []).append(kind)
        names = [
            name
            for key, owners in found.items()
            for name in ([key] if len(owners) == 1 else [f"{kind}/{key}" for kind in owners])
        ]
        return _fitting(names, incomplete)

    return complete


def job(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the id of a job."""
    del parameter
    return _fitting([item["id"] for item in _ask(context, "/api/jobs")], incomplete)


def user(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Complete a user name, an id for who has none."""
    del parameter
    return _fitting([it["username"] or it["id"] for it in _ask(context, "/api/users")], incomplete)


def entity(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Complete an entity id."""
    del parameter
    return _fitting([item["entity_id"] for item in _ask(context, "/api/states")], incomplete)


def entity_or_resource(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[Any]:
    """Complete an entity id, or TYPE/KEY."""
    if "/" in incomplete:
        return full_resource(context, parameter, incomplete)
    found = entity(context, parameter, incomplete)
    return [*found, *full_resource(context, parameter, incomplete)][:MOST]


def service(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Complete DOMAIN.SERVICE."""
    del parameter
    found = _ask(context, "/api/services")
    names = [f"{item['domain']}.{name}" for item in found for name in item["services"]]
    return _fitting(names, incomplete)


def _ask(context: click.Context, path: str) -> list[Any]:
    """Return the hub's answer, an empty list when anything is wrong."""
    try:
        client = context.params["client"]
        answer = client.request("GET", path, seconds=SECONDS).json()
        return answer if isinstance(answer, list) else []
    except Exception:  # noqa: BLE001 - a shell waits for names, not for complaints
        return []


def _fitting(names: list[str], incomplete: str) -> list[str]:
    """Return the names that go on from what was typed and that no shell can misread."""
    return [name for name in sorted(names) if name.startswith(incomplete) and _harmless(name)][
        :MOST
    ]


def _harmless(name: str) -> bool:
    return name.isascii() and name.translate(_PLAIN).isalnum()


_PLAIN: Final = str.maketrans("", "", "._-/")
