"""`hub proxy lint`: the rules that a hub would apply, without one."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli.sdk import USAGE, CliError, clean, counted, emit, note, options, read, write

if TYPE_CHECKING:
    from collections.abc import Mapping

LEVELS: Final = ("server", "location")
YAML: Final = (".yaml", ".yml")
MOST: Final = 1 << 20
"""Characters of a snippet."""
EXAMPLES: Final = (
    "\b\nExamples:\n"
    "  hub proxy lint resources/\n"
    "  hub proxy lint snippet.conf --level location\n"
    '  echo "gzip on;" | hub proxy lint -\n'
)


@click.command(epilog=EXAMPLES)
@click.argument("names", metavar="FILE|DIR|-...", nargs=-1, required=True)
@click.option(
    "--level", type=click.Choice(LEVELS), default="server", show_default=True,
    help="Where a snippet is to stand.",
)  # fmt: skip
@click.option("--resources", is_flag=True, help="Standard input holds resources, not a snippet.")
@options.output
def lint(names: tuple[str, ...], level: str, resources: bool, output: str) -> None:
    """Check snippets of nginx, and files of resources with their schema; no hub is asked.

    Folders and .yaml files hold resources (those of other integrations are passed over), other
    files a snippet. What refers to other resources, and what is on the servers, only the hub
    knows: see `hub proxy diff`. Exit status: 0 fine, 2 something is wrong.
    """
    problems: list[dict[str, Any]] = []
    checked = 0
    for name in names:
        if name == "-" and not resources:
            problems += _snippet("-", sys.stdin.read(MOST), level)
            checked += 1
        elif name == "-" or Path(name).is_dir() or Path(name).suffix in YAML:
            found, count = _resources(name)
            problems += found
            checked += count
        else:
            problems += _snippet(name, _text(name), level)
            checked += 1
    if output != "table":
        emit(problems, output)
    for item in problems if output == "table" else ():
        path = f"{item['path']}: " if item["path"] else ""
        about = f"{item['resource']}: " if item["resource"] else ""
        write(clean(f"{item['file']}:{item['line']}: {about}{path}{item['message']}"))
    if problems:
        raise CliError(counted(len(problems), "problem"), status=USAGE)
    note(f"{checked} checked, all is fine")


def _text(name: str) -> str:
    try:
        with Path(name).open(encoding="utf-8") as file:
            return file.read(MOST)
    except (OSError, UnicodeError) as error:
        words = getattr(error, "strerror", None) or error
        raise CliError(f"{name}: {words}", status=USAGE) from None


def _snippet(name: str, text: str, level: str) -> list[dict[str, Any]]:
    from integrations.proxy.syntax import lint as against

    return [
        {"file": name, "line": line, "resource": None, "path": "", "message": told}
        for line, told in against(text, level)
    ]


def _resources(name: str) -> tuple[list[dict[str, Any]], int]:
    """Return the problems of a file or folder, and how many resources were looked at."""
    documents = read([name])
    problems: list[dict[str, Any]] = []
    count = 0
    for document in documents.wire:
        if not document["id"].startswith("proxy."):
            continue
        count += 1
        for path, message in _against(document["id"], document["spec"]):
            file, line = documents.where(document["id"], path)
            problems.append(
                {
                    "file": file,
                    "line": line,
                    "resource": document["id"],
                    "path": ".".join(map(str, path)),
                    "message": message,
                }
            )
    if not count:
        raise CliError(f"there are no resources of proxies in {name}", status=USAGE)
    return problems, count


def _against(id: str, spec: "Mapping[str, Any]") -> list[tuple[list[Any], str]]:
    """Return path and words of everything that the schema has against a spec."""
    import voluptuous as vol

    from integrations.proxy import schema

    kind = id.partition("/")[0].partition(".")[2]
    shape = getattr(schema, kind.upper(), None)
    if shape is None:
        return [([], f"there is no resource type proxy.{kind}")]
    try:
        getattr(schema, f"check_{kind}")(shape(dict(spec)))
    except vol.MultipleInvalid as error:
        return [(_path(one), one.msg) for one in error.errors]
    except vol.Invalid as error:
        return [(_path(error), error.msg)]
    return []


def _path(error: Any) -> list[Any]:
    return [getattr(part, "schema", part) for part in error.path]
