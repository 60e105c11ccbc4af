"""Which calls make an entity as it is wanted, as a table."""

from typing import Any

import pytest

from hub.automation.scenes.steps import KINDS

CASES: list[
    tuple[str, str, dict[str, Any], str, dict[str, Any], list[tuple[str, dict[str, Any]]]]
] = [
    ("switch", "on", {}, "off", {}, [("turn_on", {})]),
    ("switch", "on", {}, "on", {}, []),
    ("switch", "off", {}, "unavailable", {}, [("turn_off", {})]),
    ("number", "21", {}, "21.0", {}, []),
    ("number", "21.5", {}, "unknown", {}, [("set_value", {"value": 21.5})]),
    ("counter", "3", {}, "4", {}, [("set_value", {"value": 3})]),
    ("select", "b", {}, "a", {}, [("select_option", {"option": "b"})]),
    (
        "input_select",
        "b",
        {"options": ["a", "b"]},
        "a",
        {"options": ["a"]},
        [("set_options", {"options": ["a", "b"]}), ("select_option", {"option": "b"})],
    ),
    ("input_text", "x", {}, "y", {}, [("set_value", {"value": "x"})]),
    ("input_datetime", "07:00:00", {}, "06:00:00", {}, [("set_datetime", {"time": "07:00:00"})]),
    ("input_datetime", "2026-01-02", {}, "x", {}, [("set_datetime", {"date": "2026-01-02"})]),
    (
        "input_datetime",
        "2026-01-02 07:00:00",
        {},
        "x",
        {},
        [("set_datetime", {"datetime": "2026-01-02 07:00:00"})],
    ),
    ("climate", "heat", {"temperature": None}, "heat", {"temperature": 20}, []),
    (
        "climate",
        "heat",
        {"temperature": 21, "preset_mode": "eco", "fan_mode": "low", "min_temp": 7},
        "off",
        {"temperature": 21, "preset_mode": "none", "fan_mode": None},
        [
            ("set_hvac_mode", {"hvac_mode": "heat"}),
            ("set_preset_mode", {"preset_mode": "eco"}),
            ("set_temperature", {"temperature": 21}),
            ("set_fan_mode", {"fan_mode": "low"}),
        ],
    ),
    ("climate", "heat", {"fan_mode": "low"}, "heat", {"fan_mode": "low"}, []),
    (
        "climate",
        "heat",
        {"temperature": 21},
        "heat",
        {"temperature": 20},
        [("set_temperature", {"temperature": 21})],
    ),
    ("timer", "active", {"duration": "0:01:00"}, "idle", {}, [("start", {"duration": "0:01:00"})]),
    ("timer", "paused", {}, "idle", {}, [("start", {}), ("pause", {})]),
    ("timer", "paused", {}, "active", {}, [("pause", {})]),
    ("timer", "idle", {}, "paused", {}, [("cancel", {})]),
    ("automation", "off", {}, "on", {}, [("turn_off", {})]),
]


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_steps(case: Any) -> None:
    domain, wanted, wish, now, seen, expected = case
    steps = KINDS[domain].plan(wanted, wish, now, seen)
    assert [(step.service, dict(step.data)) for step in steps] == expected
    assert KINDS[domain].wrong(wanted, wish) is None
