"""The `hub` command: what it can do and how it says that something went wrong.

Commands are made with click, not typer: typer imports pydantic for every option it reads.
A command adds one line to COMMANDS; its module is imported only when it is called. Integrations
bring groups of their own: see `plugins`.
"""

import os
import sys
from typing import Final

import click

from hub.cli.errors import INTERRUPTED, PIPE_CLOSED, USAGE, CliError
from hub.cli.group import Entry, LazyGroup
from hub.const import VERSION

COMPLETE: Final = "_HUB_COMPLETE"
"""The variable by which a shell's completion asks."""

COMMANDS: Final = {
    # the hub itself
    "run": Entry("hub.cli.commands.run:run", "Run the hub in the foreground."),
    "init": Entry("hub.cli.commands.init:init", "Make the first owner and print a token."),
    "check-config": Entry("hub.cli.commands.check_config:check_config", "Check the configuration."),
    "doctor": Entry("hub.cli.commands.doctor:doctor", "Look for what is wrong, with hints."),
    # resources
    "get": Entry("hub.cli.commands.get:get", "Show types, resources or one resource."),
    "put": Entry("hub.cli.commands.put:put", "Write one resource."),
    "edit": Entry("hub.cli.commands.edit:edit", "Change a resource in the editor."),
    "delete": Entry("hub.cli.commands.delete:delete", "Delete a resource."),
    "plan": Entry("hub.cli.commands.plan:plan", "Show what an apply would do outside."),
    "apply": Entry("hub.cli.commands.apply:apply", "Write files of resources; repair one now."),
    "history": Entry("hub.cli.commands.history:history", "Show past states, or revisions."),
    "diff": Entry("hub.cli.commands.revisions:diff", "Show what differs between revisions."),
    "rollback": Entry("hub.cli.commands.revisions:rollback", "Go back to an old revision."),
    "export": Entry("hub.cli.commands.transfer:export_", "Write all resources as one file."),
    "import": Entry("hub.cli.commands.transfer:import_", "Read what export wrote."),
    # what happens
    "states": Entry("hub.cli.commands.states:states", "Show the states of entities."),
    "stats": Entry("hub.cli.commands.stats:stats", "Show the statistics of an entity."),
    "logbook": Entry("hub.cli.commands.logbook:logbook", "Show what happened, in words."),
    "call": Entry("hub.cli.commands.call:call", "Call a service."),
    "watch": Entry("hub.cli.commands.watch:watch", "Show changes as they happen."),
    "automation": Entry(
        "hub.cli.commands.automation:automation", "Show, run and rehearse automations."
    ),
    "check-references": Entry(
        "hub.cli.commands.check_references:check_references", "Names that lead nowhere."
    ),
    "jobs": Entry("hub.cli.commands.jobs:jobs", "Show and steer long operations."),
    "logs": Entry("hub.cli.commands.logs:logs", "Warnings and errors of the hub."),
    "audit": Entry("hub.cli.commands.audit:audit", "Show and prove the audit log."),
    # people and keys
    "login": Entry("hub.cli.commands.login:login", "Log in to a hub that is elsewhere."),
    "users": Entry("hub.cli.commands.users:users", "Who may come in; the way back in."),
    "tokens": Entry("hub.cli.commands.tokens:tokens", "Show, make and end tokens."),
    "backup": Entry("hub.cli.commands.backup:backup", "Make, prove and restore backups."),
    "secrets": Entry("hub.cli.commands.secrets:secrets", "Keys that seal secrets."),
    "completion": Entry("hub.cli.commands.completion:completion", "Print what a shell completes."),
}
"""Name -> where the command lives, and its line in `hub --help`; in the order of the help."""


def _of_integrations() -> dict[str, Entry]:
    from hub.cli.plugins import found

    return found()


def _version(context: click.Context, parameter: click.Parameter, asked: bool) -> None:
    del parameter
    if asked:
        click.echo(f"hub {VERSION}")
        context.exit()


app = LazyGroup(
    "hub",
    entries=COMMANDS,
    more=_of_integrations,
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
    if (instruction := os.environ.get(COMPLETE)) is not None:
        from click.shell_completion import shell_complete

        return shell_complete(app, {}, "hub", COMPLETE, instruction)
    try:
        # click's own main would end on a closed pipe as if all were well.
        with app.make_context("hub", arguments) as context:
            app.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as error:
        return error.exit_code
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
    return 0


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
