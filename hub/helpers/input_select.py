"""A choice that people make."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import voluptuous as vol

from hub.entities.kinds.select import SelectEntity
from hub.entities.service import EntityService
from hub.helpers.fields import NAMED
from hub.helpers.helper import Helper, HelperKind
from hub.schema import described, text
from hub.services import Field

_LOGGER = logging.getLogger(__name__)

MAX_OPTIONS: Final = 1000


@described(type="list", item={"type": "string"}, min_length=1, max_length=MAX_OPTIONS)
def options(value: object) -> list[str]:
    """Accept a list of different texts, at least one."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_OPTIONS:
        raise vol.Invalid(f"expected a list of 1 to {MAX_OPTIONS} texts")
    found: list[str] = []
    for index, item in enumerate(value):
        if isinstance(item, bool) or not isinstance(item, str | int | float):
            hint = "; put quotes around it" if isinstance(item, bool) else ""
            raise vol.Invalid(f"expected a text{hint}", path=[index])
        word = str(item)
        if len(word) > 255:
            raise vol.Invalid("an option has at most 255 characters", path=[index])
        if word in found:
            raise vol.Invalid("this option is given twice", path=[index])
        found.append(word)
    return found


class InputSelect(Helper, SelectEntity):
    """One of `options`; `set_options` replaces them until the next start or edit."""

    kind = "input_select"
    SERVICES: ClassVar[tuple[EntityService, ...]] = (
        *SelectEntity.SERVICES,
        EntityService(
            "set_options",
            "set_options",
            {vol.Required("options"): options},
            {"options": Field({"text": {"multiple": True}}, required=True, name="Options")},
            title="Set options",
        ),
    )
    options: Sequence[str] = ()
    choice: str

    def configure(self, spec: Mapping[str, Any]) -> None:
        """Take the options; a choice that is none of them becomes the first."""
        self.options = spec["options"]
        self._initial: str | None = spec.get("initial")
        if hasattr(self, "choice") and self.choice not in self.options:
            self.choice = self.options[0]

    def restore(self, kept: Any) -> None:
        """Begin as `initial` says, else as it was when that is an option, else with the first."""
        known = kept if kept in self.options else self.options[0]
        self.choice = known if self._initial is None else self._initial

    def kept(self) -> str:
        """Return the choice."""
        return self.choice

    @property
    def current_option(self) -> str:
        """Return the choice."""
        return self.choice

    def shown(self) -> Mapping[str, Any]:
        """Return the options."""
        return {"options": list(self.options)}

    def select_option(self, option: str) -> None:
        """Choose an option of the list."""
        self.choice = option
        self.changed()

    def set_options(self, options: list[str]) -> None:
        """Replace the options; a choice that is none of them becomes the first."""
        self.options = options
        if self.choice not in options:
            _LOGGER.info("%s: %s is no option any more", self.entity_id, self.choice)
            self.choice = options[0]
        self.changed()


def _check(spec: Mapping[str, Any]) -> None:
    if (initial := spec.get("initial")) is not None and initial not in spec["options"]:
        raise vol.Invalid("initial must be one of the options", path=["initial"])


KIND: Final = HelperKind(
    InputSelect,
    {
        **NAMED,
        vol.Required("options", description="What can be chosen"): options,
        vol.Optional("initial", description="Choice at each start; else it stays as it was"): text,
    },
    "Dropdown",
    "A choice that people make",
    _check,
)
