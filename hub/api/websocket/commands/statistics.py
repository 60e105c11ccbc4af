"""Statistics: their names, points of a period, one number for a range; import and removal."""

import math
from typing import Any, Final

import voluptuous as vol

from hub.api.errors import InvalidTimeRange, InvalidUnits
from hub.api.period import end_of, limited, moment, range_of
from hub.api.statistics import (
    display_unit,
    entity_of,
    issues_of,
    points_of,
    series_of,
    unit_of,
    zone_of,
)
from hub.api.websocket.command import Message, Raw, command
from hub.api.websocket.connection import Connection
from hub.errors import InvalidFormat, Unauthorized
from hub.recorder.statistics.imports import clear, import_hours
from hub.recorder.statistics.ledger import CLOSED, OWN
from hub.recorder.statistics.periods import PERIODS, begin_of, moved
from hub.recorder.statistics.periods import end_of as period_end
from hub.recorder.statistics.series import TYPES, Points, Series, SeriesReader
from hub.recorder.statistics.units import units_of
from hub.schema import described, finite_float, integer, text
from hub.states.machine import valid_entity_id

_SUMMED: Final = ("max", "mean", "min", "change")
_LONG: Final = ("hour", "day", "week", "month", "year")
"""Periods of a calendar."""

_PARTS: Final = {"days": 86400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}


@described(type="object")
def _units(value: object) -> dict[str, str]:
    """Accept `{class: unit}` of the classes that are known."""
    if not isinstance(value, dict):
        raise vol.Invalid('expected an object such as {"energy": "kWh"}')
    for kind, unit in value.items():
        known = units_of(kind) if isinstance(kind, str) else []
        if not known:
            raise vol.Invalid(f"there is no class of units {str(kind)[:40]!r}")
        if unit not in known:
            raise vol.Invalid(f"{kind} is not told in {str(unit)[:40]!r}", path=[kind])
    return value


@described(type="object")
def _span(value: object) -> float:
    """Accept a number of seconds, or `{"days","hours","minutes","seconds"}`."""
    parts = {"seconds": value} if isinstance(value, (int, float)) else value
    if not isinstance(parts, dict) or not parts or not parts.keys() <= _PARTS.keys():
        raise vol.Invalid(f"expected seconds or an object of {', '.join(_PARTS)}")
    seconds = 0.0
    for name, number in parts.items():
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise vol.Invalid("expected a number", path=[name])
        seconds += number * _PARTS[name]
    if not math.isfinite(seconds) or abs(seconds) > 2**33:
        raise vol.Invalid("expected less than 270 years")
    return seconds


def _some(names: tuple[str, ...]) -> Any:
    return vol.All([vol.In(names)], vol.Coerce(set))


@command(
    "recorder/list_statistic_ids",
    {vol.Optional("statistic_type"): vol.In(("sum", "mean"))},
    verb="read",
)
async def list_statistic_ids(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Return the series that the user may read."""
    wanted = message.get("statistic_type")
    async with limited("the statistics"):
        found = await series_of(connection.hub, connection.user)
    return [
        _meta(connection, series)
        for series in found
        if wanted is None or (series.has_sum if wanted == "sum" else series.has_mean)
    ]


@command("recorder/get_statistics_metadata", {vol.Optional("statistic_ids"): [text]}, verb="read")
async def get_metadata(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Return some series, or all."""
    async with limited("the statistics"):
        found = await series_of(connection.hub, connection.user, message.get("statistic_ids"))
    return [_meta(connection, series) for series in found]


@command(
    "recorder/statistics_during_period",
    {
        vol.Required("start_time"): text,
        vol.Optional("end_time"): text,
        vol.Required("statistic_ids"): vol.All([text], vol.Length(min=1)),
        vol.Required("period"): vol.In((*PERIODS, "auto")),
        vol.Optional("units", default=dict): _units,
        vol.Optional("types", default=lambda: list(TYPES)): _some(TYPES),
    },
    verb="read",
)
async def during_period(connection: Connection, message: Message) -> Raw:
    """Return points by series; `auto` is the finest period that reaches back to the start."""
    hub = connection.hub
    start, end = range_of(hub, message)
    until = hub.clock.time() if end is None else end
    async with limited("the statistics"):
        found = await series_of(hub, connection.user, message["statistic_ids"])
        period = message["period"]
        if period == "auto":
            period = await SeriesReader(hub.recorder).tier(found, start)
        types, units = message["types"], message["units"]
        return Raw(await points_of(hub, found, start, until, period, types, units))


_RANGE: Final = {vol.Optional("start_time"): text, vol.Optional("end_time"): text}


@command(
    "recorder/statistic_during_period",
    {
        vol.Required("statistic_id"): text,
        vol.Optional("types", default=lambda: list(_SUMMED)): _some(_SUMMED),
        vol.Optional("units", default=dict): _units,
        vol.Exclusive("calendar", "range"): {
            vol.Required("period"): vol.In(_LONG),
            vol.Optional("offset", default=0): vol.All(integer, vol.Range(min=-9999, max=9999)),
        },
        vol.Exclusive("fixed_period", "range"): _RANGE,
        vol.Exclusive("rolling_window", "range"): {
            vol.Required("duration"): _span,
            vol.Optional("offset", default=0): _span,
        },
    },
    verb="read",
)
async def one_during_period(connection: Connection, message: Message) -> dict[str, float | None]:
    """Return one number of each type for a range; all of the past where no range is named."""
    hub = connection.hub
    start, end = _wanted_range(connection, message)
    async with limited("the statistics"):
        found = await series_of(hub, connection.user, [message["statistic_id"]])
        if not found:
            return {}
        series = found[0]
        whole = await SeriesReader(hub.recorder).one(series, start, end, zone_of(hub))
    points = Points([0], [0], {name: [whole[name]] for name in _SUMMED})
    try:
        series.converted(points, unit_of(hub, series, message["units"]))
    except ValueError as error:
        raise InvalidUnits(f"{series.statistic_id}: {error}") from None
    return {name: points.columns[name][0] for name in _SUMMED if name in message["types"]}


def _wanted_range(connection: Connection, message: Message) -> tuple[float | None, float | None]:
    """Return start and end of the range that was named; None each where it is open."""
    hub = connection.hub
    now, zone = hub.clock.time(), zone_of(hub)
    if (calendar := message.get("calendar")) is not None:
        period = calendar["period"]
        begin = moved(period, begin_of(period, now, zone), calendar["offset"], zone)
        return begin, period_end(period, begin, zone)
    if (fixed := message.get("fixed_period")) is not None:
        if "start_time" in fixed:
            return range_of(hub, fixed)
        return None, end_of(hub, fixed)
    if (rolling := message.get("rolling_window")) is not None:
        end = now + rolling["offset"]
        return end - rolling["duration"], end
    return None, None


@command(
    "recorder/clear_statistics",
    {vol.Required("statistic_ids"): [text], **_RANGE},
    admin=True,
    verb="write",
)
async def clear_statistics(connection: Connection, message: Message) -> None:
    """Take series away, or what of them begins in a range; unknown ones are passed over."""
    hub = connection.hub
    if ("start_time" in message) is not ("end_time" in message):
        raise InvalidTimeRange("Name both start_time and end_time, or none of them")
    start = end = None
    if "start_time" in message:
        start, end = range_of(hub, message)
    found = await series_of(hub, connection.user, message["statistic_ids"])
    _check_edit(connection, found)
    await clear(
        hub.recorder,
        [series.id for series in found],
        None if start is None else math.ceil(start),
        None if end is None else math.ceil(end),
    )


def _check_edit(connection: Connection, found: list[Series]) -> None:
    """Raise `Unauthorized` where the user may not change the entity of one of the series."""
    for series in found:
        entity_id = entity_of(series)
        if entity_id is not None and not connection.user.may("edit", entity_id):
            raise Unauthorized


_number: Final = vol.Any(None, finite_float)
_METADATA: Final = {
    vol.Optional("has_mean"): bool,
    vol.Optional("mean_type"): vol.In((0, 1, 2)),
    vol.Required("has_sum"): bool,
    vol.Required("name"): vol.Any(None, vol.All(text, vol.Length(max=255))),
    vol.Required("source"): vol.All(text, vol.Length(min=1, max=64)),
    vol.Required("statistic_id"): vol.All(text, vol.Length(min=3, max=255)),
    vol.Optional("unit_class"): vol.Any(None, text),
    vol.Required("unit_of_measurement"): vol.Any(None, vol.All(text, vol.Length(max=64))),
}
_POINT: Final = {
    vol.Required("start"): text,
    vol.Optional("mean"): _number,
    vol.Optional("min"): _number,
    vol.Optional("max"): _number,
    vol.Optional("state"): _number,
    vol.Optional("sum"): _number,
    vol.Optional("last_reset"): vol.Any(None, text),
}


@command(
    "recorder/import_statistics",
    {vol.Required("metadata"): _METADATA, vol.Required("stats"): [_POINT]},
    admin=True,
    verb="write",
)
async def import_statistics(connection: Connection, message: Message) -> None:
    """Write hours of a series, `owner:id` or an entity's; what is there of them is replaced."""
    hub, metadata = connection.hub, message["metadata"]
    statistic_id, source = metadata["statistic_id"], metadata["source"]
    if source == OWN:
        if not valid_entity_id(statistic_id) or not connection.user.may("edit", statistic_id):
            raise InvalidFormat(f"metadata.statistic_id: {statistic_id!r} is no entity id")
    elif source == CLOSED or not statistic_id.startswith(f"{source}:"):
        raise InvalidFormat(f"metadata.statistic_id: expected {source}: and a name behind it")
    mean_type = metadata.get("mean_type", int(metadata.get("has_mean", False)))
    series = {
        "statistic_id": statistic_id,
        "source": source,
        "unit": metadata["unit_of_measurement"],
        "has_mean": mean_type != 0,
        "has_sum": metadata["has_sum"],
        "mean_type": mean_type,
        "name": metadata["name"],
    }
    rows = [_hour(connection, number, row) for number, row in enumerate(message["stats"])]
    await import_hours(hub.recorder, series, rows, zone_of(hub))


def _hour(connection: Connection, number: int, row: dict[str, Any]) -> dict[str, Any]:
    """Return a point as columns; raises `InvalidFormat`."""
    hub, place = connection.hub, f"stats.{number}"
    start = moment(hub, row["start"])
    if start is None or start % 3600:
        raise InvalidFormat(f"{place}.start: expected the ISO time of a full hour")
    reset = row.get("last_reset")
    at = None if reset is None else moment(hub, reset)
    if reset is not None and at is None:
        raise InvalidFormat(f"{place}.last_reset: expected an ISO time")
    return {**row, "start": int(start), "last_reset": at}


@command("recorder/validate_statistics", verb="read")
async def validate_statistics(
    connection: Connection, message: Message
) -> dict[str, list[dict[str, Any]]]:
    """Return what is wrong with series, by name; those in order are left out."""
    del message
    found: dict[str, list[dict[str, Any]]] = {}
    async with limited("the statistics"):
        known = await series_of(connection.hub, connection.user)
    for series in known:
        if issues := issues_of(connection.hub, series):
            found[series.statistic_id] = issues
    return found


def _meta(connection: Connection, series: Series) -> dict[str, Any]:
    return series.as_dict(display_unit(connection.hub, series))
