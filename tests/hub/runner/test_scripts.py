"""Scripts that ship with an integration: constants that take data as arguments."""

from pathlib import Path

import pytest

from hub.events import Context
from hub.runner import CommandNotAllowed, Kind, Runner, Runners, Sudo, allow
from hub.util import packages
from tests.hub.runner.conftest import Told, server_of
from tests.peers.sshd import Sshd

SHOW = """\
# a comment that nobody has to send
export LC_ALL=C
printf '%s\\n' "$0" "$#" "$@"
cat
"""
HOSTILE = ["$(id)", "`id`", "a b", "'", '"', "\\", ";reboot", "$1", "é", ""]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An integration `shown` with three scripts, of which one is not listed."""
    place = tmp_path / "integrations" / "shown"
    (place / "remote").mkdir(parents=True)
    (place / "manifest.json").write_text(
        '{"domain": "shown", "scripts": ["show", "gone", "who"], "looks": ["who"]}'
    )
    (place / "remote" / "show.sh").write_text(SHOW)
    (place / "remote" / "who.sh").write_text("id -u\n[ -z $1 ] || exit 3\n")
    (place / "remote" / "secret.sh").write_text("true\n")
    monkeypatch.setattr(packages, "_places", lambda: [place.parent])
    allow.script.cache_clear()
    allow.looks_of.cache_clear()
    return place


@pytest.fixture(params=["local", "ssh"])
def runner(request: pytest.FixtureRequest, runners: Runners) -> Runner:
    if request.param == "local":
        return runners.local("shown")
    runners.put(server_of(request.getfixturevalue("sshd")))
    return runners.host("web", "shown")


async def test_data_stays_data(runner: Runner) -> None:
    outcome = await runner.script("show", HOSTILE, stdin=b"and\nlines\n")
    assert outcome.check().text.split("\n")[:-3] == ["hub-show", str(len(HOSTILE)), *HOSTILE]
    assert outcome.text.endswith("and\nlines\n")


async def test_what_is_written_down_is_the_name(
    runner: Runner, runners: Runners, told: Told
) -> None:
    outcome = await runner.script("who", ["x"])
    assert (outcome.kind, outcome.status) == (Kind.EXIT, 3)
    assert outcome.argv == ("shown/who.sh", "x")
    assert runners.transcripts(runner.target)[-1].argv == ("shown/who.sh", "x")
    assert told.of("host.run")[-1][3]["argv"] == ["shown/who.sh", "x"]


async def test_routine_looks_are_told_only_when_they_fail_or_somebody_asked(
    runner: Runner, runners: Runners, told: Told
) -> None:
    await runner.script("who")
    assert told.of("host.run") == []
    assert runners.transcripts(runner.target) == []
    await runner.script("who", context=Context("anna"))
    await runner.script("who", ["x"])
    await runner.script("show")
    assert [entry[2] for entry in told.of("host.run")] == ["ok", "failed", "ok"]
    assert len(runners.transcripts(runner.target)) == 3


@pytest.mark.parametrize("name", ["secret", "gone", "../show", "none"])
async def test_only_what_is_listed_and_there(runner: Runner, told: Told, name: str) -> None:
    with pytest.raises(CommandNotAllowed, match=r'"scripts"|has no remote/'):
        await runner.script(name)
    assert told.of("host.run")[-1][2] == "denied"


async def test_arguments_have_no_lines_and_no_secrets(runner: Runner) -> None:
    with pytest.raises(CommandNotAllowed, match="line break"):
        await runner.script("show", ["a\nb"])
    with pytest.raises(CommandNotAllowed, match="secret"):
        await runner.script("show", ["--pass=hunter22"], secrets=["hunter22"])


@pytest.mark.parametrize("mode", [Sudo.NOPASSWD, Sudo.PASSWORD])
async def test_as_root(runners: Runners, sshd: Sshd, mode: Sudo) -> None:
    sshd.account.grant("ALL=(ALL) NOPASSWD: ALL" if mode is Sudo.NOPASSWD else "ALL=(ALL) ALL")
    password = sshd.account.password if mode is Sudo.PASSWORD else None
    runners.put(server_of(sshd, sudo=mode, sudo_password=password))
    try:
        runner = runners.host("web", "shown")
        assert (await runner.script("who", sudo=True)).check().text == "0\n"
        shown = await runner.script("show", ["a'b"], stdin=b"tail\n", sudo=True)
        assert shown.check().text == "hub-show\n1\na'b\ntail\n"
    finally:
        sshd.account.revoke()
