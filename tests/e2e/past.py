"""A past for a running hub: older rows in the recorder's own tables."""

import math
import sqlite3
import time
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from hashlib import blake2b
from json import dumps
from pathlib import Path
from typing import Any

Rows = Iterable[tuple[float, str | None, Mapping[str, Any]]]
"""Epoch seconds, state, attributes."""

TEMPERATURE = {
    "unit_of_measurement": "°C",
    "device_class": "temperature",
    "state_class": "measurement",
    "friendly_name": "Demo Temperature",
}
ZONE = {"min_temp": 5.0, "max_temp": 40.0, "target_temp_step": 0.5, "friendly_name": "Demo"}
STEP = 300
"""Seconds between two rows of `write_day`."""
FOREIGN = 1_000_000
"""Numbers of attributes begin here, far from those that the hub gives."""


_INSERT = "INSERT OR IGNORE INTO states (entity, time, state, attributes) VALUES (?, ?, ?, ?)"


def write(data: Path, entity_id: str, rows: Rows) -> None:
    """Add rows of one entity that the hub records to the history in its data folder."""
    path = data / "history.db"
    number = _entity(path, entity_id)
    with closing(sqlite3.connect(path, timeout=30)) as database, database:
        known: dict[str, int] = {}
        for at, state, attributes in rows:
            text = dumps(attributes, sort_keys=True)
            if text not in known:
                known[text] = _attributes(database, text)
            database.execute(_INSERT, (number, round(at * 1e6), state, known[text]))


def write_day(data: Path, *, hours: float = 25) -> None:
    """Write the last hours of the demo zone: heated in the mornings, away for one hour."""
    now = time.time()
    times = [now - hours * 3600 + STEP * step for step in range(int(hours * 3600 / STEP))]
    measured = [_measured(at) for at in times]
    away = [7 > (now - at) / 3600 > 6 for at in times]
    write(
        data,
        "sensor.demo_temperature",
        (
            (at, "unavailable" if gone else str(value), TEMPERATURE)
            for at, value, gone in zip(times, measured, away, strict=True)
        ),
    )
    write(
        data,
        "climate.demo_zone",
        (
            (at, "unavailable" if gone else "heat", _zone(at, value))
            for at, value, gone in zip(times, measured, away, strict=True)
        ),
    )
    write(data, "binary_sensor.demo_warm", _changes(times, [value > 21 for value in measured]))
    phases = ("night", "dawn", "day", "dusk")
    write(data, "sensor.demo_phase", ((at, phases[int(at / 21600) % 4], {}) for at in times[::72]))


def _measured(at: float) -> float:
    return round(20.5 + 1.8 * math.sin(at / 86400 * 2 * math.pi) + 0.3 * math.sin(at / 1700), 1)


def _zone(at: float, value: float) -> dict[str, Any]:
    target = 22.0 if int(at / 21600) % 4 in (1, 3) else 19.5
    action = "heating" if value < target else "idle"
    return {
        **ZONE,
        "current_temperature": value,
        "temperature": target,
        "hvac_action": action,
        "hvac_modes": ["off", "heat"],
    }


def _changes(times: list[float], values: list[bool]) -> Rows:
    last: bool | None = None
    for at, value in zip(times, values, strict=True):
        if value is not last:
            yield at, "on" if value else "off", {"friendly_name": "Demo Warm"}
        last = value


def _entity(path: Path, entity_id: str) -> int:
    """Wait until the hub has recorded the entity, and return its number."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database,
        ):
            query = "SELECT id FROM entities WHERE entity_id = ?"
            if (found := database.execute(query, (entity_id,)).fetchone()) is not None:
                return int(found[0])
        time.sleep(0.05)
    raise AssertionError(f"{entity_id} is not recorded")


def _attributes(database: sqlite3.Connection, text: str) -> int:
    query = "SELECT coalesce(max(id), 0) + 1 FROM attributes"
    number = max(FOREIGN, int(database.execute(query).fetchone()[0]))
    mark = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
    values = (number, mark, text)
    database.execute("INSERT INTO attributes (id, hash, data) VALUES (?, ?, ?)", values)
    return number
