"""`hub modbus import`: read what another program has, show what it would be, and write it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli.sdk import USAGE, CliError, load, taking

if TYPE_CHECKING:
    from hub.cli.sdk import Client
    from integrations.modbus.importing.home_assistant import Source

LANDMARK: Final = "configuration.yaml"
"""What Home Assistant's folder holds: secrets and included files are looked for up to it."""
EXAMPLES: Final = (
    "\b\nExamples:\n"
    "  hub modbus import home-assistant /srv/ha/configuration.yaml\n"
    "  hub modbus import home-assistant packages/*.yaml -f modbus.yaml --report report.txt\n"
    "  hub modbus import home-assistant configuration.yaml --write\n"
)


@click.group("import")
def import_() -> None:
    """Take over the Modbus devices of another program.

    Without --write nothing is changed: what would be made is shown, with a report of all that is
    not taken over or means something else. All of it is written, or nothing.
    """


@import_.command("home-assistant", epilog=EXAMPLES)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--prefix", metavar="TEXT", default="", help="Begin every key with it.")
@taking.options
def home_assistant(client: "Client", files: tuple[str, ...], prefix: str, **given: Any) -> None:
    """Read the section `modbus:` of Home Assistant.

    FILE is configuration.yaml, a package, or a file with the list of hubs alone; - = standard
    input. What !include and !secret name is read, too; folders of files are named file by file.
    """

    def read() -> Any:
        from integrations.modbus.importing.home_assistant import read as read_sources

        return read_sources([_source(name) for name in files], prefix)

    taking.take(client, read, taking.Wanted(**given))


def _source(name: str) -> "Source":
    """Read one file; what other integrations of it say is no matter of ours."""
    from integrations.modbus.importing.home_assistant import Source

    loaded = load(name, LANDMARK)
    if loaded.value is None and loaded.problems:
        told = "\n".join(str(problem) for problem in loaded.problems)
        raise CliError(told, status=USAGE)
    messages = {(item.file, item.line): item.message for item in loaded.problems}
    broken = {keys: messages.get(loaded.where(keys), "can not be read") for keys in loaded.broken}
    return Source(name, loaded.value, lambda keys: _place(*loaded.where(keys)), broken)


def _place(file: str, line: int) -> str:
    """Return a place, its file as seen from here when it is below."""
    path, here = Path(file), Path.cwd()
    return f"{path.relative_to(here) if path.is_relative_to(here) else path}:{line}"
