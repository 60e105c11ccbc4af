"""Looking at the database file before it is used: readable, writable, whole, of which version.

Plain sqlite3 in a thread, because all of it must be known before SQLAlchemy opens the file.
"""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hub.storage.errors import StorageError
from hub.storage.swap import finish

CHECK_LIMIT: Final = 64 * 1024 * 1024
"""Files up to this many bytes are checked page by page; larger ones would hold up the start."""

_MAGIC: Final = b"SQLite format 3\0"
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_COMPANIONS: Final = ("", "-wal", "-shm", "-journal")


class Damaged(Exception):  # noqa: N818 - internal to this room, never on the wire
    """The file is no SQLite database or its pages do not fit together."""


def inspect(path: Path, busy_timeout: float) -> str | None:
    """Return the schema version (None = no schema yet) of a file that can be written.

    Waits up to `busy_timeout` seconds for a lock; a restore that was cut off is finished. Raises
    `Damaged` for a broken file and `StorageError` for one that can not be used now.
    """
    if not path.parent.is_dir():
        raise StorageError(
            f"{path}: the folder does not exist; create it or name another data folder"
        )
    finish(path.parent)
    kept = None
    try:
        path.touch(mode=0o600)  # SQLite gives its companions the same mode
        _check_header(path)
        kept = _keep_log(path)
        with closing(sqlite3.connect(path, busy_timeout, isolation_level=None)) as connection:
            _check(connection, path)
            version = _version(connection)
    except Damaged:
        _give_back_log(path, kept)
        raise
    except sqlite3.Error as error:
        _give_back_log(path, kept)
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            raise Damaged(str(error)) from error
        raise explain(path, error) from error
    except OSError as error:
        raise explain(path, error) from error
    if kept is not None:
        kept.unlink()
    return version


def keep_before(path: Path, version: str) -> Path:
    """Copy a database before its schema is changed to `<name>.before-<version>`; return the copy.

    The copies of older changes go. Raises `StorageError` when there is no room for it.
    """
    copy = path.with_name(f"{path.name}.before-{version}")
    draft = copy.with_name(copy.name + ".new")
    try:
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(draft)) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE")
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.rename(copy)
        for other in path.parent.glob(f"{path.name}.before-*"):
            if other != copy:
                other.unlink()
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise StorageError(
            f"{path}: the schema was not changed, for no copy could be kept before: "
            f"{explain(copy, error).message}"
        ) from error
    return copy


def peek(path: Path) -> str | None:
    """Return the schema version of an existing file, touching nothing; raises `StorageError`."""
    try:
        if not path.is_file():
            raise StorageError(f"{path}: there is no database; name the hub's data folder")
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as found:
            return _version(found)
    except (OSError, sqlite3.Error) as error:
        raise explain(path, error) from error


def explain(path: Path, error: BaseException) -> StorageError:
    """Turn what SQLite says into a message that names the file and what to do."""
    text = (isinstance(error, OSError) and error.strerror) or str(error)
    if "locked" in text:
        advice = "another program holds the database; stop it, then start the hub again"
    elif "readonly" in text or "unable to open" in text or "ermission" in text:
        advice = "the hub's user needs write permission for the file and its folder"
    elif "Is a directory" in text:
        advice = "a folder stands where the database belongs; move it away"
    elif "full" in text or "No space" in text:
        advice = "the disk is full; free some space"
    elif "disk I/O" in text:
        advice = "the disk fails; look at the system log and restore from a backup elsewhere"
    elif "malformed" in text or "not a database" in text:
        advice = "the file is damaged; stop the hub, move the file away and restore a backup"
    else:
        advice = "look at the file and its disk"
    return StorageError(f"{path}: {text}: {advice}")


def set_aside(path: Path) -> Path:
    """Rename a damaged file and its companions to `<name>.corrupt-<time>`; return the new path."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    target = path.with_name(f"{path.name}.corrupt-{stamp}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.corrupt-{stamp}-{number}")
    for suffix in _COMPANIONS:
        source = path.with_name(path.name + suffix)
        if source.exists():
            source.rename(target.with_name(target.name + suffix))
    return target


def _check_header(path: Path) -> None:
    """Refuse what SQLite would refuse, but before it touches the file or its log."""
    with path.open("rb") as file:
        head = file.read(100)
    if head and (not head.startswith(_MAGIC) or len(head) < 100):
        raise Damaged("file is not a database")


def _keep_log(path: Path) -> Path | None:
    """Copy the write-ahead log of a hub that did not end well: SQLite deletes it on closing."""
    log, copy = path.with_name(path.name + "-wal"), path.with_name(path.name + "-wal.kept")
    copy.unlink(missing_ok=True)
    if not log.exists() or log.stat().st_size == 0:
        return None
    shutil.copy2(log, copy)
    return copy


def _give_back_log(path: Path, kept: Path | None) -> None:
    log = path.with_name(path.name + "-wal")
    if kept is not None and log.exists():
        kept.unlink()
    elif kept is not None:
        kept.rename(log)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Read the file's pages, then take and give back the write lock."""
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if path.stat().st_size <= CHECK_LIMIT:
        found = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
        if found != ["ok"]:
            raise Damaged(str(found[0]))
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection) -> str | None:
    known = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
    ).fetchone()
    if known is None:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])
