"""Which policy an entity has, and why."""

import pytest

from hub.hub import Hub
from hub.recorder.rules import BUILT_IN, DEFAULT, Match, Rule, Subject
from hub.resources.errors import InvalidSpec
from tests.peers.house import MakeHouse

CONFIG = "hub:\n  name: Test house\nmqtt:\n  enabled: false\nrecorder:\n  keep_days: 7\n"


@pytest.fixture
async def hub(make_house: MakeHouse) -> Hub:
    return (await make_house(CONFIG)).hub


def entity(hub: Hub, name: str, **originals: object) -> str:
    domain, _, slug = name.partition(".")
    entry = hub.entity_registry.get_or_create(
        domain, "demo", name, suggested_object_id=slug, **originals
    )
    assert entry.entity_id == name
    return name


async def put(hub: Hub, key: str, **spec: object) -> None:
    await hub.resources.put("hub.recorder_policy", key, spec)


async def test_the_default_is_the_configuration(hub: Hub) -> None:
    policy = hub.recorder.policies.of("light.kitchen")
    assert (policy.record, policy.keep_days, policy.rule) == ("all", 7, "default")
    assert policy.plain


NOISE: list[tuple[str, dict[str, object], str, str]] = [
    ("sensor.router_uptime", {}, "none", "uptime"),
    ("sensor.plug_last_seen", {}, "none", "last_seen"),
    ("sensor.door_linkquality", {}, "none", "signal_strength"),
    ("sensor.d", {"original_device_class": "signal_strength"}, "none", "signal_strength_class"),
    ("sensor.time_utc", {}, "none", "clock"),
    ("sun.other", {}, "changes", "sun"),
    ("sensor.disk", {"entity_category": "diagnostic"}, "statistics_only", "diagnostic"),
    ("sensor.uptime_of_somebody", {}, "all", "default"),
    ("number.limit", {"entity_category": "config"}, "all", "default"),
]


async def test_noise_is_left_out(hub: Hub) -> None:
    for name, originals, record, rule in NOISE:
        policy = hub.recorder.policies.of(entity(hub, name, **originals))
        assert (name, policy.record, policy.rule) == (name, record, rule)


async def test_the_first_rule_that_matches_wins(hub: Hub) -> None:
    entity(hub, "sensor.a_power", original_device_class="power")
    policies = hub.recorder.policies
    await put(hub, "zz", match={"domains": ["sensor"]}, keep_days=3)
    assert policies.of("sensor.a_power").keep_days == 3
    await put(hub, "late", order=200, match={"device_classes": ["power"]}, keep_days=99)
    assert policies.of("sensor.a_power").keep_days == 3
    await put(hub, "early", order=1, match={"device_classes": "power"}, min_interval=60)
    policy = policies.of("sensor.a_power")
    assert (policy.rule, policy.min_interval, policy.keep_days) == ("early", 60, 7)
    await hub.resources.delete("hub.recorder_policy", "early")
    assert policies.of("sensor.a_power").rule == "zz"


async def test_every_field_has_to_fit(hub: Hub) -> None:
    area = hub.areas.create("Machine room")
    label = hub.labels.create("Loud")
    entity(hub, "sensor.a", original_device_class="power")
    match = {
        "entity_globs": ["sensor.?"],
        "domains": ["sensor", "switch"],
        "device_classes": ["power"],
        "integrations": ["demo"],
        "areas": ["machine ROOM"],
        "labels": [label.label_id],
        "entity_category": ["diagnostic"],
    }
    await put(hub, "all_of_it", match=match, record="none")
    policies = hub.recorder.policies

    def because() -> str:
        explained = policies.explain("sensor.a")
        passed = explained["passed_over"]
        return str(passed[0]["because"]) if passed else str(explained["rule"])

    assert because() == "entity_category"
    hub.entity_registry.get_or_create(
        "sensor", "demo", "sensor.a", original_device_class="power", entity_category="diagnostic"
    )
    assert because() == "areas"
    assert policies.of("sensor.a").record == "statistics_only"
    hub.entity_registry.update("sensor.a", area_id=area.area_id)
    assert because() == "labels"
    hub.entity_registry.update("sensor.a", labels=[label.label_id])
    assert because() == "all_of_it"
    assert policies.of("sensor.a").record == "none"


async def test_the_area_of_the_device_counts(hub: Hub) -> None:
    area = hub.areas.create("Cellar")
    device = hub.devices.get_or_create(identifiers=[("demo", "pump")], name="Pump")
    entity(hub, "sensor.pump", device_id=device.id)
    await put(hub, "cellar", match={"areas": [area.area_id]}, record="changes")
    assert hub.recorder.policies.of("sensor.pump").rule == "default"
    hub.devices.update(device.id, area_id=area.area_id)
    assert hub.recorder.policies.of("sensor.pump").rule == "cellar"


async def test_explain_names_rule_and_values(hub: Hub) -> None:
    await put(hub, "slow", match={"domains": ["sensor"]}, min_interval=5, attributes=["icon"])
    found = hub.recorder.policies.explain("sensor.a")
    assert found["rule"] == "slow"
    assert found["source"] == "resource"
    assert found["attributes"] == ["icon"]
    assert found["min_interval"] == 5
    other = hub.recorder.policies.explain("switch.a")
    assert (other["rule"], other["source"]) == ("default", "default")
    assert other["passed_over"][0] == {"rule": "slow", "order": 100, "because": "domains"}


async def test_a_rename_is_heard_of(hub: Hub) -> None:
    entity(hub, "sensor.old_name")
    await put(hub, "named", match={"entity_globs": ["sensor.new_*"]}, record="none")
    policies = hub.recorder.policies
    assert policies.of("sensor.old_name").rule == "default"
    assert policies.of("sensor.new_name").rule == "named"
    hub.entity_registry.update("sensor.old_name", new_entity_id="sensor.new_name")
    assert policies.of("sensor.new_name").rule == "named"


BAD: list[tuple[dict[str, object], str]] = [
    ({"record": "some"}, "record"),
    ({"keep_days": 0}, "keep_days"),
    ({"keep_days": "long"}, "keep_days"),
    ({"min_interval": -1}, "min_interval"),
    ({"deadband": 1, "deadband_percent": 1}, "deadband_percent"),
    ({"attributes": "some"}, "attributes"),
    ({"match": {"domain": ["sensor"]}}, "match.domain"),
    ({"match": {"entity_category": ["loud"]}}, "match.entity_category.0"),
    ({"priority": 3}, "priority"),
]


async def test_a_bad_spec_names_its_field(hub: Hub) -> None:
    for spec, path in BAD:
        with pytest.raises(InvalidSpec) as caught:
            await hub.resources.put("hub.recorder_policy", "bad", spec)
        assert [problem["path"] for problem in caught.value.problems] == [path]


def test_words_of_yaml_are_understood() -> None:
    rule = Rule.from_spec("x", {"statistics": "off", "keep_days": "3", "attributes": "none"})
    assert rule.values == {"statistics": False, "keep_days": 3.0, "attributes": False}


def test_built_in_rules_come_before_the_default() -> None:
    names = [rule.name for rule in (*BUILT_IN, DEFAULT)]
    assert names[-2:] == ["diagnostic", "default"]
    assert DEFAULT.match.accepts(Subject(entity_id="any.thing"))
    assert Match(entity_globs=("SENSOR.*",)).accepts(Subject(entity_id="sensor.a"))
