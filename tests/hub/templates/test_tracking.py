"""Rendering again: for what was read and nothing else, once in a loop turn, not too often."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hub.templates import Rendered, TemplateError
from tests.hub.templates.conftest import Eyes

Track = Callable[..., Any]


@pytest.fixture
async def track(house: Any) -> Track:
    """Return a function that follows a text: the tracker and what it told."""

    def follow(text: str, **options: Any) -> tuple[Any, list[Any]]:
        told: list[Any] = []

        def tell(found: Rendered | TemplateError) -> None:
            told.append(found.result if isinstance(found, Rendered) else found)

        return house.templates.track(house.templates.compile(text), tell, **options), told

    return follow


async def turn() -> None:
    """Let the loop go round."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_what_is_read_is_noted(render: Any, house: Any) -> None:
    def read(text: str, **options: Any) -> dict[str, Any]:
        found: dict[str, Any] = house.templates.compile(text).render_tracked(**options).listeners
        return {key: value for key, value in found.items() if value}

    assert read("{{ 1 }}") == read("plain") == {}
    assert read("{{ states('light.kitchen') }}{{ is_state('LIGHT.attic', 'on') }}") == {
        "entities": ["light.attic", "light.kitchen"]
    }
    assert read("{{ states('light.later') }}") == {"entities": ["light.later"]}
    assert read("{{ states('not an id') }}") == {}
    assert read("{{ states.light | count }}") == {"domains": ["light"]}
    assert read("{{ states | list | count }}") == {"all": True}
    assert read("{{ now() }}") == read("{{ time_since(0) }}") == {"time": True}
    assert read("{% if false %}{{ states('light.kitchen') }}{% endif %}") == {}
    assert read("{{ expand('group.lights') }}") == {
        "entities": ["group.lights", "light.attic", "light.kitchen"]
    }
    assert house.templates.compile("{{ areas() }}").render_tracked().registry
    many = "{% for i in range(3000) %}{{ states('light.l' ~ i) }}{% endfor %}"
    assert read(many)["all"]


async def test_only_what_was_read_renders_again(track: Track, house: Any) -> None:
    tracker, told = track("{{ states('light.kitchen') }}")
    assert tracker.last.result == "on"
    house.states.set("light.attic", "on")
    house.states.set("light.kitchen", "on", {"brightness": 1})
    await turn()
    assert tracker.renderings == 2
    assert told == []
    house.states.set("light.kitchen", "off")
    await turn()
    assert told == ["off"]
    tracker.stop()
    house.states.set("light.kitchen", "on")
    await turn()
    assert told == ["off"]
    assert house.states._by_entity == {}


async def test_a_burst_is_one_rendering(track: Track, house: Any) -> None:
    tracker, told = track("{{ states('light.kitchen') }}{{ states('light.attic') }}")
    for number in range(50):
        house.states.set("light.kitchen", str(number))
        house.states.set("light.attic", str(number))
    await turn()
    assert (tracker.renderings, told) == (2, [4949])


async def test_dependencies_follow_the_path_taken(track: Track, house: Any) -> None:
    text = "{{ states('sensor.dim') if is_state('light.kitchen', 'off') else 'lit' }}"
    tracker, told = track(text)
    house.states.set("sensor.dim", "1")
    await turn()
    assert tracker.renderings == 1
    house.states.set("light.kitchen", "off")
    await turn()
    house.states.set("sensor.dim", "2")
    await turn()
    assert told == [1, 2]
    house.states.set("light.kitchen", "on")
    await turn()
    house.states.set("sensor.dim", "3")
    await turn()
    assert told == [1, 2, "lit"]


async def test_an_entity_may_appear_and_vanish(track: Track, house: Any) -> None:
    _, told = track("{{ states('light.new') }}")
    house.states.set("light.new", "on")
    await turn()
    house.states.remove("light.new")
    await turn()
    assert told == ["on", "unknown"]


async def test_a_domain_renders_once_a_second(track: Track, house: Any) -> None:
    tracker, told = track("{{ states.light | selectattr('state', 'eq', 'on') | list | count }}")
    for _ in range(5):
        house.states.set("light.attic", "on")
        await turn()
        house.states.set("light.attic", "off")
        await turn()
    house.states.set("light.attic", "on")
    await turn()
    assert tracker.renderings == 1
    await house.clock.advance(1.0)
    assert (tracker.renderings, told) == (2, [2])
    await house.clock.advance(5)
    assert tracker.renderings == 2
    house.states.set("light.third", "on")
    await turn()
    assert told == [2, 3]


async def test_everything_renders_once_a_minute(track: Track, house: Any) -> None:
    tracker, told = track("{{ states | count }}")
    house.states.set("light.third", "on")
    await house.clock.advance(59)
    assert told == []
    await house.clock.advance(1)
    assert (tracker.renderings, told) == (2, [9])


async def test_a_named_entity_is_not_held_back(track: Track, house: Any) -> None:
    _, told = track("{{ states | count }} {{ states('light.kitchen') }}")
    house.states.set("light.kitchen", "off")
    await turn()
    assert told == ["8 off"]


async def test_time_renders_at_the_turn_of_each_minute(track: Track, house: Any) -> None:
    tracker, told = track("{{ now().minute }}")
    assert tracker.last.result == 1
    await house.clock.advance(29)
    assert told == []
    await house.clock.advance(1)
    assert told == [2]
    await house.clock.advance(120)
    assert told == [2, 3, 4]
    tracker.stop()
    await house.clock.advance(120)
    assert told == [2, 3, 4]


async def test_a_registry_renders_again(track: Track, house: Any) -> None:
    _, told = track("{{ area_entities('Attic') }}")
    await house.clock.advance(2)
    house.entity_registry.update("sensor.oven_heat", area_id="attic")
    await turn()
    assert told == [["sensor.oven_heat"]]


async def test_a_failing_template_comes_back(track: Track, house: Any) -> None:
    tracker, told = track("{{ 1 / (states('sensor.dim') | int(0)) }}")
    assert isinstance(tracker.last, TemplateError)
    house.states.set("sensor.dim", "0")
    await turn()
    assert told == []
    house.states.set("sensor.dim", "4")
    await turn()
    house.states.set("sensor.dim", "0")
    await turn()
    assert told[0] == 0.25
    assert told[1].message == "ZeroDivisionError: division by zero (line 1)"


async def test_a_result_of_another_type_is_another_result(track: Track, house: Any) -> None:
    _, told = track(
        "{{ {'1': 1, '2': 1.0, '3': true, '4': [1], '5': [true]}[states('sensor.dim')] }}"
    )
    for number in range(1, 6):
        house.states.set("sensor.dim", str(number))
        await turn()
    assert [repr(found) for found in told] == ["1", "1.0", "True", "[1]", "[True]"]


async def test_a_template_that_chases_itself_is_slowed_down(
    track: Track, house: Any, caplog: pytest.LogCaptureFixture
) -> None:
    text = "{{ states('sensor.dim') | int(0) + 1 }}"

    def tell(found: Any) -> None:
        house.states.set("sensor.dim", str(found.result))

    tracker = house.templates.track(house.templates.compile(text), tell)
    house.states.set("sensor.dim", "1")
    for _ in range(500):
        await turn()
    assert tracker.renderings == 100
    assert "it is slowed down" in caplog.text
    await house.clock.advance(1)
    assert tracker.renderings > 100
    tracker.stop()


async def test_a_slow_template_rests(track: Track, house: Any) -> None:
    # It rests for the processor's time that it took, so it has to take some, however long it waits.
    text = (
        "{{ states('sensor.dim') }}"
        "{% for a in range(300) %}{% for b in range(1000) %}{% endfor %}{% endfor %}"
    )
    tracker, _ = track(text, timeout=60)
    house.states.set("sensor.dim", "1")
    await turn()
    assert tracker.renderings == 1
    await house.clock.advance(60)
    assert tracker.renderings == 2


async def test_variables_reader_and_refresh(track: Track, house: Any) -> None:
    eyes = Eyes({"light.attic"})
    tracker, told = track("{{ x }} {{ states('light.kitchen') }}", variables={"x": 1}, reader=eyes)
    assert tracker.last.result == "1 unknown"
    house.states.set("light.kitchen", "off")
    await turn()
    assert told == []
    eyes.allowed.add("light.kitchen")
    tracker.refresh()
    assert told == ["1 off"]


async def test_who_may_not_read_sees_nothing(house: Any) -> None:
    eyes = Eyes({"light.attic"})

    def seen(text: str) -> Any:
        return house.templates.compile(text).render(reader=eyes)

    assert seen("{{ states('light.kitchen') }} {{ states('light.attic') }}") == "unknown off"
    assert seen("{{ states.light.kitchen }}") is None
    assert seen("{{ states | map(attribute='entity_id') | list }}") == ["light.attic"]
    assert seen("{{ states.light | count }}") == 1
    assert seen("{{ is_state('light.kitchen', 'on') }}") is False
    assert seen("{{ state_attr('light.kitchen', 'brightness') }}") is None
    assert seen("{{ has_value('light.kitchen') }}") is False
    assert seen("{{ expand('light.kitchen', 'light.attic') | count }}") == 1
    assert seen("{{ area_entities('Kitchen') }}{{ label_entities('winter') }}") == "[][]"
    assert seen("{{ integration_entities('demo') }}") == []
    assert seen("{{ device_id('sensor.oven_heat') }}") is None
    assert seen("{{ device_id('Oven') }}") is None
    assert seen("{{ area_devices('Kitchen') }}{{ label_devices('winter') }}") == "[][]"
    assert seen("{{ area_id('light.kitchen') }}{{ labels('light.kitchen') }}") == "None[]"
    assert seen("{{ closest(states.person) }}{{ distance('person.bo') }}") == "NoneNone"
    device = house.templates.compile("{{ device_id('Oven') }}").render()
    assert (
        seen(f"{{{{ device_name('{device}') }}}}{{{{ device_entities('{device}') }}}}") == "None[]"
    )
    assert seen("{{ entity_name('sensor.oven_heat') }}") is None
    assert seen("{{ is_hidden_entity('light.kitchen') }}") is False


async def test_resources_when_somebody_provides_them(house: Any) -> None:
    template = house.templates.compile("{{ resource('lxc.policy/web').phase }}")
    with pytest.raises(TemplateError):
        house.templates.compile("{{ resource('a/b').phase.x }}").render()
    house.templates.resource = lambda resource_id, reader: {"phase": "in_sync", "id": resource_id}
    rendered = template.render_tracked()
    assert rendered.result == "in_sync"
    assert rendered.resources == {"lxc.policy/web"}
