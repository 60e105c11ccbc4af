"""The walk over a data folder without a hub: the file is read and never written."""

import asyncio
import hmac
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from hub.audit.chain import COLUMNS, Chain, Report, Walk
from hub.errors import HubError, NotFound
from hub.storage import Database
from hub.storage.secrets import NAMESPACE, ROOT, Keyring
from hub.util.json import loads

PAGE: Final = 1000
_ROWS: Final = f"SELECT {', '.join(COLUMNS)}, hash FROM audit ORDER BY seq"  # noqa: S608
_DOCUMENT: Final = "SELECT data FROM documents WHERE namespace = ? AND key = ?"


def verify_folder(data: Path, secret_key: str | None = None) -> Report:
    """Prove the log of a data folder; raises `HubError` when file or keys can not be read."""
    path = data / "hub.db"
    if not path.is_file():
        raise NotFound(f"{path} does not exist: name the folder that the hub keeps with --data")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.text_factory = _text
            database.execute("BEGIN")  # one snapshot, also beside a running hub
            root = _document(database, NAMESPACE, ROOT)
            if root is None:
                raise NotFound(f"{path} holds no root value: no hub has written a log there")
            key = _key(path, data / "keys" / "sealing.json", secret_key, str(root))
            walk = Walk(Chain(key), _document(database, "audit", "head"))
            for page in _pages(database):
                walk.feed(page)
    except sqlite3.Error as error:
        raise HubError(f"{path} can not be read: {error}") from error
    return walk.finish()


def _pages(database: sqlite3.Connection) -> Iterator[list[dict[str, Any]]]:
    names = (*COLUMNS, "hash")
    cursor = database.execute(_ROWS)
    while rows := cursor.fetchmany(PAGE):
        yield [dict(zip(names, row, strict=True)) for row in rows]


def _document(database: sqlite3.Connection, namespace: str, key: str) -> Any | None:
    """Return a kept document; damaged JSON is an empty object."""
    row = database.execute(_DOCUMENT, (namespace, key)).fetchone()
    if row is None:
        return None
    try:
        return loads(row[0])
    except ValueError:
        return {}


def _key(path: Path, keys: Path, secret_key: str | None, root: str) -> bytes:
    """Return the audit's key, as `Keyring.derive` does for a hub that runs."""
    keyring = Keyring(Database(path), keys, secret_key)
    asyncio.run(keyring.use(keyring.file.read()))
    opened = bytes.fromhex(keyring.open(root, f"documents:{NAMESPACE}/{ROOT}:data"))
    return hmac.digest(opened, b"hub:audit", "sha256")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
