"""The logbook: what happened in words, and what caused it.

An entry is a change or a happening. `Teller` tells them one after the other, oldest first, and
remembers their contexts: the first entry of a context is the cause of the others, and of those
whose parent it is.
"""

import heapq
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.const import EVENT_START, EVENT_STOP
from hub.recorder.model import Change, Happening

if TYPE_CHECKING:
    from hub.events import Context
    from hub.recorder.reading.queries import History

TRIGGERED: Final = "automation_triggered"
STARTED: Final = "script_started"
CALLED: Final = "call_service"
WRITTEN: Final = "logbook_entry"
EVENTS: Final = (TRIGGERED, STARTED, CALLED, WRITTEN, EVENT_START, EVENT_STOP)
"""Events that are told, or that are the cause of what is told."""

CONTINUOUS_DOMAINS: Final = frozenset({"counter", "proximity"})
MAX_CONTEXTS: Final = 50_000
"""Causes that are remembered; the oldest is forgotten first."""

CAUSE_SECONDS: Final = 300.0
"""How long before a range its causes are looked for."""

_TARGETS: Final = ("entity_id", "device_id", "area_id", "floor_id", "label_id")
_ENTITY_ID: Final = re.compile(r"\b[a-z0-9_]+\.[a-z0-9_]+\b")

Entry = Change | Happening
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the logbook is wanted and may be seen."""

    may: Callable[[str], bool]
    """Whether an entity may be read."""
    everything: bool = True
    """Whether events that name no entity may be read."""
    entity_ids: frozenset[str] | None = None
    device_ids: frozenset[str] = frozenset()
    context_id: str | None = None

    def wants(self, entity_id: str) -> bool:
        """Tell whether rows about an entity are wanted and may be seen."""
        if self.entity_ids is not None and entity_id not in self.entity_ids:
            return False
        return self.may(entity_id)

    @property
    def narrowed(self) -> bool:
        """Tell whether only rows about some things are wanted."""
        return self.entity_ids is not None or bool(self.device_ids)


def continuous(entity_id: str, attributes: dict[str, Any]) -> bool:
    """Tell whether an entity is a measurement, whose changes are not told."""
    domain = entity_id.partition(".")[0]
    if domain == "sensor":
        return "unit_of_measurement" in attributes or "state_class" in attributes
    return domain in CONTINUOUS_DOMAINS


class Teller:
    """Makes rows of entries, in time order."""

    def __init__(self, asked: Asked, name_of: Callable[[str], str]) -> None:
        """Tell what was asked for; `name_of` returns the name of an entity."""
        self._asked = asked
        self._name_of = name_of
        self._states: dict[str, str | None] = {}
        self._causes: OrderedDict[str, Entry] = OrderedDict()

    def note(self, entry: Entry) -> None:
        """Remember an entry without telling it: a state that held, or a cause."""
        if isinstance(entry, Change):
            self._states[entry.entity_id] = entry.state
        self._remember(entry)

    def assume(self, entity_id: str, state: str) -> None:
        """Take a state for the one before the next, where none is known."""
        self._states.setdefault(entity_id, state)

    def tell(self, entry: Entry) -> Row | None:
        """Return the row of an entry, None for one that is not told."""
        row = self._state(entry) if isinstance(entry, Change) else self._happening(entry)
        if row is not None and entry.context is not None:
            self._add_cause(row, entry, entry.context)
        self._remember(entry)
        return row

    # --- rows

    def _state(self, change: Change) -> Row | None:
        """Tell a change from one state to another; what is new or gone is not told."""
        entity_id = change.entity_id
        before = self._states.get(entity_id)
        self._states[entity_id] = change.state
        if before is None or change.state in (None, before) or not self._fits(change.context):
            return None
        if not self._asked.wants(entity_id) or continuous(entity_id, change.attributes):
            return None
        row: Row = {"when": change.time, "state": change.state, "entity_id": entity_id}
        if icon := change.attributes.get("icon"):
            row["icon"] = icon
        return row

    def _happening(self, event: Happening) -> Row | None:
        told = self._described(event)
        if told is None or not self._fits(event.context):
            return None
        entity_id = told.get("entity_id")
        if entity_id is None:
            named = event.data.get("device_id") in self._asked.device_ids
            if not self._asked.everything or (self._asked.narrowed and not named):
                return None
        elif not self._asked.wants(entity_id):
            return None
        return {"when": event.time, **told}

    def _fits(self, context: "Context | None") -> bool:
        wanted = self._asked.context_id
        return wanted is None or (context is not None and wanted in (context.id, context.parent_id))

    def _described(self, event: Happening) -> Row | None:
        """Return the words for an event, None for one without."""
        data = event.data
        match event.type:
            case "automation_triggered":
                return self._triggered(event)
            case "script_started":
                row = {"name": data.get("name"), "message": "started"}
                return row | _of(event, "script")
            case "logbook_entry":
                row = {"name": data.get("name"), "message": data.get("message")}
                entity_id = data.get("entity_id")
                if isinstance(entity_id, str):
                    row["entity_id"] = entity_id
                domain = data.get("domain") or str(entity_id or "").partition(".")[0]
                return row | ({"domain": domain} if domain else {})
            case "call_service" if _untargeted(event):
                domain = data.get("domain")
                name = f"{domain}.{data.get('service')}"
                return {"name": name, "message": "called", "domain": domain}
            case "homeassistant_start" | "homeassistant_stop":
                message = "started" if event.type == EVENT_START else "stopped"
                return {"name": "Hub", "message": message, "domain": "homeassistant"}
            case _:
                return None

    def _triggered(self, event: Happening) -> Row:
        row: Row = {"name": event.data.get("name"), "message": "triggered"}
        source = event.data.get("source")
        # the words of a trigger name entities: who may not read one of them is not told any
        if isinstance(source, str) and source and all(map(self._asked.may, _named(source))):
            row |= {"message": f"triggered by {source}", "source": source}
        return row | _of(event, "automation")

    # --- causes

    def _add_cause(self, row: Row, entry: Entry, context: "Context") -> None:
        if context.user_id is not None:
            row["context_user_id"] = context.user_id
        cause = self._causes.get(context.id)
        if cause is None and context.parent_id is not None:
            cause = self._causes.get(context.parent_id)
        if cause is None or cause is entry:
            return
        if context.user_id is None and cause.context is not None and cause.context.user_id:
            row["context_user_id"] = cause.context.user_id
        if isinstance(cause, Change):
            if cause.entity_id != row.get("entity_id") and self._asked.may(cause.entity_id):
                row |= {
                    "context_state": cause.state,
                    "context_entity_id": cause.entity_id,
                    "context_entity_id_name": self._name_of(cause.entity_id),
                }
            return
        self._add_event(row, cause)

    def _add_event(self, row: Row, cause: Happening) -> None:
        data = cause.data
        if cause.type == CALLED:
            row |= {
                "context_event_type": CALLED,
                "context_domain": data.get("domain"),
                "context_service": data.get("service"),
            }
            return
        told = self._described(cause)
        entity_id = (told or {}).get("entity_id")
        if told is None or (entity_id is not None and not self._asked.may(entity_id)):
            return
        row["context_event_type"] = cause.type
        for key in ("domain", "name", "message", "source", "entity_id"):
            if told.get(key) is not None:
                row[f"context_{key}"] = told[key]
        if entity_id is not None:
            row["context_entity_id_name"] = self._name_of(entity_id)

    def _remember(self, entry: Entry) -> None:
        context = entry.context
        if context is None or context.id in self._causes:
            return
        self._causes[context.id] = entry
        if len(self._causes) > MAX_CONTEXTS:
            self._causes.popitem(last=False)


async def entries(
    history: "History", start: float, end: float, entity_ids: Collection[str]
) -> AsyncIterator[tuple[bool, Entry]]:
    """Yield what can be told of a range, oldest first, as (whether it is in the range, entry).

    Before it come the states that held and what may have caused the first entries. An event
    comes before a change of the same moment: it is the cause, if one of the two is.
    """
    async for event in history.events(start - CAUSE_SECONDS, start, EVENTS):
        if event.time < start:
            yield False, event
    changes = _keyed(history.changes(start, end, entity_ids), 1)
    events = _keyed(history.events(start, end, EVENTS), 0)
    async for entry in _merged(events, changes):
        held = isinstance(entry, Change) and entry.time <= start
        yield not held, entry


async def _keyed(found: AsyncIterator[Any], rank: int) -> AsyncIterator[tuple[float, int, Entry]]:
    async for entry in found:
        yield entry.time, rank, entry


async def _merged(*sources: AsyncIterator[tuple[float, int, Entry]]) -> AsyncIterator[Entry]:
    waiting: list[tuple[float, int, Entry]] = []
    by_rank = dict(enumerate(sources))
    for source in sources:
        if (first := await anext(source, None)) is not None:
            heapq.heappush(waiting, first)
    while waiting:
        _, rank, entry = heapq.heappop(waiting)
        yield entry
        if (following := await anext(by_rank[rank], None)) is not None:
            heapq.heappush(waiting, following)


def _of(event: Happening, domain: str) -> Row:
    """Return what rows about an automation or a script carry."""
    row: Row = {"domain": domain}
    if isinstance(entity_id := event.data.get("entity_id"), str):
        row["entity_id"] = entity_id
    if event.context is not None:
        row["context_id"] = event.context.id
    for key in ("item_id", "run_id"):
        if key in event.data:
            row[key] = event.data[key]
    return row


def _untargeted(event: Happening) -> bool:
    """Tell whether a user called a service that is about nothing with a row of its own."""
    data = event.data.get("service_data")
    named = isinstance(data, dict) and any(data.get(key) for key in _TARGETS)
    return event.context is not None and event.context.user_id is not None and not named


def _named(text: str) -> list[str]:
    """Return what may be entity ids in a text."""
    return [found for found in _ENTITY_ID.findall(text) if not found[0].isdigit()]
