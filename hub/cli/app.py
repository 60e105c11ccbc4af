"""The `hub` command: what it can do and how it says that something went wrong.

Commands are made with click, not typer: typer imports pydantic for every option it reads.
A command adds one line to COMMANDS; its module is imported only when it is called.
"""

import os
import sys
from typing import Final

import click

from hub.cli.errors import INTERRUPTED, PIPE_CLOSED, USAGE, CliError
from hub.cli.group import Entry, LazyGroup
from hub.const import VERSION

COMMANDS: Final = {
    "run": Entry("hub.cli.commands.run:run", "Run the hub in the foreground."),
    "init": Entry("hub.cli.commands.init:init", "Make the first owner and print a token."),
    "audit": Entry("hub.cli.commands.audit:audit", "Show and prove the audit log."),
    "check-config": Entry("hub.cli.commands.check_config:check_config", "Check the configuration."),
    "secrets": Entry("hub.cli.commands.secrets:secrets", "Keys that seal secrets."),
}


def _version(context: click.Context, parameter: click.Parameter, asked: bool) -> None:
    del parameter
    if asked:
        click.echo(f"hub {VERSION}")
        context.exit()


app = LazyGroup(
    "hub",
    entries=COMMANDS,
    help="One process that runs a house and its machine room.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="Say the version.",
        )
    ],
)


def main() -> None:
    """Run the command line; exits with the status of the command."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit status; an expected failure is told in two lines."""
    try:
        status = app.main(arguments, prog_name="hub", standalone_mode=False)
        sys.stdout.flush()
    except CliError as error:
        return _tell(error)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        return _tell(CliError(error.format_message(), _help_of(error), status=error.exit_code))
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # Nobody reads any more; what is left in the buffer goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    return status if isinstance(status, int) else 0


def _help_of(error: click.ClickException) -> str | None:
    """Return the command that explains what was used wrongly."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    return None if context is None else f"see {context.command_path} --help"


def _tell(error: CliError) -> int:
    from hub.cli.output import clean

    click.echo(f"error: {clean(error.message, lines=True)}", err=True)
    if error.hint:
        click.echo(f"hint: {clean(error.hint, lines=True)}", err=True)
    return error.status


if __name__ == "__main__":
    main()
