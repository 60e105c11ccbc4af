"""The examples of the reference are what the hub accepts."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.automation import validation
from hub.automation.conditions import CONDITIONS
from hub.automation.triggers import TRIGGERS

TEXT = (Path(__file__).parents[3] / "docs/automation-reference.md").read_text()


def chapter(name: str) -> str:
    return TEXT.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def examples(name: str) -> list[Any]:
    return [yaml.safe_load(it) for it in re.findall(r"```yaml\n(.*?)```", chapter(name), re.DOTALL)]


@pytest.mark.parametrize("example", examples("Triggers"), ids=lambda it: it[0]["trigger"])
def test_triggers(example: Any) -> None:
    assert validation.triggers(example)


@pytest.mark.parametrize("example", examples("Conditions"), ids=lambda _: "conditions")
def test_conditions(example: Any) -> None:
    assert validation.conditions(example["conditions"])


def test_every_kind_is_described() -> None:
    assert [name for name in TRIGGERS if f"`{name}`" not in chapter("Triggers")] == []
    assert [name for name in CONDITIONS if f"`{name}`" not in chapter("Conditions")] == []
