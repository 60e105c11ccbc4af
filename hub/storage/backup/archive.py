"""What lies in a backup: a tar of regular files, the first of them the list of the others.

An archive may come from anybody who knows the recipient, so nothing in it is believed: only
regular files, only names and sizes of the list, only below the folder they are unpacked to.
"""

import hashlib
import io
import os
import tarfile
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final

from hub.storage.backup.errors import BackupError
from hub.util.json import dumps, loads

VERSION: Final = 1
MANIFEST: Final = "manifest.json"
DATABASE: Final = "hub.db"
CONFIG: Final = "config"
DATA: Final = "data"
_LARGEST_MANIFEST: Final = 16 << 20
_MOST_FILES: Final = 100_000
_LONGEST_NAME: Final = 1024
_LEVEL: Final = 3
"""A third of the time of the usual 6, and a twentieth larger."""
_CHUNK: Final = 256 * 1024
_BLOCK: Final = tarfile.BLOCKSIZE
_PER_FILE: Final = 8 * 1024
"""What the tar may spend on a file beside its content."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the list."""

    size: int
    sha256: str
    mode: int = 0o600


@dataclass(frozen=True, slots=True)
class Manifest:
    """The list, and what a restore must find again."""

    hub_version: str
    schema: str
    created_at: str
    hub_id: str
    files: Mapping[str, Entry]
    rows: Mapping[str, int]
    """Rows of every table."""
    version: int = VERSION

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "version": self.version,
            "hub_version": self.hub_version,
            "schema": self.schema,
            "created_at": self.created_at,
            "hub_id": self.hub_id,
            "rows": dict(self.rows),
            "files": {name: asdict(entry) for name, entry in self.files.items()},
        }


@dataclass(frozen=True, slots=True)
class Content:
    """A file to be packed: bytes that were read, or a path that nobody writes to."""

    data: bytes | Path = field(repr=False)
    mode: int = 0o600

    def entry(self) -> Entry:
        """Return size and hash."""
        digest, size = hashlib.sha256(), 0
        for chunk in self.chunks():
            digest.update(chunk)
            size += len(chunk)
        return Entry(size, digest.hexdigest(), self.mode)

    def chunks(self) -> Iterator[bytes]:
        """Yield the content."""
        if isinstance(self.data, bytes):
            yield self.data
            return
        with self.data.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def packed(manifest: Manifest, contents: Mapping[str, Content]) -> Iterator[bytes]:
    """Yield the compressed tar; `contents` are the files that `manifest` lists."""
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    for chunk in _tar(manifest, contents):
        if done := deflate.compress(chunk):
            yield done
    yield deflate.flush()


def unpacked(source: Path, folder: Path, free: int) -> Manifest:
    """Unpack a compressed tar into an empty folder; raises `BackupError`.

    `free` is how many bytes it may take.
    """
    try:
        with source.open("rb") as file:
            limited = _Inflated(file)
            with tarfile.open(fileobj=limited, mode="r|") as tar:
                return _unpack(tar, limited, folder, free)
    except (tarfile.TarError, zlib.error, EOFError, UnicodeError) as error:
        raise BackupError(f"The backup is damaged: {error}") from error


def manifest_of(data: bytes) -> Manifest:
    """Read a list; raises `BackupError` for one of a newer hub, or a wrong one."""
    try:
        raw = loads(data)
        version = raw["version"]
        if version == VERSION:
            if len(raw["files"]) > _MOST_FILES:
                raise ValueError
            return Manifest(
                hub_version=str(raw["hub_version"]),
                schema=str(raw["schema"]),
                created_at=str(raw["created_at"]),
                hub_id=str(raw["hub_id"]),
                files={str(name): _entry(**item) for name, item in raw["files"].items()},
                rows={str(name): int(count) for name, count in raw["rows"].items()},
            )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BackupError("The backup's manifest.json is damaged") from None
    raise BackupError(f"The backup was made by a newer hub (form {version}); restore it with that")


def _entry(size: Any, sha256: Any, mode: Any) -> Entry:
    """Return an entry whose types and limits hold; raises `ValueError`."""
    numbers = type(size) is int and type(mode) is int and isinstance(sha256, str)
    if not numbers or size < 0 or not 0 <= mode <= 0o777:
        raise ValueError
    return Entry(size, sha256, mode)


def _tar(manifest: Manifest, contents: Mapping[str, Content]) -> Iterator[bytes]:
    text = Content(dumps(manifest.as_dict()))
    for name, content, entry in (
        (MANIFEST, text, text.entry()),
        *((name, content, manifest.files[name]) for name, content in contents.items()),
    ):
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = entry.size, entry.mode, int(time.time())
        yield info.tobuf(tarfile.PAX_FORMAT)
        sent = 0
        for chunk in content.chunks():
            sent += len(chunk)
            yield chunk
        if sent != entry.size:
            raise BackupError(f"{name}: changed while it was packed")
        yield b"\0" * (-entry.size % _BLOCK)
    yield b"\0" * (2 * _BLOCK)


def _unpack(tar: tarfile.TarFile, source: "_Inflated", folder: Path, free: int) -> Manifest:
    first = tar.next()
    if first is None or first.name != MANIFEST or not first.isreg():
        raise BackupError("The archive is no backup of a hub: manifest.json is not its first file")
    if first.size > _LARGEST_MANIFEST:
        raise BackupError("The backup's manifest.json is too large")
    manifest = manifest_of(_read(tar, first))
    total = sum(entry.size for entry in manifest.files.values())
    if total > free:
        raise BackupError(
            f"The disk is too small: the backup takes {total >> 20} MiB, {free >> 20} MiB are free"
        )
    source.left = total + (len(manifest.files) + 4) * _PER_FILE
    seen: set[str] = set()
    while (info := tar.next()) is not None:
        entry = manifest.files.get(info.name)
        if entry is None or info.name in seen or not info.isreg() or info.size != entry.size:
            raise BackupError(f"The backup holds {info.name[:200]!r}, which its list does not name")
        seen.add(info.name)
        _write(tar, info, entry, _place(folder, info.name))
    if missing := sorted(set(manifest.files) - seen):
        raise BackupError(f"The backup is damaged: {missing[0]!r} is missing")
    return manifest


def _place(folder: Path, name: str) -> Path:
    """Return where a file goes; raises `BackupError` for a name that leads elsewhere."""
    path = PurePosixPath(name)
    known = name == DATABASE or (len(path.parts) > 1 and path.parts[0] in (CONFIG, DATA))
    plain = "\0" not in name and "\\" not in name and str(path) == name and ".." not in path.parts
    if path.is_absolute() or not known or not plain or len(name) > _LONGEST_NAME:
        raise BackupError(f"The backup holds a file with a forbidden name: {name[:200]!r}")
    return folder / path


def _write(tar: tarfile.TarFile, info: tarfile.TarInfo, entry: Entry, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    source = tar.extractfile(info)
    if source is None:
        raise BackupError(f"The backup is damaged at {info.name[:200]!r}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    digest = hashlib.sha256()
    with open(os.open(path, flags, 0o600), "wb") as file:  # noqa: PTH123 - opened with its mode
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fchmod(file.fileno(), entry.mode)
        os.fsync(file.fileno())
    if digest.hexdigest() != entry.sha256:
        raise BackupError(f"The backup is damaged: {info.name!r} is not what was packed")


def _read(tar: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    source = tar.extractfile(info)
    return b"" if source is None else source.read()


class _Inflated(io.RawIOBase):
    """The uncompressed tar, as far as it may reach: a small file can unpack to any size."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._rest = b""
        self.left = _LARGEST_MANIFEST + _PER_FILE

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, empty at the end."""
        if size < 0:
            raise ValueError("a size is needed")
        while not self._inflate.eof:
            packed = self._rest or self._source.read(_CHUNK)
            if not packed:
                raise EOFError("it was cut off")
            found = self._inflate.decompress(packed, size)
            self._rest = self._inflate.unconsumed_tail
            if found:
                self.left -= len(found)
                if self.left < 0:
                    raise BackupError("The backup holds more than its list names")
                return found
        return b""
