"""Sealed values: AES-256-GCM, bound to the place they are kept in, under keys in a file of its own.

A sealed text is `v1:<key id>:<base64url of nonce, ciphertext and tag>`. What it is bound to is not
in it: a text that was moved to another row does not open. cryptography is imported by `load`.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hub.storage.documents import Documents
from hub.storage.errors import KeyFileError, SecretUnreadable
from hub.storage.keyfile import Key, KeyFile
from hub.storage.sealed import exist
from hub.storage.wrapping import NONCE_BYTES

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from hub.storage.database import Database

NAMESPACE: Final = "sealed"
"""The namespace of documents that are sealed texts."""
ROOT: Final = "root"
"""The document with the root value; opening it proves that the keys belong to the database."""
_ROOT_BIND: Final = f"documents:{NAMESPACE}/{ROOT}:data"
_VERSION: Final = "v1"


class Keyring:
    """Seals and opens; the first key seals, every key opens."""

    def __init__(self, database: "Database", file: Path, secret_key: str | None = None) -> None:
        """Use the keys in `file`, wrapped by `secret_key` if there is one; `load` comes first."""
        self.file = KeyFile(file, secret_key)
        self.database = database
        self.pauses: list[Callable[[], AbstractAsyncContextManager[None]]] = []
        """Entered while sealed texts in the database are replaced.

        For rooms that keep sealed texts in memory and write them back: inside, nothing is written
        that was read before; at the end they read again.
        """
        self.on_rotated: list[Callable[[], Awaitable[None]]] = []
        """Called after sealed texts were replaced, for rooms that only read them."""
        self.rotating = asyncio.Lock()
        self._keys: list[Key] = []
        self._ciphers: dict[str, AESGCM] = {}
        self._root = b""

    async def load(self) -> None:
        """Read the keys, made at the first start; raises `KeyFileError` when they do not fit.

        Keys are never made anew while the database holds sealed values.
        """
        if not await asyncio.to_thread(self.file.exists):
            async with self.database.read() as connection:
                if await exist(connection):
                    raise KeyFileError(
                        f"{self.file.path}: the sealing keys are missing, and {self.database.path} "
                        "holds sealed values; put the file back, or restore a backup with its key"
                    )
            await asyncio.to_thread(self.file.write, [Key.make()])
        await self.use(await asyncio.to_thread(self.file.read))
        self._root = await self._load_root()
        await asyncio.to_thread(self.file.settle)

    async def reset(self) -> Path | None:
        """Begin with a new key though sealed values exist: they stay unreadable for good.

        An old key file is kept beside; returns where.
        """
        kept = await asyncio.to_thread(self.file.set_aside)
        await asyncio.to_thread(self.file.write, [Key.make()])
        await self.use(await asyncio.to_thread(self.file.read))
        await self._make_root()
        return kept

    async def look(self) -> None:
        """Read the keys beside a hub that may run: nothing is made or written."""
        await self.use(await asyncio.to_thread(self.file.read))

    @property
    def keys(self) -> tuple[Key, ...]:
        """Return the keys of the file, the one that seals first."""
        return tuple(self._keys)

    def seal(self, text: str, bind: str) -> str:
        """Return the sealed form of `text`, which opens only with the same `bind`.

        `bind` is `"{type}/{key}:{dotted path}"` for resources, else
        `"{table}:{primary key}:{column}"`.
        """
        key = self._keys[0]
        nonce = os.urandom(NONCE_BYTES)
        data = nonce + self._ciphers[key.id].encrypt(nonce, text.encode(), bind.encode())
        return f"{_VERSION}:{key.id}:{base64.urlsafe_b64encode(data).rstrip(b'=').decode()}"

    def open(self, sealed: str, bind: str) -> str:
        """Return the text; raises `SecretUnreadable`, which names the place and never the value."""
        from cryptography.exceptions import InvalidTag

        version, _, rest = sealed.partition(":")
        name, _, token = rest.partition(":")
        if version != _VERSION or not token:
            raise SecretUnreadable(f"{bind}: not a sealed value of this hub; enter the secret anew")
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise SecretUnreadable(
                f"{bind}: sealed with key {name}, which is not in {self.file.path}; put the older "
                "key file back, or enter the secret anew"
            )
        try:
            data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            opened = cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], bind.encode())
        except (InvalidTag, binascii.Error, ValueError):
            raise SecretUnreadable(
                f"{bind}: the sealed value is damaged or was moved from another place; enter the "
                "secret anew"
            ) from None
        return opened.decode()

    def renewed(self, sealed: str, bind: str) -> str:
        """Return a sealed text under the present key: itself, or sealed again."""
        if sealed.startswith(f"{_VERSION}:{self._keys[0].id}:"):
            return sealed
        return self.seal(self.open(sealed, bind), bind)

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes that are this hub's own for `purpose`, the same after every rotation."""
        return hmac.digest(self._root, f"hub:{purpose}".encode(), hashlib.sha256)

    async def use(self, keys: Sequence[Key]) -> None:
        """Seal with the first of `keys`; those used before go on opening until the process ends."""
        added = await asyncio.to_thread(_ciphers, keys)
        self._ciphers |= added
        self._keys = list(keys)

    async def _make_root(self) -> bytes:
        root = self._root = os.urandom(32)
        await Documents(self.database).save(NAMESPACE, ROOT, self.seal(root.hex(), _ROOT_BIND))
        return root

    async def _load_root(self) -> bytes:
        """Open the root value, made at the first start."""
        found = await Documents(self.database).load(NAMESPACE, ROOT)
        if found is None:
            async with self.database.read() as connection:
                if await exist(connection):
                    raise KeyFileError(
                        f"{self.database.path}: holds sealed values but not the root value that "
                        "proves the keys; restore a backup"
                    )
            return await self._make_root()
        try:
            return bytes.fromhex(self.open(str(found), _ROOT_BIND))
        except SecretUnreadable as error:
            raise KeyFileError(
                f"{self.file.path}: the keys do not open what {self.database.path} holds; put back "
                f"the key file that belongs to it ({error.message})"
            ) from error


def _ciphers(keys: Sequence[Key]) -> "dict[str, AESGCM]":
    """Make the ciphers; in a thread, for the first import of cryptography takes a while."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return {key.id: AESGCM(key.secret) for key in keys}
