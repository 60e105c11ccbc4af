"""Home Assistant's sections of hub.yaml as resources."""

from pathlib import Path

import pytest

from hub.config import house
from hub.resources.check import check


def write(folder: Path, **files: str) -> Path:
    """Write `name.yaml` files."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_lists_and_mappings_become_documents(tmp_path: Path) -> None:
    write(
        tmp_path,
        hub="automation: !include automations.yaml\nautomation more:\n  alias: Größe\n"
        "script:\n  a: {sequence: []}\n  b:\nscene: []\ntimer:\nhub: {name: x}\n",
        automations="- id: '1700'\n  alias: x\n- alias: No id\n",
    )
    documents, problems, files = house.read(tmp_path)
    assert problems == []
    assert {item.id for item in documents} == {
        "hub.automation/1700",
        "hub.automation/no_id",
        "hub.automation/grosse",
        "hub.script/a",
        "hub.script/b",
    }
    assert {Path(name).name for name in files} == {"hub.yaml", "automations.yaml"}
    first = next(item for item in documents if item.id.endswith("/1700"))
    assert (Path(first.file or "").name, first.line) == ("automations.yaml", 1)
    assert first.places is not None
    assert first.places["alias",][1] == 2


@pytest.mark.parametrize(
    ("hub", "line", "words"),
    [
        ("automation: 3\n", 1, "expected a list"),
        ("script:\n  - a\n", 1, "key: fields"),
        ("automation:\n  - triggers: []\n", 2, "id or an alias"),
        ("automation:\n  - 5\n", 2, "expected its fields"),
        ("automation:\n  - alias: a\n  - alias: A\n", 3, "given twice"),
        ("timer:\n  a: 5\n", 2, "expected its fields"),
    ],
    ids=["no list", "no mapping", "nameless", "no fields", "twice", "a number"],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, hub: str, line: int, words: str
) -> None:
    _documents, (problem,), _files = house.read(write(tmp_path, hub=hub))
    assert problem.line == line
    assert words in problem.message


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    assert house.read(tmp_path)[:2] == ([], [])


def test_mistakes_inside_are_found_without_a_hub(tmp_path: Path) -> None:
    write(
        tmp_path,
        hub="automation: !include automations.yaml\n",
        automations="- alias: One\n  trigger:\n    - platform: state\n      entity_id: light.a\n"
        "      too: 1\n  action:\n    - delay: soon\n",
    )
    found = [(Path(item.file).name, item.line) for item in check(tmp_path)]
    assert found == [("automations.yaml", 5), ("automations.yaml", 7)]
