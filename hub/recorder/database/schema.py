"""The versions of the recorder's tables; the recorder's own, for its database may be a server.

A new version is a step in `STEPS`: `STEPS[2]` leads from 1 to 2. SQLite and PostgreSQL run a step
and its new number in one transaction; MySQL commits each change of a table by itself, so a step
must bear to be run again from any of its lines.
"""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_LOGGER = logging.getLogger(__name__)

Step = Callable[["Connection"], None]

HEAD: Final = 1
"""The version that this hub writes."""

STEPS: Final[Mapping[int, Step]] = {}


class NotOurs(Exception):  # noqa: N818 - internal to this room, never on the wire
    """The database can not be this hub's: the message says why and what to do."""


def prepare(connection: "Connection", steps: Mapping[int, Step] = STEPS, head: int = HEAD) -> int:
    """Make the tables or bring them to `head`; return the version found (0 = none).

    Raises `NotOurs` for a newer schema, and where tables of another program have our names.
    """
    found = version(connection)
    if found is None:
        _refuse_strangers(connection)
        _set(connection, 0, new=True)
        found = 0
    if found > head:
        raise NotOurs(
            f"the database has schema {found}, this hub knows up to {head}; start the newer hub "
            "again, or name another database"
        )
    if found == 0:
        from hub.recorder.database.tables import metadata

        metadata.create_all(connection)
        _set(connection, head)
        return 0
    for number in range(found + 1, head + 1):
        _LOGGER.warning(
            "The recorder's tables are brought from schema %d to %d", number - 1, number
        )
        steps[number](connection)
        _set(connection, number)
    return found


def version(connection: "Connection") -> int | None:
    """Return the version of the tables; None when there are none of ours."""
    from sqlalchemy import inspect, select

    from hub.recorder.database.tables import meta

    if not inspect(connection).has_table(meta.name):
        return None
    value = connection.scalar(select(meta.c.value).where(meta.c.name == "schema"))
    return None if value is None else int(value)


def _set(connection: "Connection", number: int, *, new: bool = False) -> None:
    from hub.recorder.database.tables import meta

    if new:
        meta.create(connection, checkfirst=True)
        connection.execute(meta.insert(), {"name": "schema", "value": str(number)})
    else:
        connection.execute(meta.update().where(meta.c.name == "schema").values(value=str(number)))


def _refuse_strangers(connection: "Connection") -> None:
    """Leave the tables of other programs alone, such as those of Home Assistant's recorder."""
    from sqlalchemy import inspect

    from hub.recorder.database.tables import meta, metadata

    taken = (metadata.tables.keys() - {meta.name}) & set(inspect(connection).get_table_names())
    if taken:
        raise NotOurs(
            f"the database holds tables of another program ({', '.join(sorted(taken)[:3])}); "
            "name a database of the hub's own"
        )
