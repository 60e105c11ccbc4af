"""What was run on hosts: the last commands in memory, and one line each for the audit log."""

import logging
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from hub.runner.command import Outcome
from hub.runner.redact import Redactor

if TYPE_CHECKING:
    from hub.events import Context

_LOGGER = logging.getLogger(__name__)

PER_HOST: Final = 50
HOSTS: Final = 1000
TAIL: Final = 2000
"""Characters of output that are kept of each command."""
ARGUMENT: Final = 200
"""Characters of one argument that the audit log holds."""


class Tell(Protocol):
    """Takes what is to be audited; handed in by the composition root."""

    def __call__(
        self,
        action: str,
        target: str,
        result: str,
        context: "Context | None",
        data: Mapping[str, Any],
    ) -> None:
        """Note one thing: result is `ok`, `failed` or `denied`."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """One command: secrets are masked."""

    at: float
    target: str
    integration: str
    argv: tuple[str, ...]
    sudo: bool
    kind: str
    status: int | None
    seconds: float
    stdout: str
    stderr: str
    user_id: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return the form for diagnostics."""
        return {name: getattr(self, name) for name in self.__slots__}


class Transcripts:
    """The last commands of each host; of too many hosts, the longest unused are forgotten."""

    def __init__(self) -> None:
        """Start empty."""
        self._kept: OrderedDict[str, deque[Transcript]] = OrderedDict()

    def add(self, transcript: Transcript) -> None:
        """Keep one."""
        kept = self._kept.get(transcript.target)
        if kept is None:
            kept = self._kept[transcript.target] = deque(maxlen=PER_HOST)
            if len(self._kept) > HOSTS:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(transcript.target)
        kept.append(transcript)

    def of(self, target: str) -> list[Transcript]:
        """Return the last commands of a host, oldest first."""
        return list(self._kept.get(target, ()))

    def forget(self, target: str) -> None:
        """Drop what is known of a host."""
        self._kept.pop(target, None)


def written(
    outcome: Outcome,
    *,
    at: float,
    target: str,
    integration: str,
    sudo: bool,
    redactor: Redactor,
    context: "Context | None",
) -> Transcript:
    """Write down a command with secrets masked; of output only the end."""
    return Transcript(
        at=at,
        target=target,
        integration=integration,
        argv=outcome.argv,  # looked through before it ran: with a secret in it, it would not have
        sudo=sudo,
        kind=outcome.kind.value,
        status=outcome.status,
        seconds=round(outcome.seconds, 4),
        stdout=_tail(outcome.stdout, redactor),
        stderr=_tail(outcome.stderr, redactor),
        user_id=None if context is None else context.user_id,
    )


def audited(transcript: Transcript) -> dict[str, Any]:
    """Return what the audit log holds of a command: never its output."""
    data: dict[str, Any] = {
        "argv": [argument[:ARGUMENT] for argument in transcript.argv[:50]],
        "integration": transcript.integration,
        "outcome": transcript.kind,
    }
    if transcript.sudo:
        data["sudo"] = True
    if transcript.status:
        data["status"] = transcript.status
    return data


def _tail(output: bytes, redactor: Redactor) -> str:
    if not output:
        return ""
    text = redactor(output[-4 * TAIL :].decode("utf-8", "replace"))
    # a secret that the first cut went through is not known again: its rest goes too
    start = redactor.longest if len(output) > 4 * TAIL else 0
    return text[start:][-TAIL:]
