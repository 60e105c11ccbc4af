"""Passwords as argon2id hashes, made off the loop and at most two at once."""

import asyncio
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from hub.auth.errors import WeakPassword
from hub.errors import InvalidInfo, Unavailable

if TYPE_CHECKING:
    from argon2 import PasswordHasher

T = TypeVar("T")

AT_ONCE: Final = 2
"""Each hash takes some 90 ms of a core and 64 MiB while it is made."""

MAX_WAITING: Final = 64
MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 1024

WORST: Final = frozenset(
    {
        "00000000",
        "11111111",
        "12341234",
        "12345678",
        "123456789",
        "1234567890",
        "1q2w3e4r",
        "87654321",
        "88888888",
        "abcd1234",
        "administrator",
        "asdfghjkl",
        "changeme",
        "computer",
        "football",
        "homeassistant",
        "iloveyou",
        "internet",
        "letmein1",
        "password",
        "password1",
        "password123",
        "princess",
        "qwerty123",
        "qwertyui",
        "qwertyuiop",
        "qwertz123",
        "raspberry",
        "sunshine",
        "superman",
        "trustno1",
        "welcome1",
    }
)
"""The first guesses of everybody who guesses."""


def check_password(password: str, username: str) -> None:
    """Refuse a password that is too short, too long, the user name or among the worst.

    Raises `WeakPassword`, which never repeats the password.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise WeakPassword(f"The password must have {MIN_LENGTH} to {MAX_LENGTH} characters")
    small = password.strip().casefold()
    if small == username.strip().casefold():
        raise WeakPassword("The password must not be the user name")
    if small in WORST or len(set(small)) == 1:
        raise WeakPassword("The password is one of those that are guessed first")


class Passwords:
    """Hashes and checks passwords; unknown users cost as much as known ones."""

    def __init__(self, *, time_cost: int = 3, memory_kib: int = 65536) -> None:
        """Take the cost: rounds and memory in KiB. The defaults are those of RFC 9106."""
        self._cost = (time_cost, memory_kib)
        self._hasher: PasswordHasher | None = None
        self._limit = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """Return the hash of a password; raises `InvalidInfo` when it is empty or too long."""
        if not password or len(password) > MAX_LENGTH:
            raise InvalidInfo(f"The password must have 1 to {MAX_LENGTH} characters")
        return await self._run(self._hash, password)

    async def verify(self, known: str | None, password: str) -> bool:
        """Tell whether a password fits a hash; None (an unknown user) takes as long and is False.

        Raises `Unavailable` when too many checks wait.
        """
        return await self._run(self._verify, known, password[: MAX_LENGTH + 1])

    def outdated(self, known: str) -> bool:
        """Tell whether a hash was made with another cost and should be made anew."""
        return self._argon().check_needs_rehash(known)

    async def _run(self, work: Callable[..., T], *arguments: str | None) -> T:
        if self._waiting >= MAX_WAITING:
            raise Unavailable("Too many logins at once, try again in a moment")
        self._waiting += 1
        try:
            async with self._limit:
                return await asyncio.to_thread(work, *arguments)
        finally:
            self._waiting -= 1

    def _argon(self) -> "PasswordHasher":
        if self._hasher is None:
            from argon2 import PasswordHasher

            rounds, memory = self._cost
            self._hasher = PasswordHasher(time_cost=rounds, memory_cost=memory)
        return self._hasher

    def _hash(self, password: str) -> str:
        return self._argon().hash(password)

    def _verify(self, known: str | None, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        hasher = self._argon()
        if self._nobody is None:
            self._nobody = hasher.hash(secrets.token_hex(16))
        try:
            hasher.verify(known or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return known is not None
