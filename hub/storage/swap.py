"""Putting prepared files in the place of others, all of them or none.

The list of moves is written first. From then on they are finished by whoever comes next, so a crash
leaves the old state or the new one, never a mix. Everything here blocks.
"""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from hub.storage.errors import StorageError

LIST: Final = ".restore.json"
STAGE: Final = ".restore-new"
"""Folder in which new files are prepared, inside the folder that they go to."""

Move = tuple[Path, Path]


def commit(data: Path, moves: Sequence[Move], step: Callable[[str], None]) -> None:
    """Make all moves, in order, surviving a crash; both ends of a move are on one disk."""
    draft = data / (LIST + ".new")
    text = json.dumps([[str(old.absolute()), str(new.absolute())] for old, new in moves])
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    step("before list")
    draft.replace(data / LIST)
    _sync(data)
    step("after list")
    finish(data, step)


def finish(data: Path, step: Callable[[str], None] = lambda _name: None) -> bool:
    """Finish moves that a crash cut off; False when there were none. Raises `StorageError`."""
    path = data / LIST
    if not path.exists():
        shutil.rmtree(data / STAGE, ignore_errors=True)  # of a restore that was never decided
        return False
    try:
        moves = [(Path(old), Path(new)) for old, new in json.loads(path.read_text("utf-8"))]
        for old, new in moves:
            if os.path.lexists(old) and not os.path.lexists(new):
                if not new.parent.is_dir():
                    _make_like(new.parent, old.parent)
                old.rename(new)
                step("moved")
        for folder in {place.parent for move in moves for place in move}:
            if folder.is_dir():
                _sync(folder)
        step("before done")
        path.unlink()
        _sync(data)
    except (OSError, ValueError) as error:
        raise StorageError(
            f"{data}: a restore was cut off and can not be finished: {error}; mend that and start "
            "again, nothing is lost"
        ) from error
    for folder in {old.parent for old, _new in moves}:
        if folder.name == STAGE:
            shutil.rmtree(folder, ignore_errors=True)
    return True


def _make_like(folder: Path, like: Path) -> None:
    """Make a private folder that belongs to the owner of another one."""
    folder.mkdir(parents=True, mode=0o700)
    if os.geteuid() == 0:
        found = like.stat()
        os.chown(folder, found.st_uid, found.st_gid)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
