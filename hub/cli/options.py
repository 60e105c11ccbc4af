"""Options that several commands share."""

from pathlib import Path
from typing import Any

import click

from hub.cli.output import FORMATS

FOLDER = click.Path(path_type=Path, file_okay=False)

config = click.option(
    "--config",
    metavar="DIR",
    type=FOLDER,
    default=Path("config"),
    envvar="HUB_CONFIG",
    show_default=True,
    help="Folder with hub.yaml.",
)
data = click.option(
    "--data",
    metavar="DIR",
    type=FOLDER,
    default=Path(".data"),
    envvar="HUB_DATA",
    show_default=True,
    help="Folder for what the hub keeps.",
)
"""For commands that open the folder themselves; those that ask a running hub take `hub`."""

output = click.option(
    "-o",
    "--output",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    show_default=True,
    help="Form of the answer.",
)
yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


def hub(command: Any) -> Any:
    """Add `--data` and hand the command a `client` that connects when it is first used."""
    return click.option(
        "--data",
        "client",
        metavar="DIR",
        callback=_client,
        help="Ask the hub of this data folder, whatever HUB_URL and the stored login say.",
    )(command)


def _client(context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    del context, parameter
    from hub.cli.client import Client

    return Client(None if value is None else Path(value))
