"""`hub doctor`: what is wrong with this hub and what to do, also when it does not run."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import click

from hub.cli import options
from hub.cli.checks import CHECKS, Check, Finding, Patient
from hub.cli.errors import FAILED
from hub.cli.output import as_json, as_yaml, clean, paint, write

COLOURS: Final = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@options.config
@click.option(
    "--data",
    metavar="DIR",
    type=options.FOLDER,
    help="The hub's data folder.  [default: HUB_DATA, else .data]",
)
@options.output
def doctor(config: Path, data: Path | None, output: str) -> None:
    """Check configuration, folders, database, disk, clock and the running hub.

    Each line is ok, warn or fail with what to do; exit 1 when one fails.
    """
    findings = list(_examine(Patient(config, data), CHECKS))
    if output != "table":
        found = [finding._asdict() for finding in findings]
        write(as_json(found) if output == "json" else as_yaml(found).rstrip("\n"))
    else:
        for finding in findings:
            level = paint(f"{finding.level:<4}", COLOURS[finding.level])
            write(f"{level}  {finding.name:<14} {clean(finding.message)}")
            if finding.hint and finding.level != "ok":
                write(f"{'':20} -> {clean(finding.hint)}")
    if any(finding.level == "fail" for finding in findings):
        raise click.exceptions.Exit(FAILED)


def _examine(patient: Patient, found: Iterable[Check]) -> Iterator[Finding]:
    """Run every check; one that breaks is a finding itself."""
    for check in found:
        try:
            yield from check(patient)
        except Exception as error:  # noqa: BLE001 - a doctor goes on
            yield Finding("fail", check.__name__, f"the check itself failed: {error!r}")
