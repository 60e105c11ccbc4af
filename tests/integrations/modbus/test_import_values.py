"""Numbers of imported sensors: what Home Assistant's formula gives, for any words."""

import math
import struct
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integrations.modbus.mapping.models import Reason
from tests.integrations.modbus.home_assistant import (
    LETTERS,
    definition,
    entity,
    home_assistant,
    imported,
    shown,
    told,
    valid,
)

HUB = {"name": "h", "type": "tcp", "host": "192.0.2.7", "port": 502}


def sensors(*given: dict[str, Any], **platforms: Any) -> Any:
    """Import sensors, checked against the schemas."""
    hub = {**HUB, "sensors": list(given), **platforms}
    with TemporaryDirectory() as folder:
        return valid(imported(Path(folder), yaml.safe_dump({"modbus": [hub]})))


@st.composite
def readings(draw: st.DrawFn) -> tuple[dict[str, Any], list[int]]:
    kind = draw(st.sampled_from(sorted(LETTERS)))
    words = struct.calcsize(f">{LETTERS[kind]}") // 2
    spec: dict[str, Any] = {"data_type": kind}
    if draw(st.booleans()):
        swaps = ["byte", "word", "word_byte"] if words > 1 else ["byte"]
        spec["swap"] = draw(st.sampled_from(swaps))
    if draw(st.booleans()):
        spec["scale"] = draw(st.sampled_from([0.1, 0.01, 10, -1, 0.5, 2.5, 1e-3]))
    if draw(st.booleans()):
        spec["offset"] = draw(st.sampled_from([-40, 0.5, -273.16, 1000]))
    if draw(st.booleans()):
        spec["precision"] = draw(st.integers(0, 4))
    return spec, draw(st.lists(st.integers(0, 0xFFFF), min_size=words, max_size=words))


@settings(max_examples=100)
@given(readings())
@example(({"data_type": "int16", "scale": 0.1}, [215]))
@example(({"data_type": "int16", "scale": 0.5}, [5]))
@example(({"data_type": "float32"}, [0x7FC0, 0]))
def test_any_words_give_the_same_number(reading: tuple[dict[str, Any], list[int]]) -> None:
    spec, words = reading
    found = sensors({"name": "x", "address": 5, **spec})
    ours, theirs = shown(found, "h_1", "x", words), home_assistant(spec, words)
    if theirs is None or (isinstance(theirs, float) and math.isinf(theirs)):
        assert isinstance(ours, Reason)
    else:
        # Home Assistant calculates with doubles, also where a number has more digits.
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("swap", ["none", "byte"])
def test_texts(swap: str) -> None:
    found = sensors({"name": "x", "address": 5, "data_type": "string", "count": 3, "swap": swap})
    text = b"Ab12cd"
    words = [int.from_bytes(text[at : at + 2], "big" if swap == "none" else "little")
             for at in (0, 2, 4)]  # fmt: skip
    spec = {"data_type": "string", "swap": swap}
    assert shown(found, "h_1", "x", words) == home_assistant(spec, words) == "Ab12cd"


@pytest.mark.parametrize(
    ("kind", "nan", "words"),
    [
        ("uint16", 0xFFFF, [0xFFFF]),
        ("uint16", "0xFFFF", [0xFFFF]),
        ("uint16", "65535", [0xFFFF]),
        ("int16", 0x8000, [0x8000]),  # -32768 is minus 32768
        ("int16", -5, [5]),
        ("uint32", 0x80000000, [0x8000, 0]),
        ("float32", 1000, [0x447A, 0]),
    ],
)
def test_words_without_a_value(kind: str, nan: Any, words: list[int]) -> None:
    found = sensors({"name": "x", "address": 5, "data_type": kind, "nan_value": nan})
    assert shown(found, "h_1", "x", words) is Reason.SENTINEL
    assert not isinstance(shown(found, "h_1", "x", [0x0102] * len(words)), Reason)
    assert told(found, "left_out") == []


def test_a_nan_value_that_never_was_is_told() -> None:
    found = sensors({"name": "x", "address": 5, "nan_value": "0xFFFF"})
    assert shown(found, "h_1", "x", [0xFFFF]) == -1
    [line] = told(found, "left_out")
    assert (line.message, line.todo) == (
        "sensor x: no int16 is 0xFFFF: it had no effect",
        "write `invalid: [0xffff]` at its register if these words are meant",
    )


def test_several_in_a_row() -> None:
    spec = {"name": "Cell", "address": 30, "virtual_count": 2, "data_type": "uint32",
            "swap": "word", "unique_id": "Cell-A", "scale": 0.5, "precision": 1}  # fmt: skip
    found = sensors(spec)
    for number, address in ((0, 30), (1, 32), (2, 34)):
        name = "cell" if number == 0 else f"cell_{number}"
        item = entity(found, name)
        assert item["key"] == ("cell_a" if number == 0 else f"cell_a_{number}")
        assert definition(found, "h_1").by_key[item["register"]].address == address
        assert shown(found, "h_1", item["register"], [3, 1]) == home_assistant(spec, [3, 1])


@pytest.mark.parametrize(
    ("structure", "words", "values"),
    [
        (">i", [0xFFFF, 0xFFFE], [-2]),
        ("<I", [0x0100, 0x0200], [int.from_bytes(b"\1\0\2\0", "little")]),
        ("=f", [0x0000, 0xC841], [25.0]),
        ("i", [0x0500, 0x0000], [5]),
        (">hHf", [0xFFFF, 0xFFFF, 0x4248, 0], [-1, 65535, 50]),
        (">2H", [1, 2], [1, 2]),
        (">xxh", [9, 7], [7]),
        (">bB", [0xFE05], [-2, 5]),
        (">4sH", [0x4162, 0x3132, 3], ["Ab12", 3]),
        ("@hi", [0x0100, 0, 0x0200, 0], [1, 2]),
    ],
)
def test_custom_structures(structure: str, words: list[int], values: list[Any]) -> None:
    spec = {"name": "x", "address": 10, "data_type": "custom", "structure": structure,
            "count": len(words)}  # fmt: skip
    found = sensors(spec)
    made = definition(found, "h_1")
    names = ["x"] if len(values) == 1 else [f"x_{at}" for at in range(1, len(values) + 1)]
    registers = [made.by_key[entity(found, name)["register"]] for name in names]
    for register, value in zip(registers, values, strict=True):
        part = words[register.address - 10 : register.end - 10]
        assert shown(found, "h_1", register.key, part) == value
    assert [it.level for it in told(found, "do")] == ["do"] * (len(values) > 1)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"data_type": "custom", "structure": ">q", "count": 1}, "count says 2"),
        ({"data_type": "custom", "structure": ">Bh", "count": 2}, "middle of a word"),
        ({"data_type": "custom", "structure": ">3s", "count": 2}, "begin and end with a word"),
        ({"data_type": "custom", "structure": ">P", "count": 4}, "structure"),
        ({"data_type": "custom", "structure": ">cc", "count": 1}, "no number"),
        ({"data_type": "custom", "structure": ">", "count": 1}, "no value"),
        ({"data_type": "custom", "structure": "!!", "count": 1}, "structure"),
        ({"data_type": "custom", "structure": ">h "}, ""),
        ({"data_type": "string"}, "count is missing"),
        ({"data_type": "int8"}, "data_type 'int8' is not known"),
        ({"data_type": "int", "count": 3}, "with count 3"),
        ({"scale": 0}, "scale of 0"),
        ({"scale": "much"}, "scale is no number"),
        ({"precision": 30}, "precision 30 is not between 0 and 10"),
        ({"nan_value": "none"}, "nan_value 'none' is no number"),
        ({"swap": "both"}, "swap 'both'"),
        ({"address": -1}, "address -1 is not between"),
        ({"address": "here"}, "address is no whole number"),
        ({"slave": 300}, "slave 300 is not between 0 and 255"),
        ({"input_type": "coil"}, "input_type 'coil'"),
        ({"data_type": "float64", "address": 65534}, "beyond 65535"),
    ],
)
def test_what_does_not_fit_is_told_and_the_rest_stays(spec: dict[str, Any], words: str) -> None:
    found = sensors({"name": "x", "address": 5, **spec}, {"name": "good", "address": 77})
    assert shown(found, "h_1", "good", [3]) == 3
    lines = [str(item) for item in found.findings if "sensor x" in item.message]
    assert any(words in line for line in lines) or not words


@pytest.mark.parametrize("kind", ["int", "uint", "float"])
def test_types_of_older_releases(kind: str) -> None:
    sizes = {
        "int": ["int16", "int32"],
        "uint": ["uint16", "uint32"],
        "float": ["float16", "float32"],
    }
    for count, new in enumerate(sizes[kind], 1):
        found = sensors({"name": "x", "address": 5, "data_type": kind, "count": count})
        assert definition(found, "h_1").by_key["x"].type == new


def test_what_changes_values_and_is_not_done_here_is_told() -> None:
    spec = {"min_value": 0, "max_value": 90.5, "zero_suppress": 2, "lazy_error_count": 3}
    found = sensors({"name": "x", "address": 5, **spec})
    assert [item.message for item in told(found, "left_out")] == [
        "sensor x: lazy_error_count is unknown to Home Assistant since 2024",
        "sensor x: min_value: what is below is shown as it is, not as 0",
        "sensor x: max_value: what is above is shown as it is, not as 90.5",
        "sensor x: zero_suppress: what is within 2 of 0 is shown as it is, not as 0",
    ]
    assert shown(found, "h_1", "x", [0xFFFD]) == -3
