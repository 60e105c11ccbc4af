"""What an import gives: documents for the hub, and a report of all that is not in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from hub.sdk import Finding, Imported, Report, Unreadable
from hub.sdk import FindingLevel as Level

__all__ = [
    "Finding",
    "Imported",
    "Level",
    "Placement",
    "Report",
    "Spec",
    "Unreadable",
    "arranged",
    "quoted",
]

Spec = dict[str, Any]

HIDDEN: Final = ("authorization", "cookie", "token", "secret", "password", "api-key", "apikey")
"""Directives whose text holds one of these words may carry a secret: a report names no value."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where imported hosts are to be served."""

    servers: tuple[str, ...] = ()
    group: str | None = None

    def fields(self) -> Spec:
        """Return the fields of a spec."""
        found: Spec = {}
        if self.servers:
            found["servers"] = list(self.servers)
        if self.group:
            found["group"] = self.group
        return found


ORDER: Final = (
    *("proxy.server", "proxy.group", "proxy.access_list", "proxy.certificate"),
    *("proxy.host", "proxy.redirect", "proxy.dead_host", "proxy.stream"),
)


def arranged(documents: Iterable[tuple[str, Spec]]) -> dict[str, Spec]:
    """Return documents with those first that others refer to; else in their order."""
    places = {kind: number for number, kind in enumerate(ORDER)}
    return dict(sorted(documents, key=lambda item: places.get(item[0].partition("/")[0], 99)))


def quoted(text: str, most: int = 80) -> str:
    """Return text of a configuration for a line of the report: short, and without secrets."""
    line = " ".join(text.split())
    if any(word in line.lower() for word in HIDDEN):
        return f"{line.split(' ', 1)[0]} ... (not repeated: it may hold a secret)"
    return line if len(line) <= most else line[: most - 3] + "..."
