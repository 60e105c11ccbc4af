"""What an import does with what was read: the report, a file, or the hub."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hub.cli.sdk import (
    FAILED,
    USAGE,
    CliError,
    as_yaml,
    clean,
    counted,
    finish,
    note,
    send,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.cli.sdk import Client
    from integrations.proxy.importing.options import Options
    from integrations.proxy.importing.result import Imported

TITLES: Final = {
    "left_out": "Not taken over",
    "do": "To do",
    "note": "Done another way",
}
STDOUT: Final = "-"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of an import."""

    servers: tuple[str, ...]
    group: str | None
    prefix: str
    certificates: str
    email: str
    directory: str
    passwords: str | None
    file: str | None
    report: str | None
    notes: bool
    write: bool
    yes: bool
    wait: bool
    timeout: float
    output: str


def take(client: "Client", read: "Callable[[Options], Imported]", wanted: Wanted) -> None:
    """Read, check against the schema, tell, and write what is left."""
    from integrations.proxy.importing.check import checked
    from integrations.proxy.importing.result import Unreadable

    if wanted.write and wanted.file is not None:
        raise CliError("--write and -f are two ways: choose one", status=USAGE)
    try:
        found = checked(read(_chosen(wanted)))
    except Unreadable as error:
        raise CliError(str(error), status=USAGE) from None
    _report(found, wanted)
    if not found.documents:
        raise CliError("there is nothing to take over", "see the report", status=FAILED)
    if wanted.file is not None:
        _to_file(found, wanted.file)
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


def _chosen(wanted: Wanted) -> "Options":
    from integrations.proxy.importing.certificates import Mode
    from integrations.proxy.importing.options import Options
    from integrations.proxy.importing.result import Placement

    return Options(
        Placement(tuple(wanted.servers), wanted.group),
        Mode(wanted.certificates),
        wanted.email,
        wanted.directory,
        wanted.prefix,
        _passwords(wanted.passwords),
    )


def _passwords(name: str | None) -> dict[str, str]:
    """Read lines of `user:password`."""
    if name is None:
        return {}
    try:
        lines = Path(name).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise CliError(
            f"{name}: {getattr(error, 'strerror', None) or error}", status=USAGE
        ) from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        user, colon, password = line.partition(":")
        if not line.strip() or line.startswith("#"):
            continue
        if not colon or not user or not password:
            raise CliError(f"{name}:{number}: expected user:password", status=USAGE)
        found[user] = password
    return found


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


def _to_file(found: "Imported", name: str) -> None:
    text = as_yaml(_plain(dict(found.documents)))
    if name == STDOUT:
        write(text.rstrip("\n"))
    else:
        _new_file(name, text)
    note(
        f"{counted(len(found.documents), 'resource')}; passwords and private keys are in it in "
        f"the clear. Write them with `hub apply -f {name}`"
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
