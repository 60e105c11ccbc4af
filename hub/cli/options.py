"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path, typer.Option("--config", metavar="DIR", help="Folder with hub.yaml.", envvar="HUB_CONFIG")
]
Data = Annotated[
    Path,
    typer.Option("--data", metavar="DIR", help="Folder for what the hub keeps.", envvar="HUB_DATA"),
]
