"""Whom this room tells of logins and tokens; it does not know the audit log."""

from collections.abc import Mapping
from typing import Any, Protocol

from hub.auth.user import User


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


class Witness:
    """Holds the way to the audit log, handed in by the composition root."""

    __slots__ = ("tell",)

    def __init__(self) -> None:
        """Tell nobody until somebody is named."""
        self.tell: Tell = _nobody


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
