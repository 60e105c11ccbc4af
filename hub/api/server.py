"""The HTTP server: aiohttp's, with the quick answers in front of its request loop.

An idle connection's plain hot requests are answered inside `data_received`; the first request
that is not plain, and all behind it, go through aiohttp's own loop, so the order is kept.
"""

import asyncio
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import RequestHandler

from hub.api.answers import SECURITY_HEADERS, Answer, add_security_headers
from hub.api.local import allowed, is_local, peer_uid

if TYPE_CHECKING:
    from hub.api.quick import Quick

_LOGGER = logging.getLogger(__name__)

_COMMON: Final = "".join(f"{name}: {value}\r\n" for name, value in SECURITY_HEADERS)
_STATUS_LINES: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus
}


def render(answer: Answer) -> bytes:
    """Return the bytes that aiohttp would send for this answer on a kept connection."""
    extra = "".join([f"{name}: {value}\r\n" for name, value in answer.headers])
    head = (
        f"{_STATUS_LINES[answer.status]}{extra}Content-Type: {answer.content_type}\r\n"
        f"Content-Length: {len(answer.body)}\r\nDate: {rfc822_formatted_time()}\r\n{_COMMON}\r\n"
    )
    return head.encode() + answer.body


class QuickProtocol(RequestHandler):
    """One HTTP connection."""

    __slots__ = ("_peer", "_quick", "busy", "waiting")

    def __init__(self, manager: web.Server, quick: "Quick", **kwargs: Any) -> None:
        """Ask `quick` first."""
        super().__init__(manager, **kwargs)
        self._quick = quick
        self._peer: str | None = None
        self.busy = False
        """A request is in aiohttp's hands: from its making until its answer has been written."""
        self.waiting: tuple[RawRequestMessage, asyncio.Task[Answer]] | None = None
        """A hot request whose answer has to wait: finished by aiohttp's loop, to keep the order."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, and hang up on another user's program at the local socket."""
        super().connection_made(transport)
        if is_local(transport) and not allowed(transport):
            _LOGGER.warning("Refused user id %s at the local socket", peer_uid(transport))
            self.force_close()

    def data_received(self, data: bytes) -> None:
        """Parse, answer what is plain, and wake aiohttp's loop for the rest."""
        waiter = self._waiter
        if waiter is None or self.busy or self._messages or self._paused:
            super().data_received(data)
            return
        # The base class must not wake the loop before we have looked, nor while we answer: reading
        # a body may resume a paused connection, which comes here once more with what was buffered.
        self._waiter = None
        answered = False
        try:
            super().data_received(data)
            if self._messages:
                answered = True
                self._answer_plain()
        finally:
            self._waiter = waiter
        if self._messages:
            if not waiter.done():
                waiter.set_result(None)
        elif answered and self._buffer_paused:
            self._resume_reading_if_drained()

    def _answer_plain(self) -> None:
        """Answer the plain requests at the head of the queue."""
        messages, transport, parser = self._messages, self.transport, self._parser
        sent = []
        if (peer := self._peer) is None:
            found = None if transport is None else transport.get_extra_info("peername")
            peer = self._peer = str(found[0]) if isinstance(found, tuple) and found else ""
        while messages and transport is not None and parser is not None:
            message, payload = messages[0]
            if type(message) is not RawRequestMessage:  # bytes that are no request
                break
            answer = self._quick.answer(message, payload, peer)
            if answer is None:
                break
            if not isinstance(answer, Answer):
                self.waiting = (message, answer)
                break
            messages.popleft()
            parser.message_consumed()
            sent.append(render(answer))
        if sent and transport is not None:
            transport.write(sent[0] if len(sent) == 1 else b"".join(sent))
            self._stay_alive(len(sent))

    def _stay_alive(self, count: int) -> None:
        """Count the requests and put off the end of an idle connection."""
        if self._manager is not None:
            self._manager.requests_count += count
        timeout = self._keepalive_timeout
        self._next_keepalive_close_time = self._loop.time() + timeout
        self._keepalive = True
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(
                self._next_keepalive_close_time, self._process_keepalive
            )

    async def _handle_request(
        self, request: web.BaseRequest, start_time: float | None, request_handler: Any
    ) -> tuple[web.StreamResponse, bool]:
        try:
            return await super()._handle_request(request, start_time, request_handler)
        finally:
            self.busy = False


class QuickServer(web.Server):
    """Makes a `QuickProtocol` for each connection."""

    def __init__(self, base: web.Server, quick: "Quick") -> None:
        """Take the application's server and put `quick` in front."""
        self._handle = base.request_handler
        self._factory = base.request_factory
        super().__init__(
            self._dispatch,
            request_factory=self._make,
            handler_cancellation=base.handler_cancellation,
            loop=base._loop,  # noqa: SLF001 - the same class; aiohttp offers no seam here
            **base._kwargs,  # noqa: SLF001
        )
        self._quick = quick

    def __call__(self) -> RequestHandler:
        """Make the protocol of a new connection."""
        return QuickProtocol(self, self._quick, loop=self._loop, **self._kwargs)

    def _make(
        self, message: Any, payload: Any, protocol: RequestHandler, writer: Any, task: Any
    ) -> web.BaseRequest:
        """Make the request object, and mark the connection as busy with it."""
        if isinstance(protocol, QuickProtocol):
            protocol.busy = True
        return self._factory(message, payload, protocol, writer, task)

    async def _dispatch(self, request: web.BaseRequest) -> web.StreamResponse:
        """Finish a hot request that had to wait, or hand the request to the application."""
        protocol = request.protocol
        if isinstance(protocol, QuickProtocol) and protocol.waiting is not None:
            message, waiting = protocol.waiting
            protocol.waiting = None
            if message is request._message:  # noqa: SLF001 - the request that began to wait
                response = (await asyncio.shield(waiting)).response()
                add_security_headers(response)
                return response
        return await self._handle(request)


class QuickRunner(web.AppRunner):
    """Runs an application behind the quick answers."""

    def __init__(self, app: web.Application, quick: "Quick", **kwargs: Any) -> None:
        """Serve `app`, with `quick` asked first."""
        super().__init__(app, **kwargs)
        self._quick = quick

    async def _make_server(self) -> web.Server:
        return QuickServer(await super()._make_server(), self._quick)
