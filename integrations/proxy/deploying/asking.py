"""What a site is asked, what it answers, and what it asks of the house around it."""

import asyncio
import difflib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from hub.sdk import Clock
from integrations.proxy.deploying.target import Target
from integrations.proxy.models import Flaw, Pair, Part

Changes = Mapping[str, Part | None]


class Listening(Protocol):
    """Takes what a deploy tells; a job's progress does."""

    def log(self, line: str) -> None:
        """Take a line."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """How a deploy ended."""

    release: str
    notes: Sequence[Flaw] = ()
    warnings: str = ""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a deploy would do."""

    release: str | None
    """The release in force."""
    flaws: Sequence[Flaw]
    notes: Sequence[Flaw]
    diff: str
    """Unified; from the configuration in force to the candidate's."""

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "ok": not self.flaws,
            "release": self.release,
            "flaws": [_told(flaw) for flaw in self.flaws],
            "notes": [_told(note) for note in self.notes],
            "diff": self.diff,
            "error": None,
        }


@dataclass(slots=True, eq=False)
class Request:
    """Somebody who wants parts to be deployed."""

    changes: Changes
    listening: Listening | None
    note: Callable[[Mapping[str, Any]], Awaitable[None]] | None
    overwrite: bool
    answer: asyncio.Future[Deployed] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def fail(self, error: BaseException) -> None:
        """Answer with what went wrong."""
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()


class House(Protocol):
    """What a site asks of the fleet."""

    hub_id: str
    clock: Clock

    def target(self, key: str) -> Target:
        """Return the verbs of a server as its resource says now; raises `NotFound`."""

    async def certificates(self, parts: Mapping[str, Part]) -> Mapping[str, Pair]:
        """Return certificates and keys of the certificates among `parts`, by key."""

    async def with_references(self, parts: Mapping[str, Part]) -> dict[str, Part]:
        """Add the access lists and certificates that are referred to and not there yet."""

    def look_again(self, key: str, parts: Iterable[str]) -> None:
        """Have everything looked at that is or was served by a server: it is another release."""

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run in the background."""


def difference(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """Return a unified diff of two sets of texts by path."""
    lines: list[str] = []
    for path in sorted({*old, *new}):
        before, after = old.get(path, ""), new.get(path, "")
        if before != after:
            names = (path if before else "/dev/null", path if after else "/dev/null")
            lines += difflib.unified_diff(
                before.splitlines(keepends=True), after.splitlines(keepends=True), *names
            )
    return "".join(lines)


def _told(flaw: Flaw) -> dict[str, str]:
    return {"part": flaw.part, "field": flaw.field, "message": flaw.message}
