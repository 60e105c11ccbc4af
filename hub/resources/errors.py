"""What the store refuses, and how the wire calls it."""

from collections.abc import Mapping, Sequence
from typing import Any

from hub.errors import HubError


class InvalidSpec(HubError):  # noqa: N818 - the wire names these without "Error"
    """A spec does not fit its type; every problem is told with its path."""

    code = "invalid_spec"
    http_status = 400

    def __init__(self, id: str, problems: Sequence[Mapping[str, str]]) -> None:
        """Take the resource's id and problems of the form `{"path", "message"}`."""
        told = "; ".join(f"{item['path'] or 'spec'}: {item['message']}" for item in problems)
        super().__init__(f"{id}: {told}")
        self.problems = [dict(item) for item in problems]

    def as_dict(self) -> dict[str, Any]:
        """Add the problems."""
        return {**super().as_dict(), "problems": self.problems}


class Conflict(HubError):  # noqa: N818
    """The resource was changed meanwhile; read it again before writing."""

    code = "conflict"
    http_status = 409

    def __init__(self, id: str, expected: int, current: int | None) -> None:
        """Take the revision that the caller knew and the present one (None = there is none)."""
        now = "does not exist" if current is None else f"is at revision {current}"
        super().__init__(f"{id} {now}, not {expected}: read it again, then repeat the change")
        self.current = current

    def as_dict(self) -> dict[str, Any]:
        """Add the present revision."""
        return {**super().as_dict(), "current": self.current}


class InUse(HubError):  # noqa: N818
    """Other resources refer to this one."""

    code = "in_use"
    http_status = 409

    def __init__(self, id: str, users: Sequence[str]) -> None:
        """Take the ids of the resources that refer to it."""
        super().__init__(
            f"{id} is used by {', '.join(users)}: change or delete those first, or cascade"
        )
        self.users = list(users)

    def as_dict(self) -> dict[str, Any]:
        """Add the users."""
        return {**super().as_dict(), "users": self.users}


class FileOwned(HubError):  # noqa: N818
    """The resource comes from a file and is changed there."""

    code = "file_owned"
    http_status = 409

    def __init__(self, id: str, place: str) -> None:
        """Take the resource's id and `file:line`."""
        super().__init__(f"{id} comes from {place}: change it there")
        self.place = place

    def as_dict(self) -> dict[str, Any]:
        """Add the place."""
        return {**super().as_dict(), "place": self.place}
