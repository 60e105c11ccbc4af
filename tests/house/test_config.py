"""The configurations that the repository ships are fine."""

from pathlib import Path

import pytest

from hub.config import check

FOLDERS = sorted(path.parent for path in (Path(__file__).parents[2] / "config").glob("*/hub.yaml"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_shipped_configuration_is_fine(folder: Path) -> None:
    assert check(folder) == []
