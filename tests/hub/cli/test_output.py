"""Tables, JSON and YAML of values as the hub sends them."""

import json

import pytest
import yaml

from hub.cli.output import as_json, as_yaml, cell, clean, table, width
from hub.cli.resources import differences, outline


def test_columns_are_as_wide_as_what_is_in_them() -> None:
    rows = [{"key": "a", "status": {"phase": "in_sync"}}, {"key": "long key", "status": None}]
    shown = table(
        rows, {"KEY": "key", "PHASE": "status.phase", "UP": lambda row: row["key"].upper()}
    )
    assert shown.splitlines() == [
        "KEY       PHASE    UP",
        "a         in_sync  A",
        "long key  -        LONG KEY",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        ("", "-"),
        ([], "-"),
        (0, "0"),
        (True, "yes"),
        (["a", "b"], "a, b"),
        ({"sealed": True}, "(sealed)"),
        ({"sealed": True, "changed": True}, "(sealed, changed)"),
        ({"a": 1}, '{"a": 1}'),
        ("two\nlines", "two lines"),
        ("\x1b[2Jgone", "\N{REPLACEMENT CHARACTER}[2Jgone"),
    ],
)
def test_cells(value: object, shown: str) -> None:
    assert cell(value) == shown


def test_only_what_steers_is_taken_out() -> None:
    assert clean("ünï名前 \u200d 👍") == "ünï名前 \u200d 👍"
    assert clean("a\x00\x9b\u202e\ud800b") == "a" + "\N{REPLACEMENT CHARACTER}" * 4 + "b"
    assert clean("a\nb\tc", lines=True) == "a\nb c"
    assert (width("名前"), width("e\u0301"), width("abc")) == (4, 1, 3)


def test_json_and_yaml_say_the_same() -> None:
    value = {
        "text": "two\nlines\n",
        "evil": "\x1b\x9b",
        "n": 1.5,
        "none": None,
        "list": [{"a": True}],
    }
    assert json.loads(as_json(value)) == value
    assert yaml.safe_load(as_yaml(value)) == value
    assert "\x9b" not in as_json(value) + as_yaml(value)
    assert "text: |\n  two\n  lines\n" in as_yaml(value)


def test_a_spec_as_an_outline() -> None:
    spec = {
        "name": "Home",
        "empty": {},
        "none": [],
        "words": ["a", "b"],
        "zones": [{"name": "kitchen", "deep": {"a": 1}}, {"name": "hall"}],
        "password": {"sealed": True},
    }
    assert outline(spec) == (
        'name: Home\nempty: {}\nnone: []\nwords: ["a", "b"]\nzones:\n  - name: kitchen\n'
        "    deep:\n      a: 1\n  - name: hall\npassword: (sealed)"
    )


def test_differences_show_each_side() -> None:
    diff = [
        {"path": "a", "after": 1},
        {"path": "b", "before": "21"},
        {"path": "c", "before": 21, "after": "21"},
        {"path": "d", "after": [{"name": "kitchen", "about": "x" * 80}]},
    ]
    assert differences(diff) == (
        '  + a: 1\n  - b: "21"\n  ~ c: 21 -> "21"\n'
        f"  + d:\n  +   - name: kitchen\n  +     about: {'x' * 80}"
    )
