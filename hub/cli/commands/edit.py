"""`hub edit`: a resource in the editor; what was typed is never lost."""

import os
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli import complete, options
from hub.cli.commands.put import send, show
from hub.cli.errors import FAILED, CliError
from hub.cli.output import as_yaml, clean, note
from hub.cli.resources import differences, path, split

if TYPE_CHECKING:
    from hub.cli.client import Client

MARK: Final = "#: "
"""Begins the lines that we write into the text and take out again."""

AGAIN: Final = ("conflict", "invalid_spec", "invalid_format", "not_found")
"""What the hub may refuse that another edit can mend."""


@click.command()
@click.argument("id", metavar="TYPE/KEY", shell_complete=complete.full_resource)
@click.option("--note", "why", metavar="TEXT", help="Why, for the history.")
@options.hub
def edit(client: "Client", id: str, why: str | None) -> None:
    """Change a resource in $VISUAL or $EDITOR; one that does not exist yet is made.

    What the hub refuses is opened again with the reasons as comments.
    """
    Edit(client, id, why).run()


class Edit:
    """One editing: the text, the revision that it began from, and the file it lies in."""

    def __init__(self, client: "Client", id: str, why: str | None) -> None:
        """Edit `id`."""
        split(id)
        self._client = client
        self._id = id
        self._why = why
        self._revision = 0
        self._file = Path()

    def run(self) -> None:
        """Edit until the hub takes it or the person gives up; raises `CliError`."""
        first = text = self._begin()
        self._file = _temporary(self._id)
        told, refused = self._greeting(), False
        try:
            while True:
                _write(self._file, told, text)
                _editor(self._file)
                edited = _plain(self._file.read_text(encoding="utf-8"))
                if edited == first and not refused:
                    self._file.unlink()
                    note("nothing was changed")
                    return
                if edited == text and refused:
                    raise CliError("given up: the text was not changed", self._kept())
                text = edited
                problem = self._try(text)
                if problem is None:
                    self._file.unlink()
                    return
                told, refused = problem, True
        except CliError as error:
            if error.hint is None or str(self._file) not in error.hint:
                kept = self._kept() if self._file.exists() else ""
                error.hint = "; ".join(part for part in (error.hint, kept) if part)
            raise
        except (click.Abort, KeyboardInterrupt):
            note(self._kept())
            raise

    def _begin(self) -> str:
        """Return the present spec as text, or a template for a resource that is not there."""
        try:
            found = self._client.get(path(self._id))
        except CliError as error:
            if error.code != "not_found":
                raise
            return self._template(error)
        if found["source"] == "file":
            line = "" if found["line"] is None else f":{found['line']}"
            raise CliError(
                f"{self._id} comes from {found['file']}{line}",
                "change it there; the hub applies the file by itself, or at `hub apply -f`",
            )
        self._revision = found["revision"]
        return as_yaml(found["spec"])

    def _template(self, error: CliError) -> str:
        """Return the fields of a type, those that may be left out as comments."""
        kind = split(self._id)[0]
        types = {item["resource_type"]: item for item in self._client.get("/api/resources")}
        if kind not in types:
            raise error
        lines = []
        for field in types[kind].get("form") or []:
            about = field.get("description")
            if about:
                lines.append(f"# {clean(about)}")
            value = as_yaml({field["name"]: field.get("default")}).rstrip("\n")
            value = value.replace(": null", ":")
            shown = (
                value if field.get("required") else "\n".join(map("# {}".format, value.split("\n")))
            )
            lines.append(f"{shown}  # {field['type']}" if "\n" not in shown else shown)
        return "\n".join(lines) + "\n"

    def _greeting(self) -> str:
        if self._revision:
            return (
                f"{self._id}, revision {self._revision}. Save and close the editor to write it;\n"
                "leave it unchanged to write nothing. {sealed: true} keeps a secret."
            )
        return f"{self._id} does not exist yet. Save and close the editor to create it."

    def _try(self, text: str) -> str | None:
        """Write the text to the hub; return what is to be said when it must be edited again."""
        try:
            spec = _parse(self._id, text)
        except ValueError as error:
            return f"This can not be read:\n{error}"
        try:
            change = send(self._client, self._id, spec, self._revision, note=self._why)
        except CliError as error:
            if error.code not in AGAIN:
                raise
            if error.code == "conflict":
                return self._conflict(error)
            return f"The hub refused this:\n{error.message}"
        show(change, "table")
        return None

    def _conflict(self, error: CliError) -> str:
        """Tell what somebody else changed; the next save writes over it."""
        try:
            found = self._client.get(path(self._id))
        except CliError:
            self._revision = 0
            return f"The hub refused this: {error.message}\nIt was deleted; saving makes it anew."
        changed = ""
        if self._revision:
            query = {"old": self._revision, "new": found["revision"]}
            changed = "\n" + differences(self._client.get(path(self._id, "diff"), **query))
        self._revision = found["revision"]
        return (
            f"The hub refused this: somebody changed it meanwhile, to revision {self._revision}."
            f"{changed}\nSave to write your text over that; leave it unchanged to give up."
        )

    def _kept(self) -> str:
        return f"your text is kept in {self._file}"


def _parse(id: str, text: str) -> dict[str, Any]:
    """Return the spec of a text; raises `ValueError` with line numbers of the text."""
    import yaml

    from hub.cli.documents import spec_of

    try:
        value = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    try:
        return spec_of(id, {} if value is None else value, "the text")
    except CliError as error:
        raise ValueError(error.message) from None


def _temporary(id: str) -> Path:
    """Make the file, readable by nobody else."""
    name = "".join(char if char.isalnum() else "-" for char in id)
    handle, file = tempfile.mkstemp(prefix=f"hub-{name}-", suffix=".yaml")
    os.close(handle)
    return Path(file)


def _write(file: Path, told: str, text: str) -> None:
    comment = "".join(f"{MARK}{clean(line)}\n" for line in told.splitlines())
    file.write_text(comment + text, encoding="utf-8")


def _plain(text: str) -> str:
    """Return the text without the lines that we added."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(MARK.rstrip()))


def _editor(file: Path) -> None:
    """Run the editor and wait for it; raises `CliError` when it fails."""
    import signal
    import subprocess

    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    # Ctrl-C in the editor is the editor's; a handler, unlike SIG_IGN, is not inherited.
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        done = subprocess.run(  # noqa: S603 - the person's own editor
            [*shlex.split(command), str(file)], check=False
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CliError(
            f"the editor {command!r} can not be run: {reason}", "set EDITOR to one that is there"
        ) from None
    finally:
        signal.signal(signal.SIGINT, before)
    if done.returncode != 0:
        raise CliError(
            f"the editor ended with status {done.returncode}: nothing was written", status=FAILED
        )
