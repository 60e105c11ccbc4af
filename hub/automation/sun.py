"""The sun over the house: when it rises and sets, and the entity `sun.sun`.

Astral computes; it is imported with the first question. Where the sun does not rise or set for a
whole year (near the poles it may stay away for months) the answer is None.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import timing

if TYPE_CHECKING:
    from collections.abc import Callable

    from astral import Observer

    from hub.automation.world import World
    from hub.config.settings import House
    from hub.util.clock import Cancel

ENTITY_ID: Final = "sun.sun"
ABOVE: Final = "above_horizon"
BELOW: Final = "below_horizon"

EVENTS: Final = {
    "dawn": "dawn",
    "dusk": "dusk",
    "midnight": "midnight",
    "noon": "noon",
    "rising": "sunrise",
    "setting": "sunset",
}
"""The attributes `next_...` of the entity and astral's names."""

DAY_SECONDS: Final = 240.0
NIGHT_SECONDS: Final = 1200.0
"""How often elevation and azimuth are written while the sun is up or just below, and at night."""

NAMES: Final = ("sunrise", "sunset")
"""What triggers and conditions ask for."""

_YEAR: Final = 367
_HORIZON: Final = -0.833
"""Degrees at which the sun's upper edge is seen: refraction and half its width."""
_TWILIGHT: Final = -6.0


def event(value: object) -> str:
    """Accept `sunrise` or `sunset`."""
    if value not in NAMES:
        raise vol.Invalid("expected sunrise or sunset")
    return str(value)


def on_day(house: "House", name: str, day: date) -> float | None:
    """Return when an astral event (`sunrise`, `noon` ...) is on a UTC day; epoch seconds."""
    return _on_day(house.latitude, house.longitude, house.elevation, name, day)


def of_local_day(world: "World", name: str, day: date) -> float | None:
    """Return when an event is on a day of the house's own calendar; None when it is not."""
    place = timing.zone(world)
    for shift in (0, -1, 1):
        moment = on_day(world.settings.hub, name, day + timedelta(days=shift))
        if moment is not None and datetime.fromtimestamp(moment, place).date() == day:
            return moment
    return None


def following(world: "World", name: str, offset: float = 0.0) -> timing.Following:
    """Return the series of an event, moved by some seconds."""
    house = world.settings.hub

    def after(moment: float) -> float | None:
        wanted = moment - offset
        day = datetime.fromtimestamp(wanted, UTC).date() - timedelta(days=1)
        for _ in range(_YEAR):
            found = on_day(house, name, day)
            if found is not None and found > wanted:
                return found + offset
            day += timedelta(days=1)
        return None

    return after


@lru_cache(maxsize=4096)
def _on_day(
    latitude: float, longitude: float, elevation: float, name: str, day: date
) -> float | None:
    from astral import sun

    event: Callable[..., datetime] = getattr(sun, name)
    try:
        return event(_observer(latitude, longitude, elevation), day).timestamp()
    except ValueError:  # the sun does not come so far that day
        return None


def _observer(latitude: float, longitude: float, elevation: float) -> "Observer":

    from astral import Observer

    return Observer(latitude, longitude, elevation)


class Sun:
    """Keeps the state of `sun.sun` and writes it when something about it changed."""

    def __init__(self, world: "World") -> None:
        """Stand over the place of `settings.hub`; `start` begins."""
        self._world = world
        house = world.settings.hub
        self._place = (house.latitude, house.longitude, house.elevation)
        self._series = {name: following(world, event) for name, event in EVENTS.items()}
        self._next: dict[str, float | None] = {}
        self._cancel: Cancel | None = None

    def start(self) -> None:
        """Write the state, now and whenever it is time."""
        self._write()

    def stop(self) -> None:
        """Write no more; the last state stays."""
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    def _write(self) -> None:
        from astral import sun

        world = self._world
        now = world.clock.time()
        for name, series in self._series.items():
            known = self._next.get(name)
            if known is None or not now < known < now + 2 * 86400:
                self._next[name] = series(now)
        at = datetime.fromtimestamp(now, UTC)
        observer = _observer(*self._place)
        elevation = sun.elevation(observer, at)
        attributes: dict[str, Any] = {
            f"next_{name}": None if moment is None else _text(moment)
            for name, moment in self._next.items()
        }
        attributes["elevation"] = round(elevation, 2)
        attributes["azimuth"] = round(sun.azimuth(observer, at), 2)
        attributes["rising"] = self._rises()
        attributes["friendly_name"] = "Sun"
        up = self._is_up(elevation)
        world.states.set(ENTITY_ID, ABOVE if up else BELOW, attributes)
        wait = DAY_SECONDS if elevation > _TWILIGHT else NIGHT_SECONDS
        soonest = min((moment for moment in self._next.values() if moment is not None), default=now)
        if soonest > now:
            wait = min(wait, soonest - now)
        self._cancel = world.clock.call_later(max(wait, 0.05), self._write)

    def _is_up(self, elevation: float) -> bool:
        """Tell whether it has risen and not set, as the sun triggers say it."""
        rising, setting = self._next["rising"], self._next["setting"]
        if rising is None or setting is None or abs(rising - setting) > 86400:
            return elevation > _HORIZON
        return setting < rising

    def _rises(self) -> bool:
        """Tell whether it climbs: the next turning point is noon."""
        noon, midnight = self._next["noon"], self._next["midnight"]
        return noon is not None and (midnight is None or noon < midnight)


def _text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()
