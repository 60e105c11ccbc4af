"""`hub proxy import`: read what another proxy has, show what it would be, and write it."""

import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli.sdk import USAGE, CliError, complete, options, taking
from integrations.proxy.cli.taking import Wanted, take

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.cli.sdk import Client
    from integrations.proxy.importing.options import Options
    from integrations.proxy.importing.result import Imported

MODES: Final = ("report", "read", "acme")

NPM: Final = (
    "\b\nExamples:\n"
    "  hub proxy import npm /srv/npm --server edge\n"
    "  hub proxy import npm database.sqlite --group all --certificates read --write\n"
    "  hub proxy import npm export.json --server edge -f npm.yaml --report report.txt\n"
)
NGINX: Final = (
    "\b\nExamples:\n"
    "  hub proxy import nginx /etc/nginx --server edge\n"
    "  ssh web1 sudo nginx -T | hub proxy import nginx - --server web1\n"
    "  hub proxy import nginx copy/etc/nginx --root copy --server edge --write\n"
)
SERVER: Final = (
    "\b\nExamples:\n"
    "  hub proxy import server /etc/nginx/hub\n"
    "  ssh web1 cat /etc/nginx/hub/current/manifest.json | hub proxy import server -\n"
)


@click.group("import")
def import_() -> None:
    """Take over the hosts of Nginx Proxy Manager, of an nginx, or of the hub's own releases.

    Without --write nothing is changed: what would be made is shown, with a report of all that can
    not be taken over. All of it is written, or nothing.
    """


def _options(command: Any) -> Any:
    """Add what all three take."""
    for option in reversed(
        (
            click.option(
                "--server", "servers", metavar="KEY", multiple=True,
                shell_complete=complete.keys_of("proxy.server"), help="Serve all of it here.",
            ),
            click.option(
                "--group", metavar="KEY", shell_complete=complete.keys_of("proxy.group"),
                help="Serve all of it on this group.",
            ),
            click.option("--prefix", metavar="TEXT", default="", help="Begin every key with it."),
            click.option(
                "--certificates", type=click.Choice(MODES), default="report", show_default=True,
                help="Files of certificates: only tell, take them over, or issue all anew.",
            ),
            click.option("--email", metavar="MAIL", default="", help="For the ACME authority."),
            click.option(
                "--directory", metavar="URL", default="",
                help="Of the ACME authority.  [default: Let's Encrypt]",
            ),
            click.option(
                "--passwords", metavar="FILE", help="Lines of user:password, for known hashes."
            ),
            taking.options,
        )
    ):  # fmt: skip
        command = option(command)
    return command


@import_.command(epilog=NPM)
@click.argument("path", metavar="PATH", type=click.Path())
@_options
def npm(client: "Client", path: str, **given: Any) -> None:
    """Read Nginx Proxy Manager: database.sqlite, its data folder, or answers of its API.

    The answers are one JSON object, or a folder with proxy-hosts.json, redirection-hosts.json,
    dead-hosts.json, streams.json, access-lists.json, certificates.json. The database is opened
    for reading alone; passwords of its access lists are in it and come along.
    """

    def read(chosen: "Options") -> "Imported":
        from integrations.proxy.importing.npm import read as read_rows
        from integrations.proxy.importing.npm_source import read as read_source

        return read_rows(read_source(Path(path)), chosen)

    _take(client, read, given)


@import_.command(epilog=NGINX)
@click.argument("path", metavar="PATH|-", type=click.Path(allow_dash=True))
@click.option(
    "--root", metavar="DIR", type=options.FOLDER, help="PATH is part of a copy that begins here."
)
@_options
def nginx(client: "Client", path: str, root: Path | None, **given: Any) -> None:
    """Read an nginx: nginx.conf, its folder, or (-, or a file) what `nginx -T` printed.

    What is not understood is told with file and line. Foreign files stay as they are: take the
    old sites away when the new ones serve.
    """

    def read(chosen: "Options") -> "Imported":
        from integrations.proxy.importing.nginx import read as read_tree
        from integrations.proxy.importing.sources import Dump, Folder, is_dump

        if path == "-":
            return read_tree(Dump(sys.stdin.read()), chosen)
        if root is None and (text := is_dump(Path(path))) is not None:
            return read_tree(Dump(text), chosen)
        return read_tree(Folder(Path(path), root), chosen)

    _take(client, read, given)


@import_.command(epilog=SERVER)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@_options
def server(client: "Client", paths: tuple[str, ...], **given: Any) -> None:
    """Read the hub's own releases back: what a server serves outlives the hub's data.

    PATH is the folder `base` of a proxy.server (or a copy of it), a manifest.json, or - for one
    on standard input. Without --server everything is placed where it was.
    """

    def read(chosen: "Options") -> "Imported":
        from integrations.proxy.importing.own import Found, look, parsed
        from integrations.proxy.importing.own import read as read_manifests

        found = [
            Found("standard input", parsed(sys.stdin.buffer.read(), "-"), None)
            if path == "-"
            else look(Path(path))
            for path in paths
        ]
        return read_manifests(found, chosen)

    _take(client, read, given, placed=True)


def _take(
    client: "Client",
    read: "Callable[[Options], Imported]",
    given: dict[str, Any],
    *,
    placed: bool = False,
) -> None:
    """Read, check, show and write; `placed`: what is read says itself where it belongs."""
    if not placed and not given["servers"] and not given["group"]:
        raise CliError(
            "say where it is to be served: --server or --group",
            "see `hub get proxy.server`; make one with `hub put`",
            status=USAGE,
        )
    own = {field.name: given.pop(field.name) for field in fields(Wanted)}
    take(client, read, Wanted(**own), taking.Wanted(**given))
