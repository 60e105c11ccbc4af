"""The kinds of template entities."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from hub.automation import fields
from hub.automation.templated import values
from hub.automation.templated.entity import TemplatedEntity
from hub.entities.kinds import (
    BinarySensorEntity,
    ButtonEntity,
    NumberEntity,
    SelectEntity,
    SensorEntity,
    StateClass,
    SwitchEntity,
)
from hub.errors import HubError


class TemplateSensor(TemplatedEntity, SensorEntity):
    """A sensor; one with a unit or a state class shows only numbers."""

    FIELDS = ("state", "options")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what every template entity takes."""
        super().__init__(*args, **kwargs)
        given = self.config.get("state_class")
        self.state_class = None if given is None else StateClass(given)
        listed = self.config.get("options")
        self.options = listed if isinstance(listed, list) else None

    @property
    def native_value(self) -> str | float | date | datetime | None:
        """Return the value of the template."""
        kind = self.device_class
        if kind in ("timestamp", "date"):
            found: date | None = self._value("state", values.moment, kind)
            return found
        if self.unit is not None or self.state_class is not None or kind in values.NUMERIC:
            number: float | None = self._value("state", values.number)
            return number
        text: str | None = self._value("state", values.text, self.options)
        return text

    def settle(self) -> None:
        """Follow a template of options."""
        if "options" in self._templates:
            self.options = self._value("options", values.options)


class TemplateBinarySensor(TemplatedEntity, BinarySensorEntity):
    """A yes or no, told after a delay when there is one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what every template entity takes."""
        super().__init__(*args, **kwargs)
        self._shown: bool | None = None
        self._waiting_for: bool | None = None
        self._delayed = False
        self._cancel: Callable[[], object] | None = None

    @property
    def is_on(self) -> bool | None:
        """Return what the template said, once the delay has passed."""
        return self._shown

    def settle(self) -> None:
        """Show the value, or begin to wait for its delay."""
        wanted: bool | None = self._value("state", values.truth)
        if self._cancel is not None and self._delayed and wanted == self._waiting_for:
            return
        self._forget()
        if wanted is None or (wanted == self._shown and not self.triggered):
            self._shown = wanted
            return
        delay = self._seconds("delay_on" if wanted else "delay_off") or 0.0
        if delay > 0 and wanted != self._shown:
            self._wait_for(wanted, delay, delayed=True)
        else:
            self._show(wanted)

    async def removed(self) -> None:
        """Wait for nothing any more."""
        self._forget()
        await super().removed()

    def _show(self, wanted: bool) -> None:
        self._shown = wanted
        if wanted and (seconds := self._seconds("auto_off")):
            self._wait_for(False, seconds, delayed=False)

    def _wait_for(self, wanted: bool, seconds: float, *, delayed: bool) -> None:
        self._waiting_for, self._delayed = wanted, delayed
        self._cancel = self._house.clock.call_later(seconds, self._passed)

    def _passed(self) -> None:
        wanted, self._cancel = self._waiting_for, None
        if wanted is not None:
            self._show(wanted)
            self.write()

    def _forget(self) -> None:
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    def _seconds(self, name: str) -> float | None:
        """Return a time span of the fields; None when there is none or it can not be read."""
        if (given := self.config.get(name)) is None:
            return None
        try:
            return fields.seconds(self._house, given, {"this": self.this})
        except HubError as error:
            self._failing(name, error.message)
            return None


class TemplateSwitch(TemplatedEntity, SwitchEntity):
    """A switch whose actions are sequences."""

    @property
    def is_on(self) -> bool | None:
        """Return what the template says, or what was asked for last."""
        found: bool | None = self._value("state", values.truth)
        return found

    def turn_on(self) -> Awaitable[None] | None:
        """Run the actions of `turn_on`."""
        return self.act("turn_on", {}, True)

    def turn_off(self) -> Awaitable[None] | None:
        """Run the actions of `turn_off`."""
        return self.act("turn_off", {}, False)


class TemplateNumber(TemplatedEntity, NumberEntity):
    """A number that a sequence sets."""

    FIELDS = ("state", "min", "max", "step")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what every template entity takes."""
        super().__init__(*args, **kwargs)
        self.settle()

    @property
    def native_value(self) -> float | None:
        """Return what the template says, or what was set last."""
        found: float | None = self._value("state", values.number)
        return found

    def settle(self) -> None:
        """Follow templates of the range; a failing one leaves the default."""
        self.min_value = self._number("min", 0.0)
        self.max_value = self._number("max", 100.0)
        self.step = self._number("step", 1.0)

    def set_value(self, value: float) -> Awaitable[None] | None:
        """Run the actions of `set_value`, which know it as `value`."""
        return self.act("set_value", {"value": value}, value)

    def _number(self, name: str, default: float) -> float:
        given = self.config[name]
        if not isinstance(given, str):
            return float(given)
        found = self._value(name, values.number)
        return default if found is None else float(found)


class TemplateSelect(TemplatedEntity, SelectEntity):
    """A choice that a sequence makes."""

    FIELDS = ("state", "options")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what every template entity takes."""
        super().__init__(*args, **kwargs)
        listed = self.config["options"]
        self.options = listed if isinstance(listed, list) else ()

    @property
    def current_option(self) -> str | None:
        """Return what the template says, or what was chosen last."""
        found: str | None = self._value("state", values.text, self.options)
        return found

    def settle(self) -> None:
        """Follow a template of options."""
        if "options" in self._templates:
            self.options = self._value("options", values.options) or ()

    def select_option(self, option: str) -> Awaitable[None] | None:
        """Run the actions of `select_option`, which know it as `option`."""
        return self.act("select_option", {"option": option}, option)


class TemplateButton(TemplatedEntity, ButtonEntity):
    """A button whose press runs a sequence."""

    FIELDS = ()

    def press(self) -> Awaitable[None] | None:
        """Run the actions of `press`."""
        return self.act("press", {})


KINDS: Final[Mapping[str, type[TemplatedEntity]]] = {
    "binary_sensor": TemplateBinarySensor,
    "button": TemplateButton,
    "number": TemplateNumber,
    "select": TemplateSelect,
    "sensor": TemplateSensor,
    "switch": TemplateSwitch,
}
