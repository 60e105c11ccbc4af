"""`hub completion`: what a real shell offers."""

import asyncio
import shutil
import sys

import pytest

from tests.hub.cli.conftest import Shell
from tests.peers.terminal import Terminal

BASH = shutil.which("bash")
ASK = """
source <(hub completion bash)
COMP_WORDS=("$@")
COMP_CWORD=$(( $# - 1 ))
compopt() { :; }
_hub_completion hub
printf '%s\\n' "${COMPREPLY[@]}"
"""


def install(shell: Shell) -> None:
    """Put `hub` on the person's path."""
    path = shell.home / "bin" / "hub"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -m hub.cli.app "$@"\n')
    path.chmod(0o755)
    shell.environment["PATH"] = f"{path.parent}:{shell.environment['PATH']}"


async def offered(shell: Shell, *words: str) -> tuple[list[str], str]:
    """Return what bash offers for the last word, and what was said beside."""
    assert BASH is not None, "install bash"
    process = await asyncio.create_subprocess_exec(
        BASH, "-c", ASK, "bash", *words, env=shell.environment, cwd=shell.home,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    return out.decode().split(), err.decode()


async def test_bash_offers_commands_types_keys_and_entities(shell: Shell) -> None:
    install(shell)
    await shell.put("test.note/shopping", text="Milk")
    await shell.put("test.note/shoes", text="42")
    assert await offered(shell, "hub", "hist") == (["history"], "")
    keys = ["test.note/shoes", "test.note/shopping"]
    assert await offered(shell, "hub", "get", "test.") == (["test.folder", "test.note"], "")
    assert await offered(shell, "hub", "get", "test.n") == (["test.note", *keys], "")
    assert await offered(shell, "hub", "edit", "test.") == (["test.folder/", "test.note/"], "")
    assert await offered(shell, "hub", "edit", "test.n") == (keys, "")
    assert await offered(shell, "hub", "get", "test.note/sh") == (keys, "")
    assert await offered(shell, "hub", "put", "test.note/shoe") == (["test.note/shoes"], "")
    assert await offered(shell, "hub", "states", "climate.d") == (["climate.demo_zone"], "")
    assert "switch.turn_on" in (await offered(shell, "hub", "call", "switch."))[0]
    assert "--cascade" in (await offered(shell, "hub", "delete", "--c"))[0]
    assert await offered(shell, "hub", "get", "-o", "y") == (["yaml"], "")
    assert (await offered(shell, "hub", "jobs", "ca"))[0] == ["cancel"]


async def test_without_a_hub_nothing_is_said(shell: Shell) -> None:
    install(shell)
    shell.environment["HUB_DATA"] = str(shell.home / "nowhere")
    assert await offered(shell, "hub", "get", "te") == ([], "")
    assert await offered(shell, "hub", "get", "--data", str(shell.hub_.data_dir), "test.n") == (
        ["test.note"],
        "",
    )


async def test_a_person_presses_tab(shell: Shell) -> None:
    install(shell)
    await shell.put("test.note/shopping", text="Milk")
    shell.write(
        "rc", "PS1='$ '\nbind 'set enable-bracketed-paste off'\nsource <(hub completion bash)\n"
    )

    def person(terminal: Terminal) -> None:
        terminal.expect(r"\$ ")
        terminal.type("hub get test.note/\t")
        terminal.expect("test.note/shopping ")
        terminal.type("-o y\t\n")
        terminal.expect("text: Milk")
        terminal.type("exit\n")
        assert terminal.end() == 0

    assert BASH is not None
    environment = {**shell.environment, "TERM": "dumb"}
    command = [BASH, "--noprofile", "--rcfile", "rc", "-i"]
    terminal = shell.open_terminal(command, environment, shell.home)
    await asyncio.to_thread(person, terminal)


@pytest.mark.parametrize(
    ("shell_name", "words"), [("zsh", "#compdef hub"), ("fish", "--command hub")]
)
async def test_other_shells_get_a_script(shell: Shell, shell_name: str, words: str) -> None:
    assert words in await shell.ok("completion", shell_name)
    program = shutil.which(shell_name)
    if program is not None:
        shell.write("script", await shell.ok("completion", shell_name))
        checked = await asyncio.create_subprocess_exec(program, "-n", "script", cwd=shell.home)
        assert await checked.wait() == 0
