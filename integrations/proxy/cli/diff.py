"""`hub proxy diff`: the configuration that a deploy would bring, tested by the servers."""

from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli.sdk import FAILED, CliError, clean, emit, note, options, paint, read_spec, write
from integrations.proxy.cli.names import PLACED, SERVER, ask, complete_deployed, resolve

if TYPE_CHECKING:
    from hub.cli.sdk import Client

KINDS = (*PLACED, SERVER, "proxy.access_list")

EXAMPLES: Final = "\b\nExamples:\n  hub proxy diff blog\n  hub proxy diff host/blog -f blog.yaml\n"


@click.command(epilog=EXAMPLES)
@click.argument("name", shell_complete=complete_deployed)
@click.option("-f", "--file", metavar="FILE", help="Try this spec instead of the stored one.")
@options.output
@options.hub
def diff(client: "Client", name: str, file: str | None, output: str) -> None:
    """Show what a deploy of NAME would change, server by server, without changing anything.

    Every server tests the candidate with its own nginx. Exit status: 0 it would work, 1 a server
    refuses it or can not be asked.
    """
    if file is not None:
        full = _named(client, name)
        fields: dict[str, Any] = {"resource": full, "spec": read_spec(full, file)}
    else:
        full = resolve(client, name, KINDS)
        fields = {"resource": full}
    servers = ask(client, "dry_run", fields)["servers"]
    if output != "table":
        emit({"resource": full, "servers": servers}, output)
    else:
        _tell(full, servers)
    bad = [key for key, found in servers.items() if not found["ok"]]
    if bad:
        first = servers[bad[0]]
        words = first["error"] or "; ".join(_words(flaw) for flaw in first["flaws"])
        raise CliError(f"{full} on {', '.join(bad)}: {words}", status=FAILED)


def _named(client: "Client", name: str) -> str:
    """Return the id of what a file holds: it needs no resource of that name yet."""
    kind, slash, _ = name.partition("/")
    if slash:
        return name if "." in kind else f"proxy.{name}"
    try:
        return resolve(client, name, KINDS)
    except CliError:
        return f"proxy.host/{name}"


def _tell(id: str, servers: dict[str, dict[str, Any]]) -> None:
    """Write each different diff once, with the servers it is for."""
    if not servers:
        note(f"{id} is on no server")
    together: dict[tuple[str, str], list[str]] = {}
    for key, found in servers.items():
        notes = "\n".join(f"note: {_words(item)}" for item in found["notes"])
        together.setdefault((found["diff"], notes), []).append(key)
    for (text, notes), keys in together.items():
        write(paint(clean(f"# {', '.join(keys)}"), "bold"))
        if notes:
            write(clean(notes, lines=True))
        if not text and all(servers[key]["ok"] for key in keys):
            write("nothing would change")
        for line in text.splitlines():
            write(paint(clean(line.replace("\t", "    ")), _colour(line)))


def _colour(line: str) -> str:
    if line.startswith(("+++", "---")):
        return "bold"
    return {"+": "green", "-": "red", "@": "yellow"}.get(line[:1], "")


def _words(flaw: dict[str, str]) -> str:
    place = f"{flaw['field']}: " if flaw["field"] else ""
    return f"{flaw['part']}: {place}{flaw['message']}"
