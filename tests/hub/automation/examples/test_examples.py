"""The examples do what their tests say, each a test of its own here."""

from functools import cache
from pathlib import Path

import pytest

from hub.automation.rehearsal.play import play
from hub.automation.rehearsal.suite import Suite

HERE = Path(__file__).parent
FOLDERS = sorted(path.parent.name for path in HERE.glob("*/hub.yaml"))
AT_LEAST = 60


@cache
def suite(folder: str) -> Suite:
    return Suite(HERE / folder)


CASES = [
    pytest.param(folder, number, id=f"{folder}: {case.name}")
    for folder in FOLDERS
    for number, case in enumerate(suite(folder).cases)
]


@pytest.mark.parametrize(("folder", "number"), CASES)
async def test_example(folder: str, number: int) -> None:
    tests = suite(folder)
    outcome = await play(tests.cases[number], tests.settings, tests.written)
    assert outcome.passed, "\n".join([*outcome.failures, *outcome.notes])


def test_there_are_many() -> None:
    names = [name for folder in FOLDERS for name in suite(folder).written.specs]
    assert len([name for name in names if name.startswith("hub.automation/")]) >= AT_LEAST


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_automation_is_tested(folder: str) -> None:
    """Each is named in a test of its folder, or runs in all of them."""
    tests = suite(folder)
    named = {name for case in tests.cases for name in case.given.get("only", ())}
    if any("only" not in case.given for case in tests.cases):
        return
    keys = {
        str(spec.get("id", name.partition("/")[2]))
        for name, spec in tests.written.specs.items()
        if name.startswith("hub.automation/")
    }
    assert keys - named == set()
