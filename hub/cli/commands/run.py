"""`hub run`: the hub itself, in the foreground, until SIGTERM or Ctrl-C."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.options import Config, Data

Port = Annotated[
    int | None,
    typer.Option("--port", metavar="N", min=0, max=65535, help="TCP port; wins over http.port."),
]
Host = Annotated[
    str | None,
    typer.Option("--host", metavar="ADDRESS", help="Address to listen on; wins over http.host."),
]


def run(
    config: Config = Path("config"),
    data: Data = Path(".data"),
    port: Port = None,
    host: Host = None,
) -> None:
    """Run the hub in the foreground; exit 2 for a bad configuration, 1 when it can not start."""
    from hub.observe.logging import setup

    setup()
    from hub import bootstrap

    raise typer.Exit(bootstrap.run(config, data, port, host))
