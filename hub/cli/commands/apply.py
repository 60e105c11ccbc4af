"""`hub apply`: make the world match, from files or as it is stored."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli import complete, follow, options
from hub.cli.ask import confirm
from hub.cli.errors import FAILED, USAGE, CliError
from hub.cli.output import emit, note, write
from hub.cli.resources import change_line, counted, differences, id_of, path

if TYPE_CHECKING:
    from hub.cli.client import Client


@click.command()
@click.argument("id", metavar="[TYPE/KEY]", required=False, shell_complete=complete.full_resource)
@click.option(
    "-f",
    "--file",
    "files",
    metavar="FILE|DIR",
    multiple=True,
    help="Resources as `type/key: fields`; - = standard input.",
)
@click.option("--prune", is_flag=True, help="Delete what came from these files and is in none.")
@click.option("--dry-run", is_flag=True, help="Show what would change, write nothing.")
@options.yes
@click.option("--wait/--no-wait", default=True, help="Wait until all is live.  [default: wait]")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(0),
    default=600,
    show_default=True,
    help="The longest wait.",
)
@options.output
@options.hub
def apply(
    client: "Client",
    id: str | None,
    files: tuple[str, ...],
    prune: bool,
    dry_run: bool,
    yes: bool,
    wait: bool,
    timeout: float,
    output: str,
) -> None:
    """Write the resources of files and wait until they are live; or repair TYPE/KEY now.

    All files are checked before anything is written, and all of it is written, or nothing. Exit
    status: 0 all is live, 1 something failed, 2 wrong usage or files.
    """
    if (id is None) == (not files):
        raise CliError("name either TYPE/KEY or files with -f", status=USAGE)
    if id is not None:
        if prune or dry_run:
            raise CliError(
                "--prune and --dry-run belong to -f", f"see `hub plan {id}`", status=USAGE
            )
        _reconcile(client, id, wait, timeout, output)
        return
    _write(client, files, prune, dry_run, yes, timeout if wait else None, output)


def _write(
    client: "Client",
    files: Sequence[str],
    prune: bool,
    dry_run: bool,
    yes: bool,
    timeout: float | None,
    output: str,
) -> None:
    """Write files: show, ask, write, follow."""
    from hub.cli.documents import STDIN, read

    documents = read(files)
    body: dict[str, Any] = {"documents": documents.wire}
    if prune:
        if STDIN in files:
            raise CliError("--prune needs files: standard input has no folder", status=USAGE)
        body["prune"] = [str(Path(name).resolve()) for name in files]
    with documents.placed():
        changes = send(client, body, yes=yes, dry_run=dry_run, output=output)
    if timeout is not None and changes:
        finish(client, changes, timeout)


def send(
    client: "Client", body: dict[str, Any], *, yes: bool, dry_run: bool, output: str
) -> list[dict[str, Any]]:
    """Show what documents would change, ask, write them; return what was changed."""
    would = client.post("/api/resources", body, dry_run=True)
    changing = [change for change in would if change["action"] != "unchanged"]
    same = len(would) - len(changing)
    if output == "table" or not dry_run:
        for change in changing:
            _tell(change_line(change, would=True), output)
            if change["diff"]:
                _tell(differences(change["diff"]), output)
        if same:
            _tell(f"{same} unchanged", output)
    if dry_run or not changing:
        if output != "table":
            emit(would, output)
        return []
    confirm(f"Write {counted(len(changing), 'change')}?", yes)
    changes = client.post("/api/resources", body)
    if output != "table":
        emit(changes, output)
    else:
        for change in changes:
            if change["action"] != "unchanged":
                write(change_line(change))
    return [change for change in changes if change["action"] != "unchanged"]


def finish(client: "Client", changes: Sequence[dict[str, Any]], timeout: float) -> None:
    """Wait until changes are live; exit 1 with the reasons when some are not."""
    failed = follow.settled(client, changes, timeout)
    for resource in failed:
        status = resource["status"]
        note(f"{id_of(resource)} {status['phase']}: {status['message']}")
    if failed:
        count = len(failed)
        raise CliError(
            f"{count} of {len(changes)} {'is' if count == 1 else 'are'} not live",
            f"see `hub get {id_of(failed[0])}` and `hub jobs`; the hub tries again by itself",
            status=FAILED,
        )
    note("all is live")


def _reconcile(client: "Client", id: str, wait: bool, timeout: float, output: str) -> None:
    """Make the world match one stored resource now."""
    started = client.post(path(id, "apply"))
    job_id = (started or {}).get("job_id")
    if job_id is None:
        emit(None, output) if output != "table" else note(f"{id}: nothing to do")
        return
    if not wait:
        emit({"job_id": job_id}, output)
        return
    job = follow.job(client, job_id, timeout)
    if output != "table":
        emit(job, output)
    follow.ended(job)
    if output == "table":
        write(f"{id} applied")


def _tell(text: str, output: str) -> None:
    """Write to standard output, or beside it when that carries JSON or YAML."""
    write(text) if output == "table" else note(text)
