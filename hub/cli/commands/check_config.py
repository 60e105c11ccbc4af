"""`hub check-config`: every problem of a configuration as `file:line: message`."""

from pathlib import Path

import click

from hub.cli import options


@click.command()
@options.config
def check_config(config: Path) -> None:
    """Check hub.yaml, all it includes, and resources/; exit 2 with every problem, 0 when fine."""
    from hub.config import load
    from hub.errors import ConfigError
    from hub.resources.check import check

    problems = set(check(config))
    settings = None
    try:
        settings = load(config)
    except ConfigError as error:
        problems |= set(error.problems)
    if problems or settings is None:
        for problem in sorted(problems, key=lambda item: (item.file, item.line or 0)):
            click.echo(problem, err=True)
        count = len(problems)
        click.echo(f"{count} {'problem' if count == 1 else 'problems'} in {config}", err=True)
        raise click.exceptions.Exit(2)
    for warning in settings.warnings:
        click.echo(f"warning: {warning}", err=True)
    loaded = ", ".join(sorted(settings.integrations)) or "none"
    click.echo(f"{config / 'hub.yaml'} is fine: {settings.profile} profile, integrations: {loaded}")
