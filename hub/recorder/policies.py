"""What is kept of which entity: rules in order, the first that matches wins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from hub.const import (
    EVENT_AREA_REGISTRY_UPDATED,
    EVENT_DEVICE_REGISTRY_UPDATED,
    EVENT_ENTITY_REGISTRY_UPDATED,
    EVENT_LABEL_REGISTRY_UPDATED,
)
from hub.recorder.rules import BUILT_IN, DEFAULT, Rule, Subject

if TYPE_CHECKING:
    from hub.events import Event
    from hub.hub import Hub

Record = Literal["all", "none", "statistics_only", "changes"]
Priority = Literal["low", "normal", "high"]

TYPE: Final = "hub.recorder_policy"

STATISTICS_ONLY_DAYS: Final = 2 / 24
"""How long single changes live that are only kept until their statistics are made."""

ALWAYS_KEPT: Final = ("unit_of_measurement", "device_class", "state_class", "last_reset")
"""Attributes that say what a number means: statistics can not do without them."""

MAX_REMEMBERED: Final = 100_000
"""Entities whose policy is remembered; beyond it all are looked up again."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The effective values of one entity and the rule that gave them."""

    record: Record = "all"
    keep_days: float = 10.0
    min_interval: float = 0.0
    """Seconds between two rows; the last value of an interval is always kept."""
    deadband: float = 0.0
    """A number that moved less since the last row makes none, in the entity's unit."""
    deadband_percent: float = 0.0
    """The same, in percent of the last row's number."""
    attributes: bool | frozenset[str] = True
    """All, none, or the named ones; see `kept`."""
    statistics: bool = True
    priority: Priority = "normal"
    rule: str = "default"
    """A resource's key, or the name of a rule that every house has."""
    only_numeric: bool = False
    """Texts make no row, except those that say that there is no number."""

    @property
    def plain(self) -> bool:
        """Tell whether every change makes a row: there is nothing to compare."""
        return (
            self.record in ("all", "statistics_only")
            and not (self.min_interval or self.deadband or self.deadband_percent)
            and not self.only_numeric
            and self.attributes is True
        )

    def kept(self, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what is kept of an entity's attributes; what a number means always is."""
        wanted = self.attributes
        if wanted is True:
            return attributes
        names = ALWAYS_KEPT if wanted is False else (*ALWAYS_KEPT, *wanted)
        return {name: value for name, value in attributes.items() if name in names}

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        named = self.attributes
        return {
            "record": self.record,
            "keep_days": self.keep_days,
            "min_interval": self.min_interval,
            "deadband": self.deadband,
            "deadband_percent": self.deadband_percent,
            "only_numeric": self.only_numeric,
            "attributes": sorted(named)
            if isinstance(named, frozenset)
            else ("all" if named else "none"),
            "statistics": self.statistics,
            "priority": self.priority,
            "rule": self.rule,
        }


class Policies:
    """Policies by entity, memoised; asked for on every change."""

    def __init__(self, hub: "Hub") -> None:
        """Follow the policies of `hub`; `start` reads them."""
        self._hub = hub
        self._base = Policy(keep_days=hub.settings.recorder.keep_days)
        self._known: dict[str, Policy] = {}
        self._listeners: list[Callable[[], object]] = []
        self._ends: list[Callable[[], None]] = []
        self._squeezed = False
        self.rules: Sequence[Rule] = (*BUILT_IN, DEFAULT)
        """In the order in which they are asked."""

    def start(self) -> None:
        """Read the resources, and follow them and the registries."""
        hub = self._hub
        hear = hub.bus.listen
        self._ends = [
            hub.resources.listen(lambda _action, _resource: self._reload(), TYPE),
            hear(EVENT_ENTITY_REGISTRY_UPDATED, self._entity_updated),
            *(
                hear(event, lambda _event: self._forget())
                for event in (
                    EVENT_AREA_REGISTRY_UPDATED,
                    EVENT_DEVICE_REGISTRY_UPDATED,
                    EVENT_LABEL_REGISTRY_UPDATED,
                )
            ),
        ]
        self._reload()

    def stop(self) -> None:
        """Follow nothing any more."""
        for end in self._ends:
            end()
        self._ends.clear()

    def listen(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call `callback()` after the rules changed; returns what ends it."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback) if callback in self._listeners else None

    @property
    def squeezed(self) -> bool:
        """Tell whether only statistics are kept, because the database is over its limit."""
        return self._squeezed

    @squeezed.setter
    def squeezed(self, value: bool) -> None:
        if value is not self._squeezed:
            self._squeezed = value
            self._forget()

    def of(self, entity_id: str) -> Policy:
        """Return the effective policy of an entity."""
        found = self._known.get(entity_id)
        if found is None:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            found = self._known[entity_id] = self._find(entity_id)
        return found

    def with_rules(self, rules: Sequence[Rule], keep_days: float) -> Callable[[str], Policy]:
        """Return what gives policies by other rules than the present ones; not memoised."""
        base = replace(self._base, keep_days=keep_days)

        def of(entity_id: str) -> Policy:
            subject = self.subject(entity_id)
            rule = next((rule for rule in rules if rule.match.accepts(subject)), DEFAULT)
            return effective(rule, base)

        return of

    def explain(self, entity_id: str) -> dict[str, Any]:
        """Return the effective values, the rule that matched and those that did not before it.

        `{**Policy, entity_id, order, source: resource|built_in|default, squeezed, subject: {...},
        passed_over: [{rule, order, because}]}`; for entities that do not exist as well.
        """
        subject = self.subject(entity_id)
        passed: list[dict[str, Any]] = []
        for rule in self.rules:
            because = rule.match.differs(subject)
            if because is None:
                return {
                    "entity_id": entity_id,
                    **self.of(entity_id).as_dict(),
                    "order": rule.order,
                    "source": rule.source,
                    "squeezed": self._squeezed,
                    "subject": subject.as_dict(),
                    "passed_over": passed,
                }
            passed.append({"rule": rule.name, "order": rule.order, "because": because})
        raise AssertionError("the default rule matches everything")

    def subject(self, entity_id: str) -> Subject:
        """Return what rules see of an entity."""
        hub = self._hub
        entry = hub.entity_registry.get(entity_id)
        device = (
            hub.devices.get(entry.device_id)
            if entry is not None and entry.device_id is not None
            else None
        )
        area_id = None if entry is None else entry.area_id
        labels: tuple[str, ...] = () if entry is None else entry.labels
        if device is not None:
            area_id = area_id or device.area_id
            labels = (*labels, *device.labels)
        area = None if area_id is None else hub.areas.get(area_id)
        state = hub.states.get(entity_id)
        shown = None if state is None else state.attributes.get("device_class")
        named = None if entry is None else entry.device_class or entry.original_device_class
        return Subject(
            entity_id=entity_id,
            device_class=named or (None if shown is None else str(shown)),
            integration=None if entry is None else entry.platform,
            area=area_id,
            area_name=None if area is None else area.name,
            labels=frozenset(labels),
            entity_category=None if entry is None else entry.entity_category,
        )

    # --- inside

    def _find(self, entity_id: str) -> Policy:
        subject = self.subject(entity_id)
        rule = next(rule for rule in self.rules if rule.match.accepts(subject))
        found = effective(rule, self._base)
        if self._squeezed and found.record in ("all", "changes"):
            found = replace(found, record="statistics_only", keep_days=STATISTICS_ONLY_DAYS)
        return found

    def _reload(self) -> None:
        """Read the rules anew."""
        found = [
            Rule.from_spec(resource.key, resource.spec)
            for resource in self._hub.resources.list(TYPE)
            if not resource.deleting
        ]
        found.sort(key=lambda rule: (rule.order, rule.name))
        self.rules = (*found, *BUILT_IN, DEFAULT)
        self._forget()
        for listener in tuple(self._listeners):
            listener()

    def _forget(self) -> None:
        self._known.clear()

    def _entity_updated(self, event: "Event") -> None:
        self._known.pop(event.data["entity_id"], None)
        self._known.pop(event.data.get("old_entity_id", ""), None)


def effective(rule: Rule, base: Policy) -> Policy:
    """Return a rule's values over those of `base`."""
    found = replace(base, **rule.values, rule=rule.name)
    if found.record == "statistics_only":
        found = replace(found, keep_days=min(found.keep_days, STATISTICS_ONLY_DAYS))
    return found
