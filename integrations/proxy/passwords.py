"""Passwords as nginx checks them: SHA-512 crypt, `$6$salt$hash`.

After Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", version 0.6. bcrypt would hold an
nginx worker for 50 ms at every request; glibc and musl know this one, and it takes 2 ms.
"""

import hashlib
import hmac
from typing import Final

_ALPHABET: Final = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ROUNDS: Final = 5000
_SALT: Final = 16


def salted(user: str, password: str, secret: bytes) -> str:
    """Return the hash of a password under a salt that only `secret` gives: the same every time."""
    digest = hmac.digest(secret, f"{user}\0{password}".encode(), hashlib.sha512)
    salt = bytes(_ALPHABET[byte & 63] for byte in digest[:_SALT])
    return sha512_crypt(password.encode(), salt)


def sha512_crypt(password: bytes, salt: bytes) -> str:
    """Return `$6$salt$hash` with 5,000 rounds; `salt` of at most 16 characters of `./0-9A-Za-z`."""
    size = len(password)
    inner = hashlib.sha512(password + salt + password).digest()
    digest = hashlib.sha512(password + salt + _stretched(inner, size))
    bits = size
    while bits:
        digest.update(inner if bits & 1 else password)
        bits >>= 1
    present = digest.digest()
    p = _stretched(hashlib.sha512(password * size).digest(), size)
    s = _stretched(hashlib.sha512(salt * (16 + present[0])).digest(), len(salt))
    for number in range(_ROUNDS):
        turn = hashlib.sha512(p if number & 1 else present)
        if number % 3:
            turn.update(s)
        if number % 7:
            turn.update(p)
        turn.update(present if number & 1 else p)
        present = turn.digest()
    return f"$6${salt.decode()}${_encoded(present)}"


def _stretched(block: bytes, size: int) -> bytes:
    return (block * (size // len(block) + 1))[:size]


def _encoded(digest: bytes) -> str:
    """Write 64 bytes as 86 characters, in the order that the format asks for."""
    out = bytearray()
    a, b, c = 0, 21, 42
    for _ in range(21):
        value = digest[a] << 16 | digest[b] << 8 | digest[c]
        out += bytes(_ALPHABET[value >> shift & 63] for shift in (0, 6, 12, 18))
        a, b, c = b + 1, c + 1, a + 1
    value = digest[63]
    out += bytes(_ALPHABET[value >> shift & 63] for shift in (0, 6))
    return out.decode()
