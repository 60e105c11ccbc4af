"""Services that are recorded and not made."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.const import EVENT_CALL_SERVICE
from hub.errors import HubError
from hub.events import Context, EventBus
from hub.services import Description, Response, ServiceRegistry
from hub.services.call import Target, split_target
from hub.services.registry import Handler, Service

if TYPE_CHECKING:
    from hub.events import Unsubscribe
    from hub.util.clock import Clock

ANYTHING: Final = vol.Schema({}, extra=vol.ALLOW_EXTRA)

TAKES_ALL: Final = Service(
    handler=lambda _call: None,
    schema=None,
    description=Description(),
    response=Response.OPTIONAL,
    admin=False,
    needs_target=False,
)
"""What a service looks like of which a rehearsal knows nothing but the name."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call that would have been made."""

    time: float
    domain: str
    service: str
    data: dict[str, Any]
    target: dict[str, list[str]]
    context: Context
    response: bool = False
    """Whether an answer was asked for."""

    @property
    def name(self) -> str:
        """Return `domain.service`."""
        return f"{self.domain}.{self.service}"

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "domain": self.domain,
            "service": self.service,
            "data": self.data,
            "target": self.target,
            "time": self.time,
        }


@dataclass(slots=True)
class Answers:
    """What services answer in turn; the last one stays."""

    items: list[dict[str, Any]]
    """Each `{"response": {...}}` or `{"error": "text"}`."""
    given: int = field(default=0)

    def next(self) -> dict[str, Any]:
        """Return the answer to one more call."""
        index = min(self.given, len(self.items) - 1)
        self.given += 1
        return self.items[index]


Effect = Callable[[str, str, dict[str, Any], Target, Context], object]
"""Takes domain, service, data, target and context, and changes states."""


class RecordedServices(ServiceRegistry):
    """Notes every call; makes those that the automations' own rooms registered."""

    def __init__(self, bus: EventBus, clock: "Clock", *, make_own: bool = True) -> None:
        """`make_own`: a call of a registered service, such as `script.x`, runs."""
        super().__init__(bus)
        self._clock = clock
        self._make_own = make_own
        self.made: list[Call] = []
        self.answers: dict[str, Answers] = {}
        self.effect: Effect | None = None
        self.heard: Callable[[Call], object] | None = None

    def get(self, domain: str, service: str) -> Service:
        """Return a service, or what stands for one that is not known here.

        Integrations are not there to be asked, so every name counts as a service.
        """
        return self._services.get(domain, {}).get(service, TAKES_ALL)

    def responds(self, domain: str, service: str) -> bool:
        """Tell whether a service may be asked for an answer."""
        return self.get(domain, service).response is not Response.NONE

    def register(
        self,
        domain: str,
        service: str,
        handler: Handler,
        *,
        schema: vol.Schema | None = None,
        description: Description | None = None,
        response: Response = Response.NONE,
        admin: bool = False,
        needs_target: bool = False,
    ) -> "Unsubscribe":
        """Add a verb of the automations' own; the last one of a name wins."""
        self._services.setdefault(domain, {})[service] = Service(
            handler, schema, description or Description(), response, admin, needs_target
        )
        return lambda: self.remove(domain, service)

    def start(
        self,
        domain: str,
        service: str,
        data: Mapping[str, Any] | None = None,
        target: Mapping[str, Any] | None = None,
        context: Context | None = None,
        return_response: bool = False,
    ) -> Awaitable[dict[str, Any] | None] | dict[str, Any] | None:
        """Note a call and answer it; raises `HubError` where a failure was given."""
        domain, service = domain.lower(), service.lower()
        context = context or Context()
        fields, parsed = split_target(data, target)
        call = Call(
            self._clock.time(), domain, service, fields, parsed.as_dict(), context, return_response
        )
        self.made.append(call)
        if self.heard is not None:
            self.heard(call)
        known = service in self._services.get(domain, ())
        if (answers := self.answers.get(call.name)) is not None:
            answer = answers.next()
            if (error := answer.get("error")) is not None:
                raise HubError(str(error))
            if "response" in answer:
                self._tell(call)
                return dict(answer["response"])
        if known and self._make_own:
            return super().start(domain, service, data, target, context, return_response)
        self._tell(call)
        if self.effect is not None:
            self.effect(domain, service, fields, parsed, context)
        return {} if return_response else None

    def _tell(self, call: Call) -> None:
        """Fire what a call fires."""
        if self._bus.listened(EVENT_CALL_SERVICE):
            data = {
                "domain": call.domain,
                "service": call.service,
                "service_data": {**call.data, **call.target},
            }
            self._bus.fire(EVENT_CALL_SERVICE, data, call.context)
