"""What differs between two installations, as steps that people read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.neasmart.models import Settings, identity, owns
from integrations.neasmart.plan import START, STOP, apart, done, steps, undone
from integrations.neasmart.schema import INSTALLATION

KITCHEN = {"channel": 2, "name": "Kitchen"}
LIVING = {"channel": 1, "name": "Living room"}
SAME_PORT = "restart the line on 127.0.0.1:1502"
LINE = {"host": "127.0.0.1", "port": 1502}


def house(*zones: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"transport": LINE, "bases": [{"number": 1, "zones": list(zones)}], **more}


def parts(spec: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if spec is None else apart(INSTALLATION(spec))


@pytest.mark.parametrize(
    ("wanted", "running", "summaries"),
    [
        (house(LIVING), house(LIVING), []),
        (None, None, []),
        (house(), None, ["start the installation on 127.0.0.1:1502"]),
        (
            {"transport": {"type": "serial", "device": "/dev/ttyUSB0"}},
            None,
            ["start the installation on /dev/ttyUSB0"],
        ),
        (
            None,
            house(),
            ["stop the installation on 127.0.0.1:1502 (its devices and entities go)"],
        ),
        (
            house(LIVING, KITCHEN | {"name": "Cuisine"}),
            house(LIVING, KITCHEN),
            ["rename zone 1-2 Kitchen -> Cuisine"],
        ),
        (house(KITCHEN, LIVING), house(LIVING, KITCHEN), []),
        (house(LIVING, KITCHEN), house(LIVING), ["add zone 1-2 Kitchen"]),
        (house(LIVING), house(LIVING, KITCHEN), ["remove zone 1-2 Kitchen (its entities go)"]),
        (
            house(LIVING | {"area": "Ground floor"}),
            house(LIVING),
            ["move zone 1-1 to the area Ground floor"],
        ),
        (
            house(LIVING),
            house(LIVING | {"area": "Ground floor"}),
            ["leave zone 1-1 in the area where it is"],
        ),
        (
            house(LIVING | {"humidity": False}),
            house(LIVING),
            ["remove the humidity of zone 1-1 (its entity goes)"],
        ),
        (house(LIVING), house(LIVING | {"humidity": False}), ["add the humidity of zone 1-1"]),
        (
            {"transport": LINE, "bases": [{"number": 2, "zones": [LIVING]}]},
            house(LIVING),
            [
                "remove zone 1-1 Living room (its entities go)",
                "remove base 1 Base station 1 (its entities go)",
                "add base 2 Base station 2",
                "add zone 2-1 Living room",
            ],
        ),
        (
            {"transport": LINE, "bases": [{"number": 1, "name": "Cellar"}]},
            house(),
            ["rename base 1 Base station 1 -> Cellar"],
        ),
        (house(name="Heizung"), house(), ["rename the installation Neasmart -> Heizung"]),
        (
            house(transport=LINE | {"port": 1503}),
            house(),
            ["restart the line on 127.0.0.1:1503: port 1502 -> 1503"],
        ),
        (
            house(transport=LINE | {"allow": "192.168.1.0/24", "max_connections": 2}),
            house(),
            [f"{SAME_PORT}: allow none -> 192.168.1.0/24, max_connections 8 -> 2"],
        ),
        (
            house(mixed_groups=[1], pumps=[2], dehumidifiers=[]),
            house(dehumidifiers=[9]),
            ["remove dehumidifier 9 (its entities go)", "add mixed group 1", "add pump 2"],
        ),
        (
            house(stale_after=60, unit_ids=[240], sniff_only=True, startup_mode=2),
            house(),
            [
                "change sniff_only off -> on",
                "change stale_after 180 -> 60",
                "change startup_mode 0 -> 2 (sent at the next start)",
                "change unit_ids 240, 241 -> 240",
            ],
        ),
        (
            house(capture={"file": "bus.jsonl"}),
            house(),
            ["change capture none -> bus.jsonl 16000000"],
        ),
    ],
)
def test_steps(
    wanted: dict[str, Any] | None, running: dict[str, Any] | None, summaries: list[str]
) -> None:
    found = [step.summary for step in steps(parts(wanted), parts(running))]
    assert found == summaries


def test_devices_that_are_left_are_removed_with_a_resource_that_does_not_run() -> None:
    (step,) = steps(None, None, known=True)
    assert (step.action, step.summary) == (
        STOP,
        "remove the devices and entities of the installation",
    )
    assert steps(parts(house()), None, known=True)[0].action == START


def test_the_line_comes_first_for_it_is_what_may_fail() -> None:
    spec = house(KITCHEN, name="x", transport=LINE | {"port": 1503})
    found = [step.target for step in steps(parts(spec), parts(house(LIVING)))]
    assert found[0] == "line"


_NAME = st.text("abc", min_size=1, max_size=2)
_ZONE = st.fixed_dictionaries(
    {"channel": st.integers(1, 3), "name": _NAME, "humidity": st.booleans()},
    optional={"area": _NAME},
)
_BASE = st.fixed_dictionaries(
    {
        "number": st.integers(1, 3),
        "zones": st.lists(_ZONE, unique_by=lambda zone: zone["channel"], max_size=3),
    },
    optional={"name": _NAME},
)
_SPEC = st.fixed_dictionaries(
    {
        "name": _NAME,
        "transport": st.fixed_dictionaries({"port": st.integers(1500, 1502)}),
        "bases": st.lists(_BASE, unique_by=lambda base: base["number"], max_size=3),
    },
    optional={
        "pumps": st.lists(st.integers(1, 5)),
        "unit": st.sampled_from("CF"),
        "capture": st.just({"file": "bus.jsonl"}),
        "stale_after": st.integers(1, 3),
    },
)


@given(_SPEC, _SPEC)
def test_the_steps_lead_there_and_back(wanted: dict[str, Any], running: dict[str, Any]) -> None:
    goal, present = parts(wanted), parts(running)
    assert goal is not None
    assert present is not None
    now, way = present, steps(goal, present)
    stations = []
    for step in way:
        stations.append(now)
        now = done(now, step)
        Settings.of("home", now)
        assert done(now, step) == now
    assert now == goal
    assert steps(goal, now) == []
    for step, station in zip(reversed(way), reversed(stations), strict=True):
        now = undone(now, step)
        assert now == station
        assert undone(now, step) == now


def test_an_installation_knows_what_is_its_own() -> None:
    assert identity("home-1") == "home--1"
    for key, name, mine in (
        ("home", "home", True),
        ("home", "home-1-1-climate", True),
        ("home", "home--1-1-1-climate", False),
        ("home", "homestead-1", False),
        ("home-1", "home--1-1-1-climate", True),
        ("home-1", "home-1-1-climate", False),
        ("home", "annex-link", False),
    ):
        assert owns(key, name) is mine, (key, name)
