"""Accounts that are not as one would wish: a shell that talks, an open umask."""

import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.resources import Phase
from tests.integrations.proxy.conftest import World, forward
from tests.peers.nginx import Backend
from tests.peers.ports import require
from tests.peers.sshd import Account, Sshd, _passwd_locked


@pytest.fixture
def talkative(start_sshd: Callable[..., Sshd], account: Account) -> Iterator[Sshd]:
    """An sshd whose user has a shell that says something before each command."""
    words = [require("usermod", "apt-get install -y passwd"), "-s"]
    bash = require("bash", "apt-get install -y bash")
    with _passwd_locked():
        subprocess.run([*words, bash, account.name], check=True, capture_output=True)
    talk = "echo Welcome\necho 12345\necho 'do not panic' >&2\numask 000\ntouch ~/talked\n"
    (account.home / ".bashrc").write_text(talk)
    yield start_sshd("SetEnv SHLVL=0")
    (account.home / ".bashrc").unlink()
    with _passwd_locked():
        subprocess.run([*words, "/bin/sh", account.name], check=True, capture_output=True)


async def test_a_shell_that_talks_and_leaves_files_open(
    bare: World, talkative: Sshd, backend: Backend, make_base: Callable[[], Path]
) -> None:
    await bare.add_host(talkative)
    status = await bare.add_own(make_base())
    assert status.phase is Phase.IN_SYNC, status.message
    assert (talkative.account.home / "talked").exists()
    users = [{"username": "a", "password": "geheim11"}]
    await bare.good("proxy.access_list/team", items=users)
    spec = forward(backend, "blog.test", access_list_id="team")
    await bare.good("proxy.host/blog", **spec)
    await bare.good("proxy.host/open", **forward(backend, "open.test"))
    assert await bare.fetch("open.test") == "site /\n"
    assert (await bare.get("blog.test")).status == 401
    bad = forward(backend, "open.test", advanced_config="no_such_directive on;")
    status = await bare.apply("proxy.host/open", **bad)
    assert "advanced_config" in status.message
    base = bare.bases["web"]
    for path in [base, *base.rglob("*")]:
        if not path.is_symlink() and not path.is_socket():
            assert not path.stat().st_mode & stat.S_IWOTH, path
    seen = await bare.site().look(deep=True)
    assert not seen.drift
    await bare.gone("proxy.host/blog")
    await bare.gone("proxy.host/open")
    await bare.gone("proxy.server/web")
