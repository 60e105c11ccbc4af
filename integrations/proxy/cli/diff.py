"""`hub proxy diff`: what a deploy would bring, tested by the servers, and what was done by hand."""

from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli.sdk import FAILED, CliError, clean, emit, note, options, paint, read_spec, write
from integrations.proxy.cli.names import PLACED, SERVER, ask, complete_deployed, resolve

if TYPE_CHECKING:
    from hub.cli.sdk import Client

KINDS = (*PLACED, SERVER, "proxy.access_list")

EXAMPLES: Final = (
    "\b\nExamples:\n  hub proxy diff blog\n"
    "  hub proxy diff host/blog -f blog.yaml\n  hub proxy diff edge\n"
)


@click.command(epilog=EXAMPLES)
@click.argument("name", shell_complete=complete_deployed)
@click.option("-f", "--file", metavar="FILE", help="Try this spec instead of the stored one.")
@options.output
@options.hub
def diff(client: "Client", name: str, file: str | None, output: str) -> None:
    """Show what a deploy of NAME would change, server by server, without changing anything.

    Every server tests the candidate with its own nginx. For a server, what was changed by hand
    there is shown below. Exit status: 0 it would work, 1 a server refuses it or can not be asked.
    """
    if file is not None:
        full = _named(client, name)
        fields: dict[str, Any] = {"resource": full, "spec": read_spec(full, file)}
    else:
        full = resolve(client, name, KINDS)
        fields = {"resource": full}
    servers = ask(client, "dry_run", fields)["servers"]
    bad = [key for key, found in servers.items() if not found["ok"]]
    kind, _, key = full.partition("/")
    told: dict[str, Any] = {"resource": full, "servers": servers}
    if kind == SERVER and not any(servers[key]["error"] for key in bad):
        told["by_hand"] = ask(client, "drift", {"server": key})
    if output != "table":
        emit(told, output)
    else:
        _tell(full, servers)
        if "by_hand" in told:
            _tell_by_hand(key, told["by_hand"])
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
        _tell_diff(text)


def _tell_by_hand(key: str, found: dict[str, Any]) -> None:
    """Write what is not as it was deployed, file by file."""
    files = found["files"]
    words = f"{key}: changed by hand" if files else f"{key}: nothing was changed by hand"
    write(paint(clean(f"# {words}"), "bold"))
    for file in files:
        said = f": {file['note']}" if file["note"] else ""
        write(paint(clean(f"{file['path']} ({file['how']}){said}"), "yellow"))
        _tell_diff(file["diff"] or "")


def _tell_diff(text: str) -> None:
    for line in text.removesuffix("\n").split("\n") if text else ():
        write(paint(clean(line.replace("\t", "    ")), _colour(line)))


def _colour(line: str) -> str:
    if line.startswith(("+++", "---")):
        return "bold"
    return {"+": "green", "-": "red", "@": "yellow"}.get(line[:1], "")


def _words(flaw: dict[str, str]) -> str:
    place = f"{flaw['field']}: " if flaw["field"] else ""
    return f"{flaw['part']}: {place}{flaw['message']}"
