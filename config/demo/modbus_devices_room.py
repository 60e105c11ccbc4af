"""What the simulated Modbus devices measure: a guest room, its thermostat and the house's meter."""

import math
import random
from dataclasses import dataclass, field
from typing import Final

COMFORT, ECONOMY, PROTECTION = 1, 3, 4
COOLING, HEATING = 0, 1
FAN_AUTO, FAN_LOW, FAN_MEDIUM, FAN_HIGH = 0, 33, 66, 100

_DAY: Final = 86_400.0
_STEP: Final = 60.0
_LOSS_HOURS: Final = 30.0
_OPEN_HOURS: Final = 3.0
_DEGREES_PER_HOUR: Final = 4.0
_HEATER_WATTS: Final = 1800.0
_STANDING: Final = {HEATING: {ECONOMY: 15.0, PROTECTION: 8.0}, COOLING: {ECONOMY: 30.0}}
"""Set points of the thermostat's own parameters; none = it does nothing."""


@dataclass(slots=True)
class Room:
    """The guest room and the thermostat on its wall: degrees Celsius, outputs in percent."""

    temperature: float = 18.5
    setpoint: float = 21.0
    mode: int = COMFORT
    changeover: int = HEATING
    fan: int = FAN_AUTO
    window: bool = False

    @property
    def target(self) -> float | None:
        """Return what it regulates to; None = it does nothing."""
        if self.mode == COMFORT:
            return self.setpoint
        return _STANDING[self.changeover].get(self.mode)

    @property
    def output(self) -> int:
        """Return how far its valve is open, in percent: full at one degree of distance."""
        if self.target is None or self.window:
            return 0
        distance = self.target - self.temperature
        if self.changeover == COOLING:
            distance = -distance
        return round(min(max(distance, 0.0), 1.0) * 100)

    @property
    def fan_stage(self) -> int:
        """Return how the fan runs."""
        if self.output == 0:
            return 0
        if self.fan != FAN_AUTO:
            return self.fan
        stages = ((30, FAN_LOW), (70, FAN_MEDIUM), (100, FAN_HIGH))
        return next(stage for limit, stage in stages if self.output <= limit)

    def step(self, hours: float, outside: float) -> None:
        """Let time pass."""
        gain = self.output / 100 * _DEGREES_PER_HOUR * (1 if self.changeover == HEATING else -1)
        loss = (outside - self.temperature) / (_OPEN_HOURS if self.window else _LOSS_HOURS)
        self.temperature += (gain + loss) * hours


@dataclass(slots=True)
class Phase:
    """One phase at the meter; a negative power is fed in."""

    watts: float = 0.0
    volts: float = 230.0
    drawn: float = 0.0
    """Kilowatt hours."""
    fed_in: float = 0.0

    def step(self, hours: float) -> None:
        """Count what flows."""
        energy = self.watts * hours / 1000
        self.drawn += max(energy, 0.0)
        self.fed_in += max(-energy, 0.0)


@dataclass(slots=True)
class Flat:
    """Room and meter under one sky; time in seconds since midnight of the first day.

    L1 carries the room's heater, L2 the household, L3 the kitchen and a small solar plant.
    """

    room: Room = field(default_factory=Room)
    phases: tuple[Phase, Phase, Phase] = field(
        default_factory=lambda: (Phase(drawn=812.4), Phase(drawn=1203.9), Phase(drawn=640.2))
    )
    seed: int = 1
    time: float = 8 * 3600.0
    outside: float = 6.0
    frequency: float = 50.0
    _dice: random.Random = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Throw the same dice for the same seed."""
        self._dice = random.Random(self.seed)  # noqa: S311 - weather, not secrets
        self._slice(0.0)

    @property
    def watts(self) -> float:
        """Return what the whole flat draws."""
        return sum(phase.watts for phase in self.phases)

    def step(self, seconds: float) -> None:
        """Let time pass, in slices short enough for the model."""
        while seconds > 0:
            slice_ = min(seconds, _STEP)
            self._slice(slice_)
            seconds -= slice_

    def _slice(self, seconds: float) -> None:
        hours = seconds / 3600
        self.time += seconds
        self.outside = 6 + 5 * math.sin(2 * math.pi * (self.time / _DAY - 0.375))
        self.room.step(hours, self.outside)
        clock = self.time % _DAY / 3600
        heater, household, kitchen = self.phases
        heater.watts = 40 + self.room.output / 100 * _HEATER_WATTS
        household.watts = 180 + _hump(clock, 7.5, 1.0, 500) + _hump(clock, 20.0, 2.0, 700)
        kitchen.watts = 60 + _hump(clock, 12.5, 0.5, 900) + _hump(clock, 18.5, 0.8, 1600)
        kitchen.watts -= max(math.sin(math.pi * (clock - 7) / 12), 0.0) * 1500
        self.frequency = 50 + self._dice.gauss(0, 0.01)
        for phase in self.phases:
            phase.watts *= 1 + self._dice.gauss(0, 0.01)
            phase.volts = 231 - phase.watts / 1500 + self._dice.gauss(0, 0.2)
            phase.step(hours)


def _hump(clock: float, hour: float, width: float, height: float) -> float:
    """Return a bell around an hour of the day."""
    return height * math.exp(-(((clock - hour) / width) ** 2))
