"""The logbook for both doors: who may see which row, and rows of a range."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from hub.api.errors import AnswerTooLarge
from hub.errors import InvalidFormat
from hub.recorder.reading.logbook import Asked, Entry, Teller, continuous, entries

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.auth import User
    from hub.hub import Hub

MOST_ROWS: Final = 100_000


def asked_of(
    user: "User",
    entity_ids: Iterable[str] | None = None,
    device_ids: Iterable[str] | None = None,
    context_id: str | None = None,
) -> Asked:
    """Return what a user wants and may see; raises `InvalidFormat`."""
    if context_id is not None and (entity_ids is not None or device_ids is not None):
        raise InvalidFormat("Can't combine entity with context_id")
    wanted = None if entity_ids is None and device_ids is None else frozenset(entity_ids or ())
    return Asked(
        lambda entity_id: user.may("read", entity_id),
        user.rights.reads_all,
        wanted,
        frozenset(device_ids or ()),
        context_id,
    )


def teller(hub: "Hub", asked: Asked) -> Teller:
    """Return who tells rows, with the names that entities have now."""
    return Teller(asked, lambda entity_id: name_of(hub, entity_id))


def name_of(hub: "Hub", entity_id: str) -> str:
    """Return the present name of an entity, else its object id in words."""
    state = hub.states.get(entity_id)
    return entity_id.partition(".")[2].replace("_", " ") if state is None else state.name


def measured(hub: "Hub", entity_id: str) -> bool:
    """Tell whether an entity is a measurement as far as its present state says."""
    state = hub.states.get(entity_id)
    return continuous(entity_id, {} if state is None else state.attributes)


async def rows_of(
    hub: "Hub",
    asked: Asked,
    start: float,
    end: float,
    known: Teller | None = None,
    seen: "Callable[[Entry], None] | None" = None,
) -> list[dict[str, Any]]:
    """Return the rows of a range, oldest first; `seen` hears of every entry that was read.

    Raises `AnswerTooLarge` and `RecorderUnavailable`.
    """
    history = hub.recorder.history
    await history.catch_up(end)
    recorded = asked.entity_ids if asked.entity_ids is not None else await history.entity_ids()
    entity_ids = [
        entity_id for entity_id in recorded if asked.may(entity_id) and not measured(hub, entity_id)
    ]
    told = teller(hub, asked) if known is None else known
    rows: list[dict[str, Any]] = []
    async for wanted, entry in entries(history, start, end, entity_ids):
        if not wanted:
            told.note(entry)
            continue
        if seen is not None:
            seen(entry)
        if (row := told.tell(entry)) is not None:
            rows.append(row)
            if len(rows) > MOST_ROWS:
                raise AnswerTooLarge(
                    f"The logbook has more than {MOST_ROWS} rows: ask for a shorter range or for "
                    "fewer entities"
                )
    return rows
