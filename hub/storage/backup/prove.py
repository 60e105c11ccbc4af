"""Proving a backup: everything a restore does, in a folder of its own."""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.errors import Problem
from hub.storage import migrations
from hub.storage.backup.age import Opener, decrypt
from hub.storage.backup.archive import CONFIG, DATABASE, Manifest, unpacked
from hub.storage.backup.create import KEYS, count_rows, schema_of
from hub.storage.backup.errors import BackupError
from hub.storage.backup.files import key_beside
from hub.storage.keyfile import KeyFile

CheckConfig = Callable[[Path], Sequence[Problem]]
"""Returns what is wrong with a configuration folder."""


@dataclass(frozen=True, slots=True)
class Proved:
    """What was found in a backup that is whole."""

    manifest: Manifest
    sealed: int | None
    """How many sealed values opened; None = no keys were there to try."""

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "hub_version": self.manifest.hub_version,
            "schema": self.manifest.schema,
            "created_at": self.manifest.created_at,
            "hub_id": self.manifest.hub_id,
            "files": len(self.manifest.files),
            "rows": sum(self.manifest.rows.values()),
            "sealed_values": self.sealed,
        }


async def verify(
    archive: Path,
    opener: Opener,
    *,
    key: Path | None = None,
    without_key: bool = False,
    secret_key: str | None = None,
    check_config: CheckConfig | None = None,
) -> Proved:
    """Restore into scratch and look at everything; raises `BackupError`."""
    with tempfile.TemporaryDirectory(prefix="hub-verify-") as folder:
        scratch = Path(folder)
        manifest = await asyncio.to_thread(unpack, archive, scratch, opener)
        found = None if without_key else key or beside(archive)
        if found is not None:
            await asyncio.to_thread(unpack_key, found, scratch, opener)
        proved = await prove(scratch, manifest, secret_key, without_key=without_key)
        if check_config is not None and (scratch / CONFIG).is_dir():
            await asyncio.to_thread(_insist, check_config, scratch / CONFIG)
        return proved


def beside(archive: Path) -> Path | None:
    """Return the key file that lies beside a backup."""
    path = key_beside(archive)
    return path if path.is_file() else None


def unpack(archive: Path, folder: Path, opener: Opener) -> Manifest:
    """Decrypt and unpack a backup into an empty folder; raises `BackupError`."""
    plain = folder / "archive"
    try:
        with plain.open("wb") as file:
            decrypt(archive, file, opener)
        return unpacked(plain, folder, shutil.disk_usage(folder).free)
    except OSError as error:
        raise BackupError(f"{archive}: can not be unpacked: {error.strerror or error}") from error
    finally:
        plain.unlink(missing_ok=True)


def unpack_key(path: Path, folder: Path, opener: Opener) -> None:
    """Put the sealing keys of a backup where a hub looks for them; raises `BackupError`.

    `path` may also be a plain key file, as it lies in a data folder.
    """
    plain = folder / "key"
    try:
        if path.name == KEYS.name:
            data = KeyFile(path).data()
        else:
            with plain.open("wb") as file:
                decrypt(path, file, opener)
            data = plain.read_bytes()
    except OSError as error:
        raise BackupError(f"{path}: can not be read: {error.strerror}") from error
    finally:
        plain.unlink(missing_ok=True)
    KeyFile(folder / KEYS).replace(data)


async def prove(
    folder: Path, manifest: Manifest, secret_key: str | None, *, without_key: bool
) -> Proved:
    """Look at an unpacked backup and bring its database up to date; raises `BackupError`."""
    database = folder / DATABASE
    await asyncio.to_thread(_look, database, manifest)
    return Proved(manifest, await _open_all(folder, secret_key, without_key))


def _look(path: Path, manifest: Manifest) -> None:
    if not path.is_file():
        raise BackupError("The backup holds no database")
    if manifest.schema not in migrations.known():
        raise BackupError(
            f"The backup has schema {manifest.schema}, this hub knows up to {migrations.HEAD}; "
            f"it was made by hub {manifest.hub_version}: restore it with that or a newer one"
        )
    try:
        with closing(sqlite3.connect(path)) as connection:
            if schema_of(connection) != manifest.schema:
                raise BackupError("The database of the backup has another schema than its list")
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(1)")]
            if found != ["ok"]:
                raise BackupError(f"The database of the backup is damaged: {found[0]}")
            if (rows := count_rows(connection)) != manifest.rows:
                wrong = sorted(set(rows.items()) ^ set(manifest.rows.items()))
                raise BackupError(f"The backup does not hold the rows of its list: {wrong[0][0]}")
    except sqlite3.Error as error:
        raise BackupError(f"The database of the backup is damaged: {error}") from error


async def _open_all(folder: Path, secret_key: str | None, without_key: bool) -> int | None:
    """Open the database as a hub does, and every sealed value in it."""
    from hub.storage.database import Database
    from hub.storage.rotation import census
    from hub.storage.sealed import exist
    from hub.storage.secrets import Keyring

    database = Database(folder / DATABASE, keep_before=False)
    await database.open()
    try:
        async with database.read() as connection:
            if not await exist(connection):
                return 0
        if without_key:
            return None
        if not (folder / KEYS).is_file():
            raise BackupError(
                "The backup holds sealed values, and their keys are not here: name the key file "
                "with --key, or go on without the secrets with --without-key"
            )
        keyring = Keyring(database, folder / KEYS, secret_key)
        await keyring.look()
        async with database.read() as connection:
            found = await census(keyring, connection)
    finally:
        await database.close()
    if found.unreadable:
        raise BackupError(
            f"{len(found.unreadable)} of {found.values} sealed values of the backup do not open "
            f"with these keys; first: {found.unreadable[0].message}"
        )
    return found.values


def _insist(check_config: CheckConfig, folder: Path) -> None:
    if problems := check_config(folder):
        raise BackupError(
            f"The configuration in the backup has {len(problems)} problems; first: {problems[0]}"
        )
