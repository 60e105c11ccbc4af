"""Template entities in a running hub: they come, follow, act and go with their resources."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import voluptuous as vol

from hub.auth import Role
from hub.events import Context
from hub.services import ServiceCall
from hub.util.clock import FakeClock
from tests.peers.house import CONFIG, House, MakeHouse

Make = Callable[..., Any]


class Templates:
    """A hub with template entities, and what they called."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.hub = house.hub
        self.clock = FakeClock(monotonic=self.hub.clock.monotonic())
        self.hub.clock = self.clock
        self.calls: list[dict[str, Any]] = []
        self.contexts: list[Context] = []
        schema = vol.Schema({vol.Required("got"): object})
        self.hub.services.register("test", "note", self._note, schema=schema)
        self.templated = self.hub.automations.templated

    def _note(self, call: ServiceCall) -> None:
        self.calls.append(dict(call.data))
        self.contexts.append(call.context)

    async def put(self, spec: dict[str, Any], key: str = "part", **more: Any) -> None:
        await self.hub.resources.put("hub.template", key, spec, **more)
        await self.templated.settle()

    def state(self, entity_id: str) -> str | None:
        found = self.hub.states.get(entity_id)
        return None if found is None else found.state

    def attributes(self, entity_id: str) -> dict[str, Any]:
        found = self.hub.states.get(entity_id)
        assert found is not None
        return found.attributes

    async def set(self, entity_id: str, state: str) -> None:
        self.hub.states.set(entity_id, state)
        await turns()

    async def call(self, service: str, entity_id: str, **data: Any) -> None:
        domain, name = service.split(".")
        done = self.hub.services.start(domain, name, data, {"entity_id": entity_id}, Context())
        if done is not None:
            await done
        await turns()


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def make(make_house: MakeHouse) -> Make:
    async def begin(config: str = CONFIG) -> Templates:
        return Templates(await make_house(config))

    return begin


def note(value: str) -> list[dict[str, Any]]:
    return [{"action": "test.note", "data": {"got": value}}]


YAML = (
    CONFIG
    + """
template:
  - unique_id: house
    sensor:
      - name: Sum
        unique_id: sum
        unit_of_measurement: W
        device_class: power
        state_class: measurement
        state: "{{ states('sensor.one') | float + states('sensor.two') | float }}"
        icon: "{{ 'mdi:flash' if is_state('sensor.one', '9') else 'mdi:flash-off' }}"
        availability: "{{ has_value('sensor.one') }}"
        attributes:
          share: "{{ states('sensor.one') | float / 10 }}"
          here: "{{ this.entity_id if this else none }}"
"""
)


async def test_a_sensor_of_the_configuration(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    part = await make(YAML)
    assert part.state("sensor.sum") == "unavailable"
    await part.set("sensor.one", "1")
    await part.set("sensor.two", "2")
    assert part.state("sensor.sum") == "3.0"
    found = part.attributes("sensor.sum")
    assert found["share"] == 0.1
    assert found["icon"] == "mdi:flash-off"
    assert found["unit_of_measurement"] == "W"
    assert found["state_class"] == "measurement"
    assert found["friendly_name"] == "Sum"
    entry = part.hub.entity_registry.get("sensor.sum")
    assert (entry.platform, entry.unique_id) == ("template", "house-sum")
    await part.set("sensor.one", "9")
    assert part.state("sensor.sum") == "11.0"
    assert part.attributes("sensor.sum")["icon"] == "mdi:flash"
    assert part.attributes("sensor.sum")["here"] == "sensor.sum"
    caplog.clear()
    for _ in range(3):
        await part.set("sensor.two", "unknown")
        await part.set("sensor.two", "unavailable")
    assert part.state("sensor.sum") == "unknown"
    lines = [line for line in caplog.messages if "sensor.sum: state" in line]
    assert len(lines) == 1
    assert "float got invalid input 'unknown' but no default was specified" in lines[0]
    await part.set("sensor.two", "1")
    assert part.state("sensor.sum") == "10.0"
    await part.set("sensor.one", "unavailable")
    assert part.state("sensor.sum") == "unavailable"


async def test_one_write_for_a_change_of_many_fields(make: Make) -> None:
    part = await make()
    await part.put(
        {"sensor": {"name": "A", "state": "{{ states('a.b') }}",
                    "attributes": {"x": "{{ states('a.b') }}", "y": "{{ states('a.b') }}"}}}
    )  # fmt: skip
    seen: list[Any] = []
    part.hub.states.listen(lambda old, new: seen.append(new), entity_ids=["sensor.a"])
    await part.set("a.b", "5")
    assert [(it.state, it.attributes["x"], it.attributes["y"]) for it in seen] == [("5", 5, 5)]


async def test_values_that_can_not_be_read_are_unknown(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    part = await make()
    read = "{{ states('a.b') }}"
    await part.put(
        {
            "sensor": [
                {"name": "Number", "state": read, "unit_of_measurement": "m"},
                {"name": "Time", "state": read, "device_class": "timestamp"},
                {"name": "Word", "state": read},
                {"name": "Enum", "state": read, "device_class": "enum", "options": ["x", "y"]},
            ],
            "binary_sensor": {"name": "Bool", "state": read},
        }
    )
    names = ("sensor.number", "sensor.time", "sensor.word", "sensor.enum", "binary_sensor.bool")

    async def shown(value: str) -> list[str | None]:
        await part.set("a.b", value)
        return [part.state(name) for name in names]

    none = "unknown"
    assert await shown("5") == ["5", none, "5", none, "on"]
    assert await shown("x") == [none, none, "x", "x", none]
    assert await shown("0") == ["0", none, "0", none, "off"]
    assert await shown("off") == [none, none, "off", none, "off"]
    assert await shown("unknown") == [none, none, none, none, none]
    time = "2027-01-01T00:00:00+01:00"
    assert await shown(time) == [none, time, time, none, none]
    assert "sensor.number: state: gave 'x', expected a number" in caplog.text
    assert "binary_sensor.bool: state: gave 'x', expected on or off" in caplog.text


async def test_delays_of_a_binary_sensor(make: Make) -> None:
    part = await make()
    read = "{{ is_state('a.b', 'on') }}"
    await part.put(
        {"binary_sensor": {"name": "B", "state": read, "delay_on": 5, "delay_off": {"seconds": 3}}}
    )
    name = "binary_sensor.b"
    assert part.state(name) == "unknown"
    await part.clock.advance(3)
    assert part.state(name) == "off"
    await part.set("a.b", "on")
    await part.clock.advance(4)
    assert part.state(name) == "off"
    await part.set("a.b", "off")
    await part.clock.advance(10)
    assert part.state(name) == "off"
    await part.set("a.b", "on")
    await part.clock.advance(5)
    assert part.state(name) == "on"
    await part.set("a.b", "off")
    await part.clock.advance(2)
    await part.set("a.b", "on")
    await part.clock.advance(9)
    assert part.state(name) == "on"


async def test_actions(make: Make) -> None:
    part = await make()
    await part.put(
        {
            "variables": {"house": "{{ 1 + 1 }}"},
            "switch": [
                {"name": "Read", "state": "{{ is_state('a.b', 'on') }}",
                 "turn_on": note("on {{ house }} {{ this.state }}"), "turn_off": note("off")},
                {"name": "Assumed", "turn_on": note("on"), "turn_off": note("off")},
            ],
            "number": {"name": "N", "min": "{{ 2 }}", "max": 8, "set_value": note("{{ value }}")},
            "select": {"name": "S", "options": "{{ ['a', 'b'] }}", "state": "{{ states('a.b') }}",
                       "select_option": note("{{ option }}")},
            "button": {"name": "P", "press": [*note("pressed"), {"delay": 1}, *note("later")]},
        }
    )  # fmt: skip
    await part.set("a.b", "off")
    await part.call("switch.turn_on", "switch.read")
    assert part.state("switch.read") == "off"
    assert part.state("switch.assumed") == "unknown"
    await part.call("switch.toggle", "switch.assumed")
    assert part.state("switch.assumed") == "on"
    await part.call("number.set_value", "number.n", value=5)
    assert part.state("number.n") == "5.0"
    assert part.attributes("number.n")["min"] == 2
    with pytest.raises(Exception, match="range 2"):
        await part.call("number.set_value", "number.n", value=1)
    await part.call("select.select_option", "select.s", option="b")
    assert part.state("select.s") == "unknown"
    await part.set("a.b", "b")
    assert part.state("select.s") == "b"
    pressing = asyncio.create_task(part.call("button.press", "button.p"))
    await turns()
    await part.clock.advance(1)
    await pressing
    assert part.state("button.p") != "unknown"
    got = [call["got"] for call in part.calls]
    assert got == ["on 2 off", "on", 5, "b", "pressed", "later"]


async def test_a_failing_action_is_the_callers_error(make: Make) -> None:
    part = await make()
    bad = [{"action": "nope.nope"}]
    await part.put({"switch": {"name": "S", "turn_on": bad, "turn_off": bad}})
    with pytest.raises(Exception, match=r"nope\.nope"):
        await part.call("switch.turn_on", "switch.s")
    assert part.state("switch.s") == "unknown"


async def test_triggers_render(make: Make) -> None:
    part = await make()
    await part.put(
        {
            "triggers": [{"trigger": "event", "event_type": "ring"}],
            "conditions": ["{{ trigger.event.data.n > 0 }}"],
            "variables": {"n": "{{ trigger.event.data.n }}"},
            "actions": [
                {"variables": {"twice": "{{ n * 2 }}"}},
                *note("{{ twice }}"),
            ],
            "sensor": {"name": "Ring", "state": "{{ twice }}",
                       "attributes": {"other": "{{ states('a.b') }}", "bad": "{{ 1 / 0 }}"}},
            "binary_sensor": {"name": "Rang", "state": "{{ true }}", "auto_off": 5},
        }
    )  # fmt: skip
    assert part.state("sensor.ring") == "unknown"
    await part.set("a.b", "1")
    part.hub.bus.fire("ring", {"n": 4}, Context(id="cause"))
    await turns()
    assert part.state("sensor.ring") == "8"
    assert part.attributes("sensor.ring")["other"] == 1
    assert "bad" not in part.attributes("sensor.ring")
    assert part.calls == [{"got": 8}]
    found = part.hub.states.get("sensor.ring")
    assert found.context.parent_id == "cause"
    await part.set("a.b", "2")
    part.hub.bus.fire("ring", {"n": 0})
    await turns()
    assert part.attributes("sensor.ring")["other"] == 1
    assert part.state("binary_sensor.rang") == "on"
    await part.clock.advance(4)
    part.hub.bus.fire("ring", {"n": 1})
    await part.clock.advance(4)
    assert part.state("binary_sensor.rang") == "on"
    await part.clock.advance(1)
    assert part.state("binary_sensor.rang") == "off"


async def test_actions_that_wait_render_when_they_end(make: Make) -> None:
    part = await make()
    await part.put(
        {
            "triggers": {"trigger": "event", "event_type": "ring"},
            "actions": [{"delay": 2}],
            "sensor": {"name": "Ring", "state": "{{ trigger.event.data.n }}"},
        }
    )
    part.hub.bus.fire("ring", {"n": 4})
    await part.clock.advance(1)
    assert part.state("sensor.ring") == "unknown"
    await part.clock.advance(1)
    assert part.state("sensor.ring") == "4"


async def test_entities_come_and_go_with_their_resource(make: Make) -> None:
    part = await make()
    one = {"name": "One", "unique_id": "one", "state": "{{ states('a.b') }}"}
    two = {"name": "Two", "unique_id": "two", "state": "{{ states('a.b') }}"}
    await part.put({"sensor": [one, two]})
    await part.set("a.b", "1")
    first = part.hub.entities.get("sensor.one")
    assert {part.state("sensor.one"), part.state("sensor.two")} == {"1"}
    await part.put({"sensor": [one, {**two, "state": "{{ 7 }}"}]})
    assert part.hub.entities.get("sensor.one") is first
    assert part.state("sensor.two") == "7"
    await part.put({"sensor": [one]})
    assert (part.state("sensor.one"), part.state("sensor.two")) == ("1", None)
    await part.hub.resources.delete("hub.template", "part")
    await part.templated.settle()
    assert part.state("sensor.one") is None
    assert "a.b" not in part.hub.states._by_entity
    await part.put({"sensor": [one]})
    assert part.state("sensor.one") == "1"


async def test_a_renamed_entity_goes_on(make: Make) -> None:
    part = await make()
    await part.put({"sensor": {"name": "One", "state": "{{ states('a.b') }}"}})
    part.hub.entity_registry.update("sensor.one", new_entity_id="sensor.first")
    await part.set("a.b", "1")
    assert (part.state("sensor.one"), part.state("sensor.first")) == (None, "1")
    await part.put({"button": {"name": "B", "press": []}})
    assert part.state("sensor.first") is None


async def test_an_entity_that_reads_itself_does_not_hold_the_loop(make: Make) -> None:
    part = await make()
    await part.put({"sensor": {"name": "Me", "state": "{{ states('sensor.me') | int(0) + 1 }}"}})
    for _ in range(400):
        await asyncio.sleep(0)
    assert int(part.state("sensor.me") or 0) <= 120


async def test_templates_and_actions_have_the_rights_of_their_author(make: Make) -> None:
    part = await make()
    hub = part.hub
    await hub.auth.policies.put(
        "no-locks", [{"effect": "deny", "domain": "lock", "verbs": ["read", "control"]}]
    )
    user = await hub.auth.users.create("Vic", role=Role.ADMIN, policies=["no-locks"])
    await part.set("lock.a", "locked")
    await part.set("light.a", "on")
    spec = {
        "sensor": {"name": "Seen", "state": "{{ states('lock.a') }}/{{ states('light.a') }}"},
        "button": {"name": "P", "press": note("x")},
    }
    await part.put(spec, context=Context(user.id))
    assert part.state("sensor.seen") == "unknown/on"
    await part.call("button.press", "button.p")
    assert part.contexts[0].user_id == user.id
    await part.put({**spec, "variables": {}}, key="house")
    assert part.state("sensor.seen_2") == "locked/on"


async def test_a_mistake_in_the_file_is_told_with_its_line(make: Make) -> None:
    part = await make(YAML.replace("float + ", "flot + "))
    problems = [str(problem) for problem in part.hub.resources.files.problems]
    assert len(problems) == 1
    assert "hub.yaml:16" in problems[0]
    assert "There is no filter 'flot', did you mean 'float'?" in problems[0]
    assert part.state("sensor.sum") is None


async def test_a_template_follows_the_phase_of_a_resource(make: Make) -> None:
    part = await make()
    hub = part.hub
    text = "{{ resource('hub.counter/c').phase if resource('hub.counter/c') else 'none' }}"
    told: list[Any] = []
    tracker = hub.templates.track(hub.templates.compile(text), told.append)
    assert tracker.last.result == "none"
    await part.clock.advance(2)
    await hub.resources.put("hub.counter", "c", {"name": "C"})
    await turns()
    assert told[0].result in ("pending", "in_sync", "unknown")
    user = await hub.auth.users.create("Vic", role=Role.VIEWER)
    await hub.auth.policies.put(
        "nothing",
        [{"effect": "deny", "resource_type": "hub.counter", "verbs": ["read"]}],
    )
    await hub.auth.users.update(user.id, policies=["nothing"])
    assert hub.templates.compile(text).render(reader=user) == "none"
    tracker.stop()
