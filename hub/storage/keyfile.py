"""The file with the sealing keys: private, replaced as a whole, wrapped when there is a secret key.

JSON: `{"version": 1, "keys": [{"id", "created_at", "key"}, ...]}`, the primary key first. Wrapped:
`"wrap": {"kdf": "scrypt", "n", "r", "p", "salt"}` beside, and each `key` is sealed by AES-256-GCM
under what scrypt makes of SECRET_KEY. Everything here blocks: run it in a thread.
"""

import hashlib
import json
import os
import secrets
import stat
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hub.storage.errors import KeyFileError
from hub.storage.wrapping import KEY_BYTES, Wrapping, WrongSecretKey, to_bytes, to_text

_VERSION: Final = 1
_DAMAGE: Final = (ValueError, KeyError, TypeError, AttributeError, OverflowError)
"""What reading something else than was written raises."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Key:
    """One sealing key; `id` are the first 8 hexadecimal digits of its SHA-256."""

    id: str
    created_at: str
    secret: bytes = field(repr=False)

    @classmethod
    def make(cls) -> "Key":
        """Make a random key."""
        secret = secrets.token_bytes(KEY_BYTES)
        return cls(key_id(secret), datetime.now(UTC).isoformat(timespec="seconds"), secret)


def key_id(secret: bytes) -> str:
    """Return the id under which a key is named in sealed texts."""
    return hashlib.sha256(secret).hexdigest()[:8]


class KeyFile:
    """`<data>/keys/sealing.json`, readable by the hub's user alone."""

    def __init__(self, path: Path, secret_key: str | None = None) -> None:
        """Name the file; `secret_key` wraps the keys in it."""
        self.path = path
        self._secret_key = secret_key or None
        self._wrapping: Wrapping | None = None
        self.step: Callable[[str], None] = lambda _name: None
        """Told what happens, so that tests can kill the process there."""

    @property
    def wraps(self) -> bool:
        """Tell whether keys are wrapped when they are written."""
        return self._secret_key is not None

    def exists(self) -> bool:
        """Tell whether there is such a file, whatever it holds."""
        return os.path.lexists(self.path)

    def is_wrapped(self) -> bool:
        """Tell whether the file needs a secret key; raises `KeyFileError`."""
        return "wrap" in self._parsed(self.data())

    def described(self) -> list[dict[str, str]]:
        """Return `id` and `created_at` of every key without opening any; raises `KeyFileError`."""
        keys = self._parsed(self.data())["keys"]
        return [{name: str(item.get(name)) for name in ("id", "created_at")} for item in keys]

    def read(self) -> list[Key]:
        """Return the keys, primary first; raises `KeyFileError`."""
        content = self._parsed(self.data())
        if "wrap" not in content:
            return [self._plain(item) for item in content["keys"]]
        if self._secret_key is None:
            raise KeyFileError(
                f"{self.path}: the keys are wrapped by a SECRET_KEY, and none is set; set the one "
                "that the hub ran with (SECRET_KEY, SECRET_KEY_FILE or the credential secret_key)"
            )
        try:
            wrapping = self._wrapping = Wrapping.load(self._secret_key, content["wrap"])
        except _DAMAGE:
            raise self._damaged() from None
        return [self._unwrapped(item, wrapping) for item in content["keys"]]

    def write(self, keys: Sequence[Key]) -> None:
        """Replace the file; on the disk when this returns. Raises `KeyFileError`."""
        content: dict[str, Any] = {"version": _VERSION}
        if self._secret_key is not None:
            wrapping = self._wrapping = self._wrapping or Wrapping.make(self._secret_key)
            content["wrap"] = wrapping.kdf
            texts = [wrapping.wrap(key.id, key.secret) for key in keys]
        else:
            texts = [to_text(key.secret) for key in keys]
        content["keys"] = [
            {"id": key.id, "created_at": key.created_at, "key": text}
            for key, text in zip(keys, texts, strict=True)
        ]
        self.replace((json.dumps(content, indent=1) + "\n").encode())

    def settle(self) -> None:
        """Wrap a file that is not wrapped though there is a secret key; raises `KeyFileError`."""
        if self.wraps and not self.is_wrapped():
            self.write(self.read())

    def rewrap(self, secret_key: str | None) -> None:
        """Wrap the keys by another secret key, None = not at all; raises `KeyFileError`."""
        keys = self.read()
        self._secret_key, self._wrapping = secret_key or None, None
        self.write(keys)

    def set_aside(self) -> Path | None:
        """Rename the file and return its new name, None when there is none."""
        if not self.exists():
            return None
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        kept = self.path.with_name(f"{self.path.name}.before-{stamp}")
        try:
            self.path.rename(kept)
        except OSError as error:
            raise KeyFileError(f"{self.path}: can not be renamed: {error.strerror}") from error
        self._wrapping = None
        return kept

    def data(self) -> bytes:
        """Return the file as it is, after looking at who may read it; raises `KeyFileError`."""
        try:
            _private(self.path.parent, self.path.parent.stat())
            with open(os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:  # noqa: PTH123 - opened without following links
                _private(self.path, os.fstat(file.fileno()))
                return file.read()
        except OSError as error:
            raise KeyFileError(
                f"{self.path}: the sealing keys can not be read: {error.strerror}"
            ) from error

    def replace(self, data: bytes) -> None:
        """Put `data` in the file's place as a whole, mode 0600, in a folder of mode 0700."""
        folder, draft = self.path.parent, self.path.with_name(self.path.name + ".new")
        try:
            if not folder.is_dir():
                folder.mkdir(parents=True, mode=0o700)
                _give(folder, folder.parent.stat())
            draft.unlink(missing_ok=True)
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - opened with its mode
                _give(file.fileno(), folder.stat())
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            self.step("before rename")
            draft.replace(self.path)
            self.step("after rename")
            _sync(folder)
            _sync(folder.parent)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise KeyFileError(
                f"{self.path}: the sealing keys can not be written: {error.strerror}"
            ) from error

    def _parsed(self, data: bytes) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(data)
            version, keys = content["version"], content["keys"]
            sound = bool(keys) and all(isinstance(item, dict) for item in keys)
        except _DAMAGE:
            raise self._damaged() from None
        if version != _VERSION:
            raise KeyFileError(f"{self.path}: written by a newer hub (form {version}); start that")
        if not sound:
            raise self._damaged()
        return content

    def _plain(self, item: Mapping[str, Any]) -> Key:
        try:
            key = Key(item["id"], item["created_at"], to_bytes(item["key"]))
        except _DAMAGE:
            raise self._damaged() from None
        if len(key.secret) != KEY_BYTES or key_id(key.secret) != key.id:
            raise self._damaged()
        return key

    def _unwrapped(self, item: Mapping[str, Any], wrapping: Wrapping) -> Key:
        try:
            secret = wrapping.unwrap(item["id"], item["key"])
        except WrongSecretKey:
            raise KeyFileError(
                f"{self.path}: SECRET_KEY does not open the keys; set the one that the hub ran "
                "with, or change it with: hub secrets rewrap"
            ) from None
        except _DAMAGE:
            raise self._damaged() from None
        return self._plain({**item, "key": to_text(secret)})

    def _damaged(self) -> KeyFileError:
        return KeyFileError(
            f"{self.path}: the file with the sealing keys is damaged; restore it from a backup "
            "(it is never made anew while sealed values exist)"
        )


def _private(path: Path, found: os.stat_result) -> None:
    """Refuse what others may read, or what belongs to somebody else."""
    if found.st_mode & _OTHERS:
        wanted = "700" if stat.S_ISDIR(found.st_mode) else "600"
        raise KeyFileError(
            f"{path}: others may read the sealing keys (mode {stat.S_IMODE(found.st_mode):04o}); "
            f"think about who did, then: chmod {wanted} {path}"
        )
    allowed = {os.geteuid()}
    if os.geteuid() == 0:  # a command of root on the data of the hub's user
        data = path.parent if stat.S_ISDIR(found.st_mode) else path.parent.parent
        allowed.add(data.stat().st_uid)
    if found.st_uid not in allowed:
        raise KeyFileError(
            f"{path}: belongs to the user with number {found.st_uid}, not to the hub's user "
            f"({os.geteuid()}); chown it, or run the hub as its owner"
        )


def _give(what: int | Path, like: os.stat_result) -> None:
    """Let a file that root makes belong to the owner of its folder."""
    if os.geteuid() == 0 and like.st_uid != 0:
        os.chown(what, like.st_uid, like.st_gid)


def _sync(folder: Path) -> None:
    """Bring a folder's entries to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
