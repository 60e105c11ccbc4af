"""All tests of a configuration: played one after the other, told in lines or as JUnit XML."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from hub.automation.rehearsal.files import Case, collect
from hub.automation.rehearsal.house import Written
from hub.automation.rehearsal.play import Outcome, play
from hub.errors import ConfigError

if TYPE_CHECKING:
    from hub.config.settings import Settings


class Suite:
    """The tests of one configuration, read and checked."""

    def __init__(self, config_dir: Path, paths: Sequence[Path] = ()) -> None:
        """Read all; raises `ConfigError` with every mistake in it."""
        from hub.config import load
        from hub.resources.check import check

        self.settings: Settings = load(config_dir)
        problems = list(check(config_dir))
        self.written = Written(config_dir)
        self.cases, trouble = collect(config_dir, paths)
        if problems or trouble:
            raise ConfigError(sorted({*problems, *trouble}, key=lambda it: (it.file, it.line or 0)))

    def chosen(self, words: str | None = None) -> list[Case]:
        """Return the tests whose name or file has all these words."""
        wanted = (words or "").casefold().split()
        return [
            case
            for case in self.cases
            if all(word in f"{case.name} {case.file}".casefold() for word in wanted)
        ]

    async def play(
        self, cases: Iterable[Case], told: Callable[[Outcome], object] = lambda _outcome: None
    ) -> list[Outcome]:
        """Play tests one after the other; `told` hears of each as it ends."""
        outcomes = []
        for case in cases:
            if case.skip is not None:
                outcome = Outcome(case)
            else:
                outcome = await play(case, self.settings, self.written)
            outcomes.append(outcome)
            told(outcome)
        return outcomes

    def run(
        self, cases: Iterable[Case], told: Callable[[Outcome], object] = lambda _outcome: None
    ) -> list[Outcome]:
        """Play tests in a loop of their own."""
        return asyncio.run(self.play(cases, told))


def counted(outcomes: Sequence[Outcome]) -> str:
    """Return `N passed, M failed[, K skipped]`."""
    skipped = len([one for one in outcomes if one.case.skip is not None])
    failed = len([one for one in outcomes if not one.passed])
    line = f"{len(outcomes) - failed - skipped} passed, {failed} failed"
    return f"{line}, {skipped} skipped" if skipped else line


def told(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the outcomes as plain data."""
    return {
        "passed": len([one for one in outcomes if one.passed and one.case.skip is None]),
        "failed": len([one for one in outcomes if not one.passed]),
        "skipped": len([one for one in outcomes if one.case.skip is not None]),
        "tests": [
            {
                "name": one.case.name,
                "file": one.case.file,
                "line": one.case.line,
                "outcome": _outcome(one),
                "reason": one.case.skip,
                "failures": one.failures,
                "notes": one.notes,
                "seconds": round(one.seconds, 3),
            }
            for one in outcomes
        ],
    }


def _outcome(one: Outcome) -> str:
    if one.case.skip is not None:
        return "skipped"
    return "passed" if one.passed else "failed"


def junit(outcomes: Sequence[Outcome]) -> str:
    """Return the outcomes as JUnit XML."""
    failed = len([one for one in outcomes if not one.passed])
    skipped = len([one for one in outcomes if one.case.skip is not None])
    seconds = sum(one.seconds for one in outcomes)
    counts = f'tests="{len(outcomes)}" failures="{failed}" skipped="{skipped}"'
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<testsuite name="hub automation test" {counts} time="{seconds:.3f}">',
    ]
    for one in outcomes:
        name, file = quoteattr(one.case.name), quoteattr(one.case.file)
        begin = f'  <testcase name={name} classname={file} time="{one.seconds:.3f}"'
        if one.case.skip is not None:
            lines.append(f"{begin}><skipped message={quoteattr(one.case.skip)}/></testcase>")
        elif one.passed:
            lines.append(f"{begin}/>")
        else:
            text = escape(_clean("\n".join(one.failures)))
            first = quoteattr(_clean(one.failures[0].splitlines()[0]))
            lines.append(f"{begin}><failure message={first}>{text}</failure></testcase>")
    return "\n".join([*lines, "</testsuite>", ""])


def _clean(text: str) -> str:
    """Leave out what XML can not hold."""
    return "".join(char for char in text if char in "\n\t" or ord(char) >= 32)
