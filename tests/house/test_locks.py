"""Lock files carry hashes and name no registry."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
ADDRESS = re.compile(
    r"https?://|file:/|--(extra-)?index-url|--find-links|^registry *=", re.MULTILINE
)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_pin_has_a_hash_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    pins = re.findall(
        r"^[A-Za-z0-9._-]+(?:\[[a-z,]+\])?==\S+ \\\n    --hash=sha256:", text, re.MULTILINE
    )
    assert len(pins) == len(re.findall(r"^[A-Za-z0-9]", text, re.MULTILINE))
    assert not ADDRESS.search(text)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_dependency_is_locked(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    if "dev" in lock:
        wanted += project["optional-dependencies"]["dev"]
    names = {normal(re.split(r"[\[<>=]", line)[0]) for line in wanted}
    text = (ROOT / lock).read_text()
    assert names <= {normal(name) for name in re.findall(r"^([A-Za-z0-9._-]+)", text, re.MULTILINE)}


def test_both_locks_agree() -> None:
    pins = [dict(re.findall(r"^(\S+)==(\S+)", lock.read_text(), re.MULTILINE)) for lock in LOCKS]
    small = dict(
        re.findall(r"^(\S+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    )
    for other in pins:
        assert {name: other[name] for name in small if name in other}.items() <= small.items()


def test_the_page_is_locked_without_addresses() -> None:
    lock = json.loads((ROOT / "frontend/package-lock.json").read_text())
    packages = [item for name, item in lock["packages"].items() if name and not item.get("link")]
    assert [item for item in packages if "resolved" in item] == []
    assert [item for item in packages if not item.get("integrity")] == []


def normal(name: str) -> str:
    """Return the name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
