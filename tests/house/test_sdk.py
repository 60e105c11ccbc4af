"""The page that integrations import: its names change only on purpose."""

import hub.sdk
from tests.house.names import SDK


def test_names_are_pinned() -> None:
    assert sorted(hub.sdk.__all__) == sorted(SDK), (
        "changed on purpose? then change tests/house/names.py"
    )


def test_every_name_is_there_and_has_a_docstring() -> None:
    for name in hub.sdk.__all__:
        thing = getattr(hub.sdk, name)
        assert thing.__doc__, f"hub.sdk.{name} has no docstring"
