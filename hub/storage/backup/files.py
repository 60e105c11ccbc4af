"""Files of backups in a folder: their names, the list, how many are kept."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from hub.storage.backup.errors import BackupError

ARCHIVE: Final = ".tar.gz.age"
KEY: Final = ".key.age"
_NAME: Final = re.compile(r"hub-([0-9a-f]{8})-(\d{8}T\d{6}Z)((?:-\d+)?)\.tar\.gz\.age")
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_PART: Final = ".part"


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup in a folder."""

    path: Path
    hub: str
    """The first 8 digits of the hub's id."""
    created_at: str
    size: int
    has_key: bool

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "file": str(self.path),
            "hub": self.hub,
            "created_at": self.created_at,
            "size": self.size,
            "has_key": self.has_key,
        }


def key_beside(archive: Path) -> Path:
    """Return where the sealing keys of a backup lie unless they are kept elsewhere."""
    return archive.with_name(archive.name.removesuffix(ARCHIVE) + KEY)


def free_name(folder: Path, hub_id: str, at: datetime) -> Path:
    """Return a name that no backup in the folder has."""
    stem = f"hub-{hub_id[:8]}-{at.astimezone(UTC).strftime(_STAMP)}"
    number = 1
    while True:
        path = folder / (stem + (f"-{number}" if number > 1 else "") + ARCHIVE)
        if not path.exists() and not key_beside(path).exists():
            return path
        number += 1


def listed(folder: Path) -> list[Backup]:
    """Return the backups of a folder, newest first; raises `BackupError`."""
    found = []
    try:
        paths = list(folder.iterdir())
        for path in paths:
            if (match := _NAME.fullmatch(path.name)) is not None and path.is_file():
                made = datetime.strptime(match[2], _STAMP).replace(tzinfo=UTC)
                number = int(match[3][1:] or 1)
                size, key = path.stat().st_size, key_beside(path).is_file()
                backup = Backup(path, match[1], made.isoformat(), size, key)
                found.append((made, number, path.name, backup))
    except (OSError, ValueError) as error:
        raise BackupError(f"{folder}: backups can not be listed: {error}") from error
    return [item[-1] for item in sorted(found, key=lambda item: item[:3], reverse=True)]


def prune(folder: Path, hub_id: str, keep: int) -> list[Path]:
    """Remove this hub's backups with their keys but the newest `keep`; return what went."""
    own = [backup for backup in listed(folder) if backup.hub == hub_id[:8]]
    removed = [backup.path for backup in own[max(1, keep) :]]
    try:
        for path in removed:
            path.unlink(missing_ok=True)
            key_beside(path).unlink(missing_ok=True)
    except OSError as error:
        raise BackupError(f"{folder}: an old backup can not be removed: {error}") from error
    return removed


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Write a file beside its place, mode 0600; it appears whole, or not at all."""
    part = path.with_name(path.name + _PART)
    part.unlink(missing_ok=True)
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - opened with its mode
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        sync(path.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def sync(folder: Path) -> None:
    """Bring a folder's entries to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def give(path: Path, like: Path) -> None:
    """Let what root made belong to the owner of the folder it is made for."""
    owner = like.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(path, owner.st_uid, owner.st_gid)
        if path.is_dir():
            for folder, names, files in os.walk(path):
                for name in (*names, *files):
                    os.chown(Path(folder, name), owner.st_uid, owner.st_gid, follow_symlinks=False)
