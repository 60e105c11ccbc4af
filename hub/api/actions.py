"""What the hot routes do: one function each, used by the quick path and by the full stack."""

import asyncio
import inspect
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Final

from hub.api.answers import Answer, failure_answer, parse_object
from hub.api.denials import note_denial
from hub.const import EVENT_STATE_CHANGED, MAX_STATE_LENGTH
from hub.errors import InvalidFormat, NotFound, ServiceValidationError, Unauthorized
from hub.events import Context
from hub.services import Response
from hub.states.machine import valid_entity_id
from hub.util.json import dumps, loads

if TYPE_CHECKING:
    from hub.auth import Session
    from hub.events import Event
    from hub.hub import Hub

_NOT_FOUND: Final = "Entity not found."
_NO_RESPONSE: Final = (
    "Service does not support responses. Remove return_response from request."  # the wire's words
)
_NEEDS_RESPONSE: Final = (
    "Service call requires responses but caller did not ask for responses. "
    "Add ?return_response to query parameters."
)


def read_state(hub: "Hub", session: "Session", entity_id: str) -> Answer:
    """Return one state; raises `NotFound`, also for one that the user may not read."""
    state = hub.states.get(entity_id)
    if state is None or not session.user.may("read", state.entity_id):
        raise NotFound(_NOT_FOUND)
    return Answer(state.json)


def write_state(hub: "Hub", session: "Session", entity_id: str, body: bytes) -> Answer:
    """Write a state as given: 201 when it is new, else 200; raises `InvalidFormat`."""
    user = session.user
    if not (user.is_admin and user.may("edit", entity_id.lower())):
        raise Unauthorized
    data = parse_object(body, other="State data should be a JSON object.")
    if (value := data.get("state")) is None:
        raise InvalidFormat("No state specified.")
    attributes = data.get("attributes")
    if attributes is not None and type(attributes) is not dict:
        raise InvalidFormat("Attributes should be a JSON object.")
    text = value if type(value) is str else str(value)
    if len(text) > MAX_STATE_LENGTH:
        raise InvalidFormat("Invalid state specified.")
    states = hub.states
    new = states.get(entity_id) is None
    if new:
        entity_id = entity_id.lower()
        if not valid_entity_id(entity_id):
            raise InvalidFormat("Invalid entity ID specified.")
    state = states.set(
        entity_id,
        text,
        attributes,
        Context(session.user.id),
        data.get("force_update") is True,
    )
    location = (("Location", f"/api/states/{state.entity_id}"),)
    return Answer(state.json, 201 if new else 200, headers=location)


class Changes:
    """The states that a call's context changed while the call ran."""

    def __init__(self) -> None:
        """Listen when the first call is made."""
        self._running: dict[Context, list[bytes]] = {}
        self._listening = False

    def begin(self, hub: "Hub", context: Context) -> None:
        """Start to note the states written with this very context."""
        if not self._listening:
            self._listening = True
            hub.bus.listen(EVENT_STATE_CHANGED, self._note)
        self._running[context] = []

    def end(self, context: Context) -> bytes:
        """Stop, and return the states written meanwhile as a JSON list, oldest first."""
        return b"[%b]" % b",".join(self._running.pop(context, ()))

    def _note(self, event: "Event") -> None:
        if self._running and (states := self._running.get(event.context)) is not None:
            new = event.data["new_state"]
            if new is not None:
                states.append(new.json)


def call_service(
    hub: "Hub",
    session: "Session",
    changes: Changes,
    path: tuple[str, str],
    body: bytes,
    wanted: bool,
) -> Answer | asyncio.Task[Answer]:
    """Call a service; the answer is ready at once unless the service has to wait.

    A call that waits runs to its end, also when the client hangs up.
    """
    if not session.user.may_ever("call"):
        raise Unauthorized
    data: dict[str, Any] | None = None
    if body:
        try:
            data = loads(body)
        except ValueError:
            raise InvalidFormat("Data should be valid JSON.") from None
        if data is not None and type(data) is not dict:
            raise InvalidFormat("Data should be a JSON object.")
    domain, service = path[0].lower(), path[1].lower()
    _check_response(hub, domain, service, wanted)
    context = Context(session.user.id)
    changes.begin(hub, context)
    try:
        result = hub.services.start(domain, service, data, None, context, wanted)
    except BaseException:
        changes.end(context)
        raise
    if inspect.isawaitable(result):
        return hub.tasks.spawn(
            _finish(hub, session, result, changes, context, wanted),
            f"service {domain}.{service}",
            inherit=True,
        )
    return _called(changes.end(context), result, wanted)


async def _finish(
    hub: "Hub",
    session: "Session",
    result: Awaitable[dict[str, Any] | None],
    changes: Changes,
    context: Context,
    wanted: bool,
) -> Answer:
    """Wait for the service; the changed states are those written until now."""
    try:
        response = await result
    except Exception as error:  # noqa: BLE001 - every failure is answered and logged
        changes.end(context)
        hub.services.errors += 1
        note_denial(hub, error, "a service call over REST", session)
        return failure_answer("A service call over REST", error)
    except BaseException:
        changes.end(context)
        raise
    return _called(changes.end(context), response, wanted)


def _called(changed: bytes, response: dict[str, Any] | None, wanted: bool) -> Answer:
    if not wanted:
        return Answer(changed)
    body = b'{"changed_states":%b,"service_response":%b}'
    return Answer(body % (changed, b"{}" if response is None else dumps(response)))


def _check_response(hub: "Hub", domain: str, service: str, wanted: bool) -> None:
    """Refuse a wish for a response that does not fit the service, in the words of REST."""
    response = hub.services.get(domain, service).response
    if wanted and response is Response.NONE:
        raise ServiceValidationError(_NO_RESPONSE)
    if not wanted and response is Response.ONLY:
        raise ServiceValidationError(_NEEDS_RESPONSE)
