"""The login flow: a form, answered with user name and password, ends in a one-use code."""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.auth.addresses import is_local
from hub.auth.clients import client_allowed, redirect_allowed, well_formed
from hub.auth.codes import Codes, is_challenge
from hub.auth.errors import (
    FlowBusy,
    FlowNotFound,
    InvalidAuth,
    OnboardingRequired,
    RedirectRefused,
)
from hub.auth.forms import fields, optional_text, text
from hub.auth.user import User
from hub.errors import InvalidFormat
from hub.util.clock import Clock

GOOD_FOR: Final = 300.0
"""Seconds a flow can be answered."""

MAX_FLOWS: Final = 256
MAX_PER_ADDRESS: Final = 16
HANDLER: Final = ("homeassistant", None)

_REQUIRED: Final = ("client_id", "handler", "redirect_uri")
_OPTIONAL: Final = ("type", "response_type", "code_challenge", "code_challenge_method")

Login = Callable[[str, str, str | None], Awaitable[User]]


@dataclass(slots=True)
class _Flow:
    """One open form, bound to the address that asked for it."""

    client_id: str
    redirect_uri: str
    challenge: str | None
    address: str | None
    ends: float
    busy: bool = False


class Flows:
    """Open login flows; bounded per address and in all, the oldest go first."""

    def __init__(
        self,
        clock: Clock,
        codes: Codes,
        login: Login,
        ready: Callable[[], bool],
        redirects: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        """Ask `login(username, password, address)`; `ready` tells whether users exist."""
        self._clock = clock
        self._codes = codes
        self._login = login
        self._ready = ready
        self._redirects = redirects
        self._flows: dict[str, _Flow] = {}

    def __len__(self) -> int:
        """Return how many flows are open."""
        return len(self._flows)

    def providers(self, address: str | None) -> dict[str, Any]:
        """Return the answer of `/auth/providers`; raises `OnboardingRequired`."""
        if not self._ready():
            raise OnboardingRequired
        return {
            "providers": [{"name": "Hub", "id": None, "type": "homeassistant"}],
            "preselect_remember_me": is_local(address),
        }

    def authorize_problem(
        self, client_id: str | None, redirect_uri: str | None, host: str | None = None
    ) -> str | None:
        """Say why the authorize page must not ask for a password, None when it may."""
        if not client_id or not client_allowed(client_id, host):
            return "Invalid client id"
        # With PKCE a loopback port may differ; whether it is used is known when the flow starts.
        if not redirect_uri or not self._redirect_allowed(client_id, redirect_uri, pkce=True):
            return "Invalid redirect URI"
        return None

    def start(self, body: object, address: str | None, host: str | None = None) -> dict[str, Any]:
        """Open a flow and return its form; `host` is our own name, as the client calls it.

        Raises `InvalidFormat`, `FlowNotFound` ("Invalid handler specified").
        """
        values = fields(body, _REQUIRED, _OPTIONAL)
        client_id, redirect_uri = text(values, "client_id"), text(values, "redirect_uri")
        if not client_allowed(client_id, host):
            raise InvalidFormat("Invalid client id")
        handler = values["handler"]
        if not isinstance(handler, list) or tuple(handler) != HANDLER:
            raise FlowNotFound("Invalid handler specified")
        if values.get("type", "authorize") != "authorize":
            raise InvalidFormat("Message format incorrect: value is not allowed at 'type'")
        if values.get("response_type", "code") != "code":
            raise InvalidFormat("Message format incorrect: value is not allowed at 'response_type'")
        challenge = _challenge(values)
        self._make_room(address)
        flow_id = secrets.token_hex(16)
        ends = self._clock.monotonic() + GOOD_FOR
        self._flows[flow_id] = _Flow(client_id, redirect_uri, challenge, address, ends)
        return _form(flow_id)

    async def step(self, flow_id: str, body: object, address: str | None) -> dict[str, Any]:
        """Answer a flow; return the form again with errors, or the code as `result`.

        Raises `FlowNotFound`, `FlowBusy`, `InvalidFormat`, `LoginBlocked`, `RedirectRefused`,
        `TooManyAttempts`.
        """
        flow = self._open(flow_id)
        if flow.address != address:
            raise InvalidFormat("IP address changed")
        username, password = _answer(flow, body)
        if flow.busy:
            raise FlowBusy
        flow.busy = True
        try:
            user = await self._login(username, password, address)
        except InvalidAuth:
            return _form(flow_id, {"base": "invalid_auth"})
        finally:
            flow.busy = False
        if self._flows.pop(flow_id, None) is None:
            raise FlowNotFound
        pkce = flow.challenge is not None
        if not self._redirect_allowed(flow.client_id, flow.redirect_uri, pkce=pkce):
            raise RedirectRefused
        return {
            "type": "create_entry",
            "flow_id": flow_id,
            "handler": list(HANDLER),
            "description": None,
            "description_placeholders": None,
            "result": self._codes.issue(user, flow.client_id, flow.challenge),
        }

    def abort(self, flow_id: str) -> dict[str, Any]:
        """Close a flow; raises `FlowNotFound`."""
        self._open(flow_id)
        del self._flows[flow_id]
        return {"message": "Flow aborted"}

    def _open(self, flow_id: str) -> _Flow:
        flow = self._flows.get(flow_id)
        if flow is not None and flow.ends <= self._clock.monotonic() and not flow.busy:
            del self._flows[flow_id]
            flow = None
        if flow is None:
            raise FlowNotFound
        return flow

    def _make_room(self, address: str | None) -> None:
        """Drop what has ended, and the oldest flow of an address or of all when there are many."""
        now = self._clock.monotonic()
        for flow_id in [key for key, flow in self._flows.items() if flow.ends <= now]:
            del self._flows[flow_id]
        own = [key for key, flow in self._flows.items() if flow.address == address]
        if len(own) >= MAX_PER_ADDRESS:
            del self._flows[own[0]]
        elif len(self._flows) >= MAX_FLOWS:
            del self._flows[next(iter(self._flows))]

    def _redirect_allowed(self, client_id: str, redirect_uri: str, *, pkce: bool) -> bool:
        return redirect_allowed(client_id, redirect_uri, pkce=pkce, extra=self._redirects)


def _answer(flow: _Flow, body: object) -> tuple[str, str]:
    """Return user name and password of a step's body."""
    if not isinstance(body, dict):
        raise InvalidFormat("Message format incorrect: expected a dictionary")
    if "client_id" not in body:
        raise InvalidFormat("Message format incorrect: required key not provided at 'client_id'")
    client_id = text(body, "client_id")
    if not well_formed(client_id):
        raise InvalidFormat("Invalid client id")
    if client_id != flow.client_id:
        raise FlowNotFound
    username, password = body.get("username"), body.get("password")
    if set(body) != {"client_id", "username", "password"}:
        raise InvalidFormat("User input malformed")
    if not isinstance(username, str) or not isinstance(password, str):
        raise InvalidFormat("User input malformed")
    return username, password


def _challenge(values: dict[str, Any]) -> str | None:
    """Return the PKCE challenge, None without one; raises `InvalidFormat` for another method."""
    challenge = optional_text(values, "code_challenge")
    method = optional_text(values, "code_challenge_method")
    if challenge is None and method is None:
        return None
    if challenge is None:
        raise InvalidFormat("Code challenge required")
    if method != "S256":
        raise InvalidFormat("Transform algorithm not supported")
    if not is_challenge(challenge):
        raise InvalidFormat("Invalid code challenge")
    return challenge


def _form(flow_id: str, errors: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "type": "form",
        "flow_id": flow_id,
        "handler": list(HANDLER),
        "data_schema": [
            {"type": "string", "name": "username", "required": True},
            {"type": "string", "name": "password", "required": True},
        ],
        "errors": errors or {},
        "description_placeholders": None,
        "last_step": None,
        "preview": None,
        "step_id": "init",
    }
