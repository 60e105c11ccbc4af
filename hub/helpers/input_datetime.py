"""A date, a time of day, or both, that people set."""

from collections.abc import Mapping
from datetime import date, datetime, time, tzinfo
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

import voluptuous as vol

from hub.entities.service import EntityService
from hub.errors import ServiceValidationError
from hub.helpers.fields import NAMED, date_of, moment_of, time_of
from hub.helpers.helper import Helper, HelperKind
from hub.schema import boolean, described, finite_float, text
from hub.services import Field

_EARLIEST: Final = -30_000_000_000.0
_LATEST: Final = 253_000_000_000.0


@described(type="float")
def timestamp(value: object) -> float:
    """Accept seconds since 1970 within the years 1019 to 9987."""
    found = finite_float(value)
    if not _EARLIEST <= found <= _LATEST:
        raise vol.Invalid("expected seconds since 1970")
    return found


def _what(data: dict[str, Any]) -> dict[str, Any]:
    """Refuse a call that sets nothing, or one thing in two ways."""
    if not data:
        raise vol.Invalid("must contain at least one of date, time, datetime, timestamp.")
    if len(data) > 1 and data.keys() != {"date", "time"}:
        raise vol.Invalid("give either datetime, or timestamp, or date and time")
    return data


class _SetDatetime(EntityService):
    """The service with a rule that concerns several fields."""

    def voluptuous(self) -> vol.Schema:
        """Return the schema with the rule."""
        return vol.Schema(vol.All(dict(self.schema), _what))


class InputDatetime(Helper):
    """Local date and time of the house."""

    kind = "input_datetime"
    SERVICES: ClassVar = (
        _SetDatetime(
            "set_datetime",
            "set_datetime",
            {
                vol.Optional("date"): date_of,
                vol.Optional("time"): time_of,
                vol.Optional("datetime"): moment_of,
                vol.Optional("timestamp"): timestamp,
            },
            {
                "date": Field({"text": None}, name="Date", example="2026-11-21"),
                "time": Field({"time": None}, name="Time", example="07:30:00"),
                "datetime": Field(
                    {"text": None}, name="Date and time", example="2026-11-21 07:30:00"
                ),
                "timestamp": Field(
                    {"number": {"min": 0, "max": 2**53, "mode": "box"}}, name="Seconds since 1970"
                ),
            },
            title="Set",
        ),
    )
    has_date: bool
    has_time: bool
    day: date | None = None
    """None until it is known: only a helper with a date has one."""
    clock_time: time

    def configure(self, spec: Mapping[str, Any]) -> None:
        """Take which parts there are; the parts that stay keep their values."""
        self.has_date, self.has_time = spec["has_date"], spec["has_time"]
        self._initial: str | None = spec.get("initial")

    def restore(self, kept: Any) -> None:
        """Begin as `initial` says, else as it was, else today at midnight."""
        now = datetime.fromtimestamp(self.hub.clock.time(), self._zone)
        self.day, self.clock_time = now.date(), time()
        if self._initial is not None:
            self._take(parts(self._initial, self.has_date, self.has_time))
        elif isinstance(kept, Mapping):
            self._take((_maybe(date_of, kept.get("date")), _maybe(time_of, kept.get("time"))))

    def kept(self) -> dict[str, str | None]:
        """Return both parts."""
        return {
            "date": None if self.day is None else self.day.isoformat(),
            "time": self.clock_time.isoformat(timespec="seconds"),
        }

    @property
    def state_value(self) -> str | None:
        """Return the parts as text: `2026-11-21 07:30:00`."""
        found = [str(self.day)] if self.has_date else []
        found += [self.clock_time.isoformat(timespec="seconds")] if self.has_time else []
        return " ".join(found)

    def shown(self) -> Mapping[str, Any]:
        """Return which parts there are."""
        return {"has_date": self.has_date, "has_time": self.has_time}

    @property
    def state_attributes(self) -> Mapping[str, Any]:
        """Return the parts one by one, and the moment as seconds since 1970 or since midnight."""
        found: dict[str, Any] = {}
        day, at = self.day, self.clock_time
        if self.has_date and day is not None:
            found |= {"year": day.year, "month": day.month, "day": day.day}
        if self.has_time:
            found |= {"hour": at.hour, "minute": at.minute, "second": at.second}
        if self.has_date and day is not None:
            moment = datetime.combine(day, at if self.has_time else time(), self._zone)
            found["timestamp"] = moment.timestamp()
        else:
            found["timestamp"] = at.hour * 3600 + at.minute * 60 + at.second
        return found

    def set_datetime(
        self,
        date: date | None = None,
        time: time | None = None,
        datetime: datetime | None = None,
        timestamp: float | None = None,
    ) -> None:
        """Set one part or both; raises `ServiceValidationError` for a part that is not there."""
        moment = datetime
        if timestamp is not None:
            moment = _from_timestamp(timestamp, self._zone)
        if moment is not None:
            if moment.tzinfo is not None:
                moment = moment.astimezone(self._zone)
            date, time = moment.date(), moment.time().replace(microsecond=0)
        else:
            for name, value, there in (
                ("date", date, self.has_date),
                ("time", time, self.has_time),
            ):
                if value is not None and not there:
                    raise ServiceValidationError(
                        f"Invalid {name} for {self.entity_id}: it has no {name}"
                    )
        self._take((date, time))
        self.changed()

    def _take(self, found: tuple[date | None, time | None]) -> None:
        """Take the parts that are given and that there are."""
        day, at = found
        if day is not None and self.has_date:
            self.day = day
        if at is not None and self.has_time:
            self.clock_time = at

    @property
    def _zone(self) -> tzinfo:
        return ZoneInfo(self.hub.settings.hub.time_zone)


def _from_timestamp(seconds: float, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(seconds, zone)


def _maybe(read: Any, value: object) -> Any:
    try:
        return None if value is None else read(value)
    except vol.Invalid:
        return None


def parts(value: str, has_date: bool, has_time: bool) -> tuple[date | None, time | None]:
    """Read what a helper with these parts begins with; raises `vol.Invalid`."""
    if has_date and has_time:
        moment = moment_of(value)
        return moment.date(), moment.time().replace(microsecond=0)
    return (date_of(value), None) if has_date else (None, time_of(value))


def _check(spec: Mapping[str, Any]) -> None:
    if not (spec["has_date"] or spec["has_time"]):
        raise vol.Invalid("set has_date or has_time to true, or both", path=["has_date"])
    if (initial := spec.get("initial")) is not None:
        try:
            parts(initial, spec["has_date"], spec["has_time"])
        except vol.Invalid as error:
            error.prepend(["initial"])
            raise


@described(type="string")
def _initial(value: object) -> str:
    """Accept a text; dates and times without quotes are no texts in YAML."""
    if not isinstance(value, str):
        raise vol.Invalid("expected a text: put quotes around the date or time")
    return text(value)


KIND: Final = HelperKind(
    InputDatetime,
    {
        **NAMED,
        vol.Optional("has_date", default=False, description="Whether it holds a date"): boolean,
        vol.Optional("has_time", default=False, description="Whether it holds a time"): boolean,
        vol.Optional("initial", description="Value at each start; else it stays as it was"): (
            _initial
        ),
    },
    "Date and time",
    "A date, a time of day, or both, that people set",
    _check,
)
