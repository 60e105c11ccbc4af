"""Replay: what an automation would have done with what was recorded, beside what it did."""

import logging
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import voluptuous as vol

from hub.automation import validation
from hub.automation.automation import EVENT_TRIGGERED, Automation
from hub.automation.automations import AUTOMATION, Automations
from hub.automation.blueprints import substitute
from hub.automation.rehearsal.record import RecordClock, RecordWorld
from hub.automation.rehearsal.stream import Head
from hub.automation.trace import plain
from hub.const import EVENT_START, EVENT_STOP
from hub.errors import InvalidFormat, NotAllowed, NotFound, Unauthorized
from hub.resources import InvalidSpec
from hub.resources.specs import problems
from hub.schema import explain

if TYPE_CHECKING:
    from hub.auth.user import User
    from hub.automation.rehearsal.calls import Call
    from hub.automation.trace import Trace
    from hub.hub import Hub
    from hub.recorder.model import Change, Happening

MAX_DAYS: Final = 31
MAX_ROWS: Final = 2_000_000
"""Changes and events that one replay reads."""

MAX_SECONDS: Final = 60.0
"""How long one replay may work."""

MAX_RUNS: Final = 2_000
"""Runs that are told."""

MAX_TOGETHER: Final = 2
"""Replays that work at the same time."""

MAX_TRACES: Final = 200
"""Runs that are told with their trace, the first ones."""

MAX_NAMES: Final = 20
"""Entities that a note names."""

_QUIET: Final = logging.getLogger("hub.automation.replay")
_QUIET.setLevel(logging.CRITICAL + 1)


async def replay(
    hub: "Hub",
    entity_id: str,
    start: float,
    end: float | None = None,
    config: Mapping[str, Any] | None = None,
    user: "User | None" = None,
) -> dict[str, Any]:
    """Return what an automation would have done between two times, beside what it did.

    `config` is tried instead of what it says now. Times are epoch seconds. A `user` must be
    allowed to read every state, for the automation reads them for him. Raises `NotFound`,
    `Unauthorized`, `InvalidFormat` and `RecorderUnavailable`.
    """
    if user is not None and not user.may("read", entity_id):
        raise NotFound(f"There is no automation or script {entity_id}")
    item = hub.automations.get(entity_id)
    if not isinstance(item, Automation):
        raise InvalidFormat(f"{entity_id} is a script: only automations can be replayed")
    if user is not None and not user.rights.reads_all:
        raise Unauthorized("A replay reads every state: that needs the right to read them all")
    now = hub.clock.time()
    end = now if end is None else min(end, now)
    if not start < now:
        raise InvalidFormat("start: expected a time in the past")
    if not start < end:
        raise InvalidFormat("end: expected a time after the start")
    if end - start > MAX_DAYS * 86400:
        raise InvalidFormat(f"start: a replay covers {MAX_DAYS} days at most")
    if len(_WORKING) >= MAX_TOGETHER:
        raise NotAllowed(f"{MAX_TOGETHER} replays are working already: try again soon")
    work = _Replay(hub, item, start, end, config)
    _WORKING.add(work)
    try:
        return await work.run()
    finally:
        _WORKING.discard(work)


class _Replay:
    """One replay."""

    def __init__(
        self,
        hub: "Hub",
        item: Automation,
        start: float,
        end: float,
        config: Mapping[str, Any] | None,
    ) -> None:
        self._hub = hub
        self._item = item
        self._start = start
        self._end = end
        self._spec = item.raw if config is None else self._checked(config)
        self._clock = RecordClock(start)
        world = self._world = RecordWorld(hub.settings, self._clock)
        # What belongs where is not recorded: the rooms of today count.
        world.areas, world.floors, world.labels = hub.areas, hub.floors, hub.labels
        world.devices, world.entity_registry = hub.devices, hub.entity_registry
        self._automations = Automations(world)
        self._automations.blueprint = hub.automations.blueprint
        self._automations.reader = lambda _user_id: item.reader
        self._calls: dict[int, list[Call]] = {}
        self._recorded: list[dict[str, Any]] = []
        self._own: set[str] = set()
        self._seen: dict[str, float] = {}
        """When each entity was first known."""
        self._states = self._rows = 0
        self._off = 0.0
        self._stopped: float | None = None
        self._notes: list[str] = []
        self._began = perf_counter()

    def _checked(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Look for mistakes in a text to try, so that none of them is told in the hub's log.

        Raises `InvalidSpec` with the place of each.
        """
        kind, key = AUTOMATION, self._item.key
        self._hub.resources.specs.normal(kind, key, config)
        if "use_blueprint" in config:
            find = self._hub.automations.blueprint
            try:
                filled = substitute(config, "automation", lambda path: find("automation", path))
                validation.automation(filled)
            except vol.Invalid as error:
                raise InvalidSpec(f"{kind}/{key}", problems(error)) from None
        return config

    async def run(self) -> dict[str, Any]:
        """Feed the record through the world and tell what came of it."""
        world = self._world
        world.calls.heard = self._called
        changes = Head(self._hub.recorder.changes(self._start, self._end))
        events = Head(self._hub.recorder.events(self._start, self._end))
        try:
            await changes.next()
            await self._hold(changes)
            again = await self._load()
            await events.next()
            await self._feed(changes, events)
            await self._clock.follow(self._end)
            await self._clock.settle()
            return self._told(again)
        finally:
            await changes.close()
            await events.close()
            await self._automations.clear()
            await world.close()

    async def _hold(self, changes: "Head[Change]") -> None:
        """Write the states that held at the start, with their own times."""
        world = self._world
        while (change := changes.value) is not None and change.time <= self._start:
            if change.state is not None and change.entity_id != self._item.entity_id:
                if change.changed < change.time:
                    world.past = change.changed
                    world.states.set(change.entity_id, change.state, {}, change.context)
                world.past = change.time
                self._set(change)
            elif change.entity_id == self._item.entity_id:
                self._switch(change)
            await self._clock.rest()
            await changes.next()
        world.past = None

    async def _load(self) -> Automation:
        """Bring the automation to life, switched on."""
        name = f"{AUTOMATION}/{self._item.key}"
        spec = {**self._spec, "trace": {"stored_traces": MAX_TRACES}, "dry_run": False}
        try:
            await self._automations.load({name: spec}, {name: self._item.owner})
        except vol.Invalid as error:
            raise InvalidFormat(f"config: {explain(error)}") from None
        if (problem := self._automations.problems.get(name)) is not None:
            raise InvalidFormat(f"config: {problem}")
        again = self._automations.get(name)
        assert isinstance(again, Automation)  # noqa: S101 - loaded as one, above
        again.traces = deque(again.traces, maxlen=MAX_RUNS)
        again._logger = _QUIET  # noqa: SLF001 - what a replay finds is not for the hub's log
        if not again.is_on:
            again.enable()
        await self._clock.settle()
        return again

    async def _feed(self, changes: "Head[Change]", events: "Head[Happening]") -> None:
        """Let the clock and the world follow the record."""
        clock, stir = self._clock, self._clock.stir
        while True:
            change, event = changes.value, events.value
            if change is None and event is None:
                return
            self._rows += 1
            if self._is_enough():
                return
            before = stir.count
            if event is None or (change is not None and change.time <= event.time):
                assert change is not None  # noqa: S101 - one of them is there
                await clock.follow(change.time)
                before = stir.count
                self._change(change)
                await changes.next()
            else:
                await clock.follow(event.time)
                before = stir.count
                self._event(event)
                await events.next()
            if stir.count != before:
                await clock.settle()
            else:
                await clock.rest()

    def _is_enough(self) -> bool:
        """Tell whether a limit is reached, and note it."""
        why = None
        if self._rows > MAX_ROWS:
            why = f"{MAX_ROWS} changes"
        elif self._rows % 256 == 0 and perf_counter() - self._began > MAX_SECONDS:
            why = f"{MAX_SECONDS:.0f} s of work"
        if why is None:
            return False
        at = self._at(self._clock.time())
        self._notes.append(f"Ended at {at} after {why}: choose a shorter time")
        self._end = self._clock.time()
        return True

    # --- what the record says

    def _change(self, change: "Change") -> None:
        if change.entity_id == self._item.entity_id:
            self._switch(change)
            return
        self._states += 1
        if change.state is None:
            self._world.states.remove(change.entity_id, change.context)
        else:
            self._set(change)

    def _set(self, change: "Change") -> None:
        assert change.state is not None  # noqa: S101 - asked by the callers
        self._seen.setdefault(change.entity_id, change.time)
        self._world.states.set(change.entity_id, change.state, change.attributes, change.context)

    def _switch(self, change: "Change") -> None:
        """Note when it was switched off in truth."""
        if change.state == "off" and not self._off:
            self._off = max(change.time, self._start)
            at = self._at(self._off)
            self._notes.append(f"It was switched off at {at}; the replay goes on as if it was on")
        elif change.state == "on":
            self._off = 0.0

    def _event(self, event: "Happening") -> None:
        context = event.context
        if event.type == EVENT_TRIGGERED and event.data.get("entity_id") == self._item.entity_id:
            self._recorded.append({"time": event.time, "source": event.data.get("source")})
            if context is not None:
                self._own.add(context.id)
            return
        if context is not None and context.id in self._own:
            return  # fired by the run that is played again here
        self._ran(event)
        self._world.bus.fire(event.type, event.data, context)

    def _ran(self, event: "Happening") -> None:
        """Note a time in which the hub did not run; one that was killed told no end."""
        if event.type == EVENT_STOP:
            self._stopped = event.time
        elif event.type == EVENT_START and self._stopped is not None:
            span = f"{self._at(self._stopped)} to {self._at(event.time)}"
            self._notes.append(f"The hub did not run from {span}: the replay goes on as if it had")
            self._stopped = None

    def _called(self, call: "Call") -> None:
        self._calls.setdefault(id(call.context), []).append(call)

    # --- what came of it

    def _told(self, again: Automation) -> dict[str, Any]:
        traces = list(again.traces)
        if len(traces) >= MAX_RUNS:
            self._notes.append(f"Only the last {MAX_RUNS} runs are told")
        runs = [self._run(trace, traced=index < MAX_TRACES) for index, trace in enumerate(traces)]
        if len(traces) > MAX_TRACES:
            self._notes.append(f"Only the first {MAX_TRACES} runs are told with their steps")
        self._notes += self._limits(again)
        return {
            "runs": runs,
            "recorded": self._recorded,
            "start": self._start,
            "end": self._end,
            "states": self._states,
            "notes": self._notes,
        }

    def _run(self, trace: "Trace", *, traced: bool) -> dict[str, Any]:
        return {
            "time": trace.start,
            "trigger": trace.trigger,
            "conditions": trace.execution != "failed_conditions",
            "execution": trace.execution or "running",
            "error": trace.error,
            "calls": [
                {
                    "domain": call.domain,
                    "service": call.service,
                    "data": plain(call.data),
                    "target": call.target,
                    "time": call.time,
                }
                for call in self._calls.get(id(trace.context), ())
            ],
            "trace": trace.as_dict() if traced else None,
        }

    def _at(self, time: float) -> str:
        """Return a time as the clocks of the house show it."""
        zone = ZoneInfo(self._hub.settings.hub.time_zone)
        return datetime.fromtimestamp(time, zone).isoformat(sep=" ", timespec="seconds")

    def _limits(self, again: Automation) -> Iterable[str]:
        """Say what the record can not show."""
        from hub.automation.references import named

        kinds = {str(trigger["trigger"]) for trigger in again.config["triggers"]}
        if missing := sorted(kinds & _NOT_RECORDED):
            yield (
                f"Triggers of the kind {', '.join(missing)} never fire here: what they hear is "
                "not recorded"
            )
        wanted = {name.value for name in named(AUTOMATION, again.raw) if name.kind == "entity"}
        unseen = sorted(wanted - set(self._seen) - {self._item.entity_id})
        if unseen:
            yield f"Nothing is recorded of {_listed(unseen)} in this time"
        late = sorted(name for name in wanted if self._seen.get(name, 0.0) > self._start)
        if late:
            first = min(self._seen[name] for name in late)
            yield (
                f"Nothing is recorded of {_listed(late)} before {self._at(first)}: runs before "
                "that did not know it"
            )
        if self._calls:
            yield "Calls were not made: states follow the record, whatever a run would have changed"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMES} others" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more


_NOT_RECORDED: Final = frozenset({"mqtt", "webhook", "job", "resource"})


_WORKING: Final[set[_Replay]] = set()
