"""The SQLite file before it is opened: made with the right options, readable, whole.

Plain sqlite3; run it in a thread.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from hub.storage.preflight import CHECK_LIMIT, Damaged

_MAGIC: Final = b"SQLite format 3\0"
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def prepare(path: Path, busy_seconds: float) -> None:
    """Make the file, or look whether it is whole (page by page up to 64 MiB).

    Raises `Damaged`, and what sqlite3 and the system raise: `sqlite3.Error`, `OSError`.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path.parent}: the folder does not exist")
    path.touch(mode=0o600)  # SQLite gives its companions the same mode
    with path.open("rb") as file:
        head = file.read(100)
    if head and (not head.startswith(_MAGIC) or len(head) < 100):
        raise Damaged("file is not a database")
    try:
        with closing(sqlite3.connect(path, busy_seconds, isolation_level=None)) as connection:
            # before WAL: afterwards it would be taken without a word and without effect
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            connection.execute("PRAGMA journal_mode=WAL")
            if path.stat().st_size <= CHECK_LIMIT:
                _check(connection)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            raise Damaged(str(error)) from error
        raise


def whole(path: Path, busy_seconds: float) -> bool:
    """Tell whether all pages of the file fit together, however long that takes."""
    try:
        with closing(sqlite3.connect(path, busy_seconds, isolation_level=None)) as connection:
            _check(connection)
    except Damaged:
        return False
    except sqlite3.DatabaseError as error:
        return getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED
    return True


def same_file(path: Path, known: tuple[int, int] | None) -> bool:
    """Tell whether the file is still the one that was opened; SQLite would not notice."""
    return known is not None and identity(path) == known


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from one of the same name; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def room(path: Path) -> int:
    """Return how many bytes the hub may still write on the disk of a file; raises `OSError`."""
    found = os.statvfs(path.parent)
    return found.f_bavail * found.f_frsize


def _check(connection: sqlite3.Connection) -> None:
    found = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
    if found != ["ok"]:
        raise Damaged(str(found[0]))
