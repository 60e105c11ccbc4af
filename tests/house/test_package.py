"""The distribution: both packages, the command, and the data files they need."""

import subprocess
import sys
import zipfile
from pathlib import Path

from hub.const import VERSION

ROOT = Path(__file__).parents[2]


def test_wheel_holds_what_an_installation_needs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [wheel] = tmp_path.glob("*.whl")
    assert wheel.name == f"homelab_hub-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as package:
        names = set(package.namelist())
        points = package.read(f"homelab_hub-{VERSION}.dist-info/entry_points.txt").decode()
    assert "hub = hub.cli.app:main" in points
    wanted = list(ROOT.glob("integrations/*/*.json")) + [
        path for room in ("hub", "integrations") for path in (ROOT / room).rglob("*.py")
    ]
    assert {str(path.relative_to(ROOT)) for path in wanted} <= names
    assert not any(name.startswith(("tests/", "config/", "frontend/")) for name in names)
