"""`hub proxy deploy`: bring resources to their servers now, and see how it goes."""

from typing import TYPE_CHECKING, Final

import click

from hub.cli.sdk import USAGE, CliError, emit, note, options
from integrations.proxy.cli.following import follow, tell
from integrations.proxy.cli.names import (
    DEPLOYED,
    PLACED,
    SERVER,
    ask,
    complete_deployed,
    resolve,
)

if TYPE_CHECKING:
    from hub.cli.sdk import Client

EXAMPLES: Final = (
    "\b\nExamples:\n"
    "  hub proxy deploy blog\n"
    "  hub proxy deploy server/edge redirect/old.example.com\n"
    "  hub proxy deploy --all -o json\n"
)


@click.command(epilog=EXAMPLES)
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=complete_deployed)
@click.option("--all", "everything", is_flag=True, help="Every server with all that it serves.")
@click.option("--wait/--no-wait", default=True, help="Wait for the end.  [default: wait]")
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
def deploy(
    client: "Client",
    names: tuple[str, ...],
    everything: bool,
    wait: bool,
    timeout: float,
    output: str,
) -> None:
    """Bring hosts, servers and what they use up to date, and show the log as it is written.

    NAME is a key, or TYPE/KEY. A candidate that nginx refuses changes nothing: what was served
    before goes on. Exit status: 0 all is proven live, 1 something is not.
    """
    if everything == bool(names):
        raise CliError("name what to deploy, or say --all", "see `hub proxy status`", status=USAGE)
    if everything:
        wanted = [
            f"{kind}/{item['key']}"
            for kind in (SERVER, *PLACED)
            for item in client.get(f"/api/resources/{kind}")
        ]
    else:
        wanted = list(dict.fromkeys(resolve(client, name, DEPLOYED) for name in names))
    if not wanted:
        note("there is nothing to deploy")
        return
    jobs = ask(client, "deploy", {"resource": wanted})["jobs"]
    if not wait:
        rows = [{"resource": name, "job": job} for name, job in jobs.items()]
        emit(rows, output, {"RESOURCE": "resource", "JOB": "job"})
        return
    ended = follow(client, {name: job for name, job in jobs.items() if job is not None}, timeout)
    tell({name: ended.get(name) for name in jobs}, output)
