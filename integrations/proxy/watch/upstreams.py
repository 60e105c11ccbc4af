"""What a host's upstreams are asked, and what their answers say of its health."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from integrations.proxy.models import Spec
from integrations.proxy.watch.answer import Reply

_SECONDS: Final = 5
_HEALTHY: Final = range(200, 400)
_ANSWERED: Final = range(100, 500)
"""Without a check of its own: who answers is there, also when he says 404."""


@dataclass(frozen=True, slots=True)
class Question:
    """One upstream as `probe.sh` asks it."""

    name: str
    """`address:port`, as people know it."""
    url: str
    where: str
    host: str
    verify: bool
    seconds: int
    expect: frozenset[int]
    backup: bool

    def words(self) -> list[str]:
        """Return the arguments."""
        return [self.url, self.where, self.host, "1" if self.verify else "0", str(self.seconds)]

    def good(self, reply: Reply) -> bool:
        """Tell whether an answer is one of a healthy upstream."""
        return reply.status is not None and reply.status in self.expect


@dataclass(frozen=True, slots=True)
class Answer:
    """What an upstream said, as people read it."""

    upstream: str
    ok: bool
    status: int | None
    milliseconds: float | None
    error: str | None
    backup: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "upstream": self.upstream,
            "ok": self.ok,
            "status": self.status,
            "milliseconds": self.milliseconds,
            "error": self.error,
        }


def questions(spec: Spec) -> list[Question]:
    """Return what to ask of a `proxy.host`; upstreams that are not used are left out."""
    check = spec.get("health_check") or {}
    expect = frozenset(check.get("expect") or (_HEALTHY if check else _ANSWERED))
    scheme, name = spec["forward_scheme"], spec.get("upstream_host")
    visitor = next((item for item in spec["domain_names"] if not item.startswith("*")), None)
    found = []
    for host, port, backup in _upstreams(spec):
        where = f"{_bracketed(host)}:{port}"
        known_as = f"{_without_port(name)}:{port}" if name else where
        found.append(
            Question(
                name=where,
                url=f"{scheme}://{known_as}{check.get('path') or '/'}",
                where=where if name else "-",
                host=name or visitor or "-",
                verify=bool(spec.get("verify_tls")),
                seconds=int(check.get("timeout") or _SECONDS),
                expect=expect,
                backup=backup,
            )
        )
    return found


def answers(asked: Sequence[Question], replies: Mapping[int, Reply]) -> list[Answer]:
    """Return what was answered, in the order of the questions."""
    found = []
    for number, question in enumerate(asked):
        reply = replies.get(number)
        if reply is None:
            found.append(Answer(question.name, False, None, None, "no_answer", question.backup))
            continue
        ok = question.good(reply)
        error = reply.error
        if error is None and not ok:
            error = f"status_{reply.status}"
        milliseconds = None if reply.status is None else round(reply.seconds * 1000, 1)
        found.append(Answer(question.name, ok, reply.status, milliseconds, error, question.backup))
    return found


def _upstreams(spec: Spec) -> list[tuple[str, int, bool]]:
    several = [
        (item["host"], int(item["port"]), bool(item.get("backup")))
        for item in spec.get("upstreams") or ()
        if not item.get("down")
    ]
    if several or not spec.get("forward_host"):
        return several
    default = 443 if spec["forward_scheme"] == "https" else 80
    return [(spec["forward_host"], int(spec.get("forward_port") or default), False)]


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _without_port(name: str) -> str:
    head, colon, tail = name.rpartition(":")
    return head if colon and tail.isdecimal() and (":" not in head or head[0] == "[") else name
