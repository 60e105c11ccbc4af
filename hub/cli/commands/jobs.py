"""`hub jobs`: long operations, running and ended."""

import time
from typing import TYPE_CHECKING, Any

import click

from hub.cli import complete, follow, options
from hub.cli.group import DefaultGroup
from hub.cli.output import Columns, clean, emit, note, paint, pairs, when, write
from hub.cli.resources import COLOURS
from hub.cli.wire import quote

if TYPE_CHECKING:
    from hub.cli.client import Client

STATES = ("queued", "running", "done", "failed", "cancelled", "interrupted")


@click.group(cls=DefaultGroup, default="list")
def jobs() -> None:
    """Show and steer long operations; without a command: list them."""


@jobs.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only these.")
@click.option("--target", metavar="TYPE/KEY", help="Only those of this target.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@options.output
@options.hub
def list_jobs(
    client: "Client", state: str | None, target: str | None, limit: int, output: str
) -> None:
    """List jobs, newest first."""
    found = client.get("/api/jobs", state=state, target=target, limit=limit)
    if output == "table" and not found:
        note("no jobs")
        return
    columns: Columns = {
        "ID": "id",
        "STARTED": lambda row: when(row["created_at"]),
        "KIND": "kind",
        "TARGET": "target",
        "STATE": "state",
        "DONE": lambda row: "-" if row["progress"] is None else f"{row['progress']:.0%}",
        "MESSAGE": _message,
    }
    emit(found, output, columns)


@jobs.command()
@click.argument("job_id", shell_complete=complete.job)
@options.output
@options.hub
def show(client: "Client", job_id: str, output: str) -> None:
    """Show one job."""
    job = client.get(_path(job_id))
    if output != "table":
        emit(job, output)
        return
    told = {
        "id": job["id"],
        "kind": job["kind"],
        "target": job["target"],
        "state": job["state"],
        "done": None if job["progress"] is None else f"{job['progress']:.0%}",
        "message": job["message"],
        "error": (job["error"] or {}).get("message"),
        "result": job["result"],
        "started": when(job["created_at"]),
        "ended": when(job["finished_at"]) if job["finished_at"] else None,
        "user": job["user_id"],
    }
    lines = pairs({key: value for key, value in told.items() if value is not None})
    write(lines.replace(job["state"], paint(job["state"], COLOURS.get(job["state"], "")), 1))


@jobs.command()
@click.argument("job_id", shell_complete=complete.job)
@click.option("-f", "--follow", "following", is_flag=True, help="Go on until the job ends.")
@options.output
@options.hub
def log(client: "Client", job_id: str, following: bool, output: str) -> None:
    """Show the log of a job; with --follow exit 1 when the job fails."""
    after = 0
    while True:
        # The state is read before the lines: what was logged before the end is not missed.
        job = client.get(_path(job_id)) if following else None
        lines = client.get(f"{_path(job_id)}/log", after=after)
        if output != "table":
            if lines or not following:
                emit(lines, output)
        else:
            for line in lines:
                write(f"{when(line['at'])} {clean(line['line'])}")
        after = lines[-1]["seq"] if lines else after
        if job is None:
            return
        if job["state"] in follow.ENDED:
            follow.ended(job)
            return
        time.sleep(0.3)


@jobs.command()
@click.argument("job_id", shell_complete=complete.job)
@click.option("--wait/--no-wait", default=True, help="Wait for its end.  [default: wait]")
@options.output
@options.hub
def cancel(client: "Client", job_id: str, wait: bool, output: str) -> None:
    """End a job at its next safe point."""
    client.post(f"{_path(job_id)}/cancel")
    if not wait:
        note(f"job {job_id} ends at its next safe point")
        return
    job = follow.job(client, job_id, 600)
    if output != "table":
        emit(job, output)
    else:
        reason = (job["error"] or {}).get("message")
        write(clean(f"job {job_id} {job['state']}" + (f": {reason}" if reason else "")))


def _path(job_id: str) -> str:
    return f"/api/jobs/{quote(job_id)}"


def _message(job: dict[str, Any]) -> Any:
    return (job["error"] or {}).get("message") or job["message"]
