"""Commands that integrations bring, in folders that the hub has never heard of."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

COMMANDS = '''"""Commands of a greeter."""

import click

from hub.cli.sdk import CliError, emit, options


@click.group()
def greeter() -> None:
    """Greet people."""


@greeter.command()
@click.argument("name")
@options.output
def hello(name: str, output: str) -> None:
    """Greet one."""
    if name == "nobody":
        raise CliError("there is nobody", "name somebody")
    emit({"greeting": name}, output)
'''


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A package of integrations in the place of the house's own."""
    folder = tmp_path / "integrations"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    add(folder, "greeter", '{"domain": "greeter", "cli": "Greet people."}', COMMANDS)
    return tmp_path


def add(folder: Path, name: str, manifest: str, commands: str = "") -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text("")
    (folder / name / "manifest.json").write_text(manifest)
    if commands:
        (folder / name / "cli.py").write_text(commands)


def hub(place: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": f"{place}:{ROOT}"}
    return subprocess.run(
        [sys.executable, "-m", "hub.cli.app", *arguments],
        capture_output=True, text=True, check=False, env=environment, cwd=place,
    )  # fmt: skip


def test_a_folder_brings_commands(place: Path) -> None:
    done = hub(place, "greeter", "hello", "ada", "-o", "json")
    assert json.loads(done.stdout) == {"greeting": "ada"}, done.stderr
    done = hub(place, "greeter", "hello", "nobody")
    assert (done.returncode, done.stderr) == (
        1,
        "error: there is nobody\nhint: name somebody\n",
    )
    assert "Greet one." in hub(place, "greeter", "--help").stdout


def test_help_names_them_without_importing(place: Path) -> None:
    (place / "integrations" / "greeter" / "cli.py").write_text("raise SystemExit('imported')")
    done = hub(place, "--help")
    assert done.returncode == 0, done.stderr
    chapter = done.stdout.partition("Of integrations:")[2]
    assert "greeter" in chapter
    assert "Greet people." in chapter


def test_unknown_names_still_get_a_suggestion(place: Path) -> None:
    assert "Did you mean 'greeter'?" in hub(place, "greter").stderr
    assert "Did you mean 'plan'?" in hub(place, "plam").stderr
    assert "No such command 'xyzzy'" in hub(place, "xyzzy").stderr


@pytest.mark.parametrize(
    "manifest",
    ["{", "[]", '{"domain": "odd"}', '{"cli": 7}', '{"cli": "a\\u001b[2Jb"}', '{"cli": null}'],
)
def test_a_manifest_that_says_nothing_brings_nothing(place: Path, manifest: str) -> None:
    add(place / "integrations", "odd", manifest, COMMANDS.replace("greeter", "odd"))
    assert "odd" not in hub(place, "--help").stdout.partition("Of integrations:")[2]
    assert "No such command 'odd'" in hub(place, "odd").stderr


def test_no_integration_takes_a_command_of_the_hub(place: Path) -> None:
    add(place / "integrations", "get", '{"cli": "Mine."}', COMMANDS.replace("greeter", "get"))
    assert "Mine." not in hub(place, "--help").stdout
    assert "Show the resource types" in hub(place, "get", "--help").stdout


def test_what_can_not_be_loaded_is_told(place: Path) -> None:
    (place / "integrations" / "greeter" / "cli.py").write_text("import no_such_module")
    done = hub(place, "greeter")
    assert done.returncode == 1
    assert "the commands of greeter can not be loaded: No module named" in done.stderr
    assert "Traceback" not in done.stderr
