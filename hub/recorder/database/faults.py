"""What a driver's error means for the recorder, whichever the database."""

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable


class Fault(Enum):
    """What to do about it."""

    AWAY = auto()
    """Not reached, locked, busy: the same again later."""
    FULL = auto()
    """No room on the disk: the same again when there is."""
    CORRUPT = auto()
    """The SQLite file is damaged."""
    MISSING = auto()
    """The tables are gone: open anew."""
    COLLISION = auto()
    """A row with this key is there: by a batch written twice, or a clock that went back."""
    REFUSED = auto()
    """The database will never take this row."""


_SQLITE: Final = {
    3: Fault.AWAY,  # permission
    5: Fault.AWAY,  # busy
    6: Fault.AWAY,  # locked
    7: Fault.AWAY,  # no memory
    8: Fault.AWAY,  # read-only
    10: Fault.AWAY,  # input or output
    11: Fault.CORRUPT,
    13: Fault.FULL,
    14: Fault.AWAY,  # can not be opened
    15: Fault.AWAY,  # locking protocol
    19: Fault.COLLISION,
    26: Fault.CORRUPT,
}
_POSTGRESQL: Final = {
    "23505": Fault.COLLISION,
    "42P01": Fault.MISSING,
    "53100": Fault.FULL,
    "0A": Fault.REFUSED,
    "21": Fault.REFUSED,
    "22": Fault.REFUSED,
    "23": Fault.REFUSED,
    "42": Fault.REFUSED,
    "54": Fault.REFUSED,
    "42501": Fault.AWAY,  # permission
}
_MYSQL: Final = {
    1021: Fault.FULL,
    1114: Fault.FULL,
    1062: Fault.COLLISION,
    1586: Fault.COLLISION,
    1146: Fault.MISSING,
    1048: Fault.REFUSED,
    1054: Fault.REFUSED,
    1064: Fault.REFUSED,
    1136: Fault.REFUSED,
    1153: Fault.REFUSED,  # larger than a packet may be
    1264: Fault.REFUSED,
    1292: Fault.REFUSED,
    1366: Fault.REFUSED,
    1406: Fault.REFUSED,
}


def fault_of(error: BaseException) -> Fault:
    """Return what an error of a driver or of SQLAlchemy means; what is not known is AWAY."""
    chain = list(_chain(error))
    for item in chain:
        found = _by_code(item)
        if found is not None:
            return found
    if isinstance(error, (UnicodeError, OverflowError, TypeError, ValueError)):
        return Fault.REFUSED
    from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

    for item in chain:
        if isinstance(item, IntegrityError):
            return Fault.COLLISION
        if isinstance(item, (DataError, ProgrammingError)):
            return Fault.REFUSED
    return Fault.AWAY


def of_database(error: BaseException) -> bool:
    """Tell whether an error comes from a driver, SQLAlchemy or the network."""
    from sqlalchemy.exc import SQLAlchemyError

    if isinstance(error, (SQLAlchemyError, OSError, TimeoutError)):
        return True
    return type(error).__module__.partition(".")[0] in _DRIVERS


_DRIVERS: Final = frozenset({"aiomysql", "aiosqlite", "asyncpg", "pymysql", "sqlite3"})


def words_of(error: BaseException) -> str:
    """Return what the driver says in one line, without statement and parameters."""
    from sqlalchemy.exc import DBAPIError

    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    if isinstance(error, TimeoutError) and not str(error):
        return "no answer in time"
    args = error.args
    if len(args) >= 2 and isinstance(args[0], int) and isinstance(args[1], str):
        return f"{args[1]} ({args[0]})".replace("\n", " ")
    text = str(error).replace("\n", " ")
    _, mark, rest = text.partition(">: ")  # the driver's class, as SQLAlchemy's adapter writes it
    return (rest if mark else text) or type(error).__name__


def _chain(error: BaseException) -> "Iterable[BaseException]":
    """Yield the error, the driver's below SQLAlchemy's, and what that one stands for."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        item = waiting.pop(0)
        if item is None or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        waiting += [getattr(item, "orig", None), item.__cause__]


def _by_code(error: BaseException) -> Fault | None:
    sqlite = getattr(error, "sqlite_errorcode", None)
    if sqlite is not None:
        if sqlite == 1 and "no such table" in str(error):
            return Fault.MISSING
        return _SQLITE.get(sqlite & 0xFF, Fault.REFUSED)
    if type(error).__module__.startswith("pymysql"):
        code = error.args[0] if error.args else None
        return _MYSQL.get(code) if isinstance(code, int) else None
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2]) or Fault.AWAY
    return None
