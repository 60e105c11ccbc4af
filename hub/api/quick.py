"""The hot routes in front of aiohttp: answered where the bytes arrive, without request objects.

`GET`/`POST /api/states/<id>` and `POST /api/services/<domain>/<service>` are answered here when
the request is plain: HTTP/1.1 keep-alive, a good bearer token, a whole body, no Origin header.
Everything else takes the full stack, which calls the same functions of `actions`.
"""

import re
from typing import TYPE_CHECKING, Any, Final

from aiohttp import hdrs
from aiohttp.http_parser import RawRequestMessage
from aiohttp.http_writer import HttpVersion11

from hub.api.actions import Changes, call_service, read_state, write_state
from hub.api.answers import Answer, failure_answer
from hub.api.denials import note_denial
from hub.api.local import ORIGIN_NAME
from hub.events import ORIGIN

if TYPE_CHECKING:
    import asyncio

    from aiohttp.streams import StreamReader

    from hub.api.gate import Gate
    from hub.auth import Session
    from hub.hub import Hub

_STATES: Final = "/api/states/"
_SERVICES: Final = "/api/services/"
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.]+").fullmatch


class Quick:
    """Decides whether a request is plain, and answers it."""

    def __init__(self, hub: "Hub", changes: Changes, gate: "Gate", max_body: int) -> None:
        """Serve `hub`; bodies over `max_body` bytes take the full stack, which refuses them."""
        self._hub = hub
        self._changes = changes
        self._gate = gate
        self._max_body = max_body
        self._reads = hub.metrics.hot("GET", "/api/states/{entity_id}")
        self._writes = hub.metrics.hot("POST", "/api/states/{entity_id}")
        self._calls = hub.metrics.hot("POST", "/api/services/{domain}/{service}")

    def answer(
        self, message: RawRequestMessage, payload: "StreamReader", peer: str
    ) -> "Answer | asyncio.Task[Answer] | None":
        """Return the answer of a plain hot request of `peer`, or None for the full stack."""
        bans = self._hub.auth.bans
        if bans.active and bans.banned(self._gate.address(peer, message.headers)):
            return None
        path = message.path
        method = message.method
        if path.startswith(_STATES):
            entity_id = path[12:]
            if method not in ("POST", "GET") or _PLAIN(entity_id) is None:
                return None
            session = self._session(message, payload)
            if session is None:
                return None
            if method == "GET":
                return self._guarded(
                    message, session, self._reads, read_state, self._hub, session, entity_id
                )
            body = payload.read_nowait(-1)
            ORIGIN.set(self._gate.address(peer, message.headers) or ORIGIN_NAME)
            return self._guarded(
                message, session, self._writes, write_state, self._hub, session, entity_id, body
            )
        if method == "POST" and path.startswith(_SERVICES):
            domain, _, service = path[14:].partition("/")
            if _PLAIN(domain) is None or _PLAIN(service) is None:
                return None
            session = self._session(message, payload)
            if session is None:
                return None
            body = payload.read_nowait(-1)
            ORIGIN.set(self._gate.address(peer, message.headers) or ORIGIN_NAME)
            call = (self._hub, session, self._changes, (domain, service), body, False)
            return self._guarded(message, session, self._calls, call_service, *call)
        return None

    def _session(self, message: RawRequestMessage, payload: "StreamReader") -> "Session | None":
        """Return who asks, when nothing about the request needs the full stack."""
        if (
            message.should_close
            or message.compression is not None
            or message.chunked
            or message.upgrade
            or message.version != HttpVersion11
            or not payload.is_eof()
            or payload.total_bytes > self._max_body
        ):
            return None
        headers = message.headers
        if (
            hdrs.ORIGIN in headers
            or hdrs.EXPECT in headers
            or not self._gate.host_allowed(headers.get(hdrs.HOST, ""))
        ):
            return None
        authorization = headers.get(hdrs.AUTHORIZATION)
        if authorization is None or not authorization.startswith("Bearer "):
            return None
        session = self._hub.auth.tokens.validate(authorization[7:])
        return None if session is None or session.user.local_only else session

    def _guarded(
        self,
        message: RawRequestMessage,
        session: "Session",
        counts: dict[int, int],
        action: Any,
        *arguments: Any,
    ) -> "Answer | asyncio.Task[Answer]":
        """Run a hot action and count it; every failure becomes an answer."""
        try:
            result: Answer | asyncio.Task[Answer] = action(*arguments)
        except Exception as error:  # noqa: BLE001 - every failure is answered and logged
            note_denial(self._hub, error, f"{message.method} {message.path}", session)
            result = failure_answer(action.__name__, error)
        if isinstance(result, Answer):
            counts[result.status] = counts.get(result.status, 0) + 1
        else:
            result.add_done_callback(lambda task: _count(task, counts))
        return result


def _count(task: "asyncio.Task[Answer]", counts: dict[int, int]) -> None:
    """Count an answer that had to wait."""
    if not task.cancelled() and task.exception() is None:
        status = task.result().status
        counts[status] = counts.get(status, 0) + 1
