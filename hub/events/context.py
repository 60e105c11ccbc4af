"""Who or what caused something."""

from contextvars import ContextVar
from typing import Final

from hub.util.ulid import ulid

ORIGIN: Final[ContextVar[str | None]] = ContextVar("origin", default=None)
"""Where the present task's orders come from: a client's address, `mqtt`, `file`, `cli`.

Set once by the door that lets an order in; the audit log writes it down.
"""


class Context:
    """The cause of an event, state, service call or job: an id, its parent's id and a user.

    The id is drawn when it is first asked for: most contexts inside the house never are.
    """

    __slots__ = ("_id", "_json", "parent_id", "user_id")

    def __init__(
        self, user_id: str | None = None, parent_id: str | None = None, id: str | None = None
    ) -> None:
        """Take the acting user's id and the id of the context that led here."""
        self.user_id = user_id
        self.parent_id = parent_id
        self._id = id
        self._json: bytes | None = None

    @property
    def id(self) -> str:
        """Return the ULID of this context."""
        if (value := self._id) is None:
            value = self._id = ulid()
        return value

    @property
    def json(self) -> bytes:
        """Return `{"id","parent_id","user_id"}` as JSON."""
        if (value := self._json) is None:
            # all three are ids of ours: letters and digits, nothing to escape
            value = self._json = b'{"id":"%b","parent_id":%b,"user_id":%b}' % (
                self.id.encode(),
                _quoted(self.parent_id),
                _quoted(self.user_id),
            )
        return value

    def as_dict(self) -> dict[str, str | None]:
        """Return the wire form."""
        return {"id": self.id, "parent_id": self.parent_id, "user_id": self.user_id}

    def child(self) -> "Context":
        """Return a context caused by this one, for the same user."""
        return Context(self.user_id, self.id)

    def __repr__(self) -> str:
        """Show the three ids."""
        return f"Context({self.user_id!r}, {self.parent_id!r}, {self.id!r})"


def _quoted(value: str | None) -> bytes:
    return b"null" if value is None else b'"%b"' % value.encode()
