"""What an import does with what was read: the report, a file, or the hub."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli import options as shared
from hub.cli.commands.apply import finish, send
from hub.cli.errors import FAILED, USAGE, CliError
from hub.cli.output import as_yaml, clean, note, write
from hub.cli.resources import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.cli.client import Client
    from hub.util.findings import Imported

TITLES: Final = {
    "left_out": "Not taken over",
    "do": "To do",
    "note": "Done another way",
}
STDOUT: Final = "-"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done with what was read: the values of `options`."""

    file: str | None
    report: str | None
    notes: bool
    write: bool
    yes: bool
    wait: bool
    timeout: float
    output: str


def options(command: Any) -> Any:
    """Add what all imports take, and a `client`."""
    for option in reversed(
        (
            click.option(
                "-f", "--file", "--out", "file", metavar="FILE", help="Write a new file; - = out."
            ),
            click.option("--report", metavar="FILE", help="Write the report into a new file."),
            click.option("--notes", is_flag=True, help="Tell also what is done another way."),
            click.option(
                "--write/--dry-run", "--apply", "write", default=False,
                help="Write the resources.  [default: dry-run]",
            ),
            shared.yes,
            click.option(
                "--wait/--no-wait", default=True, help="Wait until all is live.  [default: wait]"
            ),
            click.option(
                "--timeout", metavar="SECONDS", type=click.FloatRange(0), default=600,
                show_default=True,
            ),
            shared.output,
            shared.hub,
        )
    ):  # fmt: skip
        command = option(command)
    return command


def take(
    client: "Client", read: "Callable[[], Imported]", wanted: Wanted, *, warning: str = ""
) -> None:
    """Read, tell, and write what was read; `warning` is what to know of a file of it."""
    from hub.util.findings import Unreadable

    if wanted.write and wanted.file is not None:
        raise CliError("--write and -f are two ways: choose one", status=USAGE)
    try:
        found = read()
    except Unreadable as error:
        raise CliError(str(error), status=USAGE) from None
    _report(found, wanted)
    if not found.documents:
        raise CliError("there is nothing to take over", "see the report", status=FAILED)
    if wanted.file is not None:
        _to_file(found, wanted.file, warning)
        return
    documents = [{"id": name, "spec": spec} for name, spec in found.documents.items()]
    changes = send(
        client,
        {"documents": documents},
        yes=wanted.yes,
        dry_run=not wanted.write,
        output=wanted.output,
    )
    if not wanted.write:
        words = counted(len(documents), "resource")
        note(f"nothing was changed: {words} with --write, or into a file with -f FILE")
    elif wanted.wait and changes:
        finish(client, changes, wanted.timeout)


def _report(found: "Imported", wanted: Wanted) -> None:
    """Tell what was found, and what is not in the documents."""
    lines: list[str] = []
    for level, title in TITLES.items():
        told = [item for item in found.findings if item.level == level]
        if not told:
            continue
        if level == "note" and not wanted.notes and wanted.report is None:
            lines.append(f"{title}: {counted(len(told), 'note')}, see --notes")
            continue
        lines.append(f"{title} ({len(told)}):")
        lines += [f"  {clean(str(item))}" for item in told]
    if wanted.report is not None:
        _new_file(wanted.report, "\n".join([*lines, ""]))
        note(f"the report is in {wanted.report}")
    elif lines:
        note("\n".join(lines))
    kinds: dict[str, int] = {}
    for name in found.documents:
        kind = name.partition("/")[0]
        kinds[kind] = kinds.get(kind, 0) + 1
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    note(f"taken over: {counts or 'nothing'}")


def _to_file(found: "Imported", name: str, warning: str) -> None:
    text = as_yaml(_plain(dict(found.documents)))
    if name == STDOUT:
        write(text.rstrip("\n"))
    else:
        _new_file(name, text)
    told = f"; {warning}" if warning else ""
    note(
        f"{counted(len(found.documents), 'resource')}{told}. Write them with `hub apply -f {name}`"
    )


def _plain(value: Any) -> Any:
    """Return lists and mappings as YAML writes them."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _new_file(name: str, text: str) -> None:
    try:
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CliError(f"{name}: {error.strerror}", "name a new file", status=FAILED) from None
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
