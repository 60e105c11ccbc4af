"""The rules under which older rows were recorded: a changed policy deletes nothing by itself."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.errors import HubError
from hub.recorder.policies import TYPE
from hub.recorder.rules import BUILT_IN, DEFAULT, Rule

if TYPE_CHECKING:
    from hub.hub import Hub
    from hub.recorder.policies import Policies, Policy

_LOGGER = logging.getLogger(__name__)

NAMESPACE: Final = "recorder"
KEY: Final = "policies"

MOST: Final = 30
"""Sets of rules that are remembered; of more, the oldest count like the next one."""

Seconds = float
Days = float


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules at one time, as they are written down."""

    keep_days: float
    specs: Mapping[str, Mapping[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"keep_days": self.keep_days, "specs": dict(self.specs)}

    def rules(self) -> Sequence[Rule]:
        """Return the rules in order."""
        found = [Rule.from_spec(name, spec) for name, spec in self.specs.items()]
        found.sort(key=lambda rule: (rule.order, rule.name))
        return (*found, *BUILT_IN, DEFAULT)


class Earlier:
    """Rows keep the time to live of the rules that held when they were recorded."""

    def __init__(self, hub: "Hub", policies: "Policies") -> None:
        """Follow `policies`; `load` reads what was remembered."""
        self._hub = hub
        self._policies = policies
        self._now: RuleSet | None = None
        self._before: list[tuple[float, RuleSet]] = []
        self._answers: list[tuple[float, Callable[[str], Policy]]] | None = None

    async def load(self) -> None:
        """Read what was remembered, and compare it with the present rules."""
        found = await self._hub.documents.load(NAMESPACE, KEY)
        if found is not None:
            self._now = RuleSet(**found["now"])
            self._before = [(item["until"], RuleSet(**item["set"])) for item in found["before"]]
        self._policies.listen(self.changed)
        if self._note():
            await self._save()

    def changed(self) -> None:
        """Remember the rules that held until now."""
        if self._now is not None and self._note():
            self._hub.tasks.spawn(self._save(), "remember the recorder's policies")

    async def forget(self) -> None:
        """Let the present rules hold for all rows."""
        self._before.clear()
        self._answers = None
        await self._save()

    def cutoffs(self, entity_id: str, now: Seconds) -> list[tuple[float, float]]:
        """Return which stretches of an entity's rows are too old: (from, until) in seconds."""
        keep = self._policies.of(entity_id).keep_days
        since = 0.0
        found: list[tuple[float, float]] = []
        for until, days in self._kept_before(entity_id):
            end = min(until, now - max(days, keep) * 86400)
            if end > since:
                found.append((since, end))
            since = until
        found.append((since, now - keep * 86400))
        return [(begin, end) for begin, end in found if begin < end]

    def _kept_before(self, entity_id: str) -> list[tuple[Seconds, Days]]:
        if self._answers is None:
            self._answers = [
                (until, self._policies.with_rules(rules.rules(), rules.keep_days))
                for until, rules in self._before
            ]
        return [(until, of(entity_id).keep_days) for until, of in self._answers]

    def _note(self) -> bool:
        """Take the present rules; True when something changed."""
        present = self._present()
        before, self._now = self._now, present
        self._answers = None
        if before == present:
            return False
        if before is not None:
            now = self._hub.clock.time()
            self._before.append((now, before))
            self._before = [item for item in self._before if _counts(item, now)][-MOST:]
        return True

    def _present(self) -> RuleSet:
        return RuleSet(
            self._hub.settings.recorder.keep_days,
            {
                resource.key: dict(resource.spec)
                for resource in self._hub.resources.list(TYPE)
                if not resource.deleting
            },
        )

    async def _save(self) -> None:
        if self._now is None:
            return
        document = {
            "now": self._now.as_dict(),
            "before": [{"until": until, "set": rules.as_dict()} for until, rules in self._before],
        }
        try:
            await self._hub.documents.save(NAMESPACE, KEY, document)
        except HubError as error:
            _LOGGER.warning("The recorder's policies were not remembered: %s", error.message)


def _counts(item: tuple[float, RuleSet], now: float) -> bool:
    """Tell whether there can still be rows that were recorded under a set of rules."""
    until, rules = item
    days = [float(spec.get("keep_days", 0)) for spec in rules.specs.values()]
    return until > now - max(rules.keep_days, *days, 1.0) * 86400
