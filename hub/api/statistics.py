"""Statistics for both doors: who may see a series, its unit, and its points as JSON."""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from hub.api.errors import InvalidUnits
from hub.const import UNAVAILABLE, UNKNOWN
from hub.recorder.statistics.buckets import KINDS
from hub.recorder.statistics.ledger import CLOSED, OWN, Meta
from hub.recorder.statistics.series import Points, Series, SeriesReader
from hub.recorder.statistics.units import class_of, units_of
from hub.util.json import dumps

if TYPE_CHECKING:
    from hub.auth import User
    from hub.hub import Hub

_MILLISECONDS: Final = 1000


def zone_of(hub: "Hub") -> ZoneInfo:
    """Return the time zone of the house, whose midnight days begin at."""
    return ZoneInfo(hub.settings.hub.time_zone)


def entity_of(series: Series) -> str | None:
    """Return the entity that a series tells about; None for one from outside."""
    if series.source == OWN:
        return series.statistic_id
    if series.source == CLOSED:
        meta = Meta(series.id, series.statistic_id, CLOSED, series.unit, True, False)
        return meta.entity_id
    return None


def may_read(user: "User", series: Series) -> bool:
    """Tell whether a user may see a series: as its entity; one from outside who reads all."""
    if user.rights.reads_all:
        return True
    entity_id = entity_of(series)
    return entity_id is not None and user.may("read", entity_id)


async def series_of(
    hub: "Hub", user: "User", statistic_ids: Collection[str] | None = None
) -> list[Series]:
    """Return the series that a user may see, some or all."""
    found = await SeriesReader(hub.recorder).list(statistic_ids)
    return [series for series in found if may_read(user, series)]


def display_unit(hub: "Hub", series: Series) -> str | None:
    """Return the unit that people see: the entity's present one, if it is of the same class."""
    entity_id = entity_of(series)
    state = None if entity_id is None else hub.states.get(entity_id)
    if state is None or "unit_of_measurement" not in state.attributes:
        return series.unit
    unit = state.attributes["unit_of_measurement"]
    known = class_of(series.unit) is not None and class_of(unit) == class_of(series.unit)
    return unit if known else series.unit


def unit_of(hub: "Hub", series: Series, units: Mapping[str, str]) -> str | None:
    """Return the unit in which a series is told; `units` wishes by class."""
    if series.unit_class is not None and series.unit_class in units:
        return units[series.unit_class]
    return display_unit(hub, series)


def issues_of(hub: "Hub", series: Series) -> list[dict[str, Any]]:
    """Return why a series of an entity does not go on, as `{"type","data"}`; only what is so."""
    if series.source != OWN:
        return []
    data: dict[str, Any] = {"statistic_id": series.statistic_id}
    policy = hub.recorder.policies.of(series.statistic_id)
    if policy.record == "none" or not policy.statistics:
        return [{"type": "entity_no_longer_recorded", "data": data}]
    state = hub.states.get(series.statistic_id)
    if state is None:
        return [{"type": "no_state", "data": data}]
    if state.state in (UNAVAILABLE, UNKNOWN):
        return []  # its attributes are hidden meanwhile
    if state.attributes.get("state_class") not in KINDS:
        return [{"type": "state_class_removed", "data": data}]
    unit = state.attributes.get("unit_of_measurement")
    if unit != series.unit:
        supported = sorted(one for one in units_of(series.unit_class or "") if one is not None)
        units = {"state_unit": unit, "metadata_unit": series.unit}
        data |= {**units, "supported_unit": ", ".join(supported) or series.unit}
        return [{"type": "units_changed", "data": data}]
    return []


async def points_of(
    hub: "Hub",
    found: Iterable[Series],
    start: float,
    end: float,
    period: str,
    types: Collection[str],
    units: Mapping[str, str],
) -> bytes:
    """Return `{ID:[{"start","end",...}]}`; series without points are left out.

    Raises `InvalidUnits` and `RecorderUnavailable`.
    """
    reader, zone = SeriesReader(hub.recorder), zone_of(hub)
    parts = []
    for series in found:
        points = await reader.points(series, start, end, period, types, zone)
        try:
            series.converted(points, unit_of(hub, series, units))
        except ValueError as error:
            raise InvalidUnits(f"{series.statistic_id}: {error}") from None
        if points.starts:
            parts.append(b"%b:[%b]" % (dumps(series.statistic_id), _json(points)))
    return b"{%b}" % b",".join(parts)


def _json(points: Points) -> bytes:
    """Return the points as objects; times in milliseconds."""
    count = len(points.starts)
    columns: list[list[bytes]] = [
        _cells([time * _MILLISECONDS for time in times]) for times in (points.starts, points.ends)
    ]
    form = b'{"start":%b,"end":%b'
    for name, column in points.columns.items():
        values: list[Any] = column
        if name == "last_reset":
            values = [None if item is None else round(item * _MILLISECONDS) for item in column]
        columns.append(_cells(values))
        form += b',"%b":%%b' % name.encode()
    cells: list[bytes] = [b""] * (count * len(columns))
    for index, cell in enumerate(columns):
        cells[index :: len(columns)] = cell
    return (((form + b"},") * count) % tuple(cells))[:-1]


def _cells(values: list[Any]) -> list[bytes]:
    return dumps(values)[1:-1].split(b",")
