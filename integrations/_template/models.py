"""What the client returns."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer of the thermometer, in degrees Celsius."""

    temperature: float
