"""One process at a time in a folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.errors import HubError


class Held(HubError):  # noqa: N818 - a HubError that commands tell apart, the same on the wire
    """Another process holds the folder."""


@contextmanager
def locked(folder: Path, file: str = "hub.lock") -> Iterator[None]:
    """Hold a folder, made when it is missing; raises `Held` when another process holds it."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(folder / file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.geteuid() == 0:  # a command of root must not lock the hub's own user out
            owner = folder.stat()
            os.fchown(handle, owner.st_uid, owner.st_gid)
    except OSError as error:
        raise HubError(
            f"{folder}: the data folder can not be used: {error.strerror}; "
            "give --data a writable one"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise Held(
            f"{folder}: another hub runs on this data folder; stop it or give --data another folder"
        ) from error
    try:
        yield
    finally:
        os.close(handle)
