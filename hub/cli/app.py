"""The `hub` command: what it can do and how it says that something went wrong."""

from typing import Annotated

import typer

from hub.cli.commands import check_config, init, run
from hub.const import VERSION

app = typer.Typer(
    name="hub",
    help="One process that runs a house and its machine room.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("run", short_help="Run the hub in the foreground.")(run.run)
app.command("init", short_help="Make the first owner and print a token.")(init.init)
app.command("check-config", short_help="Check the configuration.")(check_config.check_config)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"hub {VERSION}")
        raise typer.Exit


@app.callback()
def _hub(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def main() -> None:
    """Run the command line; exits with the status of the command."""
    app(prog_name="hub")


if __name__ == "__main__":
    main()
