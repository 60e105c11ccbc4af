"""`hub backup` with real hubs: make, wipe, put back, log in."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.hub.storage.stock import Stock, identity_pair, stocked
from tests.peers.hub import HUB, OWNER, PASSWORD, HubProcess, run_hub

PASSPHRASE = "correct horse battery staple"
CLIENT = "http://127.0.0.1/"


def answer(*arguments: str, **environment: str) -> Any:
    """Run a command that must succeed and return its JSON."""
    done = run_hub("backup", *arguments, "-o", "json", **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(*arguments: str, **environment: str) -> str:
    """Run a command that must fail in words and return them."""
    done = run_hub("backup", *arguments, **environment)
    assert done.returncode in (1, 2), done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture
async def stock(tmp_path: Path) -> Stock:
    return await stocked(tmp_path)


@pytest.fixture
def identity(stock: Stock, tmp_path: Path) -> str:
    path = tmp_path / "identity"
    path.write_text(stock.identity.text)
    return str(path)


async def log_in(url: str) -> int:
    """Log in with the owner's password and return the status of a call with the new token."""
    async with aiohttp.ClientSession() as session:
        begin = {"client_id": CLIENT, "handler": ["homeassistant", None], "redirect_uri": CLIENT}
        flow = await (await session.post(f"{url}/auth/login_flow", json=begin)).json()
        form = {"client_id": CLIENT, "username": OWNER, "password": PASSWORD}
        done = await session.post(f"{url}/auth/login_flow/{flow['flow_id']}", json=form)
        code = (await done.json())["result"]
        form = {"client_id": CLIENT, "grant_type": "authorization_code", "code": code}
        token = (await (await session.post(f"{url}/auth/token", data=form)).json())["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with session.get(f"{url}/api/config", headers=headers) as response:
            return response.status


async def test_the_old_users_log_in_after_a_restore(
    start_hub: Callable[..., HubProcess], tmp_path: Path
) -> None:
    hub = start_hub(SECRET_KEY="3f9c0a7be1d24586a1b2c3d4e5f60718")
    place = ("--data", str(hub.data), "--config", str(hub.config))
    safe = tmp_path / "safe"
    made = answer("create", *place, "--to", str(safe), HUB_BACKUP_PASSPHRASE=PASSPHRASE)
    assert Path(made["file"]).parent == safe
    assert "another hub runs" in refused(
        "restore", made["file"], *place, "--force", **hub.environment,
        HUB_BACKUP_PASSPHRASE=PASSPHRASE,
    )  # fmt: skip
    assert hub.stop() == 0
    shutil.rmtree(hub.data)
    shutil.rmtree(hub.config)
    assert "SECRET_KEY" in refused(
        "restore", made["file"], *place, HUB_BACKUP_PASSPHRASE=PASSPHRASE
    )
    assert not hub.data.exists()
    done = answer(
        "restore", made["file"], *place, **hub.environment, HUB_BACKUP_PASSPHRASE=PASSPHRASE
    )
    assert done["sealed_values"] >= 1
    hub.start()
    assert await log_in(hub.url) == 200
    async with aiohttp.ClientSession(headers=hub.headers) as session:
        async with session.get(f"{hub.url}/api/") as response:
            assert response.status == 200
        async with session.get(f"{hub.url}/api/onboarding") as response:
            assert all(step["done"] for step in await response.json())


def test_the_whole_life_of_a_backup(stock: Stock, identity: str, tmp_path: Path) -> None:
    place = ("--data", str(stock.data), "--config", str(stock.config))
    [recipient] = stock.recipient.keys
    made = [answer("create", *place, "--recipient", recipient) for _ in range(2)]
    last = answer("create", *place, "--keep", "2", HUB_BACKUP_RECIPIENT=f"{recipient}\n")
    assert last["removed"] == [made[0]["file"]]
    files = [item["file"] for item in answer("list", "--data", str(stock.data))]
    assert files == [last["file"], made[1]["file"]]
    assert last["file"] in run_hub("backup", "list", "--data", str(stock.data)).stdout
    proved = answer("verify", last["file"], "--identity", identity)
    assert (proved["good"], proved["sealed_values"]) == (True, 3)
    new = tmp_path / "new"
    there = ("--data", str(new / "data"), "--config", str(new / "config"))
    done = answer("restore", last["file"], *there, "--identity", identity)
    assert (done["kept"], done["problems"]) == ([], [])
    assert "holds the data of a hub already" in refused(
        "restore", last["file"], *there, "--identity", identity
    )
    done = answer("restore", last["file"], *there, "--identity", identity, "--force")
    assert len(done["kept"]) == 2


def test_keys_can_be_kept_apart(stock: Stock, identity: str, tmp_path: Path) -> None:
    place = ("--data", str(stock.data))
    to = ("--recipient", *stock.recipient.keys)
    made = answer("create", *place, *to, "--no-key", "--no-config")
    assert made["key"] is None
    assert "--key" in refused("verify", made["file"], "--identity", identity)
    key = str(tmp_path / "key.age")
    assert run_hub("backup", "key", key, *place, *to).returncode == 0
    proved = answer("verify", made["file"], "--identity", identity, "--key", key)
    assert proved["sealed_values"] == 3
    proved = answer("verify", made["file"], "--identity", identity, "--without-key")
    assert proved["sealed_values"] is None


def test_a_broken_configuration_is_noticed(stock: Stock, identity: str) -> None:
    (stock.config / "hub.yaml").write_text("hub:\n  name: [1\n")
    place = ("--data", str(stock.data), "--config", str(stock.config))
    made = answer("create", *place, "--recipient", *stock.recipient.keys)
    told = refused("verify", made["file"], "--identity", identity)
    assert "The configuration in the backup has" in told
    assert answer("verify", made["file"], "--identity", identity, "--no-config")["good"] is True


def test_passphrases_come_from_a_file_or_the_environment(stock: Stock, tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE + "\nsecond line\n")
    place = ("--data", str(stock.data), "--no-config")
    made = answer("create", *place, "--no-key", "--passphrase-file", str(file))
    found = answer("verify", made["file"], "--without-key", HUB_BACKUP_PASSPHRASE=PASSPHRASE)
    assert found["good"] is True
    told = refused("verify", made["file"], "--without-key", HUB_BACKUP_PASSPHRASE="wrong one")
    assert "the passphrase is wrong" in told
    assert "use --passphrase-file" in refused("verify", made["file"])


def test_wrong_use_is_told(stock: Stock, tmp_path: Path) -> None:
    place = ("--data", str(stock.data), "--config", str(stock.config))
    assert "use --recipient or --passphrase-file" in refused("create", *place)
    both = ("--recipient", "age1x", "--passphrase-file", "x")
    assert "exclude each other" in refused("create", *place, *both)
    assert "is no recipient" in refused("create", *place, "--recipient", "age1x")
    assert "too short" in refused("create", *place, HUB_BACKUP_PASSPHRASE="short")
    missing = str(tmp_path / "nothing")
    assert missing in refused("create", *place, "--passphrase-file", missing)
    assert missing in refused("verify", missing)
    assert missing in refused("restore", missing, *place)
    junk = tmp_path / "junk"
    junk.write_text("junk")
    assert "is no encrypted backup" in refused("verify", str(junk))
    made = answer("create", *place, "--recipient", *stock.recipient.keys)
    assert "name its private key: --identity" in refused("verify", made["file"])
    assert missing in refused("verify", made["file"], "--identity", missing)
    typo = str(tmp_path / "typo")
    assert "there is no database" in refused(
        "create", "--data", typo, "--recipient", *identity_pair()[0].keys
    )
    assert not Path(typo).exists()
    assert answer("list", "--data", typo) == []


@pytest.fixture
def small_disk() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs `hub backup` where no file may grow beyond a size."""

    def run(size: int, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["prlimit", f"--fsize={size}", *HUB, "backup", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    return run


@pytest.mark.parametrize("size", [50_000, 600_000], ids=["copy", "archive"])
def test_a_full_disk_leaves_nothing_behind(
    stock: Stock, small_disk: Callable[..., subprocess.CompletedProcess[str]], size: int
) -> None:
    """The copy of the database does not fit, or the archive does not."""
    (stock.config / "large").write_bytes(os.urandom(2_000_000))
    place = ("--data", str(stock.data), "--config", str(stock.config))
    done = small_disk(size, "create", *place, "--recipient", *stock.recipient.keys)
    assert done.returncode == 1, done.stdout
    assert "No backup was made" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(stock.backups.iterdir()) == []
    assert not (stock.data / ".backup").exists()
    answer("create", *place, "--recipient", *stock.recipient.keys)
