"""What a person at a terminal meets: questions, Ctrl-C, colours, width."""

import asyncio
import os
import subprocess

from tests.hub.cli.conftest import HUB, Shell
from tests.peers.terminal import Terminal


async def test_delete_asks_and_takes_no_for_an_answer(shell: Shell) -> None:
    await shell.put("test.note/list", text="Milk")

    def no(terminal: Terminal) -> None:
        terminal.expect(r"Delete test.note/list\? \[y/N\]: ")
        terminal.type("n\n")
        terminal.expect("error: nothing was changed")
        assert terminal.end() == 1

    def yes(terminal: Terminal) -> None:
        terminal.expect(r"\[y/N\]: ")
        terminal.type("y\n")
        terminal.expect("test.note/list deleted")
        assert terminal.end() == 0

    def unasked(terminal: Terminal) -> None:
        terminal.expect("test.note/list deleted")
        assert terminal.end() == 0

    await shell.at_terminal(no, "delete", "test.note/list")
    await shell.at_terminal(yes, "delete", "test.note/list")
    await shell.put("test.note/list", text="Milk")
    await shell.at_terminal(unasked, "delete", "test.note/list", "--yes")


async def test_apply_shows_before_it_asks_and_moves_a_bar(shell: Shell) -> None:
    shell.write("x.yaml", "test.folder/x:\n  lines: {a: one}\n  hang_at: a\n")

    def person(terminal: Terminal) -> None:
        terminal.expect(r"would create test.folder/x")
        terminal.expect(r"Write 1 change\? \[y/N\]: ")
        terminal.type("y\n")
        terminal.expect("created, revision 1")
        terminal.expect(r"\[\.{20}\] +0% .*test.folder/x: ")
        assert terminal.interrupt() == 130
        assert "Traceback" not in terminal.screen
        assert "Aborted" not in terminal.screen

    await shell.at_terminal(person, "apply", "-f", "x.yaml")
    assert shell.hub_.resources.get("test.folder", "x").revision == 1


async def test_ctrl_c_at_a_question_changes_nothing(shell: Shell) -> None:
    await shell.put("test.note/list", text="Milk")

    def person(terminal: Terminal) -> None:
        terminal.expect(r"\[y/N\]: ")
        assert terminal.interrupt() == 130

    await shell.at_terminal(person, "delete", "test.note/list")
    assert shell.hub_.resources.get("test.note", "list").revision == 1


async def test_colours_only_where_they_are_wished(shell: Shell) -> None:
    await shell.put("test.note/list", text="Milk")

    def screen(terminal: Terminal) -> None:
        terminal.expect("in_sync")
        assert terminal.end() == 0

    arguments = ("get", "test.note/list")
    assert "\x1b[32min_sync" in (await shell.at_terminal(screen, *arguments)).screen
    assert "\x1b" not in (await shell.at_terminal(screen, *arguments, NO_COLOR="1")).screen
    assert "\x1b" not in (await shell.at_terminal(screen, *arguments, TERM="dumb")).screen
    assert "\x1b" not in await shell.ok(*arguments)


async def test_a_table_fits_the_terminal(shell: Shell) -> None:
    await shell.put("test.note/list", text="Milk")
    await shell.put("test.folder/x", lines={"a": "one"}, name="名前" * 60)

    def screen(terminal: Terminal) -> None:
        terminal.expect("SOURCE")
        assert terminal.end() == 0

    shown = await shell.at_terminal(screen, "get", "test.folder", COLUMNS="60", NO_COLOR="1")
    row = shown.screen.splitlines()[1]
    assert "…" in row
    assert len(row) + row.count("名") + row.count("前") <= 60
    assert "名前" * 60 in await shell.ok("get", "test.folder", COLUMNS="60")


async def test_a_reader_that_leaves_is_no_error(shell: Shell) -> None:
    for number in range(300):
        await shell.put(f"test.note/{number}", text="x" * 500)

    def run() -> tuple[bytes, bytes, int]:
        out, ours = os.pipe()
        process = subprocess.Popen(
            [*HUB, "get", "test.note", "-o", "json"],
            stdout=ours, stderr=subprocess.PIPE, env=shell.environment, cwd=shell.home,
        )  # fmt: skip
        os.close(ours)
        first = os.read(out, 1)
        os.close(out)
        assert process.stderr is not None
        error = process.stderr.read()
        process.stderr.close()
        return first, error, process.wait(30)

    assert await asyncio.to_thread(run) == (b"[", b"", 141)
