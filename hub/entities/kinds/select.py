"""One of several options."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, ClassVar

import voluptuous as vol

from hub.entities.entity import Entity
from hub.entities.kinds.values import check_option
from hub.entities.service import EntityService
from hub.schema import boolean, text
from hub.services import Field

_CYCLE = {vol.Optional("cycle", default=True): boolean}
_CYCLE_FIELD = {"cycle": Field({"boolean": None}, name="Cycle", default=True)}


class SelectEntity(Entity):
    """A choice of `options`."""

    kind = "select"
    SERVICES: ClassVar[tuple[EntityService, ...]] = (
        EntityService(
            "select_option",
            "handle_select_option",
            {vol.Required("option"): text},
            {"option": Field({"text": None}, required=True, name="Option")},
            title="Select",
        ),
        EntityService("select_first", "handle_first", title="First"),
        EntityService("select_last", "handle_last", title="Last"),
        EntityService("select_next", "handle_next", _CYCLE, _CYCLE_FIELD, title="Next"),
        EntityService("select_previous", "handle_previous", _CYCLE, _CYCLE_FIELD, title="Previous"),
    )
    options: Sequence[str] = ()

    @property
    def current_option(self) -> str | None:
        """Return the chosen option; None = not known."""
        return None

    @property
    def state_value(self) -> str | None:
        """Return the chosen option."""
        return self.current_option

    @property
    def capability_attributes(self) -> Mapping[str, Any]:
        """Return the options."""
        return {"options": list(self.options)}

    def select_option(self, option: str) -> Awaitable[None] | None:
        """Choose an option of the list."""
        raise NotImplementedError

    def handle_select_option(self, option: str) -> Awaitable[None] | None:
        """Check the option, then choose it."""
        check_option(self.entity_id, "option", option, self.options)
        return self.select_option(option)

    def handle_first(self) -> Awaitable[None] | None:
        """Choose the first option."""
        return self.select_option(self.options[0])

    def handle_last(self) -> Awaitable[None] | None:
        """Choose the last option."""
        return self.select_option(self.options[-1])

    def handle_next(self, cycle: bool) -> Awaitable[None] | None:
        """Choose the next option."""
        return self._move(1, cycle)

    def handle_previous(self, cycle: bool) -> Awaitable[None] | None:
        """Choose the previous option."""
        return self._move(-1, cycle)

    def _move(self, by: int, cycle: bool) -> Awaitable[None] | None:
        options, current = list(self.options), self.current_option
        if current not in options:
            return self.select_option(options[0])
        place = options.index(current) + by
        if not cycle:
            place = min(max(place, 0), len(options) - 1)
        return self.select_option(options[place % len(options)])
