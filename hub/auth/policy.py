"""Policies as data: named lists of rules, and the check of what people write."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hub.auth.errors import InvalidPolicy
from hub.auth.roles import CALL, ENTITY_VERBS, RESOURCE_VERBS, VERBS

ENTITY: Final = ("domain", "area", "label", "entity")
RESOURCE: Final = ("resource_type", "resource_key")
SERVICE: Final = ("service",)
SELECTORS: Final = (*ENTITY, *RESOURCE, *SERVICE)
"""What a rule may select by; `entity`, `resource_type` and `resource_key` take globs."""

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "entity": ENTITY,
    "resource": RESOURCE,
    "service": SERVICE,
}
VERBS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "entity": ENTITY_VERBS,
    "resource": RESOURCE_VERBS,
    "service": (CALL,),
}

MAX_RULES: Final = 100
MAX_ITEMS: Final = 500
MAX_TEXT: Final = 255
MAX_DESCRIPTION: Final = 1000

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")

Selector = Mapping[str, tuple[str, ...]]
"""Texts by selector: a thing is meant when each selector names it with any of its texts."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of a policy: allow or deny some verbs on what `select` means."""

    allow: bool
    verbs: frozenset[str]
    select: Selector = field(default_factory=dict)
    spare: tuple[Selector, ...] = ()
    """What one of these means is left out of the rule (`except`)."""

    def about(self, kind: str) -> bool:
        """Tell whether the rule speaks of entities, resources or services at all."""
        return not self.select or any(name in self.select for name in KINDS[kind])

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        found: dict[str, Any] = {
            "effect": "allow" if self.allow else "deny",
            "verbs": [verb for verb in VERBS if verb in self.verbs],
            **{name: list(self.select[name]) for name in SELECTORS if name in self.select},
        }
        if self.spare:
            found["except"] = [{name: list(item[name]) for name in item} for item in self.spare]
        return found


@dataclass(frozen=True, slots=True)
class Policy:
    """A named list of rules that users refer to."""

    name: str
    rules: tuple[Rule, ...]
    description: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "name": self.name,
            "description": self.description,
            "rules": [rule.as_dict() for rule in self.rules],
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


def parsed(name: object, rules: object, description: object = "") -> Policy:
    """Return what people wrote as a policy; raises `InvalidPolicy` with every problem's path."""
    problems: list[tuple[str, str]] = []
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        expected = "expected 1 to 64 small letters, digits, '_', '.' or '-'"
        problems.append(("name", expected))
    if not isinstance(description, str) or len(description) > MAX_DESCRIPTION:
        problems.append(("description", f"expected a text of up to {MAX_DESCRIPTION} characters"))
    found: list[Rule] = []
    if not isinstance(rules, list) or not 1 <= len(rules) <= MAX_RULES:
        problems.append(("rules", f"expected a list of 1 to {MAX_RULES} rules"))
    else:
        read = (_rule(item, f"rules.{number}", problems) for number, item in enumerate(rules))
        found = [rule for rule in read if rule is not None]
    if problems:
        raise InvalidPolicy(problems)
    return Policy(str(name), tuple(found), str(description))


Problems = list[tuple[str, str]]


def _rule(value: object, path: str, problems: Problems) -> Rule | None:
    if not isinstance(value, dict):
        problems.append((path, "expected an object with effect, verbs and selectors"))
        return None
    before = len(problems)
    if value.get("effect") not in ("allow", "deny"):
        problems.append((f"{path}.effect", "expected allow or deny"))
    verbs = _texts(value.get("verbs"), f"{path}.verbs", problems)
    for number, verb in enumerate(verbs):
        if verb not in VERBS:
            problems.append((f"{path}.verbs.{number}", f"expected one of {', '.join(VERBS)}"))
    select = {name: value[name] for name in value if name in SELECTORS}
    for name in value:
        if name not in SELECTORS and name not in ("effect", "verbs", "except"):
            known = ", ".join(("effect", "verbs", *SELECTORS, "except"))
            problems.append((f"{path}.{str(name)[:80]}", f"unknown; a rule has {known}"))
    selector = _selector(select, path, problems)
    spare = _spared(value.get("except"), f"{path}.except", problems)
    if len(problems) > before:
        return None
    rule = Rule(value["effect"] == "allow", frozenset(verbs), selector, spare)
    meant = {verb for kind, known in VERBS_OF.items() if rule.about(kind) for verb in known}
    for number, verb in enumerate(verbs):
        if verb not in meant:
            why = f"the rule selects nothing that one can {verb}"
            problems.append((f"{path}.verbs.{number}", why))
    return rule


def _spared(value: object, path: str, problems: Problems) -> tuple[Selector, ...]:
    """Read `except`: one selector object, or a list of them."""
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    found = []
    for number, item in enumerate(items[:MAX_ITEMS]):
        where = f"{path}.{number}" if isinstance(value, list) else path
        if not isinstance(item, dict) or not item:
            problems.append((where, f"expected an object with one of {', '.join(SELECTORS)}"))
            continue
        for name in item:
            if name not in SELECTORS:
                known = f"unknown; one of {', '.join(SELECTORS)} is"
                problems.append((f"{where}.{str(name)[:80]}", f"{known} expected"))
        kept = {name: item[name] for name in item if name in SELECTORS}
        found.append(_selector(kept, where, problems))
    return tuple(found)


def _selector(value: Mapping[str, object], path: str, problems: Problems) -> Selector:
    return {
        name: tuple(_texts(value[name], f"{path}.{name}", problems))
        for name in SELECTORS
        if name in value
    }


def _texts(value: object, path: str, problems: Problems) -> list[str]:
    """Read a text or a list of texts."""
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_ITEMS:
        problems.append((path, "expected a text or a list of texts"))
        return []
    found = []
    for number, item in enumerate(items):
        if isinstance(item, str) and 0 < len(item) <= MAX_TEXT:
            found.append(item)
        else:
            problems.append((f"{path}.{number}", f"expected a text of 1 to {MAX_TEXT} characters"))
    return found
