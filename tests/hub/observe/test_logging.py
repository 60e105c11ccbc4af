"""The log: levels for all and for single names."""

import logging
from collections.abc import Iterator

import pytest

from hub.observe.logging import setup


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    logging.getLogger("hub.quiet").setLevel(logging.NOTSET)


def test_single_names_have_their_own_level(capsys: pytest.CaptureFixture[str]) -> None:
    setup("info", {"hub.quiet": "error"})
    logging.getLogger("hub.loud").info("heard")
    logging.getLogger("hub.quiet").warning("not heard")
    written = capsys.readouterr().err
    assert written.endswith("INFO hub.loud: heard\n")
    assert "not heard" not in written


def test_a_journal_has_its_own_times(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    setup()
    logging.getLogger("hub.loud").info("heard")
    assert capsys.readouterr().err == "INFO hub.loud: heard\n"
