"""Services: schemas, targets, responses, permissions."""

from typing import Any

import pytest
import voluptuous as vol

from hub.errors import InvalidFormat, ServiceNotFound, ServiceValidationError, Unauthorized
from hub.events import Context, EventBus
from hub.services import Description, Field, Response, ServiceCall, ServiceRegistry


@pytest.fixture
def calls() -> list[ServiceCall]:
    return []


@pytest.fixture
def services(calls: list[ServiceCall]) -> ServiceRegistry:
    registry = ServiceRegistry(EventBus())
    registry.register(
        "light", "turn_on", calls.append, schema=vol.Schema({vol.Optional("level"): int})
    )
    return registry


async def test_data_and_target_are_taken_apart(
    services: ServiceRegistry, calls: list[ServiceCall]
) -> None:
    await services.call("light", "turn_on", {"entity_id": "Light.A, light.b", "level": 3})
    await services.call("LIGHT", "Turn_On", {"level": 1}, {"area_id": ["kitchen"]})
    await services.call("light", "turn_on", None, {"entity_id": "all"})
    await services.call("light", "turn_on", None, {"entity_id": "none"})
    first, second, third, fourth = calls
    assert first.target.entity_ids == ("light.a", "light.b")
    assert first.data == {"level": 3}
    assert second.target.area_ids == ("kitchen",)
    assert third.target.all
    assert not fourth.target


@pytest.mark.parametrize(
    ("data", "target", "names"),
    [
        ({"level": "x"}, None, "level"),
        ({"other": 1}, None, "other"),
        (None, {"entity_id": "nodot"}, "nodot"),
        (None, {"entity_id": [1]}, "entity_id"),
        (None, {"nope": "a"}, "nope"),
        (None, {"entity_id": ["a.b", "c"]}, "'c'"),
    ],
)
async def test_bad_calls_name_the_field(
    services: ServiceRegistry,
    calls: list[ServiceCall],
    data: dict[str, Any] | None,
    target: dict[str, Any] | None,
    names: str,
) -> None:
    with pytest.raises(InvalidFormat, match=names):
        await services.call("light", "turn_on", data, target)
    assert calls == []


async def test_an_unknown_service_is_named(services: ServiceRegistry) -> None:
    with pytest.raises(ServiceNotFound) as caught:
        await services.call("light", "nope")
    assert caught.value.as_dict() == {
        "code": "not_found",
        "message": "Service light.nope not found.",
        "translation_key": "service_not_found",
        "translation_placeholders": {"domain": "light", "service": "nope"},
        "translation_domain": "homeassistant",
    }


async def test_responses(services: ServiceRegistry) -> None:
    services.register("a", "only", lambda call: {"n": 1}, response=Response.ONLY)
    services.register("a", "optional", lambda call: {"n": 2}, response=Response.OPTIONAL)
    assert await services.call("a", "only", return_response=True) == {"n": 1}
    assert await services.call("a", "optional") == {"n": 2}
    with pytest.raises(ServiceValidationError, match="only returns"):
        await services.call("a", "only")
    with pytest.raises(ServiceValidationError, match="does not return"):
        await services.call("light", "turn_on", return_response=True)
    described = services.describe()["a"]
    assert described["only"]["response"] == {"optional": False}
    assert described["optional"]["response"] == {"optional": True}


async def test_permission_is_asked_after_the_schema(
    services: ServiceRegistry, calls: list[ServiceCall]
) -> None:
    class Nobody:
        def check(self, context: Context, domain: str, **what: object) -> None:
            raise Unauthorized

        def controls(self, context: Context) -> None:
            return None

    services.permission = Nobody()
    with pytest.raises(InvalidFormat):
        await services.call("light", "turn_on", {"level": "x"})
    with pytest.raises(Unauthorized):
        await services.call("light", "turn_on")
    assert calls == []


async def test_call_service_event_carries_the_merged_target() -> None:
    bus, events = EventBus(), []
    services = ServiceRegistry(bus)
    services.register("a", "b", lambda call: None, needs_target=True)
    bus.listen("call_service", events.append)
    await services.call("a", "b", None, {"entity_id": "x.y"}, Context("u"))
    assert events[0].data == {
        "domain": "a",
        "service": "b",
        "service_data": {"entity_id": ["x.y"]},
    }
    assert events[0].context.user_id == "u"
    with pytest.raises(InvalidFormat, match="at least one of"):
        await services.call("a", "b")


def test_registration_is_told_and_refuses_doubles_and_wrong_selectors() -> None:
    bus, events = EventBus(), []
    services = ServiceRegistry(bus)
    bus.listen("service_registered", events.append)
    bus.listen("service_removed", events.append)
    remove = services.register("a", "b", lambda call: None)
    with pytest.raises(ValueError, match="already"):
        services.register("a", "b", lambda call: None)
    remove()
    remove()
    assert [event.type for event in events] == ["service_registered", "service_removed"]
    for selector in ({"nmber": {}}, {"number": {"mni": 1}}, {}, {"number": {}, "text": {}}):
        with pytest.raises(ValueError, match=r"a\.c"):
            services.register(
                "a", "c", lambda call: None, description=Description(fields={"f": Field(selector)})
            )
    assert services.describe() == {}
