"""The state machine: changes, reports, indexes, and a client that rebuilds it from the stream."""

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.api.websocket.groups import EntityFilter, EntityGroup
from hub.errors import InvalidFormat
from hub.events import Context, EventBus
from hub.states import State, StateMachine
from hub.states.machine import valid_entity_id
from hub.states.state import StateChanged
from hub.util.json import loads


def machine() -> tuple[StateMachine, list[StateChanged], list[float]]:
    """Return a machine, its changes, and a clock that ticks by hand."""
    bus, changes, now = EventBus(), [], [1000.0]
    bus.listen("state_changed", changes.append)
    return StateMachine(bus, lambda: now[0]), changes, now


def test_set_creates_changes_and_keeps_last_changed() -> None:
    states, changes, now = machine()
    first = states.set("sensor.a", "1", {"unit": "C"})
    now[0] += 1
    second = states.set("sensor.a", "1", {"unit": "F"})
    assert second.last_changed == first.last_changed
    assert second.last_updated == 1001
    now[0] += 1
    third = states.set("sensor.a", "2", {"unit": "F"})
    assert third.last_changed == third.last_updated == 1002
    assert third.attributes is second.attributes
    assert [(change.old, change.new) for change in changes] == [
        (None, first),
        (first, second),
        (second, third),
    ]
    assert changes[-1].time == third.last_updated
    assert changes[-1].context is third.context


def test_an_unchanged_write_moves_only_last_reported() -> None:
    states, changes, now = machine()
    state = states.set("sensor.a", "1", {"n": 1})
    before = state.json
    now[0] += 5
    assert states.set("sensor.a", "1", {"n": 1}) is state
    assert len(changes) == 1
    assert state.last_reported == 1005
    assert state.last_updated == 1000
    assert loads(state.json)["last_reported"] != loads(before)["last_reported"]


def test_state_reported_is_for_those_who_ask() -> None:
    bus, seen = EventBus(), []
    states = StateMachine(bus)
    states.set("sensor.a", "1")
    bus.listen("state_reported", seen.append)
    states.set("sensor.a", "1")
    assert seen[0].data["new_state"] is states.get("sensor.a")


def test_force_counts_as_changed() -> None:
    states, changes, now = machine()
    states.set("sensor.a", "1")
    now[0] += 1
    states.set("sensor.a", "1", force=True)
    found = loads(changes[-1].diff)
    assert set(found["+"]) == {"lc", "c"}


def test_ids_are_small_letters_everywhere() -> None:
    states, _, _ = machine()
    states.set("Sensor.Ab", "1")
    assert states.get("SENSOR.ab") is states.get("sensor.ab")
    assert states.remove("Sensor.AB")
    assert not states.remove("sensor.ab")
    assert states.entity_ids() == []


@pytest.mark.parametrize(
    "entity_id",
    [
        *("a", "a.", ".a", "a.b.c", "a b.c", "a._b", "a.b_", "_a.b", "a__b.c", "ä.b", "a.b\n"),
        "x" * 65 + ".a",
        "a." + "b" * 254,
    ],
)
def test_bad_ids_are_refused(entity_id: str) -> None:
    states, _, _ = machine()
    assert not valid_entity_id(entity_id)
    with pytest.raises(InvalidFormat, match="Invalid entity ID"):
        states.set(entity_id, "1")


def test_a_long_state_is_refused_and_changes_nothing() -> None:
    states, changes, _ = machine()
    states.set("sensor.a", "x" * 255)
    with pytest.raises(InvalidFormat, match="255"):
        states.set("sensor.a", "y" * 256)
    assert states.get("sensor.a").state == "x" * 255
    assert len(changes) == 1


def test_listeners_by_entity_domain_and_all() -> None:
    states, _, _ = machine()
    seen: list[tuple[str, str]] = []
    states.listen(lambda old, new: seen.append(("entity", new.entity_id)), ["sensor.a"])
    states.listen(lambda old, new: seen.append(("domain", new.entity_id)), domains=["switch"])
    end = states.listen(lambda old, new: seen.append(("all", new.entity_id)))
    states.set("sensor.a", "1")
    states.set("switch.b", "on")
    states.set("sensor.c", "1")
    end()
    end()
    states.set("sensor.d", "1")
    assert seen == [
        ("entity", "sensor.a"),
        ("all", "sensor.a"),
        ("domain", "switch.b"),
        ("all", "switch.b"),
        ("all", "sensor.c"),
    ]


def test_a_failing_state_listener_is_alone(caplog: pytest.LogCaptureFixture) -> None:
    states, _, _ = machine()
    seen: list[State | None] = []

    def breaks(old: State | None, new: State | None) -> None:
        raise RuntimeError("broken on purpose")

    states.listen(breaks, ["sensor.a"])
    states.listen(lambda old, new: seen.append(new), ["sensor.a"])
    states.set("sensor.a", "1")
    assert len(seen) == 1
    assert "breaks" in caplog.text


def test_a_listener_that_writes_back_sees_its_own_write_after_the_present_one() -> None:
    states, changes, _ = machine()
    states.listen(lambda old, new: states.set("sensor.echo", new.state), ["sensor.a"])
    states.set("sensor.a", "1")
    assert [change.entity_id for change in changes] == ["sensor.a", "sensor.echo"]


def test_full_json_has_every_key_of_the_wire() -> None:
    states, _, _ = machine()
    state = states.set("sensor.a", 'va"lue', {"ä": [1, None]}, Context("u"))
    assert loads(state.json) == state.as_dict()
    assert list(loads(state.json)) == [
        "entity_id",
        "state",
        "attributes",
        "last_changed",
        "last_reported",
        "last_updated",
        "context",
    ]


def test_an_attribute_without_json_form_does_not_break_the_state(
    caplog: pytest.LogCaptureFixture,
) -> None:
    states, changes, _ = machine()
    state = states.set("sensor.a", "1", {"odd": object(), "good": 1})
    assert loads(state.json)["attributes"]["good"] == 1
    states.set("sensor.a", "1", {"odd": object(), "good": 2})
    assert loads(changes[-1].diff)["+"]["a"]["good"] == 2
    assert "sensor.a" in caplog.text


# --- worked examples of facts: the compressed stream


def stream(states: list[State]) -> list[dict[str, Any]]:
    return [loads(StateChanged("x", a, b, 0, b.context).diff) for a, b in pairwise(states)]


def test_compressed_changes() -> None:
    user, other = Context("u1"), Context()
    child = Context(None, "parent")
    s = [
        State("s.d", "1", {"a": 1}, 1.0, 1.0, user),
        State("s.d", "2", {"a": 1}, 2.0, 2.0, Context("u1")),
        State("s.d", "2", {"a": 2, "b": [1]}, 2.0, 3.0, Context("u1")),
        State("s.d", "2", {"b": [1]}, 2.0, 4.0, other),
        State("s.d", "2", {"b": [True]}, 2.0, 5.0, other),
        State("s.d", "3", {"b": [True]}, 6.0, 6.0, child),
    ]
    assert stream(s) == [
        {"+": {"s": "2", "lc": 2.0, "c": s[1].context.id}},
        {"+": {"lu": 3.0, "c": s[2].context.id, "a": {"a": 2, "b": [1]}}},
        {"+": {"lu": 4.0, "c": {"user_id": None, "id": other.id}}, "-": {"a": ["a"]}},
        {"+": {"lu": 5.0, "a": {"b": [True]}}} if [1] != [True] else {"+": {"lu": 5.0}},
        {"+": {"s": "3", "lc": 6.0, "c": {"parent_id": "parent", "id": child.id}}},
    ]


def test_compressed_added() -> None:
    plain, user = Context(), Context("u")
    assert loads(State("z.h", "0", {"q": 1}, 1.5, 1.5, plain).compressed) == {
        "s": "0",
        "a": {"q": 1},
        "c": plain.id,
        "lc": 1.5,
    }
    assert loads(State("z.h", "0", {}, 1.5, 2.5, user).compressed) == {
        "s": "0",
        "a": {},
        "c": {"id": user.id, "parent_id": None, "user_id": "u"},
        "lc": 1.5,
        "lu": 2.5,
    }


def apply(view: dict[str, Any], event: dict[str, Any]) -> None:  # noqa: C901 - the clients' rules
    """Do what the clients' decoders do."""
    for entity_id, added in event.get("a", {}).items():
        context = added["c"]
        if isinstance(context, str):
            context = {"id": context, "parent_id": None, "user_id": None}
        view[entity_id] = {
            "state": added["s"],
            "attributes": dict(added["a"]),
            "context": dict(context),
            "lc": added["lc"],
            "lu": added.get("lu", added["lc"]),
        }
    for entity_id in event.get("r", []):
        del view[entity_id]
    for entity_id, change in event.get("c", {}).items():
        entry, plus = view[entity_id], change["+"]
        if "s" in plus:
            entry["state"] = plus["s"]
        if isinstance(plus.get("c"), str):
            entry["context"]["id"] = plus["c"]
        elif "c" in plus:
            entry["context"].update(plus["c"])
        if "lc" in plus:
            entry["lc"] = entry["lu"] = plus["lc"]
        elif "lu" in plus:
            entry["lu"] = plus["lu"]
        entry["attributes"].update(plus.get("a", {}))
        for name in change.get("-", {}).get("a", []):
            del entry["attributes"][name]


def expected(states: StateMachine) -> dict[str, Any]:
    return {
        state.entity_id: {
            "state": state.state,
            "attributes": loads(state.attributes_json),
            "context": state.context.as_dict(),
            "lc": state.last_changed,
            "lu": state.last_updated,
        }
        for state in states.all()
    }


@given(st.integers(0, 2**32))
def test_a_client_rebuilds_all_states_from_the_groups_stream(seed: int) -> None:
    choose = random.Random(seed)  # noqa: S311 - a reproducible run
    states, changes, now = machine()
    group, view = EntityGroup(EntityFilter()), {}
    contexts = [Context(), Context("u1"), Context("u2", "p"), Context(None, "p")]
    for _ in range(60):
        changes.clear()
        for _ in range(choose.randrange(1, 5)):
            now[0] += choose.choice([0.5, 1.25])
            entity_id = f"s.e{choose.randrange(3)}"
            if choose.random() < 0.15:
                states.remove(entity_id)
                continue
            attributes = {name: choose.randrange(2) for name in "abc" if choose.random() < 0.6}
            states.set(
                entity_id,
                str(choose.randrange(3)),
                attributes,
                choose.choice([None, *contexts]),
                choose.random() < 0.1,
            )
        for change in changes:
            group.take(change)
        batch = group.batch()
        if batch is not None:
            apply(view, loads(batch._event))
        assert view == expected(states)
