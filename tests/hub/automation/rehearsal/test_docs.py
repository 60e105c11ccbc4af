"""The examples of the page on rehearsal are what the command takes, and do what it says."""

import re
from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol

from hub.automation.rehearsal import files, given
from hub.automation.rehearsal.play import play
from hub.automation.rehearsal.suite import Suite

TEXT = (Path(__file__).parents[4] / "docs/rehearsal.md").read_text()
BLOCKS = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", TEXT, re.DOTALL))


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """The configuration that the page writes."""
    (tmp_path / "hub.yaml").write_text("automation: !include automations.yaml\n")
    (tmp_path / "tests").mkdir()
    for name, text in BLOCKS.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_every_block_has_a_name() -> None:
    assert TEXT.count("```yaml\n") == len(BLOCKS)


async def test_the_tests_of_the_page_pass(house: Path) -> None:
    suite = Suite(house, [house / "tests" / "hall.yaml"])
    outcomes = await suite.play(suite.cases)
    assert [one.failures for one in outcomes] == [[], []]


async def test_the_failure_that_the_page_shows(house: Path) -> None:
    file = house / "tests" / "hall.yaml"
    file.write_text(
        file.read_text().replace("data: {brightness_pct: 60}", "data: {brightness_pct: 80}")
    )
    suite = Suite(house, [file])
    outcome = await play(suite.cases[0], suite.settings, suite.written)
    (failure,) = outcome.failures
    shown = TEXT.partition("FAILED   light for five minutes")[2].partition("```")[0]
    for line in (*failure.splitlines()[1:], *outcome.notes[:2]):
        assert line in shown, line


def test_all_keys_are_taken_and_shown(house: Path) -> None:
    (whole, skipped) = Suite(house, [house / "tests" / "keys.yaml"]).cases
    assert skipped.skip is not None
    assert set(whole.given) == keys(given.GIVEN)
    assert {step["kind"] for step in whole.steps} == set(files.STEPS)
    for step in whole.steps:
        wanted = {str(key) for key in files.STEPS[step["kind"]]}
        assert wanted <= set(step), step
    assert whole.expect is not None
    assert set(whole.expect) | {"not_called"} == keys(files.EXPECTED)


@pytest.mark.parametrize(
    ("chapter", "known"),
    [
        ("### `given`", given.GIVEN),
        ("### `steps`", files.STEPS),
        ("### `expect`", files.EXPECTED),
    ],
    ids=["given", "steps", "expect"],
)
def test_every_key_is_explained(chapter: str, known: Any) -> None:
    text = TEXT.partition(f"\n{chapter}\n")[2].partition("\n### ")[0]
    assert [key for key in keys(known) if not re.search(rf"`{key}[`:]", text)] == []


def keys(schema: Any) -> set[str]:
    return {str(key.schema if isinstance(key, vol.Marker) else key) for key in schema}
