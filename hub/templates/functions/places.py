"""Distances between entities, places and the house."""

import math
from collections.abc import Callable, Iterable
from typing import Any, Final

from hub.states import State
from hub.templates.current import CURRENT
from hub.templates.functions.states import expand, id_of
from hub.templates.proxies import StateProxy, look_up

_AXIS: Final = 6378.137
"""Equatorial radius of WGS84 in kilometres."""
_FLATTENING: Final = 1 / 298.257223563
_POLE: Final = _AXIS * (1 - _FLATTENING)
_MILE: Final = 1.609344
Point = tuple[float, float]


def kilometres(start: Point, end: Point) -> float | None:
    """Return the distance on the ellipsoid (Vincenty), none for points that face each other."""
    if start == end:
        return 0.0
    u1, u2 = (math.atan((1 - _FLATTENING) * math.tan(math.radians(x[0]))) for x in (start, end))
    width = angle = math.radians(end[1] - start[1])
    sin1, cos1, sin2, cos2 = math.sin(u1), math.cos(u1), math.sin(u2), math.cos(u2)
    for _ in range(100):
        sine, cosine = math.sin(angle), math.cos(angle)
        sigma_sin = math.hypot(cos2 * sine, cos1 * sin2 - sin1 * cos2 * cosine)
        if sigma_sin == 0:
            return 0.0
        sigma_cos = sin1 * sin2 + cos1 * cos2 * cosine
        sigma = math.atan2(sigma_sin, sigma_cos)
        alpha = cos1 * cos2 * sine / sigma_sin
        square = 1 - alpha**2
        middle = sigma_cos - 2 * sin1 * sin2 / square if square else 0.0
        c = _FLATTENING / 16 * square * (4 + _FLATTENING * (4 - 3 * square))
        before = angle
        inner = middle + c * sigma_cos * (2 * middle**2 - 1)
        angle = width + (1 - c) * _FLATTENING * alpha * (sigma + c * sigma_sin * inner)
        if abs(angle - before) < 1e-12:
            break
    else:
        return None
    u_square = square * (_AXIS**2 - _POLE**2) / _POLE**2
    a = 1 + u_square / 16384 * (4096 + u_square * (-768 + u_square * (320 - 175 * u_square)))
    b = u_square / 1024 * (256 + u_square * (-128 + u_square * (74 - 47 * u_square)))
    turn = sigma_cos * (2 * middle**2 - 1)
    turn -= b / 6 * middle * (4 * sigma_sin**2 - 3) * (4 * middle**2 - 3)
    return _POLE * a * (sigma - b * sigma_sin * (middle + b / 4 * turn))


def _home() -> Point:
    place = CURRENT.get().house.settings.hub
    return place.latitude, place.longitude


def _position(state: StateProxy | None) -> Point | None:
    if state is None:
        return None
    latitude, longitude = (state.attributes.get(x) for x in ("latitude", "longitude"))
    if isinstance(latitude, int | float) and isinstance(longitude, int | float):
        return float(latitude), float(longitude)
    return None


def _point_of(value: Any) -> Point | None:
    if isinstance(value, StateProxy | State | str):
        return _position(look_up(id_of(value)))
    return None


def distance(*values: Any) -> float | None:
    """Return the distance between two places, or of one to the house, in km (miles there)."""
    points: list[Point] = []
    waiting = list(values)
    while waiting:
        value = waiting.pop(0)
        try:
            latitude = float(value) if isinstance(value, str | int | float) else None
        except ValueError:
            latitude = None
        if latitude is not None:
            if not waiting:
                raise ValueError("distance got a latitude without a longitude")
            points.append((latitude, float(waiting.pop(0))))
        else:
            point = _point_of(value)
            if point is None:
                return None
            points.append(point)
    if not 1 <= len(points) <= 2:
        raise ValueError("distance takes one or two places")
    if len(points) == 1:
        points.insert(0, _home())
    found = kilometres(points[0], points[1])
    system = CURRENT.get().house.settings.hub.unit_system
    return found if found is None or system == "metric" else found / _MILE


def closest(*args: Any) -> StateProxy | None:
    """Return the entity nearest to the house, to an entity, or to a latitude and longitude."""
    if not args:
        raise TypeError("closest takes entities")
    start: Point | None
    if len(args) == 1:
        start, among = _home(), args[0]
    elif len(args) == 2:
        start, among = _point_of(args[0]), args[1]
    else:
        start, among = (float(args[0]), float(args[1])), args[2]
    if start is None:
        return None
    best, least = None, math.inf
    if isinstance(among, str) and not among.startswith("group."):
        among = [among]
    for state in expand(among if isinstance(among, str | Iterable) else [among]):
        point = _position(state)
        far = None if point is None else kilometres(start, point)
        if far is not None and far < least:
            best, least = state, far
    return best


def closest_filter(among: Any, *start: Any) -> StateProxy | None:
    """Return the entity of a list that is nearest to the house or to a place."""
    return closest(*start, among)


GLOBALS: Final[dict[str, Any]] = {"closest": closest, "distance": distance}
FILTERS: Final[dict[str, Callable[..., Any]]] = {"closest": closest_filter}
TESTS: Final[dict[str, Callable[..., Any]]] = {}
