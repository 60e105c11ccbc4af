"""Whom this room tells of logins, tokens and changes; it does not know the audit log."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from hub.auth.user import User

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


class Tell(Protocol):
    """Writes down one thing that was done or refused; never waits or fails."""

    def __call__(
        self,
        action: str,
        target: str,
        result: str = "ok",
        *,
        user: User | None = None,
        address: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Tell; `result` is ok, denied or failed, `user` who did it (None: the task's own)."""


class Add(Protocol):
    """Writes down a change in the transaction that makes it: both stand or fall."""

    async def __call__(
        self,
        connection: "AsyncConnection",
        action: str,
        target: str,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Add; `data` never holds a secret."""


class Witness:
    """Holds the ways to the audit log, handed in by the composition root."""

    __slots__ = ("add", "tell")

    def __init__(self) -> None:
        """Tell nobody until somebody is named."""
        self.tell: Tell = _nobody
        self.add: Add = _nowhere


def _nobody(
    action: str,
    target: str,
    result: str = "ok",
    *,
    user: User | None = None,
    address: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Say nothing."""
    del action, target, result, user, address, data


async def _nowhere(
    connection: "AsyncConnection",
    action: str,
    target: str,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Write nothing."""
    del connection, action, target, data
