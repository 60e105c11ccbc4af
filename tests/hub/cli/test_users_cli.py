"""`hub users` and `hub tokens`: against a running hub, and the way back in without one."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyotp
import pytest

from hub.audit import Audit
from hub.auth import Auth, InvalidAuth
from hub.storage import Database
from hub.storage.secrets import Keyring
from hub.util.clock import SystemClock
from tests.hub.cli.conftest import Shell
from tests.peers.hub import HubProcess, run_hub

GOOD = "correct horse"
NEW = "battery staple"


async def test_the_life_of_a_user(shell: Shell) -> None:
    auth = shell.hub_.auth
    out = await shell.ok("users", "add", "carl", "--role", "viewer", "--password-stdin", stdin=GOOD)
    assert "carl" in out
    assert "viewer" in out
    rows = json.loads(await shell.ok("users", "-o", "json"))
    assert [(row["username"], row["role"]) for row in rows] == [
        ("owner", "owner"),
        ("carl", "viewer"),
    ]
    await shell.ok("users", "role", "carl", "operator")
    await shell.ok("users", "password", "carl", "--password-stdin", stdin=f"{NEW}\n")
    user = await auth.login("carl", NEW)
    assert user.role == "operator"
    await auth.policies.put("lights", [{"effect": "deny", "verbs": ["read"], "domain": ["light"]}])
    await shell.ok("users", "policies", "carl", "lights")
    assert user.policies == ("lights",)
    await shell.ok("users", "policies", "carl")
    assert user.policies == ()
    await shell.ok("users", "active", "carl", "off")
    assert not user.is_active
    await shell.ok("users", "active", "carl", "on")
    offer = auth.totp.offer(user, "x")
    await auth.totp.enable(user, offer.secret, pyotp.TOTP(offer.secret).now())
    await shell.ok("users", "totp-reset", "carl", "--yes")
    assert not user.second_factor
    await shell.ok("users", "remove", "carl", "-y")
    assert auth.users.by_username("carl") is None


async def test_what_is_refused_is_told(shell: Shell) -> None:
    for arguments, stdin, words in (
        (("add", "carl", "--password-stdin"), "short", "at least"),
        (("add", "owner", "--password-stdin"), GOOD, "taken"),
        (("role", "nobody", "viewer"), None, "User not found"),
        (("role", "owner", "viewer"), None, "hands over the ownership"),
        (("remove", "owner", "-y"), None, "own account"),
        (("totp-reset", "owner", "-y"), None, "no second factor"),
        (("unban", "203.0.113.7"), None, "not banned"),
        (("policies", "owner", "nope"), None, "no policy nope"),
    ):
        done = await shell.hub("users", *arguments, stdin=stdin)
        assert done.status == 1, arguments
        assert words.replace("at least", "8 to 1024") in done.err, done.err
    done = await shell.hub("users", "password", "owner")
    assert (done.status, "--password-stdin" in done.err) == (2, True)


async def test_bans_are_listed_and_lifted(shell: Shell) -> None:
    auth = shell.hub_.auth
    assert "nobody is banned" in (await shell.hub("users", "bans")).err
    for number in range(20):
        auth.failed("2001:db8::7", f"bad {number}")
    assert "2001:db8::/64" in await shell.ok("users", "bans")
    await shell.ok("users", "unban", "2001:db8::9")
    assert not auth.bans.active


async def test_tokens(shell: Shell) -> None:
    token = (await shell.ok("tokens", "create", "wall panel", "--days", "30")).strip()
    assert shell.hub_.auth.tokens.validate(token) is not None
    listed = await shell.ok("tokens")
    assert "wall panel" in listed
    assert token not in listed
    # A token of its own asks as its user would.
    home = {"HUB_URL": shell.house.url, "HUB_TOKEN": token}
    assert "wall panel" in await shell.ok("tokens", "list", **home)
    await shell.ok("tokens", "revoke", "wall panel")
    assert shell.hub_.auth.tokens.validate(token) is None
    done = await shell.hub("tokens", "list", **home)
    assert (done.status, "HUB_TOKEN" in done.err) == (1, True)
    done = await shell.hub("tokens", "revoke", "wall panel")
    assert (done.status, "no token" in done.err) == (1, True)
    user = await shell.hub_.auth.users.create("Carl", credentials=("carl", GOOD))
    await shell.hub_.auth.tokens.create_long_lived(user, "phone", 1)
    rows = json.loads(await shell.ok("tokens", "list", "--user", "carl", "-o", "json"))
    await shell.ok("tokens", "revoke", rows[0]["id"], "--user", "carl")
    assert shell.hub_.auth.tokens.by_user(user.id) == []


def opened(data: Path, work: Callable[[Auth], Any]) -> Any:
    """Do something with the users of a hub that does not run."""

    async def run() -> Any:
        database = Database(data / "hub.db")
        await database.open()
        try:
            keyring = Keyring(database, data / "keys" / "sealing.json")
            await keyring.load()
            auth = Auth(database, sealer=keyring, ban_after=3)
            await auth.load()
            return await work(auth)
        finally:
            await database.close()

    return asyncio.run(run())


@pytest.fixture
def locked_out(tmp_path: Path) -> tuple[Path, str]:
    """A data folder whose owner lost everything, and a token that somebody has."""
    done = run_hub(
        "init", "--owner", "anna", "--password-stdin", "--data", str(tmp_path), stdin=GOOD
    )
    assert done.returncode == 0, done.stderr

    async def lose(auth: Auth) -> None:
        (anna,) = auth.users.all()
        offer = auth.totp.offer(anna, "x")
        await auth.totp.enable(anna, offer.secret, pyotp.TOTP(offer.secret).now())
        for number in range(3):
            auth.failed("203.0.113.7", f"bad {number}")

    opened(tmp_path, lose)
    return tmp_path, json.loads(done.stdout)["token"]


def test_everything_is_lost_and_found(locked_out: tuple[Path, str]) -> None:
    data, token = locked_out
    command = ("users", "recover", "--data", str(data), "--password-stdin")
    done = run_hub(*command, "-o", "json", stdin=NEW)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "user_id": json.loads(done.stdout)["user_id"],
        "username": "anna",
        "role": "owner",
        "second_factor_removed": True,
        "bans_lifted": 1,
        "tokens_revoked": 0,
        "audited": True,
    }

    async def look(auth: Auth) -> tuple[bool, bool, bool]:
        user = await auth.login("anna", NEW, "203.0.113.7")
        with pytest.raises(InvalidAuth):
            await auth.login("anna", GOOD)
        return user.second_factor, auth.bans.active, auth.tokens.validate(token) is not None

    assert opened(data, look) == (False, False, True)
    again = run_hub(*command, "--revoke-tokens", stdin=NEW)
    assert "1 tokens are ended" in again.stderr
    assert opened(data, look) == (False, False, False)

    async def audited(auth: Auth) -> list[str]:
        keyring = auth.totp._sealer
        audit = Audit(keyring.database, SystemClock(), keyring.derive("audit"))
        assert (await audit.verify()).ok
        rows = await audit.query()
        assert {row["address"] for row in rows} == {"recovery"}
        return [row["action"] for row in rows]

    assert opened(data, audited)[::-1] == [
        "user.password", "user.totp.reset", "unban", "user.password", "token.revoke",
    ]  # fmt: skip


def test_recovery_needs_the_hub_to_stand_still(
    start_hub: Callable[..., HubProcess],
) -> None:
    hub = start_hub()
    command = ("users", "recover", "--data", str(hub.data), "--password-stdin")
    done = run_hub(*command, stdin=NEW)
    assert done.returncode == 1
    assert "stop the hub first" in done.stderr
    # What it says instead works, without any password.
    instead = ("users", "password", "owner", "--password-stdin")
    done = run_hub(*instead, stdin=NEW, HUB_DATA=str(hub.data))
    assert done.returncode == 0, done.stderr
    hub.stop()
    done = run_hub(*command, stdin=NEW)
    assert done.returncode == 0, done.stderr
    hub.start()
    found = run_hub(
        "audit", "list", "-o", "json", "--action", "user.password",
        HUB_URL=hub.url, HUB_TOKEN=hub.token,
    )  # fmt: skip
    rows = json.loads(found.stdout)
    assert [row["address"] for row in rows] == ["recovery", "socket"]


def test_recovery_tells_what_is_wrong(locked_out: tuple[Path, str], tmp_path: Path) -> None:
    data, _ = locked_out
    command = ("users", "recover", "--password-stdin", "--data")
    for arguments, stdin, status, words in (
        ((str(tmp_path / "empty"),), NEW, 2, "no data folder"),
        ((str(data), "--user", "bob"), NEW, 1, "user names: anna"),
        ((str(data),), "short", 1, "8 to 1024"),
        ((str(data),), "anna", 1, "8 to 1024"),
    ):
        done = run_hub(*command, *arguments, stdin=stdin)
        assert done.returncode == status, done.stderr
        assert words in done.stderr


def test_recovery_works_without_the_sealing_keys(locked_out: tuple[Path, str]) -> None:
    """Who lost the keys as well must get in all the same; then the log can not tell of it."""
    data, _ = locked_out
    (data / "keys" / "sealing.json").unlink()
    done = run_hub("users", "recover", "--data", str(data), "--password-stdin", stdin=NEW)
    assert done.returncode == 0, done.stderr
    assert "audit log could not be written" in done.stderr
