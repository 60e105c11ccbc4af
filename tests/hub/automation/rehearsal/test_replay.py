"""What an automation would have done with a prepared yesterday, in a whole hub."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.api import rehearsal as work
from hub.auth import Role
from hub.automation.rehearsal import replay as module
from hub.automation.rehearsal.replay import replay
from hub.errors import InvalidFormat, NotAllowed, NotFound, Unauthorized
from hub.hub import Hub
from hub.resources import InvalidSpec
from tests.hub.automation.past import remember
from tests.peers.house import House, MakeHouse

CONFIG = (
    "hub:\n  name: Test house\n  time_zone: UTC\n  latitude: 52.5\n  longitude: 13.4\n"
    "mqtt:\n  enabled: false\nrecorder:\n  min_free_disk: 0\n"
)
DAY = (datetime.now(UTC) - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
T = DAY.timestamp()
HOUR = 3600.0

HEATING = {
    "alias": "Heating",
    "triggers": [
        {"trigger": "numeric_state", "entity_id": "sensor.room", "below": 18, "id": "cold"},
        {"trigger": "time", "at": "22:00:00", "id": "night"},
    ],
    "conditions": [
        {"condition": "state", "entity_id": "binary_sensor.window", "state": "off"},
    ],
    "actions": [
        {
            "action": "climate.set_temperature",
            "target": {"entity_id": "climate.room"},
            "data": {"temperature": "{{ 21 if trigger.id == 'cold' else 16 }}"},
        },
        {"delay": "00:30:00"},
        {"action": "notify.phone", "data": {"message": "{{ states('sensor.room') }}"}},
    ],
}


async def furnished(make_house: MakeHouse, spec: dict[str, Any] = HEATING) -> House:
    """A hub with one automation and a day in which its room got cold twice."""
    house = await make_house(CONFIG)
    await house.hub.resources.put("hub.automation", "heating", spec)
    await house.hub.automations.settle()
    await remember(
        house.hub,
        {
            "sensor.room": [
                (T - HOUR, "20.0", {"unit_of_measurement": "°C"}),
                (T + 3 * HOUR, "17.5", {"unit_of_measurement": "°C"}),
                (T + 3 * HOUR + 600, "17.0"),
                (T + 3 * HOUR + 1200, "17.2"),
                (T + 5 * HOUR, "19"),
                (T + 9 * HOUR, "17"),
            ],
            "binary_sensor.window": [(T - 2 * HOUR, "off"), (T + 8 * HOUR, "on"),
                                     (T + 10 * HOUR, "off")],
        },
        [
            (T + 3 * HOUR + 0.01, "automation_triggered",
             {"name": "Heating", "entity_id": "automation.heating",
              "source": "numeric state of sensor.room"}),
            (T + 4 * HOUR, "automation_triggered",
             {"name": "Other", "entity_id": "automation.other", "source": "x"}),
        ],
    )  # fmt: skip
    return house


async def day(hub: Hub, **more: Any) -> dict[str, Any]:
    return await replay(hub, "automation.heating", T, T + 24 * HOUR, **more)


async def test_a_day_runs_through_the_automation(make_house: MakeHouse) -> None:
    house = await furnished(make_house)
    calls, states = house.hub.services.calls, len(house.hub.states)
    found = await day(house.hub)
    runs = found["runs"]
    assert [(run["time"], run["trigger"], run["conditions"]) for run in runs] == [
        (T + 3 * HOUR, "numeric state of sensor.room", True),
        (T + 9 * HOUR, "numeric state of sensor.room", False),
        (T + 22 * HOUR, "time", True),
    ]
    assert [run["execution"] for run in runs] == ["finished", "failed_conditions", "finished"]
    assert [
        (call["service"], call["data"], call["target"], call["time"]) for call in runs[0]["calls"]
    ] == [
        ("set_temperature", {"temperature": 21}, {"entity_id": ["climate.room"]}, T + 3 * HOUR),
        ("phone", {"message": 17.2}, {}, T + 3 * HOUR + 1800),
    ]
    assert runs[2]["calls"][0]["data"] == {"temperature": 16}
    assert "action/1" in runs[0]["trace"]["trace"]
    assert runs[0]["trace"]["timestamp"]["start"].startswith(DAY.date().isoformat())
    source = "numeric state of sensor.room"
    assert found["recorded"] == [{"time": T + 3 * HOUR + 0.01, "source": source}]
    assert found["states"] == 7
    assert (found["start"], found["end"]) == (T, T + 24 * HOUR)
    # Nothing happened in the house itself.
    assert (house.hub.services.calls, len(house.hub.states)) == (calls, states)
    assert house.hub.automations.get("automation.heating").last_triggered is None
    assert not list(house.hub.automations.get("automation.heating").traces)


async def test_another_text_is_tried(make_house: MakeHouse) -> None:
    house = await furnished(make_house)
    trigger = {"trigger": "numeric_state", "entity_id": "sensor.room", "below": 17.1}
    found = await day(house.hub, config={**HEATING, "triggers": [trigger], "conditions": []})
    assert [run["time"] for run in found["runs"]] == [T + 3 * HOUR + 600, T + 9 * HOUR]
    bad = {**HEATING, "triggers": [{**trigger, "below": []}]}
    with pytest.raises(InvalidSpec) as caught:
        await day(house.hub, config=bad)
    assert [item["path"] for item in caught.value.problems] == ["triggers.0.below"]


async def test_a_wrong_text_is_told_to_who_tries_it_and_not_in_the_log(
    make_house: MakeHouse, caplog: pytest.LogCaptureFixture
) -> None:
    house = await furnished(make_house)
    nowhere = {"alias": "Heating", "use_blueprint": {"path": "a/none.yaml"}}
    with pytest.raises(InvalidSpec, match=r"no automation blueprint a/none\.yaml"):
        await day(house.hub, config=nowhere)
    with pytest.raises(InvalidSpec, match="triggers is missing"):
        await day(house.hub, config={"alias": "Heating"})
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


async def test_times_between_changes_are_kept(make_house: MakeHouse) -> None:
    """Waits, suns and clocks fire in between, and what held before the start has its own time."""
    house = await furnished(make_house)
    spec = {
        "alias": "Heating",
        "triggers": [
            {"trigger": "state", "entity_id": "sensor.room", "to": None, "for": "01:00:00"},
            {"trigger": "sun", "event": "sunrise"},
            {"trigger": "time_pattern", "hours": "/12", "minutes": 0, "seconds": 0},
            {"trigger": "template", "value_template": "{{ now().hour == 15 }}"},
        ],
        "mode": "parallel",
        "actions": [
            {
                "action": "notify.phone",
                "data": {
                    "at": "{{ now().timestamp() }}",
                    "held": "{{ (now() - states.binary_sensor.window.last_changed).seconds }}",
                },
            }
        ],
    }
    found = await day(house.hub, config=spec)
    times = {run["time"] for run in found["runs"]}
    assert {T + 3 * HOUR + 1200 + HOUR, T + 6 * HOUR, T + 10 * HOUR, T + 15 * HOUR} <= times
    assert T + 12 * HOUR in times
    suns = [run for run in found["runs"] if run["trigger"] == "sunrise"]
    assert len(suns) == 1
    assert T + 4 * HOUR < suns[0]["time"] < T + 8 * HOUR
    first = found["runs"][0]["calls"][0]
    assert first["data"]["at"] == first["time"]
    assert first["data"]["held"] == round(first["time"] - (T - 2 * HOUR))


async def test_events_are_fed_but_not_those_of_its_own_runs(make_house: MakeHouse) -> None:
    house = await furnished(make_house)
    spec = {
        "alias": "Heating",
        "triggers": [{"trigger": "event", "event_type": "pressed", "event_data": {"n": 1}}],
        "actions": [{"event": "lit", "event_data": {}}, {"delay": 1}],
        "mode": "single",
    }
    await remember(house.hub, {}, [(T + 1, "pressed", {"n": 1}), (T + 2, "pressed", {"n": 2})])
    found = await day(house.hub, config=spec)
    assert [run["time"] for run in found["runs"]] == [T + 1]


async def test_notes_tell_what_the_record_can_not_show(make_house: MakeHouse) -> None:
    house = await furnished(make_house)
    spec = {
        "alias": "Heating",
        "triggers": [
            {"trigger": "mqtt", "topic": "a/b"},
            {"trigger": "state", "entity_id": "light.never"},
        ],
        "actions": [],
    }
    notes = (await day(house.hub, config=spec))["notes"]
    assert "mqtt never fire" in notes[0]
    assert "light.never" in notes[1]
    assert not any("before" in note for note in notes)
    rows = {"automation.heating": [(T, "on"), (T + HOUR, "off"), (T + 2 * HOUR, "on")]}
    await remember(house.hub, rows)
    assert any("switched off" in note for note in (await day(house.hub))["notes"])


async def test_notes_tell_since_when_something_is_known(make_house: MakeHouse) -> None:
    house = await furnished(make_house)
    await remember(
        house.hub,
        {"sensor.late": [(T + HOUR, "1")]},
        [(T + 2 * HOUR, "homeassistant_stop", {}), (T + 2.5 * HOUR, "homeassistant_start", {})],
    )
    trigger = {"trigger": "state", "entity_id": ["sensor.late", "sensor.room"]}
    found = await day(house.hub, config={"alias": "x", "triggers": [trigger], "actions": []})
    day_ = DAY.date().isoformat()
    assert f"The hub did not run from {day_} 02:00:00+00:00 to {day_} 02:30:00" in found["notes"][0]
    assert f"recorded of sensor.late before {day_} 01:00:00+00:00" in found["notes"][1]
    assert not any("sensor.room" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        (T + 5, T, "after the start"),
        (T + 3 * 86400, None, "in the past"),
        (T - 40 * 86400, None, "31 days"),
    ],
    ids=["backwards", "future", "too long"],
)
async def test_bad_times_are_refused(
    make_house: MakeHouse, start: float, end: float | None, told: str
) -> None:
    house = await furnished(make_house)
    with pytest.raises(InvalidFormat, match=told):
        await replay(house.hub, "automation.heating", start, end)


async def test_who_may_not_read_everything_may_not_replay(make_house: MakeHouse) -> None:
    house = await furnished(make_house)
    auth = house.hub.auth
    deny = [{"effect": "deny", "verbs": ["read"], "entity": "sensor.room"}]
    await auth.policies.put("no-room", deny)
    hide = [{"effect": "deny", "verbs": ["read"], "domain": "automation"}]
    await auth.policies.put("no-automations", hide)
    user = await auth.users.create("Some", role=Role.VIEWER, policies=["no-room"])
    with pytest.raises(Unauthorized):
        await day(house.hub, user=user)
    user = await auth.users.create("None", role=Role.VIEWER, policies=["no-automations"])
    with pytest.raises(NotFound):
        await day(house.hub, user=user)
    user = await auth.users.create("All", role=Role.VIEWER)
    assert len((await day(house.hub, user=user))["runs"]) == 3


async def test_a_script_and_nothing_can_not_be_replayed(make_house: MakeHouse) -> None:
    house = await furnished(make_house)
    await house.hub.resources.put("hub.script", "hello", {"sequence": []})
    await house.hub.automations.settle()
    with pytest.raises(InvalidFormat, match="script"):
        await replay(house.hub, "script.hello", T)
    with pytest.raises(NotFound):
        await replay(house.hub, "automation.nothing", T)


async def test_limits_end_a_replay_and_say_so(
    make_house: MakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await furnished(make_house)
    monkeypatch.setattr(module, "MAX_ROWS", 2)
    found = await day(house.hub)
    assert "2 changes" in found["notes"][0]
    assert len(found["runs"]) == 1
    monkeypatch.setattr(module, "MAX_TOGETHER", 0)
    with pytest.raises(NotAllowed, match="try again"):
        await day(house.hub)


async def test_others_have_their_turn_and_it_can_be_cancelled(make_house: MakeHouse) -> None:
    house = await furnished(make_house)
    rows = [(T + number, str(number % 7)) for number in range(1, 30_000)]
    await remember(house.hub, {"sensor.busy": rows})
    turns = 0

    async def watch() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    watcher = asyncio.create_task(watch())
    found = await day(house.hub)
    watcher.cancel()
    assert found["states"] > 29_000
    assert turns > 20
    before = len(asyncio.all_tasks())
    task = asyncio.create_task(day(house.hub))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.02)
    assert len(asyncio.all_tasks()) <= before + 1


async def test_both_doors(make_house: MakeHouse) -> None:
    house = await furnished(make_house)
    client = await house.connect()
    end = (DAY + timedelta(days=1)).isoformat()
    asked = {"entity_id": "automation.heating", "start": DAY.isoformat(), "end": end}
    answer = await client.call(type="automation/replay", **asked)
    assert answer["success"], answer
    found = await house.request("POST", "/api/automation/replay", json=asked)
    assert (await found.json())["runs"] == _ids_out(answer["result"]["runs"], await found.json())
    bad = await client.call(type="automation/replay", entity_id="automation.heating", start="soon")
    assert "start: expected a time" in bad["error"]["message"]


async def test_traces_over_rest_want_the_rights_of_the_websocket(make_house: MakeHouse) -> None:
    house = await furnished(make_house)
    auth = house.hub.auth
    house.hub.automations.trigger("automation.heating")
    client = await house.connect()
    item = {"domain": "automation", "item_id": "heating"}
    runs = (await client.call(type="trace/list", **item))["result"]
    path = "/api/automation/traces"
    asked = {"entity_id": "automation.heating"}
    assert await (await house.request("GET", path, params=asked)).json() == runs
    one = {**asked, "run_id": runs[0]["run_id"]}
    whole = await client.call(type="trace/get", run_id=runs[0]["run_id"], **item)
    found = await (await house.request("GET", path, params=one)).json()
    assert found["run_id"] == whole["result"]["run_id"]
    none = await house.request("GET", path, params={**asked, "run_id": "none"})
    assert none.status == 404
    deny = [{"effect": "deny", "verbs": ["read"], "entity": "sensor.room"}]
    await auth.policies.put("no-room", deny)
    some = await auth.users.create("Some", role=Role.VIEWER, policies=["no-room"])
    with pytest.raises(Unauthorized):
        work.traces(house.hub, some, asked)
    hide = [{"effect": "deny", "verbs": ["read"], "resource_type": "hub.automation"}]
    await auth.policies.put("blind", hide)
    blind = await auth.users.create("Blind", role=Role.VIEWER, policies=["blind"])
    with pytest.raises(NotFound):
        work.traces(house.hub, blind, asked)


def _ids_out(runs: list[Any], other: dict[str, Any]) -> list[Any]:
    """Take over what is drawn anew for each replay."""
    for run, twin in zip(runs, other["runs"], strict=True):
        for key in ("run_id", "context", "trace"):
            run["trace"][key] = twin["trace"][key]
    return runs
