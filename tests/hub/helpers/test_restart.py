"""Last values outlive the end of the process, also kill -9; timers go on or finish."""

import json
import signal
import sqlite3
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from tests.peers.hub import HubProcess
from tests.peers.ports import wait_for

CONFIG = """
hub:
  name: Test
  time_zone: Europe/Berlin
mqtt:
  enabled: false
input_boolean:
  guests:
  always_on_at_start:
    initial: true
input_number:
  flow: {min: 20, max: 55}
input_select:
  mode: {options: [home, away]}
input_text:
  note:
input_datetime:
  wake: {has_time: true}
input_button:
  bell:
counter:
  starts:
  forgetful: {restore: false, initial: 7}
timer:
  long: {duration: "10:00:00", restore: true}
  short: {duration: "0:00:01", restore: true}
  held: {duration: "0:10:00", restore: true}
  lost: {duration: "10:00:00"}
scene:
  - name: Film
    entities: {input_boolean.guests: on}
schedule:
  heating:
    monday: [{from: "06:00", to: "08:00"}]
"""
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("input_boolean/turn_on", "input_boolean.guests", {}),
    ("input_boolean/turn_off", "input_boolean.always_on_at_start", {}),
    ("input_number/set_value", "input_number.flow", {"value": 33.5}),
    ("input_select/select_option", "input_select.mode", {"option": "away"}),
    ("input_text/set_value", "input_text.note", {"value": "milk"}),
    ("input_datetime/set_datetime", "input_datetime.wake", {"time": "06:45:00"}),
    ("input_button/press", "input_button.bell", {}),
    ("counter/increment", "counter.starts", {}),
    ("counter/increment", "counter.forgetful", {}),
    ("timer/start", "timer.long", {}),
    ("timer/start", "timer.short", {"duration": "0:00:02"}),
    ("timer/start", "timer.held", {}),
    ("timer/pause", "timer.held", {}),
    ("timer/start", "timer.lost", {}),
    ("scene/turn_on", "scene.film", {}),
]


def ask(hub: HubProcess, method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 - the address is ours
        f"{hub.url}/api/{path}", data=data, method=method, headers=hub.headers
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.loads(answer.read())


def states(hub: HubProcess) -> dict[str, Any]:
    """Return every state once the hub runs."""
    while ask(hub, "GET", "core/state")["state"] != "RUNNING":
        time.sleep(0.05)
    return {item["entity_id"]: item for item in ask(hub, "GET", "states")}


def change_everything(hub: HubProcess) -> dict[str, Any]:
    states(hub)
    made = {"scene_id": "made", "entities": {"input_boolean.guests": "off"}}
    ask(hub, "POST", "services/scene/create", made)
    for service, entity_id, data in CALLS:
        ask(hub, "POST", f"services/{service}", {"entity_id": entity_id, **data})
    return states(hub)


def is_kept(hub: HubProcess) -> bool:
    """Tell whether what was changed last is on the disk."""
    with closing(sqlite3.connect(f"file:{hub.data}/hub.db?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT namespace, key, data FROM documents").fetchall()
    found = {(namespace, key): data for namespace, key, data in rows}
    held = json.loads(found.get(("helpers", "hub.timer/held"), "{}"))
    return held.get("state") == "paused" and any(namespace == "scenes" for namespace, _ in found)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_values_outlive_the_process(
    start_hub: Callable[..., HubProcess], how: signal.Signals
) -> None:
    hub = start_hub(CONFIG)
    before = change_everything(hub)
    if how is signal.SIGKILL:
        wait_for(lambda: is_kept(hub), "the last change to be on the disk")
    hub.stop(how)
    time.sleep(1.5)  # the short timer ends while the hub is away
    hub.start()
    after = states(hub)
    expected = {
        "input_boolean.guests": "on",
        "input_boolean.always_on_at_start": "on",
        "input_number.flow": "33.5",
        "input_select.mode": "away",
        "input_text.note": "milk",
        "input_datetime.wake": "06:45:00",
        "input_button.bell": before["input_button.bell"]["state"],
        "counter.starts": "1",
        "counter.forgetful": "7",
        "scene.film": before["scene.film"]["state"],
        "timer.long": "active",
        "timer.short": "idle",
        "timer.held": "paused",
        "timer.lost": "idle",
    }
    assert {name: after[name]["state"] for name in expected} == expected
    assert (
        after["timer.long"]["attributes"]["finishes_at"]
        == before["timer.long"]["attributes"]["finishes_at"]
    )
    assert (
        after["timer.held"]["attributes"]["remaining"]
        == before["timer.held"]["attributes"]["remaining"]
    )
    assert ("scene.made" in before, "scene.made" in after) == (True, False)
    assert after["counter.starts"]["attributes"]["editable"] is False
