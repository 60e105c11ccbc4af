"""What an integration may run, and that a refusal is written down before anything runs."""

import pytest

from hub.runner.allow import CORE, allow, commands_of
from hub.runner.errors import CommandNotAllowed
from tests.hub.runner.conftest import MakeRunners, Told

LISTED = {"nginx", "/usr/sbin/wg"}


@pytest.mark.parametrize(
    "argv",
    [
        ["nginx", "-t"],
        ["/usr/sbin/wg", "show"],
        ["sudo", "nginx", "-t"],
        ["sudo", "-n", "--", "nginx"],
        ["/usr/bin/sudo", "-u", "root", "-g", "adm", "-H", "nginx"],
    ],
    ids=" ".join,
)
def test_listed_programs_may_run(argv: list[str]) -> None:
    allow(argv, "proxy", lambda _: LISTED)


@pytest.mark.parametrize(
    "argv",
    [
        ["rm", "-rf", "/"],
        ["/tmp/nginx"],
        ["wg"],
        ["nginx2"],
        ["sudo", "rm"],
        ["sudo", "-u", "nginx", "rm"],
        ["sudo", "-i", "nginx"],
        ["sudo", "-S", "nginx"],
        ["sudo", "LD_PRELOAD=/tmp/x.so", "nginx"],
        ["sudo", "--user=root", "nginx"],
        ["sudo"],
        ["sudo", "sudo", "nginx"],
        ["env", "nginx"],
        ["sh", "-c", "nginx"],
    ],
    ids=" ".join,
)
def test_others_may_not(argv: list[str]) -> None:
    with pytest.raises(CommandNotAllowed):
        allow(argv, "proxy", lambda _: LISTED)


def test_without_a_list_nothing_may_run() -> None:
    assert commands_of("demo") == frozenset()
    assert commands_of("no such integration") == frozenset()
    assert "true" in commands_of(CORE)


async def test_a_refusal_is_audited_and_nothing_runs(
    make_runners: MakeRunners, told: Told, tmp_path: object
) -> None:
    runner = make_runners(commands=lambda _: {"true"}).local("proxy")
    with pytest.raises(CommandNotAllowed, match=r"proxy may not run 'touch'.*manifest\.json"):
        await runner.run(["touch", f"{tmp_path}/made"])
    [(action, target, result, data)] = told.entries
    assert (action, target, result) == ("host.run", "local", "denied")
    assert data["argv"] == ["touch", f"{tmp_path}/made"]
    assert data["error"] == "command_not_allowed"
    assert not list(tmp_path.iterdir())  # type: ignore[attr-defined]


async def test_a_secret_in_an_argument_is_refused_and_masked(
    make_runners: MakeRunners, told: Told
) -> None:
    runner = make_runners().local("proxy")
    with pytest.raises(CommandNotAllowed, match="argument 1 holds a secret"):
        await runner.run(["echo", "--password=hunter22"], secrets=["hunter22"])
    assert told.entries[0][3]["argv"] == ["echo", "--password=***"]
