"""`time`: the clock shows a time, fixed or held by an entity."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import fields, timing
from hub.automation.timestates import (
    fixed_offset,
    moment_of,
    time_entity,
    time_or_entity,
    weekdays,
)
from hub.automation.triggers.kind import Run, TriggerKind
from hub.errors import InvalidFormat

if TYPE_CHECKING:
    from hub.automation.world import Unsubscribe, World
    from hub.states import State

_LOGGER = logging.getLogger(__name__)


def _moment(value: object) -> Any:
    """Accept a time, an entity, an entity with an offset, or a template of the first two."""
    if fields.is_template(value):
        return fields.template(value)
    if isinstance(value, Mapping):
        return _WITH_OFFSET(dict(value))
    return time_or_entity(value)


def _moments(value: object) -> list[Any]:
    given = value if isinstance(value, list) else [value]
    if not given:
        raise vol.Invalid('expected a time such as "07:30:00"')
    found = []
    for index, item in enumerate(given):
        try:
            found.append(_moment(item))
        except vol.Invalid as error:
            error.prepend([index] if isinstance(value, list) else [])
            raise
    return found


_WITH_OFFSET: Final = vol.Schema(
    {vol.Required("entity_id"): time_entity, vol.Optional("offset", default=0.0): fixed_offset}
)


class _EntityTime:
    """Follows an entity that holds a time, and waits for that time."""

    def __init__(
        self,
        world: "World",
        run: Run,
        entity_id: str,
        offset: float = 0.0,
        days: tuple[str, ...] = (),
    ) -> None:
        self._world = world
        self._run = run
        self._entity_id = entity_id
        self._offset = offset
        self._days = days
        self._alarm: timing.Alarm | None = None
        self._unsubscribe = world.states.listen(self._changed, [entity_id])
        self._wait(world.states.get(entity_id))

    def stop(self) -> None:
        """Listen and wait no more."""
        self._unsubscribe()
        self._give_up()

    def _changed(self, old: "State | None", new: "State | None") -> None:
        if old is None or new is None or old.state != new.state:
            self._give_up()
            self._wait(new)

    def _give_up(self) -> None:
        if self._alarm is not None:
            self._alarm.stop()
            self._alarm = None

    def _wait(self, state: "State | None") -> None:
        place = timing.zone(self._world)
        found = moment_of(state, place)
        if found is None:
            return
        if isinstance(found, datetime):
            following = timing.once(found.timestamp() + self._offset)
        else:
            following = timing.shifted(timing.daily(found, place), self._offset)
        series = timing.on_days(following, place, self._days)
        self._alarm = timing.Alarm(self._world.clock, series, self._fire)

    def _fire(self, moment: float) -> None:
        description = f"time set in {self._entity_id}"
        if self._offset:
            description += " with offset"
        self._run(
            {
                "platform": "time",
                "now": timing.local(self._world, moment),
                "description": description,
                "entity_id": self._entity_id,
            },
            None,
        )


def attach(
    world: "World", config: Mapping[str, Any], run: Run, variables: Mapping[str, Any]
) -> "Unsubscribe":
    """Set an alarm for each time, and follow the entities."""
    place = timing.zone(world)
    days = tuple(config.get("weekday", ()))

    def fire(moment: float) -> None:
        now = timing.local(world, moment)
        run({"platform": "time", "now": now, "description": "time", "entity_id": None}, None)

    waiting: list[timing.Alarm | _EntityTime] = []
    for given in _rendered(world, config["at"], variables):
        if isinstance(given, Mapping):
            entity_id, offset = given["entity_id"], given["offset"]
            waiting.append(_EntityTime(world, run, entity_id, offset, days))
        elif isinstance(given, str):
            waiting.append(_EntityTime(world, run, given, 0.0, days))
        else:
            waiting.append(timing.Alarm(world.clock, timing.daily(given, place, days), fire))

    def stop() -> None:
        for one in waiting:
            one.stop()

    return stop


def _rendered(world: "World", given: list[Any], variables: Mapping[str, Any]) -> list[Any]:
    """Return the times, those of templates rendered; raises `HubError`."""
    found = []
    for item in given:
        if not fields.is_template(item):
            found.append(item)
            continue
        result = world.templates.render(item, variables)
        try:
            found.append(time_or_entity(str(result).strip()))
        except vol.Invalid as error:
            raise InvalidFormat(f"at: {item!r} gave {result!r}: {error.msg}") from None
    return found


KIND: Final = TriggerKind(
    "time",
    {vol.Required("at"): _moments, vol.Optional("weekday"): weekdays},
    attach,
)
