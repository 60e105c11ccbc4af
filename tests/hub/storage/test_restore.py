"""Restores: everything comes back, or everything stays as it was."""

import asyncio
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.errors import NotAllowed, Problem
from hub.storage import Database
from hub.storage.backup import BackupError, Created, create, restore
from hub.storage.errors import KeyFileError, StorageError
from hub.storage.lock import Held, locked
from hub.storage.swap import LIST, STAGE, finish
from tests.hub.storage.stock import CANARY, Stock, identity_pair, stocked

ROOT = Path(__file__).parents[3]
KILLED = -9


@pytest.fixture
async def old(tmp_path: Path) -> Stock:
    """The house that a backup is made of."""
    return await stocked(tmp_path / "old")


@pytest.fixture
def backup(old: Stock, tmp_path: Path) -> Created:
    return create(old.data, old.config, tmp_path / "backups", old.recipient)


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder that is more than a lock."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def at(stock: Stock, home: Path) -> Stock:
    """Return the same house in other folders."""
    return Stock(home / "data", home / "config", stock.recipient, stock.identity)


async def test_onto_an_empty_machine(old: Stock, backup: Created, tmp_path: Path) -> None:
    new = at(old, tmp_path / "new")
    done = await restore(backup.archive, old.identity, new.data, new.config)
    assert (done.proved.sealed, done.kept, done.problems) == (3, (), ())
    assert tree(new.config) == tree(old.config)
    assert set(tree(new.data)) == {
        "hub.db",
        "keys/sealing.json",
        "mqtt/password",
        "mqtt/broker/passwd",
    }
    assert (new.data / "mqtt/broker/passwd").read_text() == f"mqtt/broker/passwd of {CANARY}\n"
    modes = {name: (new.data / name).stat().st_mode & 0o777 for name in ("hub.db", "keys", "mqtt")}
    assert modes == {"hub.db": 0o600, "keys": 0o700, "mqtt": 0o700}
    assert new.data.stat().st_mode & 0o777 == 0o700
    assert (new.config / "secrets.yaml").stat().st_mode & 0o777 == 0o600
    assert await new.secret("web") == CANARY


async def test_what_is_there_is_not_overwritten(
    old: Stock, backup: Created, tmp_path: Path
) -> None:
    new = await stocked(tmp_path / "new", secret="of the new house")
    before = tree(tmp_path / "new")
    with pytest.raises(NotAllowed, match="holds the data of a hub already"):
        await restore(backup.archive, old.identity, new.data, new.config)
    shutil.rmtree(new.data)
    with pytest.raises(NotAllowed, match="holds a configuration already"):
        await restore(backup.archive, old.identity, new.data, new.config)
    assert not new.data.exists()
    assert (
        tree(new.config).items()
        <= {name.removeprefix("config/"): data for name, data in before.items()}.items()
    )


async def test_by_force_the_old_is_kept_beside(old: Stock, backup: Created, tmp_path: Path) -> None:
    new = await stocked(tmp_path / "new", secret="of the new house")
    (new.config / ".git").mkdir()
    (new.config / ".git" / "HEAD").write_text("x")
    (new.data / "hub.db-wal").write_bytes(b"a log that does not belong to the restored file")
    before_data, before_config = tree(new.data), tree(new.config)
    done = await restore(backup.archive, old.identity, new.data, new.config, force=True)
    data, config = done.kept
    assert tree(data) == before_data
    assert tree(config) == {k: v for k, v in before_config.items() if ".git" not in k}
    assert (new.config / ".git" / "HEAD").read_text() == "x"
    assert await new.secret("web") == CANARY
    again = await restore(backup.archive, old.identity, new.data, new.config, force=True)
    assert len({*done.kept, *again.kept}) == 4


async def test_the_configuration_may_stay(old: Stock, backup: Created, tmp_path: Path) -> None:
    new = at(old, tmp_path / "new")
    await restore(backup.archive, old.identity, new.data, None)
    assert not new.config.exists()
    assert await new.secret("web") == CANARY


async def test_data_and_backups_inside_the_configuration_stay(
    old: Stock, backup: Created, tmp_path: Path
) -> None:
    home = tmp_path / "new"
    shutil.copytree(old.config, home)
    moved = home / "backups"
    backup.archive.parent.rename(moved)
    new = Stock(home / "data", home, old.recipient, old.identity)
    await restore(moved / backup.archive.name, old.identity, new.data, new.config, force=True)
    assert await new.secret("web") == CANARY
    assert (moved / backup.archive.name).is_file()


async def test_not_while_a_hub_runs(old: Stock, backup: Created, tmp_path: Path) -> None:
    new = await stocked(tmp_path / "new", secret="of the new house")
    before = tree(tmp_path / "new")
    with locked(new.data), pytest.raises(Held, match="another hub runs"):
        await restore(backup.archive, old.identity, new.data, new.config, force=True)
    assert tree(tmp_path / "new") == before


async def test_a_bad_backup_changes_nothing(old: Stock, backup: Created, tmp_path: Path) -> None:
    new = await stocked(tmp_path / "new", secret="of the new house")
    before = tree(tmp_path / "new")
    whole = backup.archive.read_bytes()
    empty = at(old, tmp_path / "empty")
    _, stranger = identity_pair()

    async def refused(opener: Any) -> None:
        for house in (new, empty):
            with pytest.raises(BackupError):
                await restore(backup.archive, opener, house.data, house.config, force=True)
        assert tree(tmp_path / "new") == before
        assert not empty.data.exists()
        assert not empty.config.exists()

    await refused(stranger)
    for data in (whole[:-1], whole[: len(whole) // 2], b"junk"):
        backup.archive.write_bytes(data)
        await refused(old.identity)
    backup.archive.unlink()
    await refused(old.identity)


async def test_a_newer_schema_is_refused(old: Stock, tmp_path: Path) -> None:
    with closing(sqlite3.connect(old.data / "hub.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    backup = create(old.data, old.config, tmp_path / "backups", old.recipient)
    new = at(old, tmp_path / "new")
    with pytest.raises(BackupError, match="has schema 9999, this hub knows up to"):
        await restore(backup.archive, old.identity, new.data, new.config)
    assert not new.data.exists()


async def test_a_restore_asks_for_the_key(old: Stock, backup: Created, tmp_path: Path) -> None:
    assert backup.key is not None
    elsewhere = backup.key.rename(tmp_path / "elsewhere.age")
    new = at(old, tmp_path / "new")
    with pytest.raises(BackupError, match="name the key file with --key"):
        await restore(backup.archive, old.identity, new.data, new.config)
    assert not new.data.exists()
    await restore(backup.archive, old.identity, new.data, new.config, key=elsewhere)
    assert await new.secret("web") == CANARY
    # The keys that are there already serve as well: an older state of the same hub.
    await restore(backup.archive, old.identity, new.data, new.config, force=True)
    assert await new.secret("web") == CANARY
    bare = at(old, tmp_path / "bare")
    done = await restore(backup.archive, old.identity, bare.data, bare.config, without_key=True)
    assert done.proved.sealed is None
    with pytest.raises(KeyFileError, match="the sealing keys are missing"):
        await bare.secret("web")


async def test_wrapped_keys_are_proved_before_they_come_back(tmp_path: Path) -> None:
    key = "3f9c0a7be1d24586a1b2c3d4e5f60718"
    old = await stocked(tmp_path / "old", secret_key=key)
    backup = create(old.data, old.config, tmp_path / "backups", old.recipient)
    new = at(old, tmp_path / "new")
    with pytest.raises(KeyFileError, match="SECRET_KEY"):
        await restore(backup.archive, old.identity, new.data, new.config)
    assert not new.data.exists()
    await restore(backup.archive, old.identity, new.data, new.config, secret_key=key)
    new.secret_key = key
    assert await new.secret("web") == CANARY


async def test_a_wrong_configuration_comes_back_with_a_warning(
    old: Stock, backup: Created, tmp_path: Path
) -> None:
    new = at(old, tmp_path / "new")
    done = await restore(
        backup.archive,
        old.identity,
        new.data,
        new.config,
        check_config=lambda _folder: [Problem("hub.yaml", 1, "wrong")],
    )
    assert done.problems == ("hub.yaml:1: wrong",)
    assert tree(new.config) == tree(old.config)


async def run(backup: Created, identity: Path, house: Stock, fatal: int) -> list[str] | None:
    """Restore in a process of its own; its steps, or None when it killed itself."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.hub.storage.crash_restore", str(backup.archive)),
        *(str(identity), str(house.data), str(house.config), str(fatal)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode in (0, KILLED), errors.decode()
    return output.decode().splitlines() if process.returncode == 0 else None


@pytest.mark.timeout(180)
async def test_killed_at_each_step(old: Stock, backup: Created, tmp_path: Path) -> None:
    """The next start finds the old house, or the new one, and never parts of both."""
    identity = tmp_path / "identity"
    identity.write_text(old.identity.text)
    first = await stocked(tmp_path / "first", secret="of the new house")
    (first.config / "hub.yaml").write_text("hub:\n  name: New house\n")

    def copy(name: str) -> Stock:
        shutil.copytree(tmp_path / "first", tmp_path / name)
        return at(first, tmp_path / name)

    steps = await run(backup, identity, copy("dry"), 0)
    assert steps is not None
    assert [name for name in steps if name != "moved"] == [
        "unpacked",
        "proved",
        "before list",
        "after list",
        "before done",
    ]
    assert steps.count("moved") >= 9
    decided = steps.index("after list") + 1
    for number in range(1, len(steps) + 1):
        house = copy(f"killed{number}")
        assert await run(backup, identity, house, number) is None, steps[number - 1]
        restored = number >= decided
        assert await house.secret("web") == (CANARY if restored else "of the new house")
        name = "Old house" if restored else "New house"
        assert name in (house.config / "hub.yaml").read_text()
        whose = CANARY if restored else "of the new house"
        assert (house.data / "mqtt/password").read_text() == f"mqtt/password of {whose}\n"
        assert not (house.data / LIST).exists()
        assert not (house.data / STAGE).exists()
        done = await restore(backup.archive, old.identity, house.data, house.config, force=True)
        assert done.proved.sealed == 3
        assert await house.secret("web") == CANARY
        assert not (house.config / STAGE).exists()


async def test_a_disk_that_fails_between_the_moves(
    old: Stock, backup: Created, tmp_path: Path
) -> None:
    """What was decided is not thrown away; the next start finishes it."""
    house = await stocked(tmp_path / "new", secret="of the new house")
    steps: list[str] = []

    def fail(name: str) -> None:
        steps.append(name)
        if steps.count("moved") == 3:
            raise OSError(5, "Input/output error")

    with pytest.raises(StorageError, match="a restore was cut off and can not be finished"):
        await restore(backup.archive, old.identity, house.data, house.config, force=True, step=fail)
    assert (house.data / LIST).exists()
    assert await house.secret("web") == CANARY
    assert "Old house" in (house.config / "hub.yaml").read_text()
    assert not (house.data / LIST).exists()


async def test_moves_that_fail_are_finished_later(tmp_path: Path) -> None:
    """A folder that can not be written to for a while holds up the start and loses nothing."""
    house = await stocked(tmp_path)
    (house.data / LIST).write_text('[["/proc/version", "/proc/nowhere/x"]]')
    database = Database(house.data / "hub.db")
    with pytest.raises(StorageError, match="a restore was cut off and can not be finished"):
        await database.open()
    (house.data / LIST).write_text("not json")
    with pytest.raises(StorageError, match="a restore was cut off"):
        finish(house.data)
    (house.data / LIST).write_text("[]")
    assert finish(house.data) is True
    assert finish(house.data) is False
    assert await house.secret("web") == CANARY
