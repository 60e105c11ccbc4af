import re
from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol

from integrations.neasmart.models import Settings
from integrations.neasmart.schema import CONFIG, INSTALLATION

GUIDE = Path(__file__).parents[3] / "docs" / "neasmart.md"


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (
            {"bases": [{"number": 6}]},
            r"a base number between 1 and 5.*\['bases'\]\[0\]\['number'\]",
        ),
        ({"bases": [{"number": 1, "zones": [{"channel": 13, "name": "x"}]}]}, "channel between 1"),
        ({"bases": [{"number": 1, "zones": [{"channel": 1}]}]}, r"required key.*\['name'\]"),
        ({"bases": [{"number": 1}, {"number": 1}]}, "base 1 is listed twice"),
        (
            {"bases": [{"number": 1, "zones": [{"channel": 1, "name": "a"}] * 2}]},
            "channel 1 is listed twice",
        ),
        ({"startup_mode": -1}, "operating mode between 0 and 5"),
        ({"startup_mode": 6}, "operating mode between 0 and 5"),
        ({"startup_state": 7}, "operating state between 0 and 6"),
        ({"startup_state": True}, "operating state between 0 and 6"),
        ({"unit_ids": []}, "at least one unit id"),
        ({"unit_ids": [0]}, "unit id between 1 and 247"),
        ({"unit_ids": [248]}, "unit id between 1 and 247"),
        ({"unit": "K"}, "must be one of"),
        ({"stale_after": 0}, "above 0"),
        ({"command_timeout": -1}, "above 0"),
        ({"transport": {"type": "udp"}}, "expected one of tcp, rtu-over-tcp"),
        ({"transport": {"type": "serial"}}, r"required key.*device"),
        ({"transport": {"type": "rtu-over-tcp-dial", "host": "x"}}, r"required key.*port"),
        ({"transport": {"type": "tcp", "baudrate": 9600}}, r"extra keys.*baudrate"),
        ({"transport": {"type": "tcp", "allow": ["house"]}}, "address or a network"),
        ({"transport": "tcp"}, "expected a mapping with a type"),
        ({"mixed_groups": [4]}, "mixed group between 1 and 3"),
        ({"dehumidifiers": [10]}, "dehumidifier between 1 and 9"),
        ({"pumps": [0]}, "pump between 1 and 5"),
        ({"capture": {"file": "/etc/passwd"}}, "inside the data folder"),
        ({"capture": {"file": "a/../../b"}}, "inside the data folder"),
        ({"name": "x", "persist": True}, r"extra keys.*persist"),
        ({"persist": True}, r"extra keys.*persist"),
        ({"Home!": {}}, "extra keys|small letters"),
        ([{}, {}], "installation home is listed twice"),
        ("x", "expected an installation"),
    ],
    ids=str,
)
def test_mistakes_are_named_with_their_place(section: Any, message: str) -> None:
    with pytest.raises(vol.Invalid, match=message):
        CONFIG(section)


def test_defaults_are_those_of_the_guide() -> None:
    settings = Settings.from_config(CONFIG({})[0])
    assert (settings.options.host, settings.options.port) == ("0.0.0.0", 502)  # noqa: S104 - the documented default
    assert settings.options.baudrate == 38400
    assert settings.unit_ids == (240, 241)
    assert (settings.stale_after, settings.command_timeout) == (180, 30)
    assert (settings.startup_mode, settings.startup_state) == (0, 0)
    assert settings.suppress_noise
    assert not settings.sniff_only


def test_texts_and_nulls_as_people_write_them() -> None:
    config = CONFIG({"startup_mode": "5", "startup_state": None, "unit_ids": [241, "240", 241]})[0]
    assert (config["startup_mode"], config["startup_state"]) == (5, 0)
    assert config["unit_ids"] == [241, 240]


def test_one_several_by_id_and_a_list() -> None:
    assert [item["id"] for item in CONFIG({"name": "x"})] == ["home"]
    assert [item["id"] for item in CONFIG({"north": {}, "south": {"unit": "F"}})] == [
        "north",
        "south",
    ]
    assert [item["id"] for item in CONFIG([{"id": "a"}, {"id": "b"}])] == ["a", "b"]


def test_every_setting_is_in_the_guide_and_none_else() -> None:
    text = GUIDE.read_text().partition("## Settings")[2].partition("`transport` has a `type`")[0]
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", text, flags=re.MULTILINE))
    assert documented == {str(key) for key in INSTALLATION.schema}
