"""From what is wanted and what runs to steps."""

from typing import Any

import pytest

from integrations._template.plan import steps

A = {"host": "a", "port": 4001, "interval": 30.0}
B = {"host": "b", "port": 4001, "interval": 5.0}


@pytest.mark.parametrize(
    ("wanted", "running", "summaries"),
    [
        (None, None, []),
        (A, A, []),
        (A, None, ["ask a:4001 every 30 s"]),
        (B, A, ["from now on ask b:4001 every 5 s"]),
        (None, A, ["stop asking a:4001"]),
    ],
)
def test_steps(
    wanted: dict[str, Any] | None, running: dict[str, Any] | None, summaries: list[str]
) -> None:
    found = steps(wanted, running)
    assert [step.summary for step in found] == summaries
    assert [(step.before, step.after) for step in found] == [(running, wanted) for _ in summaries]
