"""What is to be done, from what is wanted and what runs; pure, so tables test it."""

from collections.abc import Mapping
from typing import Any

from hub.sdk import Step

Spec = Mapping[str, Any]


def steps(wanted: Spec | None, running: Spec | None) -> list[Step]:
    """Return the steps from `running` to `wanted`; None = not to be, or not there."""
    if wanted == running:
        return []
    if wanted is None:
        return [Step("stop", "thermometer", f"stop asking {_place(running)}", running)]
    action, word = ("start", "ask") if running is None else ("change", "from now on ask")
    summary = f"{word} {_place(wanted)} every {wanted['interval']:g} s"
    return [Step(action, "thermometer", summary, running, wanted)]


def _place(spec: Spec | None) -> str:
    return "nothing" if spec is None else f"{spec['host']}:{spec['port']}"
