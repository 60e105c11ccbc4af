"""`sun`: it is before or after sunrise or sunset."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import sun, timing
from hub.automation.conditions.kind import Check, Compile, ConditionKind
from hub.automation.timestates import fixed_offset

if TYPE_CHECKING:
    from hub.automation.trace import Trace
    from hub.automation.world import World


def _check(config: Mapping[str, Any]) -> None:
    if not config.keys() & {"after", "before"}:
        raise vol.Invalid("after and before are missing: give at least one")


def compile(world: "World", config: Mapping[str, Any], inner: Compile) -> Check:  # noqa: A001
    """Compare with today's sunrise and sunset.

    After sunset and before sunrise means the night, on both sides of midnight. On a day without
    the event the condition does not hold.
    """
    del inner
    night = config.get("after") == "sunset" and config.get("before") == "sunrise"

    def check(variables: Mapping[str, Any], trace: "Trace | None", path: str) -> bool:
        del variables
        now = world.clock.time()
        today = timing.local(world, now).date()
        held, compared = not night, {}
        for name in ("before", "after"):
            if name not in config:
                continue
            moment = sun.of_local_day(world, config[name], today)
            if moment is None:
                if trace is not None:
                    trace.note(path, {"message": f"no {config[name]} today"})
                return False
            moment += config[f"{name}_offset"]
            compared[f"wanted_time_{name}"] = datetime.fromtimestamp(moment, UTC).isoformat()
            fits = now < moment if name == "before" else now >= moment
            held = (held or fits) if night else (held and fits)
        if trace is not None:
            trace.note(path, compared)
        return held

    return check


KIND: Final = ConditionKind(
    "sun",
    {
        vol.Optional("after"): sun.event,
        vol.Optional("before"): sun.event,
        vol.Optional("after_offset", default=0.0): fixed_offset,
        vol.Optional("before_offset", default=0.0): fixed_offset,
    },
    compile,
    _check,
)
