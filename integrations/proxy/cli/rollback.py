"""`hub proxy rollback`: serve an earlier release of a server again."""

from typing import TYPE_CHECKING, Final

import click

from hub.cli.sdk import CliError, confirm, emit, note, options
from integrations.proxy.cli.following import follow, tell
from integrations.proxy.cli.names import SERVER, ask, complete_server, resolve

if TYPE_CHECKING:
    from hub.cli.sdk import Client

EXAMPLES: Final = (
    "\b\nExamples:\n  hub proxy rollback edge\n  hub proxy rollback edge --to r000012-1f3a09bc\n"
)


@click.command(epilog=EXAMPLES)
@click.argument("server", shell_complete=complete_server)
@click.option("--to", "release", metavar="RELEASE", help="Which one; else the one before.")
@options.yes
@click.option("--wait/--no-wait", default=True, help="Wait for the end.  [default: wait]")
@click.option(
    "--timeout", metavar="SECONDS", type=click.FloatRange(0), default=600, show_default=True
)
@options.output
@options.hub
def rollback(
    client: "Client",
    server: str,
    release: str | None,
    yes: bool,
    wait: bool,
    timeout: float,
    output: str,
) -> None:
    """Serve a release that the server still keeps, and prove it.

    The resources stay as they are: the next deploy brings them again. Which releases there are
    tells `hub proxy status SERVER`.
    """
    full = resolve(client, server, (SERVER,))
    key = full.partition("/")[2]
    found = ask(client, "status", {})["servers"].get(key) or {}
    kept = [name for name in found.get("releases", ()) if name != found.get("release")]
    if release is not None and found.get("releases") and release not in found["releases"]:
        raise CliError(f"{key} has no release {release}", f"it keeps {', '.join(kept) or 'none'}")
    now = found.get("release") or "what it serves now"
    confirm(f"Let {key} serve {release or 'the release before'} instead of {now}?", yes)
    fields = {"server": key} if release is None else {"server": key, "release": release}
    job = ask(client, "rollback", fields)["job_id"]
    if not wait:
        emit({"job_id": job}, output)
        return
    ended = follow(client, {full: job}, timeout)
    tell(dict(ended), output)
    if output == "table":
        result = ended[full].get("result") or {}
        note(f"{key} serves {result.get('release', 'the release before')}")
