"""What a secret key does to sealing keys: AES-256-GCM under what scrypt makes of it."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
_SALT_BYTES: Final = 16
_SCRYPT: Final = {"n": 1 << 15, "r": 8, "p": 1}
"""58 ms and 32 MiB; once at each start."""
_MOST_MEMORY: Final = 256 << 20


class WrongSecretKey(Exception):  # noqa: N818 - internal to this room, never on the wire
    """The secret key is not the one that wrapped the keys."""


@dataclass(frozen=True, slots=True)
class Wrapping:
    """A secret key with one salt; kept, for making it takes a while."""

    kdf: dict[str, Any]
    """How it was made, as it stands in the key file."""
    secret: bytes = field(repr=False)

    @classmethod
    def make(cls, secret_key: str) -> "Wrapping":
        """Take a new random salt."""
        salt = to_text(secrets.token_bytes(_SALT_BYTES))
        return cls.load(secret_key, {"kdf": "scrypt", **_SCRYPT, "salt": salt})

    @classmethod
    def load(cls, secret_key: str, kdf: Mapping[str, Any]) -> "Wrapping":
        """Make the same again; raises `ValueError`, `KeyError`, `TypeError` for a damaged `kdf`."""
        if kdf["kdf"] != "scrypt":
            raise ValueError(kdf["kdf"])
        secret = hashlib.scrypt(
            secret_key.encode(),
            salt=to_bytes(kdf["salt"]),
            n=kdf["n"],
            r=kdf["r"],
            p=kdf["p"],
            maxmem=_MOST_MEMORY,
            dklen=KEY_BYTES,
        )
        return cls(dict(kdf), secret)

    def wrap(self, id: str, secret: bytes) -> str:
        """Return a sealing key as it is written, bound to its id."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(NONCE_BYTES)
        return to_text(nonce + AESGCM(self.secret).encrypt(nonce, secret, _bind(id)))

    def unwrap(self, id: str, text: str) -> bytes:
        """Return a sealing key; raises `WrongSecretKey`, `ValueError`."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        data = to_bytes(text)
        try:
            return AESGCM(self.secret).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], _bind(id))
        except InvalidTag:
            raise WrongSecretKey from None


def to_text(data: bytes) -> str:
    """Return base64url."""
    return base64.urlsafe_b64encode(data).decode()


def to_bytes(text: str) -> bytes:
    """Read base64url; raises `ValueError`."""
    try:
        return base64.b64decode(text.encode(), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def _bind(id: str) -> bytes:
    return f"sealing.json:{id}".encode()
