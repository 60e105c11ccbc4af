"""`hub completion`: the script that lets a shell complete commands, types and keys."""

import sys

import click

from hub.cli.output import note

HOW = {
    "bash": "add to ~/.bashrc:  source <(hub completion bash)",
    "zsh": "add to ~/.zshrc, after compinit:  source <(hub completion zsh)",
    "fish": "hub completion fish > ~/.config/fish/completions/hub.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(HOW)))
def completion(shell: str) -> None:
    """Print the completion script of a shell."""
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    from hub.cli.app import COMPLETE, app

    class Bash(BashComplete):
        """Bash without a look at its version: the script says itself when it is too old."""

        @staticmethod
        def _check_version() -> None:
            """Start no other program only to print a text."""

    made = {"bash": Bash, "zsh": ZshComplete, "fish": FishComplete}[shell]
    click.echo(made(app, {}, "hub", COMPLETE).source(), nl=False)
    if sys.stdout.isatty():
        note(f"# {HOW[shell]}")
