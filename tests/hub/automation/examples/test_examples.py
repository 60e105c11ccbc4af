"""The examples do what their tests say, each a test of its own here."""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hub.automation import validation
from hub.automation.actions.schema import KINDS
from hub.automation.blueprints import substitute
from hub.automation.conditions import CONDITIONS
from hub.automation.rehearsal.play import play
from hub.automation.rehearsal.suite import Suite
from hub.automation.triggers import TRIGGERS, unsupported

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


class Kinds(Counter[str]):
    """Counts the kinds of triggers, conditions and actions that are loaded."""

    def count(self, name: str, spec: dict[str, Any]) -> None:
        """Add those of an automation or script, in the form that runs."""
        domain = name.partition("/")[0]
        filled = substitute(spec, domain.removeprefix("hub."), blueprint)
        if domain == "hub.automation":
            config = validation.automation(filled)
            self.update(f"trigger {one['trigger']}" for one in config["triggers"])
            self.conditions(config["conditions"])
            self.actions(config["actions"])
        elif domain == "hub.script":
            self.actions(validation.script(filled)["sequence"])

    def conditions(self, found: Any) -> None:
        """Add conditions, and those inside them."""
        for one in found:
            self[f"condition {one['condition']}"] += 1
            self.conditions(one.get("conditions", ()))

    def actions(self, value: Any) -> None:
        """Add actions and what is inside them, whatever holds it."""
        if isinstance(value, list):
            for item in value:
                self.actions(item)
        elif isinstance(value, dict):
            if "kind" in value:
                self[f"action {value['kind']}"] += 1
            if isinstance(value.get("trigger"), str):
                self[f"trigger {value['trigger']}"] += 1
            if isinstance(value.get("condition"), str):
                self.conditions([value])
                return
            for item in value.values():
                self.actions(item)


def blueprint(path: str) -> str:
    found = next(HERE.glob(f"*/blueprints/*/{path}"))
    return found.read_text()


NOT_HERE = {f"trigger {kind.name}" for kind in unsupported.KINDS} | {"condition zone"}
"""Kinds that Home Assistant has and that the hub refuses by name."""


def test_every_kind_is_shown() -> None:
    """Each trigger, condition and action that the hub has is in an example that is tested."""
    kinds = Kinds()
    for folder in FOLDERS:
        for name, spec in suite(folder).written.specs.items():
            kinds.count(name, dict(spec))
    known = {
        *(f"trigger {name}" for name in TRIGGERS),
        *(f"condition {name}" for name in CONDITIONS),
        *(f"action {name}" for name in (*KINDS, "condition")),
    }
    assert known - NOT_HERE - set(kinds) == set()


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
