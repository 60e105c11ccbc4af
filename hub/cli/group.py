"""Groups of commands that import a command's module only when it is called."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click

from hub.cli.errors import CliError


class Entry(NamedTuple):
    """One command: where it lives and the line that `--help` shows without importing it."""

    target: str
    """`module:attribute` of a `click.Command` or `click.Group`."""
    help: str


class LazyGroup(click.Group):
    """A group whose commands are a table of names."""

    def __init__(
        self,
        *args: Any,
        entries: Mapping[str, Entry],
        more: Callable[[], Mapping[str, Entry]] = dict,
        **kwargs: Any,
    ) -> None:
        """Offer the commands of `entries` beside those that are added as objects.

        `more` looks for further ones: asked when a name is none of `entries`, or all are wanted.
        """
        super().__init__(*args, **kwargs)
        self.entries = entries
        self._more = more

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        more = [name for name in self._more() if name not in self.entries]
        return [*self.entries, *super().list_commands(ctx), *more]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            known = super().get_command(ctx, cmd_name)
            entry = self._more().get(cmd_name) if known is None else None
            if entry is None:
                return known
            return _foreign(cmd_name, entry)
        return _load(cmd_name, entry)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table alone."""
        del ctx
        rows = [(name, entry.help) for name, entry in self.entries.items()]
        for name, command in self.commands.items():
            rows.append((name, command.get_short_help_str(formatter.width)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)
        more = [
            (name, entry.help) for name, entry in self._more().items() if name not in self.entries
        ]
        if more:
            with formatter.section("Of integrations"):
                formatter.write_dl(more)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command when there is none of this name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            if near:
                raise click.UsageError(f"{error} Did you mean {near[0]!r}?", ctx) from None
            raise


def _load(name: str, entry: Entry) -> click.Command:
    module, _, attribute = entry.target.partition(":")
    command = getattr(import_module(module), attribute)
    if not isinstance(command, click.Command):
        raise TypeError(f"{entry.target} is not made with click.command or click.group")
    command.name = name
    return command


def _foreign(name: str, entry: Entry) -> click.Command:
    """Load what others wrote: a mistake in it is told like any other."""
    try:
        return _load(name, entry)
    except (ImportError, AttributeError, TypeError) as error:
        raise CliError(f"the commands of {name} can not be loaded: {error}") from error


class DefaultGroup(click.Group):
    """A group that runs one of its commands when none is named."""

    def __init__(self, *args: Any, default: str, **kwargs: Any) -> None:
        """Run the command `default`."""
        super().__init__(*args, **kwargs)
        self.default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default before options that are not the group's own."""
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        own = {option for parameter in self.get_params(ctx) for option in parameter.opts}
        if not args or (args[0].startswith("-") and args[0] not in own):
            args = [self.default, *args]
        return super().parse_args(ctx, args)
