"""`hub run`: the hub itself, in the foreground, until SIGTERM or Ctrl-C."""

from pathlib import Path

import click

from hub.cli import options


@click.command()
@options.config
@options.data
@click.option(
    "--port", metavar="N", type=click.IntRange(0, 65535), help="TCP port; wins over http.port."
)
@click.option("--host", metavar="ADDRESS", help="Address to listen on; wins over http.host.")
def run(config: Path, data: Path, port: int | None, host: str | None) -> None:
    """Run the hub in the foreground; exit 2 for a bad configuration, 1 when it can not start."""
    from hub.observe.logging import setup

    setup()
    from hub import bootstrap

    raise click.exceptions.Exit(bootstrap.run(config, data, port, host))
