"""`hub check-config`: every problem of a configuration as `file:line: message`."""

from pathlib import Path

import typer

from hub.cli.options import Config


def check_config(config: Config = Path("config")) -> None:
    """Check hub.yaml and all it includes; exit 2 with every problem, 0 when it is fine."""
    from hub.config import load
    from hub.errors import ConfigError

    try:
        settings = load(config)
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        count = len(error.problems)
        typer.echo(f"{count} {'problem' if count == 1 else 'problems'} in {config}", err=True)
        raise typer.Exit(2) from None
    loaded = ", ".join(sorted(settings.integrations)) or "none"
    typer.echo(f"{config / 'hub.yaml'} is fine: {settings.profile} profile, integrations: {loaded}")
