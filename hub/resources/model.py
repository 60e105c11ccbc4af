"""What a resource, its type, its status and a plan are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import voluptuous as vol

if TYPE_CHECKING:
    from hub.hub import Hub
    from hub.resources.controller import Controller

Spec = dict[str, Any]


class Source(StrEnum):
    """Who owns a resource: clients of the API, or files in the configuration folder."""

    API = "api"
    FILE = "file"


class Phase(StrEnum):
    """How far the world is from what is desired."""

    PENDING = "pending"
    APPLYING = "applying"
    IN_SYNC = "in_sync"
    DRIFTED = "drifted"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DELETING = "deleting"


class DriftPolicy(StrEnum):
    """What happens when the outside was changed behind the hub's back."""

    REPORT = "report"
    REPAIR = "repair"
    IGNORE = "ignore"


class Recovery(StrEnum):
    """What happens to an apply that a crash cut off."""

    FINISH = "finish"
    """Observe again, plan again, do what is left."""
    ROLL_BACK = "roll_back"
    """Undo the steps that were begun, last first, then try again as after a failure."""


@dataclass(frozen=True, slots=True)
class Place:
    """The file and line that a resource comes from."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        """Render as `file:line`."""
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """A kind of resource, declared once by an integration."""

    name: str
    """`domain.noun`, such as `proxy.host`."""
    schema: vol.Schema
    """Validates a spec and fills in its defaults; `Secret` and `Reference` mark fields."""
    controller: "Callable[[Hub], Controller[Any]] | None" = None
    """Makes the one controller of the type; None = a spec is all there is."""
    title: str = ""
    """What people call it, such as `Heating installation`."""
    description: str = ""
    title_of: Callable[[Mapping[str, Any]], str | None] = field(
        default=lambda spec: spec.get("name")
    )
    """The name of one resource; its key when there is none."""
    check: Callable[[Mapping[str, Any]], None] | None = None
    """Raises `vol.Invalid` for what the fields of a spec forbid together."""
    drift: DriftPolicy = DriftPolicy.REPORT
    recovery: Recovery = Recovery.FINISH
    observe_seconds: float = 300.0
    """Between two looks for drift; jittered by a tenth."""
    workers: int = 4
    """How many resources of the type are worked on at once."""
    apply_seconds: float = 600.0
    """The longest that one apply may take."""
    lock: Callable[[Mapping[str, Any]], str | None] = field(default=lambda _spec: None)
    """The outside host that a resource lives on: one apply at a time touches it."""
    entities: bool = True
    """Whether each resource gets a phase sensor, a drift sensor, apply and repair buttons."""
    keep_revisions: int = 100

    @property
    def domain(self) -> str:
        """Return the integration's name."""
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Resource:
    """One desired thing; secrets in `spec` are sealed."""

    type: str
    key: str
    spec: Spec = field(repr=False)
    revision: int
    source: Source
    place: Place | None
    deleting: bool
    created_at: float
    updated_at: float

    @property
    def id(self) -> str:
        """Return `type/key`."""
        return f"{self.type}/{self.key}"


@dataclass(frozen=True, slots=True)
class Desired:
    """A resource as its controller sees it: secrets are open, so it is never logged or kept."""

    type: str
    key: str
    spec: Spec = field(repr=False)
    revision: int
    deleting: bool

    @property
    def id(self) -> str:
        """Return `type/key`."""
        return f"{self.type}/{self.key}"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, readable before it is done; holds no secret."""

    action: str
    """`create`, `change`, `remove`, `start`, `stop` ... what the controller understands."""
    target: str
    """What it is done to, such as a file or a zone."""
    summary: str
    """One sentence for people."""
    before: Any = None
    after: Any = None
    data: Mapping[str, Any] = field(default_factory=dict)
    """JSON that `apply` and `undo` need; kept in the journal, so no secrets."""

    def as_dict(self) -> dict[str, Any]:
        """Return the wire and journal form."""
        return {
            "action": self.action,
            "target": self.target,
            "summary": self.summary,
            "before": self.before,
            "after": self.after,
            "data": dict(self.data),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Step":
        """Rebuild a step from the journal."""
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Condition:
    """One aspect of a resource's health; `status` None = not known."""

    type: str
    status: bool | None
    reason: str = ""
    message: str = ""
    since: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "type": self.type,
            "status": self.status,
            "reason": self.reason,
            "message": self.message,
            "since": self.since,
        }


@dataclass(frozen=True, slots=True)
class Status:
    """What was observed; replaced as a whole."""

    phase: Phase = Phase.PENDING
    message: str = ""
    observed_revision: int | None = None
    """The revision that is live; None = not known."""
    conditions: Sequence[Condition] = ()
    drift: Sequence[Step] = ()
    """What would have to be done, as found by the last look."""
    observed_at: float | None = None
    outcome: str | None = None
    """How the last apply ended.

    applied, rolled_back, half_applied, unfinished, interrupted or nothing_done.
    """
    job_id: str | None = None
    attempts: int = 0
    """Failed attempts in a row."""
    retry_at: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the controller tells beside: versions, addresses; no secrets."""

    def but(self, **changes: Any) -> "Status":
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form; times are seconds since 1970."""
        return {
            "phase": self.phase.value,
            "message": self.message,
            "observed_revision": self.observed_revision,
            "conditions": [condition.as_dict() for condition in self.conditions],
            "drift": [step.as_dict() for step in self.drift],
            "observed_at": self.observed_at,
            "outcome": self.outcome,
            "job_id": self.job_id,
            "attempts": self.attempts,
            "retry_at": self.retry_at,
            "facts": dict(self.facts),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Status":
        """Rebuild a status from its row."""
        fields = dict(data)
        fields["phase"] = Phase(fields["phase"])
        fields["conditions"] = [Condition(**item) for item in fields["conditions"]]
        fields["drift"] = [Step.from_dict(item) for item in fields["drift"]]
        return cls(**fields)
