"""Putting a backup back: prepared and proved beside, then swapped in as a whole."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hub.errors import NotAllowed
from hub.storage.backup.age import Opener
from hub.storage.backup.archive import CONFIG, DATA, DATABASE
from hub.storage.backup.create import BEFORE, KEYS, LOCK, SKIPPED
from hub.storage.backup.errors import BackupError
from hub.storage.backup.files import give
from hub.storage.backup.prove import CheckConfig, Proved, beside, prove, unpack, unpack_key
from hub.storage.lock import locked
from hub.storage.swap import LIST, STAGE, Move, commit, finish

_OLD: Final = (DATABASE, "hub.db-wal", "hub.db-shm", "hub.db-journal", "keys", "mqtt")
"""What of a data folder gives way; locks and backups stay."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A restore that is done."""

    proved: Proved
    kept: tuple[Path, ...]
    """Folders with what was there before."""
    problems: tuple[str, ...]
    """What is wrong with the configuration that came back."""

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            **self.proved.as_dict(),
            "kept": [str(path) for path in self.kept],
            "problems": list(self.problems),
        }


async def restore(
    archive: Path,
    opener: Opener,
    data: Path,
    config: Path | None,
    *,
    key: Path | None = None,
    without_key: bool = False,
    secret_key: str | None = None,
    force: bool = False,
    check_config: CheckConfig | None = None,
    step: Callable[[str], None] = lambda _name: None,
) -> Restored:
    """Put a backup into a data and a configuration folder (None = leave that alone).

    Raises `NotAllowed` when there is something already and not `force`, `Held` while a hub runs,
    `BackupError` for a backup that is not whole; then everything is as it was.
    """
    with _locked(data):
        await asyncio.to_thread(finish, data)
        apart = (data, archive.parent)
        _refuse(data, config, force, apart)
        with _staged(data, config) as (stage, config_stage):
            manifest = await asyncio.to_thread(unpack, archive, stage, opener)
            found = None if without_key else key or beside(archive) or _present(data)
            if found is not None:
                await asyncio.to_thread(unpack_key, found, stage, opener)
            step("unpacked")
            proved = await prove(stage, manifest, secret_key, without_key=without_key)
            step("proved")
            problems: tuple[str, ...] = ()
            if config is not None and config_stage is not None and (stage / CONFIG).is_dir():
                await asyncio.to_thread(shutil.copytree, stage / CONFIG, config_stage / CONFIG)
                if check_config is not None:
                    told = await asyncio.to_thread(check_config, config_stage / CONFIG)
                    problems = tuple(str(problem) for problem in told)
            moves, kept = _moves(data, stage, config, config_stage, apart)
            await asyncio.to_thread(_settle, stage, data)
            if config is not None and config_stage is not None:
                await asyncio.to_thread(_settle, config_stage, config)
            await asyncio.to_thread(commit, data, moves, step)
    return Restored(proved, tuple(kept), problems)


@contextmanager
def _locked(data: Path) -> Iterator[None]:
    """Hold the data folder against a hub and against backups; a folder made for it goes again."""
    made = not data.exists()
    try:
        with locked(data), locked(data, LOCK):
            yield
    except BaseException:
        if made:
            for name in ("hub.lock", LOCK):
                (data / name).unlink(missing_ok=True)
            if data.is_dir() and not any(data.iterdir()):
                data.rmdir()
        raise


def _refuse(data: Path, config: Path | None, force: bool, apart: Sequence[Path]) -> None:
    """Refuse to overwrite anything unless by force."""
    if force:
        return
    if any((data / name).exists() for name in (DATABASE, "keys")):
        raise NotAllowed(f"{data}: holds the data of a hub already; with --force it is kept beside")
    if config is not None and config.is_dir() and any(_entries(config, apart)):
        raise NotAllowed(
            f"{config}: holds a configuration already; with --force it is kept beside, with "
            "--no-config it is left alone"
        )


@contextmanager
def _staged(data: Path, config: Path | None) -> Iterator[tuple[Path, Path | None]]:
    """Make the folders in which the restore is prepared; gone again when it fails."""
    folders, made = [data / STAGE], []
    if config is not None:
        folders.append(config / STAGE)
        if not config.exists():
            made.append(config)
    try:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True, mode=0o700)
        yield folders[0], folders[1] if config is not None else None
    except OSError as error:
        raise BackupError(
            f"Nothing was restored: {error.filename or data}: {error.strerror or error}"
        ) from error
    finally:
        if not (data / LIST).exists():  # else the next start finishes what is in there
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)
        for folder in made:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def _moves(
    data: Path,
    stage: Path,
    config: Path | None,
    config_stage: Path | None,
    apart: Sequence[Path],
) -> tuple[list[Move], list[Path]]:
    """Return what is moved, in order, and the folders that keep what was there."""
    name = BEFORE + datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside, new = _free(data / name), [(DATABASE, stage / DATABASE), ("keys", stage / "keys")]
    new += [(path.name, path) for path in _children(stage / DATA)]
    moves = [(data / old, aside / old) for old in _OLD if os.path.lexists(data / old)]
    kept = [aside] if moves else []
    moves += [(path, data / name) for name, path in new if path.exists()]
    if config is None or config_stage is None or not (config_stage / CONFIG).is_dir():
        return moves, kept
    aside = _free(config / name)
    old = list(_entries(config, apart))
    moves += [(path, aside / path.name) for path in old]
    moves += [(path, config / path.name) for path in _children(config_stage / CONFIG)]
    return moves, [*kept, aside] if old else kept


def _present(data: Path) -> Path | None:
    """Return the key file of the data folder itself: an older state of the same hub."""
    return data / KEYS if (data / KEYS).is_file() else None


def _entries(config: Path, apart: Sequence[Path]) -> Iterator[Path]:
    """Yield what a configuration folder holds, but for what is not configuration."""
    outside = [path.resolve() for path in apart]
    for path in _children(config):
        if path.name in SKIPPED or path.name.startswith(BEFORE):
            continue
        if not any(place.is_relative_to(path.resolve()) for place in outside):
            yield path


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _free(path: Path) -> Path:
    number, found = 1, path
    while found.exists():
        number += 1
        found = path.with_name(f"{path.name}-{number}")
    return found


def _settle(stage: Path, like: Path) -> None:
    """Bring what was prepared to the disk, owned by whom its folder belongs to."""
    give(stage, like)
    for place, _folders, files in os.walk(stage):
        for name in files:
            _sync(Path(place, name))
        _sync(Path(place))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
