"""The simulated house: rooms that warm up, cool down and get damp, always the same for a seed."""

import math
import random
from dataclasses import dataclass, field
from typing import Final

AUTO, HEATING, COOLING, MANUAL_HEATING, MANUAL_COOLING = 1, 2, 3, 4, 5
NORMAL, REDUCED, STANDBY, TIME_PROGRAM, PARTY, ABSENCE = 1, 2, 3, 4, 5, 6

_DAY: Final = 86_400.0
_STEP: Final = 120.0
_HEAT_PER_HOUR: Final = 3.0
_LOSS_HOURS: Final = 50.0
_FROST: Final = 7.0


@dataclass(slots=True)
class Room:
    """One zone: degrees Celsius and percent."""

    base: int
    channel: int
    has_humidity: bool = True
    temperature: float = 20.0
    setpoint: float = 21.0
    state: int = NORMAL
    humidity: float = 45.0

    @property
    def address(self) -> int:
        """Return the first register of the zone."""
        return (self.base - 1) * 1200 + self.channel * 100


@dataclass(slots=True)
class House:
    """All rooms under one sky; time in seconds since midnight of the first day."""

    rooms: list[Room]
    seed: int = 1
    mode: int = HEATING
    state: int = NORMAL
    time: float = 8 * 3600.0
    outside: float = 6.0
    filtered: float = 6.0
    _dice: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Start every room a little apart from the others."""
        self._dice = random.Random(self.seed)  # noqa: S311 - weather, not secrets
        for room in self.rooms:
            room.temperature += round(self._dice.uniform(-1.5, 0.5), 2)
            room.humidity += self._dice.randint(-6, 6)

    @property
    def heats(self) -> bool:
        """Tell whether the plant makes warm water."""
        if self.mode == AUTO:
            return self.filtered < 18
        return self.mode in (HEATING, MANUAL_HEATING)

    @property
    def flow(self) -> float:
        """Return the temperature of the water that goes to the rooms."""
        return 35.0 if self.heats else 17.0

    def step(self, seconds: float) -> None:
        """Let time pass, in slices short enough for the model."""
        while seconds > 0:
            slice_ = min(seconds, _STEP)
            self._slice(slice_)
            seconds -= slice_

    def demand(self, room: Room) -> float:
        """Return how far the valve is open, -1 full cooling .. 1 full heating."""
        if self.heats:
            target = _FROST if STANDBY in (room.state, self.state) else room.setpoint
            return min(max(target - room.temperature, 0.0), 1.0)
        if STANDBY in (room.state, self.state):
            return 0.0
        return -min(max(room.temperature - room.setpoint, 0.0), 1.0)

    def _slice(self, seconds: float) -> None:
        hours = seconds / 3600
        self.time += seconds
        self.outside = 6 + 5 * math.sin(2 * math.pi * (self.time / _DAY - 0.375))
        self.filtered += (self.outside - self.filtered) * min(hours / 12, 1)
        for room in self.rooms:
            loss = (self.outside - room.temperature) / _LOSS_HOURS
            room.temperature += (self.demand(room) * _HEAT_PER_HOUR + loss) * hours
            wander = self._dice.gauss(0, 1) * math.sqrt(hours)
            room.humidity += (46 - room.humidity) * min(hours / 6, 1) + wander
            room.humidity = min(max(room.humidity, 25.0), 80.0)
