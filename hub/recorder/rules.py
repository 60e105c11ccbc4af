"""One rule of the recorder: which entities it is for, and what it says about them."""

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from hub.registry.base import normal
from hub.schema import boolean

ORDER: Final = 100
"""The `order` of a rule that names none; smaller ones are asked first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What rules see of an entity."""

    entity_id: str
    device_class: str | None = None
    integration: str | None = None
    area: str | None = None
    """The area's id, also that of the entity's device."""
    area_name: str | None = None
    labels: frozenset[str] = frozenset()
    """Label ids, those of the entity's device included."""
    entity_category: str | None = None

    @property
    def domain(self) -> str:
        """Return the part of the entity id before the dot."""
        return self.entity_id.partition(".")[0]

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "domain": self.domain,
            "device_class": self.device_class,
            "integration": self.integration,
            "area": self.area,
            "labels": sorted(self.labels),
            "entity_category": self.entity_category,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which entities: every field that is given must fit, any of its values may."""

    entity_globs: Sequence[str] = ()
    domains: Sequence[str] = ()
    device_classes: Sequence[str] = ()
    integrations: Sequence[str] = ()
    areas: Sequence[str] = ()
    """Ids or names."""
    labels: Sequence[str] = ()
    entity_category: Sequence[str] = ()
    _globs: "re.Pattern[str]" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the patterns."""
        joined = "|".join(fnmatch.translate(glob.lower()) for glob in self.entity_globs)
        object.__setattr__(self, "_globs", re.compile(joined))

    def accepts(self, subject: Subject) -> bool:
        """Tell whether the rule is for this entity."""
        return self.differs(subject) is None

    def differs(self, subject: Subject) -> str | None:
        """Return the name of the first field that does not fit, None when all do."""
        if self.entity_globs and self._globs.match(subject.entity_id) is None:
            return "entity_globs"
        for name, wanted, found in (
            ("domains", self.domains, subject.domain),
            ("device_classes", self.device_classes, subject.device_class),
            ("integrations", self.integrations, subject.integration),
            ("entity_category", self.entity_category, subject.entity_category),
        ):
            if wanted and found not in wanted:
                return name
        if self.areas and not self._in_area(subject):
            return "areas"
        if self.labels and subject.labels.isdisjoint(self.labels):
            return "labels"
        return None

    def _in_area(self, subject: Subject) -> bool:
        if subject.area is None:
            return False
        if subject.area in self.areas:
            return True
        name = subject.area_name
        return name is not None and normal(name) in map(normal, self.areas)


@dataclass(frozen=True, slots=True)
class Rule:
    """A match and the values that it sets; `values` are fields of `Policy`."""

    name: str
    match: Match
    values: Mapping[str, Any]
    order: float = ORDER
    source: Literal["resource", "built_in", "default"] = "resource"

    @classmethod
    def from_spec(cls, name: str, spec: Mapping[str, Any]) -> "Rule":
        """Read a validated spec, as it was written."""
        match = {key: _listed(value) for key, value in spec.get("match", {}).items()}
        values = {key: spec[key] for key in _VALUES if key in spec}
        for key in _NUMBERS:
            if key in values:
                values[key] = float(values[key])
        for key in _FLAGS:
            if key in values:
                values[key] = boolean(values[key])
        if "attributes" in values:
            wanted = values["attributes"]
            values["attributes"] = (
                wanted == "all" if wanted in ("all", "none") else frozenset(_listed(wanted))
            )
        return cls(name, Match(**match), values, float(spec.get("order", ORDER)))


_NUMBERS: Final = ("keep_days", "min_interval", "deadband", "deadband_percent")
_FLAGS: Final = ("only_numeric", "statistics")
_VALUES: Final = (*_NUMBERS, *_FLAGS, "record", "attributes", "priority")


def _listed(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _built_in(name: str, values: Mapping[str, Any], **match: Sequence[str]) -> Rule:
    return Rule(name, Match(**match), values, float("inf"), "built_in")


_NOTHING: Final = {"record": "none", "statistics": False}

BUILT_IN: Final = (
    _built_in(
        "uptime",
        _NOTHING,
        entity_globs=(
            "sensor.uptime",
            "sensor.*_uptime",
            "sensor.*_up_time",
            "sensor.*_boot_time",
            "sensor.*_last_boot",
        ),
    ),
    _built_in("last_seen", _NOTHING, entity_globs=("sensor.last_seen", "sensor.*_last_seen")),
    _built_in("signal_strength_class", _NOTHING, device_classes=("signal_strength",)),
    _built_in(
        "signal_strength",
        _NOTHING,
        entity_globs=(
            "sensor.*_signal_strength",
            "sensor.*_rssi",
            "sensor.*_linkquality",
            "sensor.*_lqi",
        ),
    ),
    _built_in(
        "clock",
        _NOTHING,
        entity_globs=("sensor.time", "sensor.time_*", "sensor.date", "sensor.date_time*"),
    ),
    _built_in("sun", {"record": "changes", "attributes": False}, domains=("sun",)),
    _built_in("diagnostic", {"record": "statistics_only"}, entity_category=("diagnostic",)),
)
"""What is noise in every house; a rule of one's own comes before these."""

DEFAULT: Final = Rule("default", Match(), {}, float("inf"), "default")
