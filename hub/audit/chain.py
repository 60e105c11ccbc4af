"""The chain: what a row's hash covers, the signed head, and the walk that proves both.

No database and no clock in here, so that a running hub and the command line check alike.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

COLUMNS: Final = (
    "seq",
    "at",
    "action",
    "target",
    "result",
    "user_id",
    "user_name",
    "address",
    "context_id",
    "data",
)
"""What a hash covers, in this order, beside the hash of the row before."""

BROKEN: Final = "audit.broken"
"""The row that the hub writes itself when it finds the head or the tail changed."""

MAX_PROBLEMS: Final = 20
"""Problems that a report names one by one; further ones are only counted."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row, and the one before the oldest (`base`, moved when rows are pruned)."""

    seq: int = 0
    hash: str = ""
    base_seq: int = 0
    base_hash: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One place where the log is not what was written; `seq` names the row."""

    seq: int
    kind: str
    message: str

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {"seq": self.seq, "kind": self.kind, "message": self.message}


@dataclass(slots=True)
class Report:
    """What a walk found; `head` is (seq, hash) of the last row, to be kept elsewhere."""

    rows: int = 0
    first: int | None = None
    last: int | None = None
    head: tuple[int, str] = (0, "")
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0

    @property
    def ok(self) -> bool:
        """Tell whether every row is what was written."""
        return self.problem_count == 0

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "ok": self.ok,
            "rows": self.rows,
            "first": self.first,
            "last": self.last,
            "head": {"seq": self.head[0], "hash": self.head[1]},
            "problem_count": self.problem_count,
            "problems": [problem.as_dict() for problem in self.problems],
        }


class Chain:
    """Hashes under one key; without it neither rows nor head can be forged."""

    def __init__(self, key: bytes) -> None:
        """Take the 32 bytes that the sealing room derives for the audit."""
        self._key = key

    def link(self, before: str, row: Mapping[str, Any]) -> str:
        """Return the hash of a row that stands behind the row with hash `before`."""
        try:
            body = orjson.dumps([before, *[row[name] for name in COLUMNS]])
        except TypeError:  # a value that no hub has written
            return ""
        return hmac.digest(self._key, body, "sha256").hex()

    def seal(self, head: Head) -> dict[str, Any]:
        """Return the head as the document that is kept."""
        return {
            "seq": head.seq,
            "hash": head.hash,
            "base": {"seq": head.base_seq, "hash": head.base_hash},
            "mac": self._mac(head),
        }

    def open(self, document: Any) -> Head | None:
        """Return the head of a kept document, None when it was not written by this hub."""
        try:
            head = Head(
                int(document["seq"]),
                str(document["hash"]),
                int(document["base"]["seq"]),
                str(document["base"]["hash"]),
            )
            mac = str(document["mac"])
        except (KeyError, TypeError, ValueError):
            return None
        return head if hmac.compare_digest(mac.encode(), self._mac(head).encode()) else None

    def _mac(self, head: Head) -> str:
        body = orjson.dumps(["head", head.seq, head.hash, head.base_seq, head.base_hash])
        return hmac.digest(self._key, body, "sha256").hex()


class Walk:
    """Goes over all rows once, oldest first, and gathers what does not fit."""

    def __init__(self, chain: Chain, document: Any | None) -> None:
        """Begin before the oldest row; `document` is the kept head, None when there is none."""
        self._chain = chain
        self._head = None if document is None else chain.open(document)
        self._had_document = document is not None
        start = self._head or Head()
        self._next = start.base_seq + 1
        self._before: tuple[str, ...] = (start.base_hash,)
        self._trusted = True
        self.report = Report()

    def feed(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Check the next rows, in order of `seq`."""
        report = self.report
        for row in rows:
            seq, stored = row["seq"], row["hash"]
            if report.first is None:
                report.first = seq
            if seq < self._next:
                self._found(seq, "inserted", f"row {seq} lies before the oldest kept row")
                continue
            if seq > self._next:
                self._found(self._next, "removed", _removed(self._next, seq - 1))
                self._trusted = False
            computed = [self._chain.link(before, row) for before in self._before]
            if stored not in computed and self._trusted:
                self._found(seq, "changed", f"row {seq} is not what was written")
            if row["action"] == BROKEN:
                self._found(seq, "broken", f"row {seq}: the hub found its log changed here")
            # A changed hash must not make the next row look changed too.
            self._before = tuple(dict.fromkeys((stored, computed[0])))
            self._trusted = True
            self._next = seq + 1
            report.rows += 1
            report.last = seq
            report.head = (seq, stored)

    def finish(self) -> Report:
        """Compare the end with the head and return what was found."""
        report, head = self.report, self._head
        last = self._next - 1
        if head is None:
            if report.rows or self._had_document:
                what = "is not what the hub wrote" if self._had_document else "is missing"
                message = f"the head of the log {what}: rows after {last} may have been removed"
                self._found(last, "head", message)
        elif last < head.seq:
            self._found(last + 1, "removed", _removed(last + 1, head.seq))
        elif last > head.seq:
            self._found(head.seq + 1, "inserted", f"row {head.seq + 1} was not written by the hub")
        elif report.rows and report.head[1] != head.hash:
            self._found(last, "changed", f"the hash of row {last} is not what was written")
        return report

    def _found(self, seq: int, kind: str, message: str) -> None:
        report = self.report
        report.problem_count += 1
        if len(report.problems) < MAX_PROBLEMS:
            report.problems.append(Problem(seq, kind, message))


def moved_base(head: Head, seq: int, hash: str) -> Head:
    """Return the head after all rows up to `seq`, whose hash is `hash`, have been pruned."""
    return replace(head, base_seq=seq, base_hash=hash)


def _removed(first: int, last: int) -> str:
    return f"row {first} was removed" if first == last else f"rows {first} to {last} were removed"
