"""What a CA says when it refuses: problem documents (RFC 7807, RFC 8555 section 6.7), verbatim."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.sdk import HubError, Unavailable

PREFIX: Final = "urn:ietf:params:acme:error:"
MAX_TEXT: Final = 2000
"""Characters of a text of a CA that are shown; it is outside text."""
MAX_SUBPROBLEMS: Final = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem document; `name` is what it is about when the CA or the order says so."""

    type: str
    detail: str
    name: str | None = None
    status: int | None = None
    subproblems: Sequence["Problem"] = field(default=())

    @property
    def kind(self) -> str:
        """Return the type without the prefix of RFC 8555: `rateLimited`."""
        return self.type.removeprefix(PREFIX)

    def of(self, name: str) -> "Problem":
        """Return the problem with a name, unless it has one."""
        own = self.name or name
        return Problem(self.type, self.detail, own, self.status, self.subproblems)

    def lines(self) -> list[str]:
        """Return the problem and its parts as people read them: `name: type: detail`."""
        place = f"{self.name}: " if self.name else ""
        own = f"{place}{self.type}: {self.detail}"
        return [own, *(line for part in self.subproblems for line in part.lines())]

    def as_dict(self) -> dict[str, Any]:
        """Return the form in statuses and errors."""
        found: dict[str, Any] = {"type": self.type, "detail": self.detail}
        if self.name is not None:
            found["name"] = self.name
        if self.status is not None:
            found["status"] = self.status
        if self.subproblems:
            found["subproblems"] = [part.as_dict() for part in self.subproblems]
        return found


def problem(data: object, status: int | None = None) -> Problem:
    """Read a problem document; whatever is missing is said to be missing."""
    found = data if isinstance(data, Mapping) else {}
    parts = found.get("subproblems")
    inner = parts[:MAX_SUBPROBLEMS] if isinstance(parts, list) else []
    identifier = found.get("identifier")
    name = identifier.get("value") if isinstance(identifier, Mapping) else None
    return Problem(
        _text(found.get("type")) or "about:blank",
        _text(found.get("detail")) or _text(found.get("title")) or "the CA gave no reason",
        _text(name) or None,
        status if status is not None else _number(found.get("status")),
        tuple(problem({**part, "subproblems": None}) for part in inner if isinstance(part, dict)),
    )


class AcmeError(HubError):
    """A CA refuses; the message holds its problem documents word for word."""

    code = "acme_problem"
    http_status = 502

    def __init__(
        self, problems: Sequence[Problem], *, ca: str = "", retry_after: float | None = None
    ) -> None:
        """Take what the CA said, and in how many seconds it wants to be asked again at most."""
        lines = [line for item in problems for line in item.lines()]
        super().__init__("; ".join([f"{ca} refuses: {lines[0]}" if ca else lines[0], *lines[1:]]))
        self.problems = tuple(problems)
        self.retry_after = retry_after

    @property
    def names(self) -> list[str]:
        """Return the names that the problems are about."""
        found = [part for item in self.problems for part in (item, *item.subproblems)]
        return list(dict.fromkeys(part.name for part in found if part.name))

    def has(self, kind: str) -> bool:
        """Tell whether the CA gave this type: `badNonce`."""
        return any(item.kind == kind for item in self.problems)

    def as_dict(self) -> dict[str, Any]:
        """Add the problem documents."""
        found = {**super().as_dict(), "problems": [item.as_dict() for item in self.problems]}
        if self.retry_after is not None:
            found["retry_after"] = self.retry_after
        return found


class CAUnavailable(Unavailable):
    """The CA does not answer, or not as an ACME server does; trying again may help."""

    code = "acme_unavailable"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        """Take the seconds after which the CA wants to be asked again."""
        super().__init__(message)
        self.retry_after = retry_after


def _text(value: object) -> str:
    """Return a text of the outside in one line without control characters."""
    if not isinstance(value, str):
        return ""
    clean = "".join(char if char.isprintable() else " " for char in value[: 2 * MAX_TEXT])
    return " ".join(clean.split())[:MAX_TEXT]


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
