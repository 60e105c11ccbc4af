"""The login flow: name and password, then a code of the second factor, end in a one-use code."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

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
from hub.auth.user import MODULE, User
from hub.errors import InvalidFormat
from hub.util.clock import Clock

GOOD_FOR: Final = 300.0
"""Seconds a flow can be answered."""

MAX_FLOWS: Final = 256
MAX_PER_ADDRESS: Final = 16
HANDLER: Final = ("homeassistant", None)

_REQUIRED: Final = ("client_id", "handler", "redirect_uri")
_OPTIONAL: Final = ("type", "response_type", "code_challenge", "code_challenge_method")

MAX_WRONG_CODES: Final = 5
"""Wrong codes of the second factor until the log-in has to begin anew."""


class Door(Protocol):
    """What a flow asks of `Auth`."""

    @property
    def has_users(self) -> bool:
        """Tell whether anybody can log in."""

    async def login(self, username: str, password: str, address: str | None = None) -> User:
        """Return the user of a name and password."""

    async def check_code(self, user: User, code: str, address: str | None = None) -> bool:
        """Tell whether a code of the second factor is right."""


@dataclass(slots=True)
class _Flow:
    """One open form, bound to the address that asked for it."""

    client_id: str
    redirect_uri: str
    challenge: str | None
    address: str | None
    ends: float
    busy: bool = False
    user: User | None = None
    """Whose password was right; the code of the second factor is due."""
    wrong_codes: int = 0


class Flows:
    """Open login flows; bounded per address and in all, the oldest go first."""

    def __init__(
        self,
        clock: Clock,
        codes: Codes,
        door: Door,
        redirects: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        """Ask `door` who somebody is."""
        self._clock = clock
        self._codes = codes
        self._door = door
        self._redirects = redirects
        self._flows: dict[str, _Flow] = {}

    def __len__(self) -> int:
        """Return how many flows are open."""
        return len(self._flows)

    def providers(self, address: str | None) -> dict[str, Any]:
        """Return the answer of `/auth/providers`; raises `OnboardingRequired`."""
        if not self._door.has_users:
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
        """Answer a flow; return a form, the end with the code as `result`, or an abort.

        Raises `FlowNotFound`, `FlowBusy`, `InvalidFormat`, `LoginBlocked`, `RedirectRefused`,
        `TooManyAttempts`.
        """
        flow = self._open(flow_id)
        if flow.address != address:
            raise InvalidFormat("IP address changed")
        names = ("username", "password") if flow.user is None else ("code",)
        answers = _answer(flow, body, names)
        if flow.busy:
            raise FlowBusy
        if flow.user is not None and flow.ends <= self._clock.monotonic():
            del self._flows[flow_id]
            return _abort(flow_id, "login_expired")
        flow.busy = True
        try:
            if flow.user is None:
                return await self._password(flow_id, flow, *answers)
            return await self._code(flow_id, flow, flow.user, *answers)
        finally:
            flow.busy = False

    async def _password(
        self, flow_id: str, flow: _Flow, username: str, password: str
    ) -> dict[str, Any]:
        """Take the first step: done, or the form for the code."""
        try:
            user = await self._door.login(username, password, flow.address)
        except InvalidAuth:
            return _form(flow_id, {"base": "invalid_auth"})
        if not user.second_factor:
            return self._finish(flow_id, flow, user)
        if self._flows.get(flow_id) is not flow:
            raise FlowNotFound
        flow.user = user
        flow.ends = self._clock.monotonic() + GOOD_FOR
        return _code_form(flow_id)

    async def _code(self, flow_id: str, flow: _Flow, user: User, code: str) -> dict[str, Any]:
        """Take the second step."""
        if await self._door.check_code(user, code, flow.address):
            return self._finish(flow_id, flow, user)
        flow.wrong_codes += 1
        if flow.wrong_codes < MAX_WRONG_CODES:
            return _code_form(flow_id, {"base": "invalid_code"})
        self._flows.pop(flow_id, None)
        return _abort(flow_id, "too_many_retry")

    def _finish(self, flow_id: str, flow: _Flow, user: User) -> dict[str, Any]:
        """End a flow with a one-use code."""
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
        if flow is not None and self._over(flow) and not flow.busy:
            del self._flows[flow_id]
            flow = None
        if flow is None:
            raise FlowNotFound
        return flow

    def _over(self, flow: _Flow) -> bool:
        """Tell whether a flow is forgotten; one that waits for a code says first that it ended."""
        grace = 0.0 if flow.user is None else GOOD_FOR
        return flow.ends + grace <= self._clock.monotonic()

    def _make_room(self, address: str | None) -> None:
        """Drop what has ended, and the oldest flow of an address or of all when there are many."""
        for flow_id in [key for key, flow in self._flows.items() if self._over(flow)]:
            del self._flows[flow_id]
        own = [key for key, flow in self._flows.items() if flow.address == address]
        if len(own) >= MAX_PER_ADDRESS:
            del self._flows[own[0]]
        elif len(self._flows) >= MAX_FLOWS:
            del self._flows[next(iter(self._flows))]

    def _redirect_allowed(self, client_id: str, redirect_uri: str, *, pkce: bool) -> bool:
        return redirect_allowed(client_id, redirect_uri, pkce=pkce, extra=self._redirects)


def _answer(flow: _Flow, body: object, names: tuple[str, ...]) -> list[str]:
    """Return the named texts of a step's body."""
    if not isinstance(body, dict):
        raise InvalidFormat("Message format incorrect: expected a dictionary")
    if "client_id" not in body:
        raise InvalidFormat("Message format incorrect: required key not provided at 'client_id'")
    client_id = text(body, "client_id")
    if not well_formed(client_id):
        raise InvalidFormat("Invalid client id")
    if client_id != flow.client_id:
        raise FlowNotFound
    if set(body) != {"client_id", *names}:
        raise InvalidFormat("User input malformed")
    answers = [body[name] for name in names]
    if not all(isinstance(answer, str) for answer in answers):
        raise InvalidFormat("User input malformed")
    return answers


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
    return _step(flow_id, "init", ("username", "password"), errors)


def _code_form(flow_id: str, errors: dict[str, str] | None = None) -> dict[str, Any]:
    placeholders = {"mfa_module_id": MODULE["id"], "mfa_module_name": MODULE["name"]}
    return _step(flow_id, "mfa", ("code",), errors, placeholders)


def _step(
    flow_id: str,
    step_id: str,
    names: tuple[str, ...],
    errors: dict[str, str] | None,
    placeholders: dict[str, str] | None = None,
) -> dict[str, Any]:
    return {
        "type": "form",
        "flow_id": flow_id,
        "handler": list(HANDLER),
        "data_schema": [{"type": "string", "name": name, "required": True} for name in names],
        "errors": errors or {},
        "description_placeholders": placeholders,
        "last_step": None,
        "preview": None,
        "step_id": step_id,
    }


def _abort(flow_id: str, reason: str) -> dict[str, Any]:
    return {
        "type": "abort",
        "flow_id": flow_id,
        "handler": list(HANDLER),
        "reason": reason,
        "description_placeholders": None,
    }
