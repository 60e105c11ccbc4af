"""`time_pattern`: each time that the hours, minutes and seconds fit."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import timing
from hub.automation.triggers.kind import Run, TriggerKind

if TYPE_CHECKING:
    from hub.automation.world import Unsubscribe, World

_LIMITS: Final = {"hours": 24, "minutes": 60, "seconds": 60}


def _part(limit: int) -> Callable[[object], str]:
    """Accept `*`, `/n` or a number below `limit`."""

    def validate(value: object) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value == "*":
            return "*"
        least = 0
        if isinstance(value, str):
            number = value
            if value.startswith("/"):
                number, least = value[1:], 1
            if number.isascii() and number.isdecimal() and least <= int(number) < limit:
                return value[: len(value) - len(number)] + str(int(number))
        raise vol.Invalid(f'expected 0 to {limit - 1}, "/n" for every n, or "*"')

    return validate


def _check(config: Mapping[str, Any]) -> None:
    if not config.keys() & _LIMITS.keys():
        raise vol.Invalid("hours, minutes and seconds are missing: give at least one")


def values(config: Mapping[str, Any]) -> list[list[int]]:
    """Return the hours, minutes and seconds that fit.

    What stands below the smallest part that was given is 0, what stands above it is every value.
    """
    found: list[list[int]] = []
    given = False
    for name, limit in _LIMITS.items():
        text = config.get(name)
        every = list(range(limit))
        if text is None:
            found.append([0] if given else every)
        elif text == "*":
            found.append(every)
        elif text.startswith("/"):
            found.append([value for value in every if value % int(text[1:]) == 0])
        else:
            found.append([int(text)])
        given = given or text is not None
    return found


def attach(
    world: "World", config: Mapping[str, Any], run: Run, variables: Mapping[str, Any]
) -> "Unsubscribe":
    """Set an alarm for the series."""
    del variables

    def fire(moment: float) -> None:
        now = timing.local(world, moment)
        run({"platform": "time_pattern", "now": now, "description": "time pattern"}, None)

    hours, minutes, seconds = values(config)
    following = timing.pattern(hours, minutes, seconds, timing.zone(world))
    return timing.Alarm(world.clock, following, fire).stop


KIND: Final = TriggerKind(
    "time_pattern",
    {vol.Optional(name): _part(limit) for name, limit in _LIMITS.items()},
    attach,
    _check,
)
