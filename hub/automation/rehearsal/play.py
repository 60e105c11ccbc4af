"""Plays one test: sets the house up, does its steps, looks whether all is as expected."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from hub.automation.rehearsal import expect, given, phases, wording
from hub.automation.rehearsal.house import MAX_TRACES, House, unknown
from hub.automation.rehearsal.world import moved
from hub.automation.webhooks import WebhookRequest
from hub.const import EVENT_START, EVENT_STARTED, EVENT_STOP
from hub.errors import HubError
from hub.events import Context
from hub.util.json import dumps

if TYPE_CHECKING:
    from hub.automation.rehearsal.files import Case
    from hub.automation.rehearsal.house import Written
    from hub.config.settings import Settings

Step = Mapping[str, Any]

STAMP: Final = len("2026-01-15 22:00:00")

TOLD_RUNS: Final = 5
"""Runs of each automation, and lines of the log, that are told with a test."""

LONGEST_DAYS: Final = 400
"""How far one step may move the clock."""


@dataclass(slots=True)
class Outcome:
    """How a test went."""

    case: "Case"
    failures: list[str] = field(default_factory=list)
    """What was not as expected; empty = passed."""
    notes: list[str] = field(default_factory=list)
    """What was done, for readers of a failure."""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Tell whether all was as expected."""
        return not self.failures


async def play(case: "Case", settings: "Settings", types: "Written") -> Outcome:
    """Play one test; never raises for what is in it."""
    outcome, begun = Outcome(case), perf_counter()
    player = _Player(case, settings, types, outcome)
    try:
        await player.play()
    except HubError as error:
        outcome.failures.append(f"{case.where()}: {error.message}")
    finally:
        await player.close()
    outcome.seconds = perf_counter() - begun
    return outcome


class _Player:
    """One test while it is played."""

    def __init__(
        self, case: "Case", settings: "Settings", types: "Written", outcome: Outcome
    ) -> None:
        self._case = case
        self._types = types
        self._outcome = outcome
        given_ = case.given
        names = ("time_zone", "latitude", "longitude", "elevation")
        settings = moved(settings, **{name: given_[name] for name in names if name in given_})
        self._zone = ZoneInfo(settings.hub.time_zone)
        start = wording.epoch(given_.get("time", wording.moment("12:00:00")), self._zone)
        self.house = House(settings, start, effects=given_.get("effects", True))
        self._seen = [0, 0]
        self._answered: dict[str, Any] = {}
        self._own: dict[int, Context] = {}
        self._log = _Log()

    async def play(self) -> None:
        """Set up, do the steps, look."""
        case, house = self._case, self.house
        for key in ("only", "off"):
            for told in unknown(self._types.specs, case.given.get(key, ())):
                self._outcome.failures.append(f"{case.where('given', key)}: given.{key}: {told}")
        if self._outcome.failures:
            return
        self._log.begin()
        given.furnish(house.world, case.given)
        given.answer(house.world, case.given)
        if not case.given.get("mqtt", True):
            house.world.messages = None
        for entity_id, state in case.given.get("states", {}).items():
            house.set(entity_id, state)
        for name, status in case.given.get("resources", {}).items():
            house.world.resources.give(name, status)
        house.automations.blueprint = self._types.blueprint
        await house.load(
            self._types.specs, only=case.given.get("only", ()), off=case.given.get("off", ())
        )
        self._outcome.failures += [
            f"{problem.file}: can not be loaded: {problem.message}" for problem in house.problems
        ]
        if self._outcome.failures:
            return
        self._seen = [len(house.world.calls.made), len(house.events)]
        for index, step in enumerate(case.steps):
            await self._step(index, step)
        if case.expect is not None:
            self._look(case.expect, ("expect",))
        self._tell_error({})
        self._outcome.notes += self._ran()
        # Both begin with their time; a step comes before the runs that it set off.
        self._outcome.notes.sort(key=lambda line: line[:STAMP])
        self._outcome.notes += self._heard()

    def _ran(self) -> list[str]:
        """Say which automations ran, by which path, and how it ended."""
        house, lines = self.house, []
        for item in house.automations.list():
            for trace in list(item.traces)[-TOLD_RUNS:]:
                how = trace.execution or "running"
                lines.append(
                    f"{expect.at(house, trace.start)} ran {item.entity_id}: {how}"
                    + (f" ({trace.error})" if trace.error else "")
                    + f", path {' '.join(trace.paths)}"
                )
        return lines

    def _heard(self) -> list[str]:
        """Return the last lines of the log."""
        return [f"log: {line}" for line in self._log.lines[-TOLD_RUNS:]]

    async def close(self) -> None:
        """Take the house down."""
        self._log.end()
        await self.house.close()

    async def _step(self, index: int, step: Step) -> None:
        kind = step["kind"]
        if kind == "expect":
            self._look(step["expect"], ("steps", index, "expect"))
            return
        self._outcome.notes.append(f"{expect.at(self.house, self._now())} {_told(step)}")
        doing: Callable[[Step], Awaitable[None]] = getattr(self, f"_{kind}")
        try:
            await doing(step)
        except HubError as error:
            self._outcome.failures.append(
                f"{self._case.where('steps', index)}: {kind}: {error.message}"
            )
        await self.house.clock.settle()

    def _look(self, wanted: Mapping[str, Any], keys: tuple[Any, ...]) -> None:
        house, (calls, events) = self.house, self._seen
        made = [
            call for call in house.world.calls.made[calls:] if id(call.context) not in self._own
        ]
        wrong = expect.check(house, wanted, made, house.events[events:], self._answered)
        if "log" in wanted and not self._log.holds(wanted["log"]):
            wrong.append(("log", f"no line with {wanted['log']!r}; lines: {self._log.lines}"))
        self._seen = [len(house.world.calls.made), len(house.events)]
        self._tell_error(wanted)
        for what, told in wrong:
            where = self._case.where(*keys, *_keys(what))
            self._outcome.failures.append(f"{where}: {what}: {told}")

    def _now(self) -> float:
        return self.house.clock.time()

    # --- the steps

    async def _set(self, step: Step) -> None:
        for entity_id, state in step["set"].items():
            self.house.set(entity_id, state)

    async def _remove(self, step: Step) -> None:
        for entity_id in step["remove"]:
            self.house.world.states.remove(entity_id)

    async def _advance(self, step: Step) -> None:
        await self._pass(step["advance"])

    async def _until(self, step: Step) -> None:
        end = wording.epoch(step["until"], self._zone, self._now())
        if end < self._now():
            raise HubError(
                f"until {step['until']} lies before {expect.at(self.house, self._now())}"
            )
        await self._pass(end - self._now())

    async def _pass(self, seconds: float) -> None:
        if seconds > LONGEST_DAYS * 86400:
            raise HubError(f"a step moves the clock by {LONGEST_DAYS} days at most")
        await self.house.clock.advance(seconds)

    async def _event(self, step: Step) -> None:
        self.house.world.bus.fire(step["event"], dict(step["data"]))

    async def _call(self, step: Step) -> None:
        """Call as a person does; the call itself is not among those that are expected."""
        self._tell_error({})
        context = Context()
        self._own[id(context)] = context  # kept alive: its id must stay its own
        answered = self._answered = {"call": step["call"]}
        task = self.house.world.tasks.spawn(
            self._answer(step, context, answered), f"call {step['call']}", inherit=True
        )
        await self.house.clock.settle()
        if task.done():
            await task

    async def _answer(self, step: Step, context: Context, answered: dict[str, Any]) -> None:
        services = self.house.world.services
        domain, _, service = step["call"].partition(".")
        own = self.house.world.calls.responds(domain, service)
        try:
            found = await services.call(
                domain, service, step["data"], step.get("target"), context, own
            )
        except HubError as error:
            answered["error"] = error.message
        else:
            answered["response"] = found

    def _tell_error(self, wanted: Mapping[str, Any]) -> None:
        """Count a failed call as a failure, unless its error is expected."""
        answered = self._answered
        if "error" in answered and not answered.get("told"):
            answered["told"] = True
            if "error" not in wanted:
                told = f"the call of {answered['call']} failed: {answered['error']}"
                self._outcome.failures.append(f"{self._case.where()}: {told}")

    async def _mqtt(self, step: Step) -> None:
        payload = step["payload"]
        body = payload if isinstance(payload, str) else dumps(payload).decode()
        self.house.world.broker.publish(step["mqtt"], body.encode(), retain=step["retain"])

    async def _webhook(self, step: Step) -> None:
        hooks = self.house.world.webhooks.get(step["webhook"])
        if not hooks:
            raise HubError(f"nobody waits for the webhook {step['webhook']}")
        request = WebhookRequest(
            webhook_id=step["webhook"],
            method=step["method"].upper(),
            query=step["query"],
            json=step.get("json"),
            data=step["data"],
            remote="127.0.0.1",
        )
        for hook in hooks:
            if request.method not in hook.methods:
                raise HubError(f"the webhook takes {', '.join(sorted(hook.methods))}")
            waiting = hook.handler(request)
            if waiting is not None:
                await waiting

    async def _resource(self, step: Step) -> None:
        self.house.world.resources.give(step["resource"], step)

    async def _job(self, step: Step) -> None:
        phases.happened(self.house.world, step)

    async def _homeassistant(self, step: Step) -> None:
        if step["homeassistant"] == "start":
            self.house.world.bus.fire(EVENT_START)
            self.house.world.bus.fire(EVENT_STARTED)
        else:
            self.house.world.bus.fire(EVENT_STOP)

    async def _trigger(self, step: Step) -> None:
        self.house.automations.trigger(
            step["trigger"], step["variables"], skip_condition=step["skip_condition"]
        )


class _Log(logging.Handler):
    """Hears the warnings of automations while a test runs, and keeps them from the terminal."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._logger = logging.getLogger("hub.automation")
        self._before = self._logger.propagate

    def begin(self) -> None:
        """Listen."""
        self._logger.addHandler(self)
        self._logger.propagate = False

    def end(self) -> None:
        """Listen no more."""
        self._logger.removeHandler(self)
        self._logger.propagate = self._before

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        if len(self.lines) < MAX_TRACES:
            self.lines.append(record.getMessage())

    def holds(self, text: str) -> bool:
        """Tell whether a line has this text."""
        return any(text in line for line in self.lines)


def _told(step: Step) -> str:
    """Return a step in one line."""
    kind = step["kind"]
    value = step[kind]
    if kind == "set":
        return "set " + ", ".join(f"{name} = {item['state']}" for name, item in value.items())
    if kind == "advance":
        return f"advance {timedelta(seconds=value)}"
    if isinstance(value, datetime | time):
        value = str(value)
    return f"{kind} {value if isinstance(value, str) else expect.shown(value)}"


def _keys(what: str) -> tuple[Any, ...]:
    """Return the keys that lead to an expectation named `states.light.hall`."""
    first, dot, rest = what.partition(".")
    return (first, rest) if dot else (first,)
