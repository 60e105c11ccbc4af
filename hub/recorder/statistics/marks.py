"""How far each tier of the statistics is made, and when the hub was not there; kept on the disk."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hub.recorder.database.upserts import put_meta, read_meta
from hub.recorder.statistics.buckets import SECOND, Ends
from hub.util.json import dumps, loads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

SHORT: Final = "statistics.short"
HOUR: Final = "statistics.hour"
DAY: Final = "statistics.day"
ALIVE: Final = "statistics.alive"
GAPS: Final = "statistics.gaps"

MAX_GAPS: Final = 500
"""Times without the hub that are remembered; older ones are behind every watermark."""


@dataclass(slots=True)
class Marks:
    """Everything before these times, in seconds, is made; they never go back."""

    short: int
    hour: int
    day: int
    gaps: list[tuple[float, float]] = field(default_factory=list)
    """From when until when the hub was away, oldest first."""

    @property
    def ends(self) -> Ends:
        """Return when what held ceased to be known."""
        return Ends(int(ended * SECOND) for ended, _ in self.gaps)

    def away(self, start: int, end: int) -> float | None:
        """Return when the hub came back, if it was away during the whole stretch."""
        return next((back for gone, back in self.gaps if gone <= start and end <= back), None)

    def add_gap(self, ended: float, began: float) -> None:
        """Remember that the hub was away."""
        self.gaps.append((ended, max(ended, began)))
        self.gaps.sort()
        del self.gaps[:-MAX_GAPS]

    def as_meta(self, alive: float) -> dict[str, str]:
        """Return the rows of `recorder_meta`."""
        return {
            SHORT: str(self.short),
            HOUR: str(self.hour),
            DAY: str(self.day),
            ALIVE: repr(alive),
            GAPS: dumps(self.gaps).decode(),
        }

    async def save(self, connection: "AsyncConnection", alive: float) -> None:
        """Write all of it."""
        await put_meta(connection, self.as_meta(alive))


async def load(connection: "AsyncConnection") -> tuple[Marks | None, float | None]:
    """Return what was saved, and when the hub was seen last; None each where nothing was."""
    found = await read_meta(connection, SHORT, HOUR, DAY, ALIVE, GAPS)
    alive = float(found[ALIVE]) if ALIVE in found else None
    if not {SHORT, HOUR, DAY} <= found.keys():
        return None, alive
    gaps: Sequence[Sequence[float]] = loads(found.get(GAPS, "[]"))
    short, hour, day = (int(found[name]) for name in (SHORT, HOUR, DAY))
    return Marks(short, hour, day, [(gone, back) for gone, back in gaps]), alive


async def edges(connection: "AsyncConnection", before: float) -> tuple[float | None, float | None]:
    """Return the times of the oldest and of the newest change before a time, in seconds.

    Asks once per entity, whose rows lie together; the table is never read as a whole.
    """
    from sqlalchemy import func, select

    from hub.recorder.database.tables import entities, states

    def of(edge: Any) -> Any:
        within = (states.c.entity == entities.c.id, states.c.time < int(before * SECOND))
        return select(edge(states.c.time)).where(*within).scalar_subquery()

    each = select(of(func.min).label("first"), of(func.max).label("last")).subquery("each")
    found = await connection.execute(select(func.min(each.c.first), func.max(each.c.last)))
    first, last = found.one()
    return (
        None if first is None else first / SECOND,
        None if last is None else last / SECOND,
    )
