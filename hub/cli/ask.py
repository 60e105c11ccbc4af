"""Questions at the terminal."""

import sys

import click

from hub.cli.errors import FAILED, CliError


def confirm(question: str, yes: bool) -> None:
    """Ask on a terminal, unless `yes`; in a script nobody is asked. Raises `CliError` on no."""
    if yes or not sys.stdin.isatty():
        return
    if not click.confirm(question, err=True):
        raise CliError("nothing was changed", status=FAILED)
