"""The checks of `hub doctor`: each yields findings and changes nothing."""

from collections.abc import Callable, Iterator
from typing import Final

from hub.cli.checks import folders, running
from hub.cli.checks.patient import Finding, Patient

Check = Callable[[Patient], Iterator[Finding]]

CHECKS: Final[tuple[Check, ...]] = (
    folders.config,
    folders.folder,
    folders.keys,
    folders.database,
    folders.disk,
    folders.clock,
    running.port,
    running.login,
    running.hub,
    running.health,
    running.page,
)
"""In the order of the report."""

__all__ = ["CHECKS", "Check", "Finding", "Patient"]
