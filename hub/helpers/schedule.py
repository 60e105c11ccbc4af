"""On in the blocks of a week, off between them."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final
from zoneinfo import ZoneInfo

import voluptuous as vol

from hub.entities.service import EntityService
from hub.helpers.fields import NAMED, clock_time, time_of
from hub.helpers.helper import OFF, ON, Helper, HelperKind
from hub.helpers.week import DAYS, MIDNIGHT, Block, Week, at, next_change
from hub.schema import described
from hub.services import Response

if TYPE_CHECKING:
    from hub.util.clock import Cancel

_LOGGER = logging.getLogger(__name__)

LOOK_SECONDS: Final = 60.0
"""The longest sleep: after it the wall clock may have been set."""

RESERVED: Final = frozenset({"editable", "next_event", "friendly_name", "icon"})


class Schedule(Helper):
    """Follows the local time of the house, whatever happens to its clock."""

    kind = "schedule"
    SERVICES: ClassVar = (
        EntityService("get_schedule", "get_schedule", title="Get schedule", response=Response.ONLY),
    )
    _week: Week = ((),) * 7
    _spec: Mapping[str, Any]
    _block: Block | None = None
    _next: datetime | None = None
    _cancel: "Cancel | None" = None
    _lives = False

    def configure(self, spec: Mapping[str, Any]) -> None:
        """Take the week."""
        self._spec = spec
        self._week = week_of(spec)
        if self._lives:
            self._look()

    async def added(self) -> None:
        """See what holds now and wait for the next change."""
        self._lives = True
        self._look()

    def rest(self) -> None:
        """Wait no longer."""
        self._lives = False
        self._stop()

    @property
    def state_value(self) -> str:
        """Return whether a block holds."""
        return OFF if self._block is None else ON

    @property
    def state_attributes(self) -> Mapping[str, Any]:
        """Return the next change and what the present block says."""
        following = None if self._next is None else self._next.isoformat(timespec="seconds")
        data = {} if self._block is None else self._block.data
        return {"next_event": following, **data}

    def get_schedule(self) -> dict[str, Any]:
        """Return the blocks by weekday."""
        return {day: [dict(block) for block in self._spec[day]] for day in DAYS}

    def _look(self) -> None:
        """Find out what holds, publish it, and look again at the next change or in a minute."""
        self._stop()
        zone = ZoneInfo(self.hub.settings.hub.time_zone)
        now = datetime.fromtimestamp(self.hub.clock.time(), zone)
        self._block, self._next = at(self._week, now), next_change(self._week, now, zone)
        self.write()
        seconds = LOOK_SECONDS
        if self._next is not None:
            seconds = min(seconds, max(0.001, self._next.timestamp() - now.timestamp()))
        self._cancel = self.hub.clock.call_later(seconds, self._look)

    def _stop(self) -> None:
        cancel, self._cancel = self._cancel, None
        if cancel is not None:
            cancel()


def week_of(spec: Mapping[str, Any]) -> Week:
    """Return the blocks of a spec with its defaults."""
    return tuple(
        tuple(
            sorted(
                (
                    Block(_seconds(item["from"]), _seconds(item["to"]), item.get("data", {}))
                    for item in spec[day]
                ),
                key=lambda block: block.start,
            )
        )
        for day in DAYS
    )


def _seconds(text: str) -> int:
    if text == END:
        return MIDNIGHT
    found = time_of(text)
    return found.hour * 3600 + found.minute * 60 + found.second


END: Final = "24:00:00"


@described(type="string", description='"24:00:00" is the end of the day')
def _end(value: object) -> str:
    """Accept a time of day, or the end of the day."""
    return END if value in (END, "24:00") else clock_time(value)


@described(type="object", item={"type": "any"})
def _data(value: object) -> dict[str, Any]:
    """Accept what becomes attributes while the block holds."""
    if not isinstance(value, dict):
        raise vol.Invalid("expected a mapping")
    for name, item in value.items():
        if not isinstance(name, str) or name in RESERVED:
            raise vol.Invalid("this name is used by the schedule itself", path=[name])
        if not isinstance(item, bool | str | int | float):
            raise vol.Invalid("expected a text, a number, or true or false", path=[name])
    return value


_BLOCK: Final = {
    vol.Required("from", description="Where it begins"): clock_time,
    vol.Required("to", description="Where it ends"): _end,
    vol.Optional("data", description="Attributes while it holds"): _data,
}


def _check(spec: Mapping[str, Any]) -> None:
    errors = []
    for day in DAYS:
        last = -1
        for index, item in sorted(enumerate(spec[day]), key=lambda one: _seconds(one[1]["from"])):
            start, end = _seconds(item["from"]), _seconds(item["to"])
            if start >= end:
                errors.append(vol.Invalid("must lie after from", path=[day, index, "to"]))
            elif start < last:
                message = "overlaps the block before it"
                errors.append(vol.Invalid(message, path=[day, index, "from"]))
            last = max(last, end)
    if errors:
        raise vol.MultipleInvalid(errors)


KIND: Final = HelperKind(
    Schedule,
    {
        **NAMED,
        **{
            vol.Optional(day, default=list, description=f"Blocks of {day.title()}"): [_BLOCK]
            for day in DAYS
        },
    },
    "Schedule",
    "On in the blocks of a week, off between them",
    _check,
)
