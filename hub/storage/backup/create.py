"""Making a backup beside a hub that may run and write.

The database is copied by SQLite's own backup interface into the data folder, so that nothing that
is not encrypted ever reaches the folder of the backups. Everything here blocks.
"""

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hub.const import VERSION
from hub.errors import NotAllowed
from hub.storage.backup.age import Sealer, encrypt
from hub.storage.backup.archive import CONFIG, DATA, DATABASE, Content, Manifest, packed
from hub.storage.backup.errors import BackupError
from hub.storage.backup.files import free_name, give, key_beside, written
from hub.storage.errors import KeyFileError
from hub.storage.keyfile import KeyFile
from hub.storage.lock import Held, locked
from hub.storage.preflight import explain
from hub.util.json import loads

LOCK: Final = "backup.lock"
SCRATCH: Final = ".backup"
KEYS: Final = Path("keys", "sealing.json")
DATA_FILES: Final = ("mqtt/password", "mqtt/broker/passwd")
"""What a data folder holds that is not in the database and can not be made anew."""

SKIPPED: Final = frozenset({".git", "__pycache__", ".restore-new"})
"""Never part of a configuration."""
BEFORE: Final = "before-restore-"
"""How folders begin that keep what was there before a restore."""
_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Created:
    """A finished backup."""

    archive: Path
    key: Path | None
    size: int
    manifest: Manifest

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "file": str(self.archive),
            "key": None if self.key is None else str(self.key),
            "size": self.size,
            "schema": self.manifest.schema,
            "created_at": self.manifest.created_at,
            "hub_id": self.manifest.hub_id,
            "files": len(self.manifest.files),
            "rows": sum(self.manifest.rows.values()),
        }


def create(
    data: Path, config: Path | None, folder: Path, sealer: Sealer, *, with_key: bool = True
) -> Created:
    """Make a backup in `folder`, and beside it the sealing keys, encrypted alike.

    Raises `NotAllowed` while another backup of the data is being made, `BackupError` when it can
    not be made: then nothing is left behind.
    """
    if not (data / DATABASE).is_file():
        raise BackupError(f"{data}: there is no database; name the hub's data folder with --data")
    try:
        with locked(data, LOCK):
            return _create(data, config, folder, sealer, with_key)
    except Held:
        raise NotAllowed(f"{data}: another backup is being made; wait for its end") from None
    except sqlite3.Error as error:
        raise BackupError(
            f"No backup was made: {explain(data / DATABASE, error).message}"
        ) from None
    except OSError as error:
        where = error.filename or folder
        raise BackupError(f"No backup was made: {where}: {error.strerror or error}") from error


def export_key(data: Path, path: Path, sealer: Sealer) -> None:
    """Write the sealing keys, encrypted, to a new file; raises `BackupError`, `KeyFileError`."""
    if path.exists():
        raise BackupError(f"{path}: exists already; name a new file")
    try:
        _write(path, iter([KeyFile(data / KEYS).data()]), sealer)
    except OSError as error:
        raise BackupError(f"{path}: can not be written: {error.strerror}") from error


def _create(
    data: Path, config: Path | None, folder: Path, sealer: Sealer, with_key: bool
) -> Created:
    if not folder.is_dir():
        folder.mkdir(parents=True, mode=0o700)
        give(folder, folder.parent)
    with _scratch(data) as scratch:
        copy, keys = _consistent(data, scratch)
        contents = {DATABASE: Content(copy), **_data_files(data)}
        if config is not None:
            contents |= _config_files(config, apart=(data, folder))
        manifest = _manifest(copy, contents)
        archive = free_name(folder, manifest.hub_id, datetime.fromisoformat(manifest.created_at))
        key = key_beside(archive) if with_key and keys is not None else None
        try:
            if key is not None and keys is not None:
                _write(key, iter([keys]), sealer)
            _write(archive, packed(manifest, contents), sealer)
        except BaseException:
            if key is not None:
                key.unlink(missing_ok=True)
            raise
    return Created(archive, key, archive.stat().st_size, manifest)


def _write(path: Path, source: Iterator[bytes], sealer: Sealer) -> None:
    with written(path) as file:
        encrypt(source, file, sealer)
    give(path, path.parent)


@contextmanager
def _scratch(data: Path) -> Iterator[Path]:
    """Make an empty private folder beside the database; what a crash left there goes first."""
    path = data / SCRATCH
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _consistent(data: Path, scratch: Path) -> tuple[Path, bytes | None]:
    """Copy the database, and the key file that opens it even when keys are being rotated."""
    copy = scratch / DATABASE
    for _ in range(_TRIES):
        before = _keys(data)
        copy.unlink(missing_ok=True)
        copy_database(data / DATABASE, copy)
        if _keys(data) == before:
            return copy, before
    raise BackupError("The sealing keys change all the time; try again")


def _keys(data: Path) -> bytes | None:
    file = KeyFile(data / KEYS)
    try:
        return file.data() if file.exists() else None
    except KeyFileError as error:
        raise BackupError(f"No backup was made: {error.message}") from error


def copy_database(source: Path, target: Path) -> None:
    """Copy a database that may be written to meanwhile, as one file without companions.

    Raises `BackupError` when its pages do not fit together, `sqlite3.Error`.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    address = f"{source.absolute().as_uri()}?mode=rw"  # read-only can not look into an unclean log
    with (
        closing(sqlite3.connect(address, uri=True)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        # All pages at once, from one snapshot: in WAL mode writers go on meanwhile.
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")
        found = [row[0] for row in new.execute("PRAGMA quick_check(1)")]
    if found != ["ok"]:
        raise BackupError(f"{source}: the database is damaged ({found[0]}); no backup was made")


def _data_files(data: Path) -> dict[str, Content]:
    found = {}
    for name in DATA_FILES:
        path = data / name
        if path.is_file():
            found[f"{DATA}/{name}"] = Content(path.read_bytes(), 0o600)
    return found


def _config_files(config: Path, apart: Iterable[Path]) -> dict[str, Content]:
    """Read every file of the configuration folder; data and backups inside it stay out."""
    if not config.is_dir():
        raise BackupError(f"{config}: there is no such configuration folder; name it with --config")
    outside = {path.resolve() for path in apart}
    found = {}
    for place, folders, files in os.walk(config):
        folders[:] = sorted(
            name
            for name in folders
            if name not in SKIPPED
            and not name.startswith(BEFORE)
            and Path(place, name).resolve() not in outside
        )
        for name in sorted(files):
            path = Path(place, name)
            if path.is_file():  # a link counts as the file it leads to
                mode = stat.S_IMODE(path.stat().st_mode) & 0o777
                found[f"{CONFIG}/{path.relative_to(config)}"] = Content(path.read_bytes(), mode)
    return found


def _manifest(copy: Path, contents: Mapping[str, Content]) -> Manifest:
    with closing(sqlite3.connect(copy)) as connection:
        schema = schema_of(connection)
        document = connection.execute(
            "SELECT data FROM documents WHERE namespace = 'hub' AND key = 'id'"
        ).fetchone()
        rows = count_rows(connection)
    return Manifest(
        hub_version=VERSION,
        schema=schema,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        hub_id="0" * 32 if document is None else str(loads(document[0])),
        files={name: content.entry() for name, content in contents.items()},
        rows=rows,
    )


def schema_of(connection: sqlite3.Connection) -> str:
    """Return the schema version of a hub's database; raises `BackupError`."""
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        row = None
    if row is None:
        raise BackupError("The database is not one of a hub: it has no schema version")
    return str(row[0])


def count_rows(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the number of rows of every table."""
    names = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
    ]
    quoted = {name: '"' + name.replace('"', '""') + '"' for name in names}
    return {
        name: connection.execute(f"SELECT count(*) FROM {quoted[name]}").fetchone()[0]  # noqa: S608 - names of the database itself, quoted
        for name in sorted(names)
    }
