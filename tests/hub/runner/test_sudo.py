"""Becoming root with a real sudo: the ways that work, and clear words for those that do not."""

import asyncio
import os
import shutil
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.errors import NotFound
from hub.runner import Runners, SSHRunner, Sudo
from hub.runner.command import Kind
from hub.runner.errors import DiskFull, SudoRefused, TooLarge
from hub.runner.sudo import Rights
from tests.hub.runner.conftest import MakeRunners, by_password, names, server_of
from tests.hub.runner.test_ssh import command_lines, descendants_of, nap, sleeping
from tests.peers.ports import wait_until
from tests.peers.sshd import Sshd

WITH_PASSWORD = "ALL=(ALL) ALL"
WITHOUT = "ALL=(ALL) NOPASSWD: ALL"
ONE = "ALL=(root) NOPASSWD: /usr/bin/id -u"


@pytest.fixture
def rootly(sshd: Sshd) -> Iterator[Path]:
    """A folder that only root may enter."""
    sshd.account.revoke()
    folder = sshd.folder / "rootly"
    folder.mkdir(mode=0o700)
    yield folder
    sshd.account.revoke()


def web(runners: Runners, sshd: Sshd, mode: Sudo, **changes: Any) -> SSHRunner:
    """Return a runner whose user becomes root in this way."""
    if mode is Sudo.PASSWORD:
        changes.setdefault("sudo_password", sshd.account.password)
    runners.put(server_of(sshd, sudo=mode, **changes))
    return runners.host("web", "tests")


@pytest.mark.parametrize(
    ("mode", "rule"), [(Sudo.NOPASSWD, WITHOUT), (Sudo.PASSWORD, WITH_PASSWORD)]
)
async def test_commands_run_as_root(
    runners: Runners, sshd: Sshd, rootly: Path, mode: Sudo, rule: str
) -> None:
    sshd.account.grant(rule)
    runner = web(runners, sshd, mode)
    assert await runner.rights() is Rights.ALL
    assert (await runner.run(["id", "-u"], sudo=True)).check().text == "0\n"
    assert (await runner.run(["id", "-u"])).check().text != "0\n"
    failed = await runner.run(["sh", "-c", "echo sorry >&2; exit 1"], sudo=True)
    assert (failed.kind, failed.status, failed.stderr) == (Kind.EXIT, 1, b"sorry\n")
    whole = await runner.run(["cat"], stdin=b"line\n" * 50_000, sudo=True)
    assert whole.check().stdout == b"line\n" * 50_000
    arguments = ["$HOME", "`id`", "a  b", "'", '"', "\\", ""]
    assert (await runner.run(["printf", "%s|", *arguments], sudo=True)).text == (
        "|".join(arguments) + "|"
    )


@pytest.mark.parametrize(
    ("mode", "rule"), [(Sudo.NOPASSWD, WITHOUT), (Sudo.PASSWORD, WITH_PASSWORD)]
)
async def test_a_late_command_of_root_is_ended(
    runners: Runners, sshd: Sshd, rootly: Path, mode: Sudo, rule: str
) -> None:
    sshd.account.grant(rule)
    runner = web(runners, sshd, mode)
    outcome = await runner.run(["sleep", nap(977)], sudo=True, timeout=1)
    assert outcome.kind is Kind.TIMEOUT
    await wait_until(lambda: not sleeping(977))


@pytest.mark.parametrize(
    ("mode", "rule"), [(Sudo.NOPASSWD, WITHOUT), (Sudo.PASSWORD, WITH_PASSWORD)]
)
async def test_files_of_root(
    runners: Runners, sshd: Sshd, rootly: Path, mode: Sudo, rule: str
) -> None:
    sshd.account.grant(rule)
    runner = web(runners, sshd, mode)
    data = os.urandom(500_000)
    await runner.upload(f"{rootly}/a b", b"old", sudo=True)
    await runner.upload(f"{rootly}/a b", data, sudo=True, mode=0o640)
    assert await runner.read(f"{rootly}/a b", sudo=True) == data
    written = (rootly / "a b").stat()
    assert (written.st_uid, stat.S_IMODE(written.st_mode)) == (0, 0o640)
    assert names(rootly) == ["a b"]
    with pytest.raises(NotFound):
        await runner.read(f"{rootly}/none", sudo=True)
    with pytest.raises(NotFound):
        await runner.upload(f"{rootly}/none/file", b"x", sudo=True)
    with pytest.raises(TooLarge):
        await runner.read(f"{rootly}/a b", sudo=True, limit=1000)


async def test_a_full_disk_of_root(
    runners: Runners, sshd: Sshd, rootly: Path, small_disk: Path
) -> None:
    sshd.account.grant(WITHOUT)
    runner = web(runners, sshd, Sudo.NOPASSWD)
    await runner.upload(f"{small_disk}/kept", b"kept", sudo=True)
    with pytest.raises(DiskFull):
        await runner.upload(f"{small_disk}/kept", b"x" * 100_000, sudo=True)
    assert names(small_disk) == ["kept"]
    assert (small_disk / "kept").read_bytes() == b"kept"


async def test_a_cut_off_input_never_becomes_the_file(
    runners: Runners, sshd: Sshd, rootly: Path
) -> None:
    """When the connection is lost, the server ends the input as if it were whole."""
    sshd.account.grant(WITHOUT)
    runner = web(runners, sshd, Sudo.NOPASSWD)
    await runner.upload(f"{rootly}/file", b"old", sudo=True)
    writing = asyncio.create_task(runner.upload(f"{rootly}/file", b"n" * 60_000_000, sudo=True))
    await wait_until(lambda: any(name.startswith(".file.") for name in names(rootly)))
    for pid in sshd.connections:
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(Exception, match="may have done its work or not"):
        await writing
    await wait_until(lambda: names(rootly) == ["file"])
    assert (rootly / "file").read_bytes() == b"old"


async def test_the_password_never_reaches_the_command(
    runners: Runners, sshd: Sshd, rootly: Path
) -> None:
    """A rule may ask for no password though one is set: then it must not become input."""
    sshd.account.grant(WITHOUT)
    runner = web(runners, sshd, Sudo.PASSWORD)
    for given in (b"", b"data\n", None):
        outcome = await runner.run(["cat"], stdin=given, sudo=True)
        assert outcome.check().stdout == (given or b"")
    await runner.upload(f"{rootly}/file", b"data", sudo=True)
    assert (rootly / "file").read_bytes() == b"data"


async def test_the_password_is_in_no_process_list(
    runners: Runners, sshd: Sshd, rootly: Path
) -> None:
    sshd.account.grant(WITH_PASSWORD)
    runner = web(runners, sshd, Sudo.PASSWORD)
    running = asyncio.create_task(runner.run(["sleep", nap(963)], sudo=True, timeout=60))
    seen, looks = "", 0
    while looks < 20:
        seen += (shown := "\n".join(command_lines()))
        looks += f"sleep\0{nap(963)}\0" in shown.splitlines()
        await asyncio.sleep(0.02)
    for pid in descendants_of(sshd):
        os.kill(pid, signal.SIGKILL)
    await running
    assert "hub-sudo" in seen
    assert sshd.account.password not in seen


async def test_the_login_password_serves_for_sudo(
    runners: Runners, sshd: Sshd, rootly: Path
) -> None:
    sshd.account.grant(WITH_PASSWORD)
    runners.put(by_password(sshd, sudo=Sudo.PASSWORD))
    runner = runners.host("web", "tests")
    assert (await runner.run(["id", "-u"], sudo=True)).check().text == "0\n"


async def test_root_needs_no_sudo(runners: Runners, sshd: Sshd, rootly: Path) -> None:
    runners.put(server_of(sshd, user="root"))
    runner = runners.host("web", "tests")
    assert await runner.rights() is Rights.ROOT
    assert (await runner.run(["id", "-u"], sudo=True)).check().text == "0\n"
    await runner.upload(f"{rootly}/file", b"data", sudo=True)
    assert await runner.read(f"{rootly}/file", sudo=True) == b"data"


async def test_rules_for_single_commands(runners: Runners, sshd: Sshd, rootly: Path) -> None:
    sshd.account.grant(ONE)
    runner = web(runners, sshd, Sudo.NOPASSWD)
    assert await runner.rights() is Rights.SOME
    assert (await runner.run(["/usr/bin/id", "-u"], sudo=True)).check().text == "0\n"
    with pytest.raises(SudoRefused, match="password"):
        await runner.run(["cat", "/etc/shadow"], sudo=True)
    with pytest.raises(SudoRefused, match="right to run any command"):
        await runner.upload(f"{rootly}/file", b"x", sudo=True)
    assert names(rootly) == []


@pytest.mark.parametrize(
    ("mode", "rule", "words"),
    [
        (Sudo.NONE, WITHOUT, "sudo is 'none' in the resource"),
        (Sudo.NOPASSWD, WITH_PASSWORD, "asks user .* for a password; add a NOPASSWD rule"),
        (Sudo.NOPASSWD, None, "add a NOPASSWD rule"),
        (Sudo.PASSWORD, None, "has no right in sudo"),
    ],
    ids=["none", "password wanted", "unknown user", "no rule"],
)
async def test_refusals_say_what_to_do(
    runners: Runners, sshd: Sshd, rootly: Path, mode: Sudo, rule: str | None, words: str
) -> None:
    if rule is not None:
        sshd.account.grant(rule)
    runner = web(runners, sshd, mode)
    with pytest.raises(SudoRefused, match=words) as caught:
        await runner.run(["touch", f"{rootly}/made"], sudo=True)
    assert caught.value.code == "sudo_refused"
    assert names(rootly) == []
    assert (await runner.run(["true"])).ok


async def test_a_wrong_password_is_tried_once(runners: Runners, sshd: Sshd, rootly: Path) -> None:
    sshd.account.grant(WITH_PASSWORD)
    runner = web(runners, sshd, Sudo.PASSWORD, sudo_password="not-the-password")
    commands = runners.snapshot
    for _ in range(3):
        with pytest.raises(SudoRefused, match="refused the password"):
            await runner.run(["id"], sudo=True)
    assert commands()["host.server/web"]["commands"] == 1
    runner = web(runners, sshd, Sudo.PASSWORD)
    assert (await runner.run(["id", "-u"], sudo=True)).check().text == "0\n"


async def test_a_right_given_later_is_found(
    make_runners: MakeRunners, sshd: Sshd, rootly: Path
) -> None:
    runners = make_runners()
    runner = web(runners, sshd, Sudo.NOPASSWD)
    with pytest.raises(SudoRefused):
        await runner.run(["id", "-u"], sudo=True)
    sshd.account.grant(WITHOUT)
    with pytest.raises(SudoRefused):
        await runner.run(["id", "-u"], sudo=True)
    runners._pool.line("web").rights_until = 0.0
    assert (await runner.run(["id", "-u"], sudo=True)).check().text == "0\n"


async def test_without_sudo_installed(
    runners: Runners, sshd: Sshd, rootly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server whose PATH has everything but sudo, as one without the package."""
    folder = sshd.folder / "bin"
    folder.mkdir()
    for name in ("sh", "env", "timeout", "true"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    sshd.stop()
    sshd.extra = (*sshd.extra, f"SetEnv PATH={folder}")
    sshd.start()
    for mode in (Sudo.NOPASSWD, Sudo.PASSWORD):
        runner = web(runners, sshd, mode)
        with pytest.raises(SudoRefused, match="sudo is not installed"):
            await runner.run(["id"], sudo=True)
