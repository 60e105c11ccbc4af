"""The hub's access log on a server: read on from where the last look ended, summed by host.

Each line is one JSON object that nginx wrote (`log_format hub_json escape=json`). What visitors
send is in it, so every line is hostile text: one that makes no sense is counted and left out.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hub.sdk import loads

MAX_LOOK: Final = 512 * 1024
"""Bytes of the log that one look takes in at most; of more, the newest."""
ROTATE_AT: Final = 32 << 20
"""Bytes at which the hub gives the log a new file."""
MAX_HOSTS: Final = 5000
"""Hosts in one look; ids come from our own configuration, more is somebody's joke."""

_FAILED: Final = ("502", "504")
"""What nginx notes when an upstream can not be reached or does not answer in time."""


@dataclass(frozen=True, slots=True)
class Place:
    """Up to where the log was read: which file, by its inode, and how many bytes of it."""

    inode: int
    offset: int


NO_FILE: Final = Place(0, 0)
"""The log was looked for and is not there: what comes is read from its beginning."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a log file that a look brought."""

    inode: int
    size: int
    """Of the file when it was looked at."""
    start: int
    """Where `data` begins in the file."""
    data: bytes = field(repr=False)


@dataclass(slots=True)
class Sums:
    """What one host answered between two looks; seconds and bytes."""

    requests: int = 0
    classes: dict[int, int] = field(default_factory=dict)
    """Number of answers by the first digit of their status."""
    sent: int = 0
    seconds: list[float] = field(default_factory=list)
    """How long each request took; those that do not tell are not in it."""
    reached: int = 0
    """Requests that an upstream answered."""
    upstream_errors: int = 0
    """Requests for which no upstream could be reached, or none answered in time."""

    @property
    def mean(self) -> float | None:
        """Return the mean seconds per request; None without any."""
        return sum(self.seconds) / len(self.seconds) if self.seconds else None

    @property
    def p95(self) -> float | None:
        """Return the seconds within which 95 of 100 requests were answered (nearest rank)."""
        if not self.seconds:
            return None
        return sorted(self.seconds)[math.ceil(0.95 * len(self.seconds)) - 1]


@dataclass(slots=True)
class Tally:
    """One look at a log: sums by the id of the host's resource."""

    hosts: dict[str, Sums] = field(default_factory=dict)
    lines: int = 0
    rubbish: int = 0
    """Lines that were no record of ours."""
    skipped: int = 0
    """Bytes that nobody read because there were more than one look takes in."""
    read: int = 0

    @property
    def share(self) -> float:
        """Return which part of what was written was read, above 0 up to 1."""
        whole = self.read + self.skipped
        return self.read / whole if whole and self.read else 1.0


def follow(place: Place | None, pieces: Iterable[Piece], limit: int = MAX_LOOK) -> "Following":
    """Sum up pieces, the older file first; returns the sums and the place to read on from."""
    tally = Tally()
    for piece in pieces:
        reaches = place is not None and place.inode == piece.inode and place.offset <= piece.start
        if place is not None and reaches:
            tally.skipped += piece.start - place.offset
        elif place is not None:
            tally.skipped += piece.start
        data = piece.data
        start = piece.start
        if place is not None and start > (place.offset if reaches else 0):
            # in the middle of a line: what is left of it belongs to nobody
            cut = data.find(b"\n") + 1
            data, start = data[cut:], start + cut
        whole = data.rfind(b"\n") + 1
        add(tally, data[:whole])
        if not whole and len(piece.data) >= limit:
            tally.rubbish += 1
            whole = len(data)
        tally.read += len(piece.data)
        place = Place(piece.inode, start + whole)
    return Following(tally, place or NO_FILE)


@dataclass(frozen=True, slots=True)
class Following:
    """What a look brought, and where the next one goes on."""

    tally: Tally
    place: Place


def add(tally: Tally, data: bytes) -> None:
    """Add whole lines to the sums."""
    for line in data.split(b"\n"):
        if not line:
            continue
        tally.lines += 1
        try:
            record = loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict) or not _count(tally.hosts, record):
            tally.rubbish += 1


def _count(hosts: dict[str, Sums], record: Mapping[str, Any]) -> bool:
    """Add one request; False when it does not say which host answered what."""
    host, status = record.get("h"), _whole(record.get("s"))
    if not isinstance(host, str) or not host or status is None or not 100 <= status <= 599:
        return False
    sums = hosts.get(host)
    if sums is None:
        if len(hosts) >= MAX_HOSTS or len(host) > 200:
            return False
        sums = hosts[host] = Sums()
    sums.requests += 1
    sums.classes[status // 100] = sums.classes.get(status // 100, 0) + 1
    sums.sent += _whole(record.get("b")) or 0
    if (seconds := _seconds(record.get("rt"))) is not None:
        sums.seconds.append(seconds)
    # several tries are told in one text: "502, 200", groups of them after a redirect: "502 : 200"
    tries = str(record.get("us") or "").replace(":", ",").split(",")
    if (last := tries[-1].strip()) in _FAILED:
        sums.upstream_errors += 1
    elif last.isdecimal():
        sums.reached += 1
    return True


def _whole(value: object) -> int | None:
    """Return a number that nginx wrote, with or without quotes."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value < 1 << 62 else None
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19:
        return int(value)
    return None


def _seconds(value: object) -> float | None:
    """Return a time that nginx wrote, with or without quotes; below 0 is none."""
    try:
        seconds = float(value) if isinstance(value, int | float | str) else -1.0
    except ValueError:
        return None
    return seconds if 0 <= seconds < 1e9 else None
