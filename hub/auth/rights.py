"""What one user may do: role and policies, compiled, with the answers remembered.

The role says what is allowed at first; a rule that allows widens it, a rule that denies wins over
everything. To control or edit what one may not read is not possible. The owner is not narrowed.
"""

import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from hub.auth.policy import KINDS, VERBS_OF, Rule, Selector
from hub.auth.roles import BASE, CALL, Role

MAX_KNOWN: Final = 16_384
"""Answers of each kind that are remembered; then they are worked out anew."""


class Place(NamedTuple):
    """Where an entity belongs: its own area or its device's, its labels and its device's."""

    area_id: str | None = None
    labels: frozenset[str] = frozenset()


NOWHERE: Final = Place()

Where = Callable[[str], Place]
Check = Callable[[Sequence[str]], bool]
"""Takes what is asked for: (entity id,), (resource type, key) or (service domain,)."""


class _Compiled(NamedTuple):
    """A rule for one kind of thing."""

    allow: bool
    applies: Check


class Rights:
    """The answers for one user; thrown away when role, policies or places change."""

    __slots__ = (
        "_base",
        "_entities",
        "_others",
        "_rules",
        "by_place",
        "plain",
        "reads_all",
        "reads_all_resources",
        "verbs",
    )

    def __init__(self, role: Role, rules: Iterable[Rule] = (), where: Where | None = None) -> None:
        """Compile; `where` tells the place of an entity."""
        rules = [] if role is Role.OWNER else list(rules)
        self._base = BASE[role]
        self.plain = not rules
        """Whether the role decides alone."""
        verbs = self._base.union(*(rule.verbs for rule in rules if rule.allow))
        self.verbs = verbs | {CALL} if "control" in verbs else verbs
        """What may be done to something at all; entities are controlled by calls."""
        self.by_place = any(_names_place(rule) for rule in rules)
        """Whether areas and labels matter."""
        self._rules = {
            (kind, verb): _compiled(rules, kind, verb, where or _nowhere)
            for kind, verbs in VERBS_OF.items()
            for verb in verbs
        }
        self.reads_all = not any(not rule.allow for rule in self._rules["entity", "read"])
        """Whether every entity may be read, so that lists need no filter."""
        self.reads_all_resources = not any(
            not rule.allow for rule in self._rules["resource", "read"]
        )
        """The same for resources."""
        self._entities: dict[str, dict[str, bool]] = {verb: {} for verb in VERBS_OF["entity"]}
        self._others: dict[tuple[str, ...], bool] = {}

    def renewed(self) -> "Rights":
        """Return the same rules without remembered answers, for when places have changed."""
        made = Rights.__new__(Rights)
        for name in Rights.__slots__:
            setattr(made, name, getattr(self, name))
        made._entities = {verb: {} for verb in self._entities}  # noqa: SLF001 - the same class
        made._others = {}  # noqa: SLF001
        return made

    def may(self, verb: str, entity_id: str | None = None) -> bool:
        """Tell whether a verb is allowed on an entity; None asks for anything at all."""
        if self.plain:
            return verb in self._base
        if entity_id is None:
            return verb in self.verbs
        known = self._entities[verb]
        found = known.get(entity_id)
        if found is None:
            found = self._decide("entity", verb, (entity_id,))
            if verb != "read":
                found = found and self.may("read", entity_id)
            if len(known) >= MAX_KNOWN:
                known.clear()
            known[entity_id] = found
        return found

    def may_resource(self, verb: str, resource_type: str, key: str | None = None) -> bool:
        """Tell whether a verb is allowed on a resource; None asks for any of the type."""
        if self.plain:
            return verb in self._base
        asked = (verb, resource_type) if key is None else (verb, resource_type, key)
        found = self._others.get(asked)
        if found is None:
            found = self._decide("resource", verb, asked[1:])
            if verb != "read":
                found = found and self.may_resource("read", resource_type, key)
            self._keep(asked, found)
        return found

    def may_call(self, domain: str) -> bool:
        """Tell whether services of a domain may be called that are not about entities."""
        if self.plain:
            return CALL in self._base
        found = self._others.get((domain,))
        if found is None:
            found = self._decide("service", CALL, (domain,))
            self._keep((domain,), found)
        return found

    def call_denied(self, domain: str) -> bool:
        """Tell whether a policy forbids the services of a domain, whatever they are about."""
        return not self.plain and any(
            not rule.allow and rule.applies((domain,)) for rule in self._rules["service", CALL]
        )

    def _decide(self, kind: str, verb: str, asked: Sequence[str]) -> bool:
        """Ask the denials first, then the role, then what is allowed beside it."""
        for rule in self._rules[kind, verb]:
            if rule.allow and verb in self._base:
                return True
            if rule.applies(asked):
                return rule.allow
        return verb in self._base

    def _keep(self, asked: tuple[str, ...], found: bool) -> None:
        if len(self._others) >= MAX_KNOWN:
            self._others.clear()
        self._others[asked] = found


def _compiled(rules: Iterable[Rule], kind: str, verb: str, where: Where) -> list[_Compiled]:
    """Return the rules about a verb on one kind of thing, denials first."""
    found = [
        _Compiled(rule.allow, _applies(rule, kind, where))
        for rule in rules
        if verb in rule.verbs and rule.about(kind)
    ]
    return sorted(found, key=lambda rule: rule.allow)


def _applies(rule: Rule, kind: str, where: Where) -> Check:
    loose = rule.allow
    select = _means(rule.select, kind, where, loose)
    spared = [
        _means(item, kind, where, not loose)
        for item in rule.spare
        if any(name in item for name in KINDS[kind])
    ]
    return lambda asked: select(asked) and not any(spare(asked) for spare in spared)


def _means(selector: Selector, kind: str, where: Where, loose: bool) -> Check:
    """Return the check of one selector.

    Asked for a type of resources without a key, `loose` says what a rule about some keys answers.
    """
    checks: list[Check] = []
    if (domains := _set(selector, "domain", kind)) is not None:
        checks.append(lambda asked: asked[0].partition(".")[0] in domains)
    if (areas := _set(selector, "area", kind)) is not None:
        checks.append(lambda asked: where(asked[0]).area_id in areas)
    if (labels := _set(selector, "label", kind)) is not None:
        checks.append(lambda asked: not labels.isdisjoint(where(asked[0]).labels))
    if (entity := _glob(selector, "entity", kind)) is not None:
        checks.append(lambda asked: entity(asked[0]) is not None)
    if (types := _glob(selector, "resource_type", kind)) is not None:
        checks.append(lambda asked: types(asked[0]) is not None)
    if (keys := _glob(selector, "resource_key", kind)) is not None:
        checks.append(lambda asked: loose if len(asked) == 1 else keys(asked[1]) is not None)
    if (services := _set(selector, "service", kind)) is not None:
        checks.append(lambda asked: asked[0] in services)
    if len(checks) == 1:
        return checks[0]
    return lambda asked: all(check(asked) for check in checks)


def _set(selector: Selector, name: str, kind: str) -> frozenset[str] | None:
    if name not in KINDS[kind] or name not in selector:
        return None
    return frozenset(selector[name])


def _glob(selector: Selector, name: str, kind: str) -> "Callable[[str], object] | None":
    texts = _set(selector, name, kind)
    if texts is None:
        return None
    return re.compile("|".join(fnmatch.translate(text) for text in sorted(texts))).match


def _names_place(rule: Rule) -> bool:
    return any("area" in item or "label" in item for item in (rule.select, *rule.spare))


def _nowhere(entity_id: str) -> Place:
    del entity_id
    return NOWHERE
