"""Files on a real sshd: replaced as a whole, or not at all."""

import asyncio
import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from hub.errors import NotFound, NotSupported
from hub.runner import Runners, SSHRunner
from hub.runner.errors import AccessDenied, CommandFailed, DiskFull, TooLarge
from tests.hub.runner.conftest import Told, names, server_of
from tests.peers.sshd import Sshd


@pytest.fixture
def home(sshd: Sshd) -> Path:
    """An empty folder of the account."""
    folder = sshd.account.home / sshd.folder.name
    folder.mkdir()
    os.chown(folder, folder.parent.stat().st_uid, -1)
    return folder


async def test_a_file_is_written_and_read(web: SSHRunner, home: Path, told: Told) -> None:
    data = os.urandom(300_000)
    await web.upload(f"{home}/file", data)
    assert await web.read(f"{home}/file") == data
    assert stat.S_IMODE((home / "file").stat().st_mode) == 0o600
    assert names(home) == ["file"]
    assert told.of("host.upload")[0][2:] == (
        "ok", {"path": f"{home}/file", "integration": "tests", "bytes": 300_000},
    )  # fmt: skip
    assert told.of("host.read")[0][3]["path"] == f"{home}/file"


async def test_an_old_file_is_replaced_with_its_new_mode(web: SSHRunner, home: Path) -> None:
    """S13: a plain rename over an existing file fails."""
    await web.upload(f"{home}/file", b"old", mode=0o600)
    await web.upload(f"{home}/file", b"new", mode=0o640)
    assert (home / "file").read_bytes() == b"new"
    assert stat.S_IMODE((home / "file").stat().st_mode) == 0o640


async def test_readers_never_see_a_part(web: SSHRunner, home: Path) -> None:
    old, new = b"o" * 200_000, b"n" * 200_000
    await web.upload(f"{home}/file", old)
    seen = set()

    async def look() -> None:
        while True:
            seen.add((home / "file").read_bytes())
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    for _ in range(10):
        await web.upload(f"{home}/file", new)
        await web.upload(f"{home}/file", old)
    looking.cancel()
    assert seen <= {old, new}


async def test_empty_files_and_odd_names(web: SSHRunner, home: Path) -> None:
    name = f"{home}/a b'\"\\$(id);ü"
    await web.upload(name, b"")
    assert await web.read(name) == b""


async def test_two_hundred_files_at_once(web: SSHRunner, home: Path) -> None:
    await asyncio.gather(*(web.upload(f"{home}/{n}", b"x" * 10_000) for n in range(200)))
    assert len(names(home)) == 200


@pytest.mark.parametrize("size", [100_000, 60_000], ids=["refused before", "full while writing"])
async def test_a_full_disk_leaves_nothing(
    web: SSHRunner, small_disk: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S14: OpenSSH says only "Failure" and leaves a cut-off file."""
    await web.upload(f"{small_disk}/kept", b"kept")
    (small_disk / "ballast").write_bytes(b"x" * 20_000)
    if size < 65_536:
        # as if somebody else took the room between the question and the writing
        from hub.runner import files

        async def no_answer(*_: object) -> None:
            return None

        monkeypatch.setattr(files, "_preflight", no_answer)
    with pytest.raises(DiskFull) as caught:
        await web.upload(f"{small_disk}/kept", b"n" * size)
    assert caught.value.code == "disk_full"
    assert ("bytes and" in caught.value.message) == (size > 65_536)
    assert names(small_disk) == ["ballast", "kept"]
    assert (small_disk / "kept").read_bytes() == b"kept"


async def test_missing_and_forbidden_files(web: SSHRunner, home: Path) -> None:
    """S16: the refusal of a file is not the refusal of a login."""
    with pytest.raises(NotFound, match="there is no"):
        await web.read(f"{home}/none")
    with pytest.raises(NotFound):
        await web.upload(f"{home}/none/file", b"x")
    with pytest.raises(AccessDenied) as caught:
        await web.read("/etc/shadow")
    assert caught.value.code == "access_denied"
    with pytest.raises(AccessDenied):
        await web.upload("/etc/hub-test", b"x")
    (home / "folder").mkdir()
    with pytest.raises(CommandFailed):
        await web.upload(f"{home}/folder", b"x")
    assert names(home) == ["folder"]


async def test_a_large_file_is_refused(web: SSHRunner, home: Path) -> None:
    (home / "file").write_bytes(b"x" * 1001)
    with pytest.raises(TooLarge, match="larger than 1000 bytes"):
        await web.read(f"{home}/file", limit=1000)
    assert len(await web.read(f"{home}/file", limit=1001)) == 1001


async def test_a_file_without_end_is_refused(web: SSHRunner) -> None:
    with pytest.raises(TooLarge):
        await web.read("/dev/zero", limit=1000)


@pytest.mark.parametrize(
    "path", ["relative", "/a/../etc/passwd", "/a/./b", "/folder/", "/a\nb", "/a\0b", ""]
)
async def test_paths_name_exactly_one_file(web: SSHRunner, path: str) -> None:
    with pytest.raises(NotSupported):
        await web.read(path)
    with pytest.raises(NotSupported):
        await web.upload(path, b"")


async def test_a_lost_connection_is_made_anew_for_a_file(
    web: SSHRunner, runners: Runners, sshd: Sshd, home: Path
) -> None:
    await web.upload(f"{home}/file", b"first")
    for pid in sshd.connections:
        os.kill(pid, signal.SIGKILL)
    await web.upload(f"{home}/file", b"second")
    assert await web.read(f"{home}/file") == b"second"
    assert names(home) == ["file"]
    assert runners.snapshot()["host.server/web"]["connects"] == 2


async def test_a_lost_sftp_session_is_opened_again(
    web: SSHRunner, runners: Runners, home: Path, sshd: Sshd
) -> None:
    """Only the session ends, as when its process is killed; the connection stays."""
    runners.put(server_of(sshd))
    for number in range(12):
        await web.upload(f"{home}/file", str(number).encode())
        link = runners._pool.line("web")._link
        assert link is not None
        assert link._sftp is not None
        link._sftp.exit()
        await link._sftp.wait_closed()
        assert await web.read(f"{home}/file") == str(number).encode()
    assert runners.snapshot()["host.server/web"]["connects"] == 1
    assert all([(await web.run(["true"])).ok for _ in range(8)])


async def test_a_frozen_server_does_not_hold_a_file(web: SSHRunner, sshd: Sshd, home: Path) -> None:
    await web.upload(f"{home}/file", b"first")
    for pid in sshd.connections:
        os.kill(pid, signal.SIGSTOP)
    with pytest.raises(Exception, match="took longer than 1 s"):
        await web.upload(f"{home}/file", b"second", timeout=1)
    with pytest.raises(Exception, match="took longer than 1 s"):
        await web.read(f"{home}/file", timeout=1)


async def test_links_are_replaced_not_followed(web: SSHRunner, home: Path) -> None:
    (home / "target").write_bytes(b"target")
    (home / "link").symlink_to(home / "target")
    await web.upload(f"{home}/link", b"new")
    assert (home / "target").read_bytes() == b"target"
    assert not (home / "link").is_symlink()


def test_the_small_disk_is_small(small_disk: Path) -> None:
    done = subprocess.run(
        ["df", "-k", "--output=size", str(small_disk)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[-1] == "64"
