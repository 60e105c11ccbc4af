"""Discovery payloads for Home Assistant and its like, built from plain facts about entities."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hub.config.settings import Discovery, MqttSettings
from hub.const import VERSION
from hub.mqtt.abbreviations import expand
from hub.mqtt.topics import HUB_DEVICE, Topics, stable_key
from hub.mqtt.validator import component_problems, device_problems
from hub.util.json import dumps

_LOGGER = logging.getLogger(__name__)

ORIGIN: Final = "hub"
INSTALL: Final = "install"
MIGRATE: Final = dumps({"migrate_discovery": True})
_INSTALL_FEATURE: Final = 1
_RANGE_FEATURE: Final = 2


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What is told about a device; `key` is stable and a legal topic level."""

    key: str
    name: str
    manufacturer: str | None = None
    model: str | None = None
    sw_version: str | None = None
    hw_version: str | None = None
    serial_number: str | None = None
    area: str | None = None
    configuration_url: str | None = None
    via: str | None = None


@dataclass(frozen=True, slots=True)
class EntityFacts:
    """What is told about an entity; `attributes` holds its capabilities."""

    entity_id: str
    platform: str
    unique_id: str
    name: str | None = None
    device_class: str | None = None
    unit: str | None = None
    category: str | None = None
    icon: str | None = None
    enabled: bool = True
    features: int = 0
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def domain(self) -> str:
        """Return the entity's kind."""
        return self.entity_id.partition(".")[0]

    @property
    def key(self) -> str:
        """Return the component key: from the identity, never from a name."""
        return stable_key(self.domain, self.platform, self.unique_id)


@dataclass(frozen=True, slots=True)
class Announcement:
    """One discovery topic: its payload and the components in it (key -> platform)."""

    topic: str
    payload: bytes
    components: Mapping[str, str]
    body: Mapping[str, Any]

    def with_stubs(self, gone: Mapping[str, str]) -> bytes:
        """Return the payload that also removes the components `gone`."""
        stubs = {key: {"p": platform} for key, platform in gone.items()}
        return dumps({**self.body, "cmps": {**self.body["cmps"], **stubs}})


class Announcer:
    """Builds announcements; what would be refused is left out with a log line, said once."""

    def __init__(self, settings: MqttSettings, topics: Topics) -> None:
        """Follow the settings' mode and prefix."""
        self._settings = settings
        self._topics = topics
        self._said: set[tuple[str, str]] = set()

    def announce(
        self, device: DeviceFacts, entities: Iterable[EntityFacts], *, split: bool = False
    ) -> list[Announcement]:
        """Return the announcements of a device; `split` forces one for each entity."""
        if self._settings.discovery is Discovery.OFF:
            return []
        components = {}
        for entity in sorted(entities, key=lambda entity: entity.key):
            component = self._component(device, entity)
            if component is not None:
                components[entity.key] = component
        if not components:
            return []
        if split or self._settings.discovery is Discovery.ENTITY:
            return [self._single(device, key, value) for key, value in components.items()]
        body = {
            "dev": self._device(device),
            "o": self._origin(),
            "avty": self._places(device, None),
            "avty_mode": "all",
            "qos": 1,
            "cmps": components,
        }
        if problems := device_problems(expand(body)):
            self._say(device.key, f"Device {device.name} is not announced: {'; '.join(problems)}")
            return []
        platforms = {key: value["p"] for key, value in components.items()}
        topic = self._topics.announce_device(device.key)
        return [Announcement(topic, dumps(body), platforms, body)]

    def _single(self, device: DeviceFacts, key: str, component: Mapping[str, Any]) -> Announcement:
        platform = component["p"]
        body = {name: value for name, value in component.items() if name != "p"}
        body["dev"] = self._device(device)
        body["o"] = self._origin()
        topic = self._topics.announce_entity(platform, key)
        return Announcement(topic, dumps(body), {key: platform}, body)

    def _component(self, device: DeviceFacts, entity: EntityFacts) -> dict[str, Any] | None:
        build = _BUILDERS.get(entity.domain)
        if build is None:
            return None
        base = self._topics.entity(entity.entity_id)
        component = {**self._shared(device, entity, base), **build(entity, base)}
        try:
            problems = component_problems(expand(component))
        except (TypeError, ValueError) as error:
            problems = [str(error)]
        if problems:
            why = "; ".join(problems)
            self._say(entity.entity_id, f"{entity.entity_id} is not announced over MQTT: {why}")
            return None
        return component

    def _shared(self, device: DeviceFacts, entity: EntityFacts, base: str) -> dict[str, Any]:
        shared: dict[str, Any] = {
            "p": entity.domain,
            "uniq_id": f"{self._topics.node}_{entity.key}",
            "name": entity.name,
            "def_ent_id": entity.entity_id,
            "avty": self._places(device, base),
            "avty_mode": "all",
            "qos": 1,
        }
        if self._settings.legacy_object_id:
            shared["obj_id"] = entity.entity_id.partition(".")[2]
        if entity.domain != "event":
            shared["json_attr_t"] = f"{base}/attributes"
        optional = {
            "dev_cla": entity.device_class,
            "ent_cat": entity.category,
            "ic": entity.icon,
        }
        shared.update({key: value for key, value in optional.items() if value is not None})
        if not entity.enabled:
            shared["en"] = False
        return shared

    def _places(self, device: DeviceFacts, base: str | None) -> list[dict[str, str]]:
        places = [self._topics.status, self._topics.device(device.key)]
        if base is not None:
            places.append(f"{base}/availability")
        return [{"t": place} for place in places]

    def _device(self, device: DeviceFacts) -> dict[str, Any]:
        found: dict[str, Any] = {"ids": [self._identifier(device.key)], "name": device.name}
        optional = {
            "mf": device.manufacturer,
            "mdl": device.model,
            "sw": device.sw_version,
            "hw": device.hw_version,
            "sn": device.serial_number,
            "sa": device.area,
            "cu": device.configuration_url,
            "via_device": None if device.via is None else self._identifier(device.via),
        }
        found.update({key: value for key, value in optional.items() if value})
        if not component_url_ok(found.get("cu")):
            del found["cu"]
        return found

    def _identifier(self, key: str) -> str:
        return self._topics.node if key == HUB_DEVICE else f"{self._topics.node}_{key}"

    @staticmethod
    def _origin() -> dict[str, str]:
        return {"name": ORIGIN, "sw": VERSION}

    def _say(self, about: str, line: str) -> None:
        if (about, line) not in self._said:
            if len(self._said) > 10_000:
                self._said.clear()
            self._said.add((about, line))
            _LOGGER.warning("%s", line)


def component_url_ok(url: str | None) -> bool:
    """Tell whether an address would not cost the whole device; only http is accepted."""
    return url is None or url.lower().startswith(("http://", "https://"))


def _read(_entity: EntityFacts, base: str) -> dict[str, Any]:
    return {"stat_t": f"{base}/state"}


def _switch(_entity: EntityFacts, base: str) -> dict[str, Any]:
    return {"stat_t": f"{base}/state", "cmd_t": f"{base}/set"}


def _button(_entity: EntityFacts, base: str) -> dict[str, Any]:
    return {"cmd_t": f"{base}/set"}


def _sensor(entity: EntityFacts, base: str) -> dict[str, Any]:
    found = {"stat_t": f"{base}/state", **_unit(entity)}
    attributes = entity.attributes
    if (state_class := attributes.get("state_class")) is not None:
        found["stat_cla"] = state_class
    if (options := attributes.get("options")) is not None:
        found["ops"] = list(options)
    return found


def _number(entity: EntityFacts, base: str) -> dict[str, Any]:
    kept = {key: entity.attributes[key] for key in _RANGE if key in entity.attributes}
    return {**_switch(entity, base), **_unit(entity), **kept}


def _select(entity: EntityFacts, base: str) -> dict[str, Any]:
    return {**_switch(entity, base), "ops": list(entity.attributes.get("options", ()))}


def _event(entity: EntityFacts, base: str) -> dict[str, Any]:
    return {"stat_t": f"{base}/event", "evt_typ": list(entity.attributes.get("event_types", ()))}


def _update(entity: EntityFacts, base: str) -> dict[str, Any]:
    found = {"stat_t": f"{base}/update"}
    if entity.features & _INSTALL_FEATURE:
        found |= {"cmd_t": f"{base}/set", "pl_inst": INSTALL}
    return found


def _climate(entity: EntityFacts, base: str) -> dict[str, Any]:
    attributes = entity.attributes
    found: dict[str, Any] = {
        "mode_stat_t": f"{base}/mode",
        "mode_cmd_t": f"{base}/mode/set",
        "modes": list(attributes.get("hvac_modes", ())),
        "curr_temp_t": f"{base}/current_temperature",
        "curr_hum_t": f"{base}/current_humidity",
        "act_t": f"{base}/action",
        "temp_unit": "C",
    }
    if entity.features & _RANGE_FEATURE:
        for short, level in (("temp_lo", "temperature_low"), ("temp_hi", "temperature_high")):
            found[f"{short}_stat_t"] = f"{base}/{level}"
            found[f"{short}_cmd_t"] = f"{base}/{level}/set"
    if not entity.features & _RANGE_FEATURE or entity.features & 1:
        found["temp_stat_t"] = f"{base}/temperature"
        found["temp_cmd_t"] = f"{base}/temperature/set"
    for key, source in (
        ("min_temp", "min_temp"),
        ("max_temp", "max_temp"),
        ("temp_step", "target_temp_step"),
    ):
        if attributes.get(source) is not None:
            found[key] = attributes[source]
    presets = [preset for preset in attributes.get("preset_modes") or () if preset != "none"]
    if presets:
        found["pr_modes"] = presets
        found["pr_mode_stat_t"] = f"{base}/preset"
        found["pr_mode_cmd_t"] = f"{base}/preset/set"
    if fans := attributes.get("fan_modes"):
        found["fan_modes"] = list(fans)
        found["fan_mode_stat_t"] = f"{base}/fan_mode"
        found["fan_mode_cmd_t"] = f"{base}/fan_mode/set"
    return found


def _unit(entity: EntityFacts) -> dict[str, Any]:
    return {} if entity.unit is None else {"unit_of_meas": entity.unit}


_RANGE: Final = ("min", "max", "step", "mode")

_BUILDERS: Final[dict[str, Callable[[EntityFacts, str], dict[str, Any]]]] = {
    "binary_sensor": _read,
    "button": _button,
    "climate": _climate,
    "event": _event,
    "number": _number,
    "select": _select,
    "sensor": _sensor,
    "switch": _switch,
    "update": _update,
}
