"""Mistakes in definition files are told with file and line, whoever reads them."""

from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import pytest

from hub.resources.check import check
from integrations.modbus.mapping import library
from tests.peers.hub import run_hub

HEAD = """\
modbus.definition/meter:
  name: Meter
  blocks:
    - table: holding
      first: 1
      registers:
        power:
          address: 1
          type: float32
        mode: {address: 3, enum: {0: off, 1: heat, 2: cool}, write: {}}
        state:
          address: 4
          enum:
            0: idle
            1: busy
  entities:
    - {kind: sensor, register: power}
    - kind: select
      register: mode
"""

Lines = Callable[[str], list[tuple[int | None, str]]]


@pytest.fixture
def lines(tmp_path: Path) -> Lines:
    """Return what checks a file: line and message of every problem."""
    (tmp_path / "hub.yaml").write_text("{}\n")
    folder = tmp_path / "resources"
    folder.mkdir()

    def run(text: str) -> list[tuple[int | None, str]]:
        path = folder / "meters.yaml"
        path.write_text(text)
        found = check(tmp_path)
        assert {problem.file for problem in found} <= {str(path)}
        return [
            (problem.line, problem.message.removeprefix("modbus.definition/meter: "))
            for problem in found
        ]

    return run


def test_a_sound_file(lines: Lines) -> None:
    assert lines(HEAD) == []


MISTAKES = [
    ("type: float32", "type: float31", 9, "type: expected one of bool, uint16, int16"),
    ("type: float32", "type: float32\n          scale: 0", 10, "scale: a scale of 0"),
    ("type: float32", "type: float32\n          offset: .inf", 10, "offset: expected a finite"),
    ("type: float32", "type: float32\n          bit: 1", 9, "type: a single bit is a bool"),
    ("address: 3", "address: 2", 10, "mode.address: overlaps power"),
    ("address: 4", "address: 70000", 12, "state.address: ends at 69999 on the wire"),
    ("address: 4", "address: 4\n          exponent: power", 13, "exponent is for numbers"),
    ("1: busy", "3: busy", 13, "state.enum: no label for 1, 2; add it"),
    ("1: busy", "1: idle", 15, "state.enum.1: 'idle' stands for 0 already"),
    ("1: busy", "70000: busy", 15, "state.enum.70000: does not fit"),
    ("first: 1", "first: 40001", 8, "power.address: lies before `first` of its block"),
    ("table: holding", "table: input", 10, "mode.write: input can not be written"),
    ("register: power", "register: energy", 17, "entities.0.register: there is no register"),
    ("register: mode", "register: state", 19, "entities.1.register: state is not written"),
    ("register: mode", "register: mode\n      colour: red", 20, "colour: there is no such field"),
    ("register: mode", "register: power", 19, "entities.1.register: power is not written"),
    ("name: Meter", "nam: Meter", 2, "nam: there is no such field; did you mean name?"),
]


@pytest.mark.parametrize(("right", "wrong", "line", "message"), MISTAKES)
def test_the_line_of_a_mistake(
    lines: Lines, right: str, wrong: str, line: int, message: str
) -> None:
    found = lines(HEAD.replace(right, wrong, 1))
    assert any(at == line and message in told for at, told in found), found


def test_every_mistake_of_a_file_at_once(lines: Lines) -> None:
    text = HEAD.replace("type: float32", "type: float32\n          scale: 0")
    text = text.replace("1: busy", "2: busy").replace("register: power", "register: nothing")
    assert [line for line, _ in lines(text)] == [10, 14, 18]


@pytest.mark.parametrize("name", library.names())
def test_a_shipped_definition_is_a_sound_file_of_a_user(lines: Lines, name: str) -> None:
    assert lines("modbus.definition/meter:\n" + indent(library.text(name), "  ")) == []


def test_hub_check_config_says_it(tmp_path: Path) -> None:
    (tmp_path / "hub.yaml").write_text("{}\n")
    path = tmp_path / "resources" / "meters.yaml"
    path.parent.mkdir()
    path.write_text(HEAD.replace("address: 3", "address: 2"))
    done = run_hub("check-config", "--config", str(tmp_path))
    assert done.returncode == 2
    assert f"{path}:10: modbus.definition/meter: blocks.0.registers.mode.address" in done.stderr
    assert "overlaps power" in done.stderr
