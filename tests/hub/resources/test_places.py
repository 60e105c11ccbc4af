"""One file has one name, however it and the configuration folder were given."""

from pathlib import Path

import pytest

from hub.resources.batches import shown


@pytest.mark.parametrize("config", ["config/demo", "/srv/hub/config/demo"])
@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("config/demo/resources/a.yaml", "resources/a.yaml"),
        ("/srv/hub/config/demo/resources/a.yaml", "resources/a.yaml"),
        ("/srv/hub/config/demo/../demo/resources/b/a.yaml", "resources/b/a.yaml"),
        ("/elsewhere/a.yaml", "/elsewhere/a.yaml"),
        ("resources/a.yaml", "resources/a.yaml"),
    ],
)
def test_a_name_is_relative_to_the_configuration(
    config: str, file: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = str(tmp_path)
    (tmp_path / "srv/hub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "srv/hub")

    def placed(path: str) -> str:
        return path.replace("/srv", f"{root}/srv", 1) if path.startswith("/srv") else path

    assert shown(placed(file), Path(placed(config))) == name
