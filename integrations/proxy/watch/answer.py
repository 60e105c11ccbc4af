"""What `watch.sh` and `probe.sh` print, taken apart; all of it is hostile text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from integrations.proxy.watch import load
from integrations.proxy.watch.log import Piece
from integrations.proxy.watch.status import Stub, parse

_MAX_TEXT: Final = 8192

CURL: Final = {
    6: "name_not_found",
    7: "refused",
    28: "timed_out",
    35: "tls_failed",
    52: "empty_answer",
    56: "cut_off",
    60: "certificate_not_trusted",
}
"""Why curl got no answer (curl(1), EXIT CODES)."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a server fared at one moment; None = it did not tell."""

    served: str | None
    """The release that nginx says it serves."""
    stub: Stub | None
    ticks: load.Ticks | None
    memory: float | None
    disk: float | None
    pieces: tuple[Piece, ...]
    rotated: bool
    """Whether nginx writes a log that has another name now, and has to open a new one."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an upstream answered to a probe."""

    status: int | None
    """None = it did not answer."""
    seconds: float
    error: str | None
    """A word of `CURL`, or `curl_<number>`."""


def read(output: bytes, mark: str) -> Look | None:
    """Read the answer of `watch.sh`; None when it is not whole."""
    texts: dict[str, str] = {}
    pieces = []
    for head, data in _sections(output, mark):
        words = head.split()
        if len(words) == 4 and words[0] in {"old", "log"}:
            numbers = [int(word) for word in words[1:] if word.isascii() and word.isdecimal()]
            if len(numbers) == 3:
                pieces.append(Piece(numbers[0], numbers[1], numbers[2], data))
        else:
            texts[head] = data[:_MAX_TEXT].decode("utf-8", "replace")
    if "end" not in texts:
        return None
    served = texts.get("served", "").strip()
    return Look(
        served=served if served.isprintable() and 0 < len(served) <= 100 else None,
        stub=parse(texts.get("status", "")),
        ticks=load.ticks(texts.get("stat", "")),
        memory=load.memory(texts.get("memory", "")),
        disk=load.disk(texts.get("disk", "")),
        pieces=tuple(pieces),
        rotated="rotated" in texts,
    )


def replies(output: bytes, mark: str) -> dict[int, Reply] | None:
    """Read the answer of `probe.sh`: replies by the upstream's number; None when not whole."""
    found: dict[int, Reply] = {}
    is_whole = False
    for head, _ in _sections(output, mark):
        words = head.split()
        if words == ["end"]:
            is_whole = True
        elif len(words) == 4 and all(word.isascii() for word in words):
            try:
                number, status, code = int(words[0]), int(words[1]), int(words[3])
                seconds = max(0.0, float(words[2]))
            except ValueError:
                continue
            answered = code == 0 and 100 <= status <= 599
            error = None if answered else CURL.get(code, f"curl_{code}")
            found[number] = Reply(status if answered else None, seconds, error)
    return found if is_whole else None


def _sections(output: bytes, mark: str) -> Iterator[tuple[str, bytes]]:
    """Yield what stands after each line with the mark, byte for byte."""
    _, *parts = (b"\n" + output).split(f"\n{mark} ".encode())
    for part in parts:
        head, _, data = part.partition(b"\n")
        yield head.decode("ascii", "replace").strip(), data
