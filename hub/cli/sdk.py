"""The one page that the `cli` of an integration imports: what a command needs of the house.

Such a command is an ordinary client of the API. It is imported when it is called, and what it
imports is paid by its own start alone.
"""

from hub.cli import complete, options, taking
from hub.cli.ask import confirm
from hub.cli.client import Client
from hub.cli.commands.apply import finish, send
from hub.cli.documents import Documents, load, read, read_spec
from hub.cli.errors import FAILED, USAGE, CliError
from hub.cli.follow import Progress, ended, job, line
from hub.cli.group import DefaultGroup, Entry, LazyGroup
from hub.cli.output import (
    Columns,
    as_json,
    as_yaml,
    clean,
    colours,
    emit,
    note,
    paint,
    pairs,
    table,
    when,
    write,
)
from hub.cli.resources import COLOURS, counted
from hub.cli.services import ask_service
from hub.cli.wire import quote

__all__ = [
    "COLOURS",
    "FAILED",
    "USAGE",
    "CliError",
    "Client",
    "Columns",
    "DefaultGroup",
    "Documents",
    "Entry",
    "LazyGroup",
    "Progress",
    "as_json",
    "as_yaml",
    "ask_service",
    "clean",
    "colours",
    "complete",
    "confirm",
    "counted",
    "emit",
    "ended",
    "finish",
    "job",
    "line",
    "load",
    "note",
    "options",
    "paint",
    "pairs",
    "quote",
    "read",
    "read_spec",
    "send",
    "table",
    "taking",
    "when",
    "write",
]
