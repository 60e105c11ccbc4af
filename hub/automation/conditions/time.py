"""`time`: the clock is between two times, the day is one of some weekdays."""

from collections.abc import Mapping
from datetime import time
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import timing
from hub.automation.conditions.kind import Check, Compile, ConditionError, ConditionKind
from hub.automation.timestates import clock_time_of, time_or_entity, weekdays

if TYPE_CHECKING:
    from hub.automation.trace import Trace
    from hub.automation.world import World


def _check(config: Mapping[str, Any]) -> None:
    if not config.keys() & {"after", "before", "weekday"}:
        raise vol.Invalid("after, before and weekday are missing: give at least one")


def compile(world: "World", config: Mapping[str, Any], inner: Compile) -> Check:  # noqa: A001
    """Compare with the clock of the house; `after` later than `before` goes over midnight."""
    del inner
    place = timing.zone(world)
    days = config.get("weekday")

    def edge(name: str) -> time | None:
        wanted = config[name]
        if isinstance(wanted, time):
            return wanted
        state = world.states.get(wanted)
        if state is None:
            raise ConditionError(f"In 'time' condition: unknown '{name}' entity {wanted}")
        return clock_time_of(state, place)

    def check(variables: Mapping[str, Any], trace: "Trace | None", path: str) -> bool:
        del variables
        now = timing.local(world)
        after = edge("after") if "after" in config else time.min
        before = edge("before") if "before" in config else time.max
        today = timing.weekday(now)
        if trace is not None:
            compared: dict[str, Any] = {"now_time": now.time().isoformat("seconds")}
            if after != time.min or before != time.max:
                compared |= {
                    "after": None if after is None else after.isoformat("seconds"),
                    "before": None if before is None else before.isoformat("seconds"),
                }
            if days is not None:
                compared |= {"weekday": days, "now_weekday": today}
            trace.note(path, compared)
        if after is None or before is None:
            return False  # an entity does not know its time
        return _within(now.time(), after, before) and (days is None or today in days)

    return check


def _within(now: time, after: time, before: time) -> bool:
    if after < before:
        return after <= now < before or (before == time.max and now == before)
    return now >= after or now < before


KIND: Final = ConditionKind(
    "time",
    {
        vol.Optional("after"): time_or_entity,
        vol.Optional("before"): time_or_entity,
        vol.Optional("weekday"): weekdays,
    },
    compile,
    _check,
)
