"""Where a denial becomes a row of the audit log: once, where the error becomes an answer."""

from typing import TYPE_CHECKING

from hub.audit import Entry, Result
from hub.errors import Unauthorized
from hub.events import Context

if TYPE_CHECKING:
    from hub.auth import Session
    from hub.hub import Hub


def note_denial(hub: "Hub", error: Exception, target: str, session: "Session | None") -> None:
    """Note a refusal for want of rights; other failures are none."""
    if isinstance(error, Unauthorized):
        context = None if session is None else Context(session.user.id)
        hub.audit.note(Entry("denied", target, Result.DENIED, context))


def note_bad_token(hub: "Hub", target: str) -> None:
    """Note that somebody came with a token that is not valid."""
    hub.audit.note(Entry("token.refused", target, Result.DENIED))
