import re
from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol

from hub.schema.render import form
from integrations.neasmart.models import Settings
from integrations.neasmart.plan import apart
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
        ({"transport": {"type": "serial"}}, r"required key.*\['device'\]"),
        ({"transport": {"type": "rtu-over-tcp-dial", "host": "x"}}, r"required key.*\['port'\]"),
        (
            {"transport": {"type": "tcp", "baudrate": 9600}},
            r"extra keys.*\['baudrate'\]",
        ),
        ({"transport": {"port": 0}}, r"port between 1 and 65535.*\['transport'\]\['port'\]"),
        ({"transport": {"type": "tcp", "allow": ["house"]}}, "address or a network"),
        ({"transport": "tcp"}, "expected a mapping with a type"),
        ({"mixed_groups": [4]}, "mixed group between 1 and 3"),
        ({"dehumidifiers": [10]}, "dehumidifier between 1 and 9"),
        ({"pumps": [0]}, "pump between 1 and 5"),
        ({"capture": {"file": "/etc/passwd"}}, "inside the data folder"),
        ({"capture": {"file": "a/../../b"}}, "inside the data folder"),
        ({"name": "x", "persist": True}, r"extra keys.*persist"),
        ({"persist": True}, r"extra keys.*persist"),
        ({"id": "home"}, r"extra keys.*id"),
        ({"bases": [{"number": 1, "zones": [{"channel": 1, "name": ""}]}]}, "1 to 100 characters"),
        ("x", "expected a dictionary"),
    ],
    ids=str,
)
def test_mistakes_are_named_with_their_place(section: Any, message: str) -> None:
    with pytest.raises(vol.Invalid, match=message):
        INSTALLATION(section)


def test_defaults_are_those_of_the_guide() -> None:
    settings = Settings.of("home", apart(INSTALLATION({})))
    assert (settings.options.host, settings.options.port) == ("0.0.0.0", 502)  # noqa: S104 - the documented default
    assert settings.options.baudrate == 38400
    assert settings.unit_ids == (240, 241)
    assert (settings.stale_after, settings.command_timeout) == (180, 30)
    assert (settings.startup_mode, settings.startup_state) == (0, 0)
    assert settings.suppress_noise
    assert not settings.sniff_only


def test_texts_and_nulls_as_people_write_them() -> None:
    spec = INSTALLATION({"startup_mode": "5", "startup_state": None, "unit_ids": [241, "240", 241]})
    assert (spec["startup_mode"], spec["startup_state"]) == (5, 0)
    assert spec["unit_ids"] == [241, 240]
    assert INSTALLATION({"pumps": 5})["pumps"] == [5]


def test_a_spec_that_was_validated_stays_as_it_is() -> None:
    spec = INSTALLATION({"transport": {"type": "serial", "device": "/dev/ttyUSB0"}})
    assert INSTALLATION(spec) == spec


def test_defaults_are_not_shared() -> None:
    INSTALLATION({})["transport"]["allow"].append("192.0.2.1/32")
    assert INSTALLATION({})["transport"]["allow"] == []


@pytest.mark.parametrize(
    ("section", "ids"),
    [
        (None, ["home"]),
        ({"name": "x"}, ["home"]),
        ({"id": "attic", "name": "x"}, ["attic"]),
        ({"north": {}, "south": {"unit": "F"}}, ["north", "south"]),
        ([{"id": "a"}, {"id": "b"}], ["a", "b"]),
    ],
    ids=str,
)
def test_the_section_of_old_says_where_it_belongs_now(section: Any, ids: list[str]) -> None:
    with pytest.raises(vol.Invalid) as error:
        CONFIG(section)
    assert re.findall(r"neasmart\.installation/(\w+):", str(error.value)) == ids
    page, heading = re.findall(r"docs/(\w+\.md)#([\w-]+)", str(error.value))[0]
    headings = re.findall(r"^## (.+)$", (GUIDE.parent / page).read_text(), flags=re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", item.lower()).replace(" ", "-") for item in headings]
    assert heading in anchors


def test_every_field_has_a_form_and_words() -> None:
    def walk(fields: list[dict[str, Any]]) -> None:
        for field in fields:
            assert field["type"] != "any" or field["any_of"], field
            assert field.get("description"), field
            for inner in (field, field.get("item", {}), *field.get("any_of", ())):
                walk(inner.get("fields", []))

    fields = form(INSTALLATION)
    walk(fields)
    assert [field["name"] for field in fields[:3]] == ["name", "transport", "bases"]
    kinds = [alternative["fields"][0]["options"] for alternative in fields[1]["any_of"]]
    assert kinds == [["tcp"], ["rtu-over-tcp"], ["rtu-over-tcp-dial"], ["serial"]]


def test_every_setting_is_in_the_guide_and_none_else() -> None:
    text = GUIDE.read_text().partition("## Settings")[2].partition("Base numbers are")[0]
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", text, flags=re.MULTILINE))
    assert documented == {str(key) for key in INSTALLATION.schema}
