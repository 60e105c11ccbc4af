"""What a test starts from: time, place, the registries, states, and what services answer."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation.rehearsal import wording
from hub.automation.rehearsal.calls import Answers
from hub.registry import AreaEntry, DeviceEntry, EntityEntry, FloorEntry, LabelEntry
from hub.resources.model import Phase
from hub.schema import boolean, finite_float, text

if TYPE_CHECKING:
    from hub.automation.rehearsal.world import RehearsalWorld


def _or_name(schema: Mapping[Any, Any]) -> Any:
    """Accept fields, nothing, or only the name."""
    validate = wording.strict(schema)

    def check(value: object) -> Any:
        if isinstance(value, str):
            return validate({"name": value})
        return validate({} if value is None else value)

    return check


_STATE: Final = wording.strict(
    {
        vol.Required("state"): wording.state_text,
        vol.Optional("attributes", default=dict): dict,
        vol.Optional("for", default=0.0): wording.span,
    }
)


def state(value: object) -> dict[str, Any]:
    """Accept a state, or its fields; `for` says how long it has held."""
    if isinstance(value, Mapping):
        found: dict[str, Any] = _STATE(value)
        return found
    return {"state": wording.state_text(value), "attributes": {}, "for": 0.0}


_ANSWER: Final = wording.strict(
    {vol.Exclusive("response", "a"): dict, vol.Exclusive("error", "a"): text}
)


def _answers(value: object) -> list[dict[str, Any]]:
    found = wording.listed(_ANSWER)(value)
    if not all(found):
        raise vol.Invalid("expected response or error")
    return found


def resource_id(value: object) -> str:
    """Accept the id of a resource."""
    kind, slash, key = str(value).partition("/")
    if not isinstance(value, str) or not slash or "." not in kind or not key:
        raise vol.Invalid("expected a resource such as proxy.host/blog")
    return value


STATUS: Final[dict[vol.Marker, Any]] = {
    vol.Optional("phase"): vol.In([phase.value for phase in Phase]),
    vol.Optional("drift"): boolean,
    vol.Optional("message"): text,
}

_LABELS: Final = wording.listed(text)

GIVEN: Final[dict[vol.Marker, Any]] = {
    vol.Optional("time"): wording.moment,
    vol.Optional("time_zone"): wording.zone,
    vol.Optional("latitude"): finite_float,
    vol.Optional("longitude"): finite_float,
    vol.Optional("elevation"): finite_float,
    vol.Optional("only"): wording.listed(text),
    vol.Optional("off"): wording.listed(text),
    vol.Optional("effects"): boolean,
    vol.Optional("mqtt"): boolean,
    vol.Optional("states"): wording.by_entity(state),
    vol.Optional("services"): vol.Schema({wording.service: _answers}),
    vol.Optional("resources"): vol.Schema({resource_id: wording.strict(STATUS)}),
    vol.Optional("floors"): vol.Schema(
        {text: _or_name({vol.Optional("name"): text, vol.Optional("level"): int})}
    ),
    vol.Optional("labels"): vol.Schema({text: _or_name({vol.Optional("name"): text})}),
    vol.Optional("areas"): vol.Schema(
        {
            text: _or_name(
                {
                    vol.Optional("name"): text,
                    vol.Optional("floor"): text,
                    vol.Optional("labels"): _LABELS,
                    vol.Optional("aliases"): _LABELS,
                }
            )
        }
    ),
    vol.Optional("devices"): vol.Schema(
        {
            text: _or_name(
                {
                    vol.Optional("name"): text,
                    vol.Optional("area"): text,
                    vol.Optional("labels"): _LABELS,
                    vol.Optional("manufacturer"): text,
                    vol.Optional("model"): text,
                }
            )
        }
    ),
    vol.Optional("entities"): wording.by_entity(
        _or_name(
            {
                vol.Optional("name"): text,
                vol.Optional("area"): text,
                vol.Optional("device"): text,
                vol.Optional("labels"): _LABELS,
                vol.Optional("platform"): text,
            }
        )
    ),
}
"""What can be given, by key."""

_GIVEN: Final = wording.strict(GIVEN)


def section(value: object) -> dict[str, Any]:
    """Accept the section `given` of a test file; YAML reads its key `off` as false."""
    if isinstance(value, Mapping) and False in value and "off" not in value:
        value = {"off" if key is False else key: item for key, item in value.items()}
    found: dict[str, Any] = _GIVEN(value)
    return found


def merged(outer: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """Return what both give; where both name an entity or a key, the test's own counts."""
    found = dict(outer)
    for key, value in inner.items():
        before = found.get(key)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        found[key] = {**before, **value} if both and before is not None else value
    return found


def furnish(world: "RehearsalWorld", given: Mapping[str, Any]) -> None:
    """Fill the registries; ids that areas and devices name are made when nobody gave them."""
    areas, devices = dict(given.get("areas", {})), dict(given.get("devices", {}))
    floors, labels = dict(given.get("floors", {})), dict(given.get("labels", {}))
    entities: dict[str, Any] = given.get("entities", {})
    _complete(devices, entities.values(), "device")
    _complete(areas, [*devices.values(), *entities.values()], "area")
    _complete(floors, areas.values(), "floor")
    for item in [*areas.values(), *devices.values(), *entities.values()]:
        labels |= {name: {} for name in item.get("labels", ()) if name not in labels}
    places, now = world.places, world.clock.time()
    stamp: dict[str, Any] = {"created_at": now, "modified_at": now}
    for key, item in floors.items():
        places.floors.give(
            FloorEntry(floor_id=key, name=_name(key, item), level=item.get("level"), **stamp)
        )
    for key, item in labels.items():
        places.labels.give(LabelEntry(label_id=key, name=_name(key, item), **stamp))
    for key, item in areas.items():
        places.areas.give(_area(key, item, stamp))
    for key, item in devices.items():
        places.devices.give(_device(key, item, stamp))
    for key, item in entities.items():
        places.entities.give(_entity(key, item, stamp))


def _complete(known: dict[str, Any], users: Iterable[Mapping[str, Any]], key: str) -> None:
    """Make what others name and nobody described."""
    for user in users:
        if (name := user.get(key)) is not None:
            known.setdefault(name, {})


def _area(key: str, item: Mapping[str, Any], stamp: Mapping[str, Any]) -> AreaEntry:
    return AreaEntry(
        area_id=key,
        name=_name(key, item),
        floor_id=item.get("floor"),
        labels=tuple(item.get("labels", ())),
        aliases=tuple(item.get("aliases", ())),
        **stamp,
    )


def _device(key: str, item: Mapping[str, Any], stamp: Mapping[str, Any]) -> DeviceEntry:
    return DeviceEntry(
        id=key,
        identifiers=(("rehearsal", key),),
        name=_name(key, item),
        area_id=item.get("area"),
        labels=tuple(item.get("labels", ())),
        manufacturer=item.get("manufacturer"),
        model=item.get("model"),
        **stamp,
    )


def _entity(key: str, item: Mapping[str, Any], stamp: Mapping[str, Any]) -> EntityEntry:
    return EntityEntry(
        id=key,
        entity_id=key,
        platform=item.get("platform", "rehearsal"),
        unique_id=key,
        name=item.get("name"),
        area_id=item.get("area"),
        device_id=item.get("device"),
        labels=tuple(item.get("labels", ())),
        **stamp,
    )


def answer(world: "RehearsalWorld", given: Mapping[str, Any]) -> None:
    """Let services answer as the test says."""
    for name, items in given.get("services", {}).items():
        world.calls.answers[name] = Answers(items)


def _name(key: str, item: Mapping[str, Any]) -> str:
    return str(item.get("name", key.replace("_", " ").capitalize()))
