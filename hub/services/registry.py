"""Registration and calling of services: schema, then permission, then the handler."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import voluptuous as vol

from hub.const import EVENT_CALL_SERVICE, EVENT_SERVICE_REGISTERED, EVENT_SERVICE_REMOVED
from hub.errors import InvalidFormat, ServiceNotFound, ServiceValidationError, Unauthorized
from hub.events import Context, EventBus
from hub.schema import explain
from hub.services.call import ServiceCall, Target, split_target
from hub.services.description import Description, Response

if TYPE_CHECKING:
    from hub.events import Unsubscribe

Handler = Callable[[ServiceCall], Awaitable[dict[str, Any] | None] | dict[str, Any] | None]


class Permission(Protocol):
    """Answers for the room that knows the users; handed in by the composition root."""

    def check(
        self,
        context: Context,
        domain: str,
        *,
        admin: bool,
        about_entities: bool,
        entity_ids: Sequence[str],
    ) -> None:
        """Raise `Unauthorized` when the context's user may not call this on these entities."""

    def controls(self, context: Context) -> Callable[[str], bool] | None:
        """Return what tells which entities the context's user may control; None = all."""


@dataclass(frozen=True, slots=True)
class Service:
    """A registered verb."""

    handler: Handler
    schema: vol.Schema | None
    description: Description
    response: Response
    admin: bool
    needs_target: bool


class ServiceRegistry:
    """All services by domain and name."""

    def __init__(self, bus: EventBus) -> None:
        """Tell of registrations and calls on `bus`."""
        self._bus = bus
        self._services: dict[str, dict[str, Service]] = {}
        self._described: dict[str, Any] | None = None
        self.permission: Permission | None = None
        self.calls = 0
        self.errors = 0
        """Calls that failed; who waits for `start`'s result counts what it raises then."""

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
        """Add a verb and return the function that removes it.

        `schema` validates the data without target keys (None: no fields allowed). A service that
        needs a target is about entities: who may control those may call it. Raises
        `ValueError` when the name is taken or a selector is not one that clients know.
        """
        if self.has(domain, service):
            raise ValueError(f"service {domain}.{service} is already registered")
        description = description or Description()
        description.check(f"{domain}.{service}")
        entry = Service(handler, schema, description, response, admin, needs_target)
        self._services.setdefault(domain, {})[service] = entry
        self._described = None
        self._bus.fire(EVENT_SERVICE_REGISTERED, {"domain": domain, "service": service})
        return lambda: self.remove(domain, service)

    def remove(self, domain: str, service: str) -> None:
        """Remove a verb; one that does not exist is no error."""
        services = self._services.get(domain, {})
        if services.pop(service, None) is None:
            return
        if not services:
            del self._services[domain]
        self._described = None
        self._bus.fire(EVENT_SERVICE_REMOVED, {"domain": domain, "service": service})

    def has(self, domain: str, service: str) -> bool:
        """Tell whether a verb exists."""
        return service in self._services.get(domain, ())

    def get(self, domain: str, service: str) -> Service:
        """Return a verb; raises `ServiceNotFound`."""
        try:
            return self._services[domain][service]
        except KeyError:
            raise ServiceNotFound(domain, service) from None

    def check(self, domain: str, service: str, entity_ids: Sequence[str], context: Context) -> None:
        """Refuse what a call on these entities would refuse; raises `Unauthorized`."""
        entry = self.get(domain, service)
        if self.permission is not None:
            self.permission.check(
                context,
                domain,
                admin=entry.admin,
                about_entities=entry.needs_target,
                entity_ids=entity_ids,
            )

    def controllable(self, entity_ids: Iterable[str], context: Context) -> list[str]:
        """Return those of a target's entities that the context's user may control.

        What the caller named has been checked before; what areas, devices, floors and labels led
        to is left out when he may not. Raises `Unauthorized` when nothing is left of something.
        """
        found = list(entity_ids)
        allowed = None if self.permission is None else self.permission.controls(context)
        if allowed is None or not found:
            return found
        left = [entity_id for entity_id in found if allowed(entity_id)]
        if not left:
            raise Unauthorized
        return left

    def describe(self) -> dict[str, dict[str, Any]]:
        """Return every service in the form of `get_services`."""
        if self._described is None:
            self._described = {
                domain: {
                    name: entry.description.as_dict(entry.response)
                    for name, entry in sorted(services.items())
                }
                for domain, services in sorted(self._services.items())
            }
        return self._described

    async def call(
        self,
        domain: str,
        service: str,
        data: Mapping[str, Any] | None = None,
        target: Mapping[str, Any] | None = None,
        context: Context | None = None,
        return_response: bool = False,
    ) -> dict[str, Any] | None:
        """Call a verb and wait for its end; raises the typed errors of `hub.errors`."""
        result = self.start(domain, service, data, target, context, return_response)
        if not inspect.isawaitable(result):
            return result
        try:
            return await result
        except Exception:
            self.errors += 1
            raise

    def start(
        self,
        domain: str,
        service: str,
        data: Mapping[str, Any] | None = None,
        target: Mapping[str, Any] | None = None,
        context: Context | None = None,
        return_response: bool = False,
    ) -> Awaitable[dict[str, Any] | None] | dict[str, Any] | None:
        """Call a verb; a handler that never waits has finished when this returns."""
        self.calls += 1
        try:
            try:
                entry = self._services[domain][service]
            except KeyError:
                domain, service = domain.lower(), service.lower()
                entry = self.get(domain, service)
            context = context or Context()
            fields, parsed = split_target(data, target)
            fields = self._validate(entry, domain, service, fields, parsed)
            if self.permission is not None:
                self.permission.check(
                    context,
                    domain,
                    admin=entry.admin,
                    about_entities=entry.needs_target,
                    entity_ids=parsed.entity_ids,
                )
            _check_response(entry.response, return_response, domain, service)
            if self._bus.listened(EVENT_CALL_SERVICE):
                self._bus.fire(
                    EVENT_CALL_SERVICE,
                    {
                        "domain": domain,
                        "service": service,
                        "service_data": {**fields, **parsed.as_dict()},
                    },
                    context,
                )
            call = ServiceCall(domain, service, fields, parsed, context, return_response)
            return entry.handler(call)
        except Exception:
            self.errors += 1
            raise

    @staticmethod
    def _validate(
        entry: Service, domain: str, service: str, fields: dict[str, Any], target: Target
    ) -> dict[str, Any]:
        """Return the validated fields."""
        if entry.needs_target and not target:
            raise InvalidFormat(
                "must contain at least one of entity_id, device_id, area_id, floor_id, label_id."
            )
        if entry.schema is not None:
            try:
                validated: dict[str, Any] = entry.schema(fields)
            except vol.Invalid as error:
                raise InvalidFormat(f"{domain}.{service}: {explain(error)}") from None
            return validated
        if fields:
            name = next(iter(fields))
            raise InvalidFormat(f"{domain}.{service}: extra keys not allowed @ data[{name!r}]")
        return fields


def _check_response(response: Response, wanted: bool, domain: str, service: str) -> None:
    """Refuse a call whose wish for a response does not fit the service."""
    if wanted and response is Response.NONE:
        raise ServiceValidationError(
            f"Service {domain}.{service} does not return a response, leave return_response out",
            placeholders={"service": f"{domain}.{service}"},
            translation_key="service_does_not_support_response",
        )
    if not wanted and response is Response.ONLY:
        raise ServiceValidationError(
            f"Service {domain}.{service} only returns a response, set return_response",
            placeholders={"service": f"{domain}.{service}"},
            translation_key="service_lacks_response_request",
        )
