"""Documents and code name the same things: what is not documented is not finished."""

import os
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
import voluptuous as vol

import hub
from hub.cli.app import app
from hub.config.schema import SECTIONS
from hub.errors import HubError

ROOT = Path(__file__).parents[2]
CONFIGURATION = (ROOT / "docs/configuration.md").read_text()
COMMANDS = (ROOT / "docs/commands.md").read_text()
API = ROOT / "docs/api.md"
MARKDOWN = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not {"node_modules", ".venv", ".data", ".pytest_cache"} & set(path.parts)
)


def settings(schema: Any, prefix: str) -> Iterator[str]:
    """Return the dotted names of a schema's keys."""
    for key, value in schema.items():
        if isinstance(key, vol.Marker):
            yield f"{prefix}.{key.schema}"
            if isinstance(value, dict):
                yield from settings(value, f"{prefix}.{key.schema}")


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_is_documented(section: str) -> None:
    missing = [
        name for name in settings(SECTIONS[section], section) if f"`{name}`" not in CONFIGURATION
    ]
    assert missing == []


def test_no_setting_is_documented_that_does_not_exist() -> None:
    known = {name for section in SECTIONS for name in settings(SECTIONS[section], section)}
    named = set(re.findall(rf"`((?:{'|'.join(SECTIONS)})\.[a-z_.]+)`", CONFIGURATION))
    assert named - known - RUNTIME == set()


def test_every_command_and_option_is_documented() -> None:
    missing = []
    for name, command in below_group(app):
        chapter, _, rest = name.partition(" ")
        text = COMMANDS.partition(f"## `hub {chapter}`")[2].partition("\n## ")[0]
        if not text or (rest and f"`hub {name}" not in text):
            missing.append(name)
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                missing += [f"{name} {opt}" for opt in parameter.opts if f"`{opt}" not in text]
    assert missing == []


def below_group(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Return every command under a group by its words, such as `users add`."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield prefix + name, command
        if isinstance(command, click.Group):
            yield from below_group(command, f"{prefix}{name} ")


def test_every_error_code_is_documented() -> None:
    text = API.read_text()
    for module in pkgutil.walk_packages(hub.__path__, "hub."):
        if not module.name.endswith(".env"):  # alembic's own
            import_module(module.name)  # a code is known once its class is
    assert [code for code in HubError.by_code if f"`{code}`" not in text] == []


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []


READMES = [page for page in MARKDOWN if page.name == "README.md"]


@pytest.mark.parametrize("page", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_readme_names_existing_files(page: Path) -> None:
    names = re.findall(r"`([\w./-]+\.(?:py|ts|md|toml|yaml|json|lock|sh))`", page.read_text())
    missing = [
        name
        for name in names
        if not (ROOT / name).exists()
        and not any(f"/{file}".endswith(f"/{name}") for file in below(page.parent))
    ]
    assert [name for name in missing if name not in RUNTIME] == []


def below(folder: Path) -> Iterator[str]:
    """Return the files of a folder and its folders, installed and built ones left out."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in SKIPPED]
        yield from (str(Path(place, file).relative_to(folder)) for file in files)


SKIPPED = {"node_modules", "static", "__pycache__", ".venv", ".data", ".git"}
RUNTIME = {"hub.yaml", "hub.db", "secrets.yaml"}
"""Files that a person writes, not the repository."""


@pytest.mark.parametrize(
    "folder",
    [path.parent for path in sorted((ROOT / "hub").glob("*/__init__.py"))],
    ids=lambda path: path.name,
)
def test_every_room_has_a_readme(folder: Path) -> None:
    assert (folder / "README.md").is_file()
