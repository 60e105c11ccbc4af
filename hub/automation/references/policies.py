"""What the policies of users name."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from hub.automation.references.named import Kind, Named, Path

if TYPE_CHECKING:
    from hub.auth.policy import Policy, Selector

_KINDS: Final = (("entity", Kind.ENTITY), ("area", Kind.AREA), ("label", Kind.LABEL))


def in_policy(policy: "Policy") -> Iterator[Named]:
    """Yield what a policy names; globs name nothing in particular."""
    for number, rule in enumerate(policy.rules):
        yield from _selected(("rules", number), rule.select)
        for item in rule.spare:
            yield from _selected(("rules", number, "except"), item)


def _selected(path: Path, selector: "Selector") -> Iterator[Named]:
    for key, kind in _KINDS:
        for index, value in enumerate(selector.get(key, ())):
            if not set(value) & set("*?["):
                yield Named((*path, key, index), kind, value)


def with_other_id(rule: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """Return a rule in its wire form with another id for an entity."""
    found = _changed(rule, old, new)
    if "except" in found:
        found["except"] = [_changed(item, old, new) for item in found["except"]]
    return found


def _changed(selector: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return {
        key: [new if item == old else item for item in value] if key == "entity" else value
        for key, value in selector.items()
    }
