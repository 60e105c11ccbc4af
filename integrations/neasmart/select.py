"""The global operating mode and state of an installation."""

from collections.abc import Mapping
from typing import Any

from hub.sdk import SelectEntity
from integrations.neasmart.coordinator import Installation
from integrations.neasmart.entity import LineEntity, commands, line_device, timestamp
from integrations.neasmart.registers import KINDS, MODE, STATE, Kind, Mode, State, label


class GlobalSelect(LineEntity, SelectEntity):
    """One of the two global command registers, by name."""

    def __init__(self, installation: Installation, address: int) -> None:
        """Show register 1 or 2."""
        self._address = address
        self._kind = KINDS[address]
        self._names: type[Mode | State] = Mode if self._kind is Kind.MODE else State
        self.options = tuple(item.name.lower() for item in self._names)
        key = f"operating_{self._kind}"
        self.translation_key = key
        name = f"Operating {self._kind}"
        super().__init__(installation, key, line_device(installation), name, (address,))

    @property
    def available(self) -> bool:
        """Tell whether a command can reach the base, or its report is fresh."""
        return self.installation.server.connected or super().available

    @property
    def current_option(self) -> str | None:
        """Return the wish while it is under way, else what the base reported."""
        return label(self._kind, self.value(self._address))

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return the time of the report and how the newest command fares."""
        found: dict[str, Any] = {"last_report": timestamp(self.reading.at)}
        number = self.reading.value
        if number is not None and label(self._kind, number) is None:
            found["unknown_number"] = number
        return found | commands(self, {"option": self._address})

    def select_option(self, option: str) -> None:
        """Queue a mode or state."""
        self.command(self._address, self._names[option.upper()])


def selects(installation: Installation) -> list[GlobalSelect]:
    """Return both selects of an installation."""
    return [GlobalSelect(installation, address) for address in (MODE, STATE)]
