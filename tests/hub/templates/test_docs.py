"""The page about templates names every function, filter and test, and every limit."""

import re
from pathlib import Path

from hub.automation.templated.validation import _SCHEMAS
from hub.templates import limits
from hub.templates.environment import environment
from hub.templates.syntax import NOT_HERE

TEXT = (Path(__file__).parents[3] / "docs/templates.md").read_text()
NAMED = set(re.findall(r"`([a-z_0-9]+)`", TEXT))


def test_every_name_is_documented() -> None:
    known = environment()
    names = {*known.globals, *known.filters, *known.tests} | NOT_HERE
    assert sorted(name for name in names if name.isidentifier() and name not in NAMED) == []


def test_every_field_of_an_entity_is_documented() -> None:
    fields = {str(key) for schema in _SCHEMAS.values() for key in schema.schema}
    assert sorted({*fields, *_SCHEMAS} - NAMED) == []


def test_every_limit_is_documented() -> None:
    table = TEXT.partition("## Limits")[2].partition("\n## ")[0].replace(",", "")
    values = [
        value
        for name, value in vars(limits).items()
        if name.startswith("MAX_") and name != "MAX_SPENT"
    ]
    assert [value for value in values if str(value) not in table] == []
