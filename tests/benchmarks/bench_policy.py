"""Measure what a right costs: a check, compiling, a move of an entity; print JSON."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from hub.auth.policy import parsed
from hub.auth.rights import Place, Rights
from hub.auth.roles import Role
from hub.auth.user import User

ENTITIES = [f"light.room_{number % 40}_{number}" for number in range(5000)]
PLACES = {
    entity_id: Place(f"area_{number % 40}", frozenset({f"label_{number % 7}"}))
    for number, entity_id in enumerate(ENTITIES)
}
RULES: list[dict[str, Any]] = [
    {"effect": "deny", "verbs": ["read"], "domain": ["lock", "alarm_control_panel"]},
    {"effect": "deny", "verbs": ["control"], "label": ["label_3"]},
    {"effect": "deny", "verbs": ["read"], "area": ["area_7"], "except": {"entity": "light.*_7"}},
    *({"effect": "allow", "verbs": ["edit"], "area": [f"area_{n}"]} for n in range(8)),
    {"effect": "allow", "verbs": ["control"], "entity": ["light.room_1*", "switch.*_pump"]},
    {"effect": "deny", "verbs": ["write"], "resource_type": "proxy.*", "resource_key": "shop*"},
    {"effect": "allow", "verbs": ["write"], "resource_type": ["proxy.*", "vpn.user"]},
]


def nanoseconds(action: Callable[[str], object], asked: list[str], rounds: int = 5) -> int:
    """Return the best of some rounds over all of `asked`, for one call, the loop taken off."""
    best = min(_round(action, asked) for _ in range(rounds))
    return max(0, round((best - min(_round(_nothing, asked) for _ in range(rounds))) * 1e9))


def _round(action: Callable[[str], object], asked: list[str]) -> float:
    start = time.perf_counter()
    for one in asked:
        action(one)
    return (time.perf_counter() - start) / len(asked)


def _nothing(_: str) -> None:
    return None


def main() -> None:
    """Measure and print."""
    rules = parsed("measured", RULES).rules

    def compiled(role: Role) -> Rights:
        return Rights(role, rules, PLACES.__getitem__)

    plain = User(id="1", name="plain", role=Role.OPERATOR)
    bound = User(
        id="2", name="bound", role=Role.OPERATOR, compile=lambda _: compiled(Role.OPERATOR)
    )
    known = ENTITIES * 20
    for entity_id in ENTITIES:
        bound.may("control", entity_id)
    keys = [f"host-{number}" for number in range(2000)] * 50
    for key in keys[:2000]:
        bound.may_resource("write", "proxy.host", key)

    def first() -> float:
        rights = compiled(Role.OPERATOR)
        return _round(lambda entity_id: rights.may("control", entity_id), ENTITIES)

    start = time.perf_counter()
    for _ in range(200):
        compiled(Role.OPERATOR)
    compiling = (time.perf_counter() - start) / 200
    json.dump(
        {
            "rules": len(RULES),
            "entities": len(ENTITIES),
            "check_ns": {
                "role alone": nanoseconds(lambda it: plain.may("control", it), known),
                "policies, answered before": nanoseconds(
                    lambda it: bound.may("control", it), known
                ),
                "policies, first time": round(min(first() for _ in range(5)) * 1e9),
                "resource, answered before": nanoseconds(
                    lambda it: bound.may_resource("write", "proxy.host", it), keys
                ),
            },
            "compile_us": round(compiling * 1e6, 1),
            "entity_moved_us": round(nanoseconds(lambda _: bound.moved(), ENTITIES) / 1000, 1),
        },
        sys.stdout,
        indent=1,
    )
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
