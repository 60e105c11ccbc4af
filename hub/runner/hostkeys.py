"""Keys by which hosts are known: their forms, fingerprints and pins."""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

_FINGERPRINT: Final = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?")
_ALGORITHM: Final = re.compile(r"[a-z0-9@.-]{3,64}")
_SIGNATURES: Final = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
_USUAL: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)


@dataclass(frozen=True, slots=True)
class HostKey:
    """The public key of a host."""

    algorithm: str
    data: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Return `SHA256:...`, as ssh-keygen and ssh show it."""
        digest = base64.b64encode(hashlib.sha256(self.data).digest()).decode()
        return f"SHA256:{digest.rstrip('=')}"

    def __str__(self) -> str:
        """Return `algorithm base64`, as in authorized_keys and known_hosts."""
        return f"{self.algorithm} {base64.b64encode(self.data).decode()}"


def host_key(text: str) -> HostKey:
    """Read `algorithm base64 [comment]`, with or without a host before it; raises `ValueError`."""
    words = text.split()
    for at in (0, 1):
        if len(words) > at + 1 and _ALGORITHM.fullmatch(words[at]):
            data = _decoded(words[at + 1])
            if data is not None and _names(data) == words[at]:
                return HostKey(words[at], data)
    raise ValueError("expected a public host key such as 'ssh-ed25519 AAAA...'")


def pin(text: str) -> str:
    """Return the one form of a pinned key or fingerprint; raises `ValueError`."""
    stripped = text.strip()
    if _FINGERPRINT.fullmatch(stripped):
        return stripped.rstrip("=")
    try:
        return str(host_key(stripped))
    except ValueError:
        raise ValueError(
            "expected a public host key such as 'ssh-ed25519 AAAA...'"
            " or a fingerprint such as 'SHA256:...'"
        ) from None


def fingerprint_of(pinned: str) -> str:
    """Return the fingerprint of a pin."""
    return pinned if pinned.startswith("SHA256:") else host_key(pinned).fingerprint


def trusts(pins: Sequence[str], key: HostKey) -> bool:
    """Tell whether the key is one of the pinned ones."""
    return str(key) in pins or key.fingerprint in pins


def algorithms(pins: Sequence[str]) -> list[str]:
    """Return the signatures to ask a host for: those of the pinned keys first.

    The others follow, so that a host with another key is seen as changed and not as silent.
    """
    pinned: list[str] = []
    for text in pins:
        if not text.startswith("SHA256:"):
            name = text.partition(" ")[0]
            pinned += _SIGNATURES.get(name, (name,))
    return list(dict.fromkeys([*pinned, *_USUAL]))


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _names(data: bytes) -> str | None:
    """Return the algorithm that the key itself names."""
    size = int.from_bytes(data[:4], "big")
    name = data[4 : 4 + size]
    return name.decode("ascii", "replace") if len(name) == size < len(data) - 4 else None
