"""Wall-clock times: when a time of the day comes next, and alarms that survive clock jumps.

A time that the clocks skip (02:30 on the day summer time begins) comes right after the gap; a time
that they show twice comes once, at its first.
"""

import logging
from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from hub.automation.world import World
    from hub.util.clock import Cancel, Clock

_LOGGER = logging.getLogger(__name__)

Following = Callable[[float], float | None]
"""Takes epoch seconds and returns the first moment strictly after them; None = never."""

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

LOOK_SECONDS: Final = 30.0
"""How often the wall clock is looked at while moments are awaited: a jump is seen that late."""

JUMP_SECONDS: Final = 0.25
"""How far the wall clock may drift from the steady one before all that waits counts again."""

LATE_SECONDS: Final = 3 * 3600.0
"""A moment that the clock jumped over is made up for when it is not further back than this."""

BACK_SECONDS: Final = 3 * 3600.0
"""A clock that goes back by less repeats nothing; one that goes back further was wrong before."""

NEVER_SECONDS: Final = 6 * 3600.0
"""How often something that never comes is asked for again."""

_EARLY: Final = 0.001
"""A moment this near counts as reached: timers and clocks do not agree to the microsecond."""

_HOURS: Final = tuple(range(24))


class Jumps:
    """Tells when the wall clock was set; one look in a while for all alarms of a clock."""

    def __init__(self, clock: "Clock") -> None:
        """Look at `clock` while somebody listens."""
        self._clock = clock
        self._listeners: list[Callable[[], object]] = getattr(clock, "jumped", [])
        self._looks = not hasattr(clock, "jumped")
        self._lead = 0.0
        self._cancel: Cancel | None = None

    def listen(self, callback: Callable[[], object]) -> "Cancel":
        """Call `callback` after each jump."""
        self._listeners.append(callback)
        if self._looks and self._cancel is None:
            self._lead = self._clock.time() - self._clock.monotonic()
            self._wait()

        def stop() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)
            if not self._listeners and self._cancel is not None:
                self._cancel()
                self._cancel = None

        return stop

    def _wait(self) -> None:
        self._cancel = self._clock.call_later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._wait()
        lead = self._clock.time() - self._clock.monotonic()
        if abs(lead - self._lead) > JUMP_SECONDS:
            self._lead = lead
            for told in tuple(self._listeners):
                told()


_JUMPS: Final["WeakKeyDictionary[Clock, Jumps]"] = WeakKeyDictionary()


def jumps(clock: "Clock") -> Jumps:
    """Return the one that watches a clock, made when it is first asked for."""
    found = _JUMPS.get(clock)
    if found is None:
        found = _JUMPS[clock] = Jumps(clock)
    return found


class Alarm:
    """Rings at each moment of a series, once, whatever the wall clock does meanwhile."""

    def __init__(
        self, clock: "Clock", following: Following, ring: Callable[[float], object]
    ) -> None:
        """Call `ring(moment)` at every moment that `following` gives, from now on."""
        self._clock = clock
        self._following = following
        self._ring = ring
        self._seen = clock.time()
        """Up to here everything has rung; a clock that goes back does not move it."""
        self._due = following(self._seen)
        self._cancel: Cancel | None = None
        self._unlisten = jumps(clock).listen(self._look)
        self._stopped = False
        self._arm(self._seen)

    @property
    def due(self) -> float | None:
        """Return the next moment."""
        return self._due

    def stop(self) -> None:
        """Ring no more."""
        self._stopped = True
        self._unlisten()
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    def _arm(self, now: float) -> None:
        if self._cancel is not None:
            self._cancel()
        wait = NEVER_SECONDS if self._due is None else self._due - now
        self._cancel = self._clock.call_later(max(wait, 0.0), self._look)

    def _look(self) -> None:
        """Ring when it is time, and wait on."""
        if self._stopped:
            return
        now = self._clock.time()
        if now < self._seen - BACK_SECONDS:
            _LOGGER.info("The clock went back by more than %.0f s, times start anew", BACK_SECONDS)
            self._seen = now
            self._due = self._following(now)
        due = self._due
        if due is None or now < due - _EARLY:
            self._seen = max(self._seen, now)
            if due is None:
                self._due = self._following(self._seen)
            self._arm(now)
            return
        self._seen = max(now, due)
        self._due = self._following(self._seen)
        self._arm(now)
        moment = self._made_up(due, now)
        if moment is not None:
            self._ring(moment)

    def _made_up(self, due: float, now: float) -> float | None:
        """Return the moment to ring for; None when it is too far back."""
        if now - due <= LATE_SECONDS:
            return due
        moment = self._following(now - LATE_SECONDS)
        if moment is not None and moment <= now:
            return moment
        _LOGGER.info("The clock jumped over a moment that is too far back to make up for")
        return None


def zone(world: "World") -> ZoneInfo:
    """Return the time zone of the house."""
    return ZoneInfo(world.settings.hub.time_zone)


def local(world: "World", moment: float | None = None) -> datetime:
    """Return a moment (now, when none is given) as the clocks of the house show it."""
    return datetime.fromtimestamp(world.clock.time() if moment is None else moment, zone(world))


def instant(wall: datetime, place: ZoneInfo) -> float:
    """Return when the clocks of a place first show a time, or skip over it; epoch seconds."""
    first = wall.replace(tzinfo=place, fold=0).timestamp()
    if datetime.fromtimestamp(first, place).replace(tzinfo=None) == wall:
        return first
    return float(_transition(place, wall.replace(tzinfo=place, fold=1).timestamp(), first))


def daily(at: time, place: ZoneInfo, weekdays: Collection[str] = ()) -> Following:
    """Return the series of a time of the day, on some weekdays (none named: on all)."""
    wanted = frozenset(WEEKDAYS.index(day) for day in weekdays) or frozenset(range(7))

    def following(after: float) -> float | None:
        # The day before: a time that was skipped may come after midnight.
        day = datetime.fromtimestamp(after, place).date() - timedelta(days=1)
        for _ in range(10):
            if day.weekday() in wanted:
                moment = instant(datetime.combine(day, at), place)
                if moment > after:
                    return moment
            day += timedelta(days=1)
        return None

    return following


def once(moment: float) -> Following:
    """Return the series of one moment."""
    return lambda after: moment if moment > after else None


def shifted(following: Following, seconds: float) -> Following:
    """Return a series with all moments moved by some seconds."""
    if not seconds:
        return following

    def moved(after: float) -> float | None:
        moment = following(after - seconds)
        return None if moment is None else moment + seconds

    return moved


def on_days(following: Following, place: ZoneInfo, weekdays: Collection[str]) -> Following:
    """Return a series without the moments that fall on other weekdays."""
    if not weekdays:
        return following

    def wanted(after: float) -> float | None:
        for _ in range(10):
            moment = following(after)
            if moment is None or weekday(datetime.fromtimestamp(moment, place)) in weekdays:
                return moment
            after = moment
        return None

    return wanted


def pattern(
    hours: Sequence[int], minutes: Sequence[int], seconds: Sequence[int], place: ZoneInfo
) -> Following:
    """Return the series of all times whose parts are among the (ascending) ones given.

    With every hour it goes on by the clock through hours that are skipped or shown twice; hours
    that are named behave like times of the day.
    """

    def match(wall: datetime) -> datetime:
        return _match(wall, hours, minutes, seconds)

    def in_every_hour(after: float) -> float | None:
        moment = float(int(after // 1) + 1)
        while True:
            here = datetime.fromtimestamp(moment, place)
            wall = here.replace(tzinfo=None, fold=0)
            found = moment + (match(wall) - wall).total_seconds()
            if datetime.fromtimestamp(found, place).utcoffset() == here.utcoffset():
                return found
            moment = float(_transition(place, moment, found))

    def in_named_hours(after: float) -> float | None:
        wall = datetime.fromtimestamp(after, place).replace(tzinfo=None, fold=0, microsecond=0)
        while True:
            wall = match(wall + timedelta(seconds=1))
            moment = instant(wall, place)
            if moment > after:
                return moment

    return in_every_hour if tuple(hours) == _HOURS else in_named_hours


def weekday(day: date) -> str:
    """Return `mon` .. `sun`."""
    return WEEKDAYS[day.weekday()]


def _match(
    wall: datetime, hours: Sequence[int], minutes: Sequence[int], seconds: Sequence[int]
) -> datetime:
    """Return the first time at or after `wall` whose parts are all wanted."""
    second = _first(seconds, wall.second)
    if second is None:
        wall += timedelta(minutes=1)
        second = seconds[0]
    minute = _first(minutes, wall.minute)
    if minute != wall.minute:
        second = seconds[0]
    if minute is None:
        wall += timedelta(hours=1)
        minute = minutes[0]
    hour = _first(hours, wall.hour)
    if hour != wall.hour:
        minute, second = minutes[0], seconds[0]
    if hour is None:
        wall += timedelta(days=1)
        hour = hours[0]
    return wall.replace(hour=hour, minute=minute, second=second, microsecond=0)


def _first(wanted: Sequence[int], least: int) -> int | None:
    index = bisect_left(wanted, least)
    return wanted[index] if index < len(wanted) else None


def _transition(place: ZoneInfo, low: float, high: float) -> int:
    """Return the first second after `low` with another offset from UTC than `low` has."""
    before = datetime.fromtimestamp(low, place).utcoffset()
    early, late = int(low), int(high)
    while late - early > 1:
        middle = (early + late) // 2
        if datetime.fromtimestamp(middle, place).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late
