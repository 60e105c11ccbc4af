"""What can go wrong with a deploy; every message says where, what, and what to do."""

from collections.abc import Sequence
from typing import Any

from hub.sdk import HubError, Unavailable
from integrations.proxy.models import Flaw


class Rejected(HubError):  # noqa: N818 - the wire names these without "Error"
    """The candidate is refused; what was in force before is still served."""

    code = "rejected"
    http_status = 422

    def __init__(self, server: str, flaws: Sequence[Flaw]) -> None:
        """Name the server and every flaw."""
        super().__init__(f"{server} refuses it: " + "; ".join(map(str, flaws)))
        self.server = server
        self.flaws = tuple(flaws)

    def as_dict(self) -> dict[str, Any]:
        """Add the flaws field by field."""
        flaws = [
            {"part": flaw.part, "field": flaw.field, "message": flaw.message} for flaw in self.flaws
        ]
        return {**super().as_dict(), "server": self.server, "flaws": flaws}


class RolledBack(HubError):  # noqa: N818
    """nginx did not take the new release over; the one before was put back and proven."""

    code = "rolled_back"
    http_status = 502


class RollbackFailed(HubError):  # noqa: N818
    """nginx took neither the new release over nor was the one before proven."""

    code = "rollback_failed"
    http_status = 500


class Busy(Unavailable):
    """Somebody else deploys to the server at this moment."""

    code = "server_busy"


class NotOurs(HubError):  # noqa: N818
    """What is on the server belongs to somebody else; it is not touched."""

    code = "not_ours"
    http_status = 409
