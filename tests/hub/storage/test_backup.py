"""Backups: whole, encrypted, made beside a writer, and proved."""

import asyncio
import base64
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from hub.errors import NotAllowed, Problem
from hub.storage import Database, Documents, migrations
from hub.storage.backup import (
    BackupError,
    Created,
    Identities,
    Passphrase,
    Recipients,
    create,
    export_key,
    listed,
    prune,
    verify,
)
from hub.storage.backup.age import encrypt
from hub.storage.backup.create import LOCK
from hub.storage.backup.files import free_name, key_beside
from hub.storage.errors import KeyFileError
from hub.storage.lock import locked
from hub.storage.rotation import rotate
from tests.hub.storage.stock import CANARY, Stock, identity_pair, stocked
from tests.peers.ports import wait_until

PASSPHRASE = Passphrase("correct horse battery staple")
FIXTURES = Path(__file__).parents[2] / "fixtures" / "storage"


@pytest.fixture
async def stock(tmp_path: Path) -> Stock:
    return await stocked(tmp_path)


def made(stock: Stock, **options: Any) -> Created:
    return create(stock.data, stock.config, stock.backups, stock.recipient, **options)


def members(stock: Stock, archive: Path, tmp_path: Path) -> dict[str, bytes]:
    """Open a backup with the programs that a person would use."""
    age = shutil.which("age")
    assert age, "the program age is missing: apt-get install -y age"
    (tmp_path / "identity").write_text(stock.identity.text)
    folder = tmp_path / "unpacked"
    folder.mkdir()
    plain = subprocess.run(
        [age, "-d", "-i", str(tmp_path / "identity"), str(archive)], check=True, capture_output=True
    ).stdout
    subprocess.run(["tar", "-xz", "-C", str(folder)], input=plain, check=True)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


async def test_a_backup_is_proved(stock: Stock) -> None:
    backup = made(stock)
    proved = await verify(backup.archive, stock.identity)
    assert proved.sealed == 3
    assert proved.manifest == backup.manifest
    assert proved.manifest.schema == migrations.HEAD
    assert proved.manifest.hub_id == "0123456789abcdef" * 2
    assert proved.manifest.rows["resources"] == 1
    for path in (backup.archive, backup.key):
        assert path is not None
        assert path.stat().st_mode & 0o777 == 0o600
    assert stock.backups.stat().st_mode & 0o777 == 0o700
    assert not (stock.data / ".backup").exists()


def test_the_programs_age_and_tar_open_it(stock: Stock, tmp_path: Path) -> None:
    backup = made(stock)
    found = members(stock, backup.archive, tmp_path)
    assert set(found) == {
        "manifest.json",
        "hub.db",
        "config/hub.yaml",
        "config/secrets.yaml",
        "config/rooms/Küche.yaml",
        "data/mqtt/password",
        "data/mqtt/broker/passwd",
    }
    assert found["config/hub.yaml"] == (stock.config / "hub.yaml").read_bytes()
    assert json.loads(found["manifest.json"])["schema"] == migrations.HEAD


def test_the_archive_never_holds_a_key(stock: Stock, tmp_path: Path) -> None:
    """Neither the one that opens it nor those that open the secrets inside."""
    backup = made(stock)
    found = b"".join(members(stock, backup.archive, tmp_path).values())
    [key] = json.loads((stock.data / "keys" / "sealing.json").read_text())["keys"]
    assert key["key"].encode() not in found
    assert base64.urlsafe_b64decode(key["key"]) not in found
    assert b"AGE-SECRET-KEY" not in found


@pytest.mark.timeout(120)  # each opening takes seconds on purpose
async def test_a_passphrase_opens_what_it_closed(stock: Stock) -> None:
    backup = create(stock.data, None, stock.backups, PASSPHRASE, with_key=False)
    key = stock.data / "keys" / "sealing.json"
    assert (await verify(backup.archive, PASSPHRASE, key=key)).sealed == 3
    with pytest.raises(BackupError, match="passphrase is wrong"):
        await verify(backup.archive, Passphrase(PASSPHRASE.text.upper()))
    with pytest.raises(BackupError, match="encrypted with a passphrase"):
        await verify(backup.archive, stock.identity)


async def test_a_wrong_key_is_told(stock: Stock) -> None:
    backup = made(stock)
    _, other = identity_pair()
    with pytest.raises(BackupError, match="this identity does not open it"):
        await verify(backup.archive, other)
    with pytest.raises(BackupError, match="encrypted to a recipient"):
        await verify(backup.archive, PASSPHRASE)
    for text in ("", "# nothing\n", "AGE-SECRET-KEY-1X", "-----BEGIN PRIVATE KEY-----"):
        with pytest.raises(BackupError, match="dentity"):
            await verify(backup.archive, Identities(text))


@pytest.mark.parametrize(
    "sealer",
    [
        Recipients(()),
        Recipients(("age1nonsense",)),
        Recipients(("ssh-ed25519 x",)),
        Passphrase("short"),
        Passphrase(""),
    ],
)
def test_nothing_is_made_for_a_bad_recipient(stock: Stock, sealer: Any) -> None:
    with pytest.raises(BackupError):
        create(stock.data, stock.config, stock.backups, sealer)
    assert list(stock.backups.iterdir()) == []
    assert not (stock.data / ".backup").exists()


async def test_whatever_is_missing_or_changed_is_noticed(stock: Stock) -> None:
    backup = made(stock)
    whole = backup.archive.read_bytes()
    cuts = [0, 10, 100, 180, len(whole) // 2, len(whole) - 17, len(whole) - 1]
    broken = [whole[:length] for length in cuts]
    places = (5, 60, 190, len(whole) // 2, len(whole) - 1)
    broken += [whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :] for place in places]
    broken += [whole + b"x", b"no backup at all"]
    for data in broken:
        backup.archive.write_bytes(data)
        with pytest.raises(BackupError):
            await verify(backup.archive, stock.identity)
    backup.archive.unlink()
    with pytest.raises(BackupError, match="can not be read"):
        await verify(backup.archive, stock.identity)


async def test_secrets_need_their_key(stock: Stock, tmp_path: Path) -> None:
    backup = made(stock, with_key=False)
    assert backup.key is None
    with pytest.raises(BackupError, match="name the key file"):
        await verify(backup.archive, stock.identity)
    assert (await verify(backup.archive, stock.identity, without_key=True)).sealed is None
    export_key(stock.data, tmp_path / "exported.age", stock.recipient)
    key = tmp_path / "exported.age"
    assert (await verify(backup.archive, stock.identity, key=key)).sealed == 3
    with pytest.raises(BackupError, match="exists already"):
        export_key(stock.data, key, stock.recipient)
    plain = stock.data / "keys" / "sealing.json"
    assert (await verify(backup.archive, stock.identity, key=plain)).sealed == 3
    other = await stocked(tmp_path / "other")
    foreign = other.data / "keys" / "sealing.json"
    with pytest.raises(BackupError, match="3 of 3 sealed values of the backup do not open"):
        await verify(backup.archive, stock.identity, key=foreign)


async def test_wrapped_keys_stay_wrapped(tmp_path: Path) -> None:
    key = "3f9c0a7be1d24586a1b2c3d4e5f60718"
    stock = await stocked(tmp_path, secret_key=key)
    backup = made(stock)
    with pytest.raises(KeyFileError, match="SECRET_KEY, and none is set"):
        await verify(backup.archive, stock.identity)
    assert (await verify(backup.archive, stock.identity, secret_key=key)).sealed == 3


async def test_the_configuration_is_checked(stock: Stock) -> None:
    backup = made(stock)
    asked: list[list[str]] = []

    def check(folder: Path) -> list[Problem]:
        asked.append(sorted(path.name for path in folder.iterdir()))
        return [Problem("hub.yaml", 3, "wrong")]

    with pytest.raises(BackupError, match=r"1 problems; first: hub.yaml:3: wrong"):
        await verify(backup.archive, stock.identity, check_config=check)
    assert asked == [["hub.yaml", "rooms", "secrets.yaml"]]


async def test_only_configuration_is_taken_from_its_folder(tmp_path: Path) -> None:
    """Data, backups, links to folders, histories and what a restore kept stay out."""
    stock = await stocked(tmp_path)
    inside = Stock(stock.config / "data", stock.config, stock.recipient, stock.identity)
    stock.data.rename(inside.data)
    (stock.config / ".git").mkdir()
    (stock.config / ".git" / "config").write_text("x")
    (stock.config / "before-restore-1").mkdir()
    (stock.config / "before-restore-1" / "hub.yaml").write_text("x")
    (stock.config / "linked").symlink_to(tmp_path)
    (stock.config / "link.yaml").symlink_to("hub.yaml")
    (stock.config / "broken.yaml").symlink_to("nowhere")
    os.mkfifo(stock.config / "pipe")
    run = stock.config / ("long " * 40) / "run.sh"
    run.parent.mkdir()
    run.write_text("x")
    run.chmod(0o755)
    backup = made(inside)
    files = {name for name in backup.manifest.files if name.startswith("config/")}
    assert files == {
        "config/hub.yaml",
        "config/link.yaml",
        "config/rooms/Küche.yaml",
        "config/secrets.yaml",
        f"config/{'long ' * 40}/run.sh",
    }
    assert backup.manifest.files[f"config/{'long ' * 40}/run.sh"].mode == 0o755
    assert (await verify(backup.archive, stock.identity)).sealed == 3


def test_a_missing_folder_is_told(stock: Stock, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="there is no database"):
        create(tmp_path / "typo", stock.config, stock.backups, stock.recipient)
    assert not (tmp_path / "typo").exists()
    with pytest.raises(BackupError, match="no such configuration folder"):
        create(stock.data, tmp_path / "typo", stock.backups, stock.recipient)


def test_two_at_once(stock: Stock) -> None:
    with locked(stock.data, LOCK), pytest.raises(NotAllowed, match="another backup is being made"):
        made(stock)
    made(stock)


def test_a_damaged_database_is_not_backed_up(stock: Stock) -> None:
    path = stock.data / "hub.db"
    data = bytearray(path.read_bytes())
    data[8192:12288] = os.urandom(4096)
    path.write_bytes(data)
    with pytest.raises(BackupError, match=r"[Nn]o backup was made"):
        made(stock)
    assert list(stock.backups.iterdir()) == []


async def test_beside_a_writer(stock: Stock) -> None:
    """Every transaction is in the copy as a whole, and the writer never waits for long."""
    stop, written = threading.Event(), [0]
    path = stock.data / "hub.db"

    def write() -> None:
        with closing(sqlite3.connect(path, 30, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            while not stop.is_set():
                batch = written[0] // 50
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(
                    "INSERT INTO documents VALUES (?, ?, ?)",
                    [(f"batch{batch}", str(number), '"x"') for number in range(50)],
                )
                connection.execute("COMMIT")
                written[0] += 50

    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    thread = threading.Thread(target=write)
    thread.start()
    try:
        backups = [await asyncio.to_thread(made, stock)]
        before = written[0]
        await wait_until(lambda: written[0] > before)
        backups += [await asyncio.to_thread(made, stock) for _ in range(4)]
    finally:
        stop.set()
        thread.join()
    print(f"{written[0]} rows beside {len(backups)} backups")  # noqa: T201 - for the curious
    counts = [backup.manifest.rows["documents"] for backup in backups]
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]
    assert {(count - 3) % 50 for count in counts} == {0}
    for backup in backups:
        assert (await verify(backup.archive, stock.identity)).sealed == 3


def test_the_log_of_a_hub_that_was_killed_is_in_the_copy(stock: Stock) -> None:
    code = (
        "import os, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1])\n"
        "connection.execute('PRAGMA journal_mode=WAL')\n"
        "connection.execute(\"INSERT INTO documents VALUES ('late', 'x', '1')\")\n"
        "connection.commit()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, str(stock.data / "hub.db")], check=False, capture_output=True
    )
    assert killed.returncode == -9
    assert (stock.data / "hub.db-wal").stat().st_size > 0
    assert made(stock).manifest.rows["documents"] == 4


async def test_while_the_keys_are_rotated(stock: Stock) -> None:
    """The key beside a backup always opens the copy of the database."""
    for number in range(20):
        await stock.put(f"more{number}", "x")
    backups: list[Created] = []
    async with stock.opened() as keyring:
        stop = asyncio.Event()

        async def go_on() -> None:
            while not stop.is_set():
                await rotate(keyring)

        task = asyncio.create_task(go_on())
        while len(backups) < 4:
            try:
                backups.append(await asyncio.to_thread(made, stock))
            except BackupError as error:
                assert "change all the time" in error.message  # noqa: PT017 - allowed now and then
                await asyncio.sleep(0)
        stop.set()
        await task
    for backup in backups:
        assert (await verify(backup.archive, stock.identity)).sealed == 23


async def test_a_backup_of_an_older_schema_is_proved(stock: Stock) -> None:
    path = stock.data / "hub.db"
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((FIXTURES / "hub-0001.sql").read_text())
    backup = made(stock)
    assert backup.manifest.schema == "0001"
    assert (await verify(backup.archive, stock.identity)).sealed == 0


async def test_a_backup_of_a_newer_schema_is_refused(stock: Stock) -> None:
    with closing(sqlite3.connect(stock.data / "hub.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    backup = made(stock)
    with pytest.raises(BackupError, match="has schema 9999, this hub knows up to"):
        await verify(backup.archive, stock.identity)


def test_old_backups_go(stock: Stock) -> None:
    backups = [made(stock) for _ in range(4)]
    stranger = stock.backups / "hub-ffffffff-20200101T000000Z.tar.gz.age"
    stranger.write_text("of another hub")
    (stock.backups / "notes.txt").write_text("mine")
    names = [item.path for item in listed(stock.backups)]
    assert names == [*reversed([backup.archive for backup in backups]), stranger]
    assert all(item.has_key for item in listed(stock.backups)[:4])
    removed = prune(stock.backups, backups[0].manifest.hub_id, 2)
    assert removed == [backups[1].archive, backups[0].archive]
    left = sorted(path.name for path in stock.backups.iterdir())
    assert left == sorted(
        [
            *(backup.archive.name for backup in backups[2:]),
            *(key_beside(backup.archive).name for backup in backups[2:]),
            stranger.name,
            "notes.txt",
        ]
    )
    prune(stock.backups, backups[0].manifest.hub_id, 0)
    assert [item.path for item in listed(stock.backups)] == [backups[3].archive, stranger]


def test_names_are_never_used_twice(tmp_path: Path) -> None:
    at = datetime(2026, 11, 21, 8, 9, 10, tzinfo=UTC)
    names = []
    for _ in range(3):
        path = free_name(tmp_path, "0123456789abcdef", at)
        path.write_text("x")
        names.append(path.name)
    assert names == [
        "hub-01234567-20261121T080910Z.tar.gz.age",
        "hub-01234567-20261121T080910Z-2.tar.gz.age",
        "hub-01234567-20261121T080910Z-3.tar.gz.age",
    ]
    assert [item.path.name for item in listed(tmp_path)] == names[::-1]


RECIPIENT = identity_pair()[0]


@pytest.mark.parametrize(
    ("size", "sealer"),
    [(10, RECIPIENT), (100_000, RECIPIENT), (10_000_000, RECIPIENT), (10, PASSPHRASE)],
    ids=["small", "middle", "large", "passphrase"],
)
def test_no_failed_write_is_passed_over(size: int, sealer: Any) -> None:
    """pyrage itself says nothing of some of them."""
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(OSError, match="No space left"),
    ):
        encrypt(iter([b"x" * size]), full, sealer)


def forms(text: str) -> list[bytes]:
    """Return how a text could show: plain, in JSON, in base64 at each offset, in an address."""
    data = text.encode()
    found = [data, json.dumps(text)[1:-1].encode(), data.hex().encode()]
    found += [quote(text).encode(), quote_plus(text).encode(), quote(text, safe="").encode()]
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        found += [encode(b"x" * shift + data)[4:-4] for shift in range(3)]
    return found


async def test_secrets_are_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the database, nor in its log, nor in what a hub wrote, nor in a backup."""
    caplog.set_level("DEBUG")
    stock = await stocked(tmp_path)
    database = Database(stock.data / "hub.db")
    async with stock.opened() as keyring:
        await Documents(keyring.database).save("other", "x", "y")
        await rotate(keyring)
        files = {path.name: path.read_bytes() for path in stock.data.glob("hub.db*")}
        assert "hub.db-wal" in files
    await database.open()
    await database.close()
    backup = made(stock)
    assert backup.key is not None
    files |= {path.name: path.read_bytes() for path in (backup.archive, backup.key)}
    files["hub.db later"] = (stock.data / "hub.db").read_bytes()
    files["sealing.json"] = (stock.data / "keys" / "sealing.json").read_bytes()
    files["log"] = caplog.text.encode()
    for name, data in files.items():
        for form in forms(CANARY):
            assert form not in data, name
    inside = members(stock, backup.archive, tmp_path)
    assert CANARY.encode() in inside["config/secrets.yaml"]
    assert not any(form in inside["hub.db"] for form in forms(CANARY))
