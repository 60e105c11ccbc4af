"""Every integration folder has the same anatomy."""

import importlib
import json
import re
from pathlib import Path

import click
import pytest
import voluptuous as vol

from hub.cli.app import COMMANDS
from hub.cli.plugins import found

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.parent for path in (ROOT / "integrations").glob("*/manifest.json"))
CLASSES = {"local_push", "local_polling", "cloud_push", "cloud_polling", "calculated"}
KEYS = {"domain", "name", "version", "requirements", "iot_class"}


@pytest.fixture(params=FOLDERS, ids=lambda path: path.name)
def folder(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_every_folder_is_an_integration() -> None:
    folders = {path for path in (ROOT / "integrations").iterdir() if path.is_dir()}
    folders = {path for path in folders if path.name != "__pycache__"}
    assert folders == set(FOLDERS)


def test_manifest(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest) >= KEYS
    assert manifest["domain"] == folder.name.removeprefix("_")
    assert manifest["iot_class"] in CLASSES
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    assert isinstance(manifest["requirements"], list)


def test_readme_says_what_it_is(folder: Path) -> None:
    lines = (folder / "README.md").read_text().splitlines()
    assert lines[0].startswith("# ")
    assert len(lines) >= 10


def test_schema_validates_its_section(folder: Path) -> None:
    module = importlib.import_module(f"integrations.{folder.name}.schema")
    if not hasattr(module, "CONFIG"):
        assert (folder / "resources.py").exists(), "neither a section nor resources"
        return
    schema = module.CONFIG
    assert isinstance(schema, vol.Schema)
    with pytest.raises(vol.Invalid):
        schema({"no key of any integration": 1})


def test_resource_types_are_those_of_the_manifest(folder: Path) -> None:
    names = json.loads((folder / "manifest.json").read_text()).get("resources", [])
    if names:
        types = importlib.import_module(f"integrations.{folder.name}.resources").TYPES
        assert [item.name for item in types] == names
        assert all(item.domain == folder.name.removeprefix("_") for item in types)
    else:
        assert not (folder / "resources.py").exists()


def test_commands_are_those_of_the_manifest(folder: Path) -> None:
    announced = json.loads((folder / "manifest.json").read_text()).get("cli")
    there = (folder / "cli.py").exists() or (folder / "cli" / "__init__.py").exists()
    assert there == bool(announced)
    if announced:
        group = getattr(importlib.import_module(f"integrations.{folder.name}.cli"), folder.name)
        assert isinstance(group, click.Group)
        assert folder.name not in COMMANDS
        assert found()[folder.name].help == announced


def test_setup_is_a_coroutine_function(folder: Path) -> None:
    module = importlib.import_module(f"integrations.{folder.name}")
    if not hasattr(module, "setup"):
        assert (folder / "resources.py").exists(), "neither a section nor resources"
        return
    names = list(module.setup.__code__.co_varnames[: module.setup.__code__.co_argcount])
    assert names == ["hub", "config"]


def test_words_of_all_languages_have_the_same_keys(folder: Path) -> None:
    tables = {
        path.stem: flat(json.loads(path.read_text())) for path in folder.glob("strings/*.json")
    }
    for language, keys in tables.items():
        assert keys == tables["en"], f"{language} differs from en"


def flat(table: dict[str, object], prefix: str = "") -> set[str]:
    """Return the dotted keys of nested tables."""
    keys: set[str] = set()
    for key, value in table.items():
        keys |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}"}
    return keys
