"""`hub edit`: the editor's text is written, or opened again, or kept; it is never lost."""

import asyncio
import json
import re
import sys
from pathlib import Path

import pytest

from tests.hub.cli.conftest import HUB, Shell
from tests.peers.terminal import Terminal

EDITOR = """
import json, pathlib, sys
script = json.loads(pathlib.Path(sys.argv[1]).read_text())
file = pathlib.Path(sys.argv[2])
text = file.read_text()
with open("seen.txt", "a") as seen:
    seen.write(f"{oct(file.stat().st_mode & 0o777)} {file}\\n{text}\\n=====\\n")
step = script.pop(0)
pathlib.Path(sys.argv[1]).write_text(json.dumps(script))
if step == "fail":
    sys.exit(3)
for old, new in step:
    assert old in text, text
    text = text.replace(old, new)
file.write_text(text)
"""


def read(name: str) -> str:
    return Path(name).read_text()


class Editor:
    """A person who does the same replacements, one list for each time the editor opens."""

    def __init__(self, shell: Shell, *steps: object) -> None:
        shell.write("editor.py", EDITOR)
        shell.write("script.json", json.dumps(steps))
        self.environment = {"EDITOR": f"{sys.executable} editor.py script.json"}
        self._seen = shell.home / "seen.txt"

    @property
    def seen(self) -> list[str]:
        """What the person saw each time."""
        return self._seen.read_text().split("\n=====\n")[:-1]

    @property
    def file(self) -> Path:
        """The file that was edited last."""
        return Path(self.seen[-1].splitlines()[0].split(" ", 1)[1])


async def edit(shell: Shell, editor: Editor, id: str = "test.note/list") -> tuple[int, str, str]:
    done = await shell.hub("edit", id, **editor.environment)
    return done.status, done.out, done.err


async def test_a_change_is_written_and_the_file_goes(shell: Shell) -> None:
    await shell.put("test.note/list", text="Milk")
    editor = Editor(shell, [["Milk", "Bread"]])
    status, out, _ = await edit(shell, editor)
    assert status == 0
    assert out == 'test.note/list updated, revision 2\n  ~ text: "Milk" -> "Bread"\n'
    mode, text = editor.seen[0].split(" ", 1)
    assert mode == "0o600"
    assert "#: test.note/list, revision 1." in text
    assert not editor.file.exists()


async def test_nothing_changed_writes_nothing(shell: Shell) -> None:
    await shell.put("test.note/list", text="Milk")
    editor = Editor(shell, [])
    assert await edit(shell, editor) == (0, "", "nothing was changed\n")
    assert not editor.file.exists()
    assert shell.hub_.resources.get("test.note", "list").revision == 1


async def test_what_the_hub_refuses_is_opened_again_with_the_reasons(shell: Shell) -> None:
    await shell.put("test.note/list", text="Milk")
    editor = Editor(
        shell,
        [["text: Milk", "text: Bread\ncolour: red"]],
        [["colour: red", "colour: [red"]],
        [["colour: [red\n", ""]],
    )
    status, out, _ = await edit(shell, editor)
    assert status == 0
    assert '"Milk" -> "Bread"' in out
    assert "#: The hub refused this:\n#: test.note/list is not valid\n#:   colour" in editor.seen[1]
    assert "text: Bread\ncolour: red" in editor.seen[1]
    assert "#: This can not be read:" in editor.seen[2]
    assert editor.seen[2].count("refused") == 0


async def test_giving_up_keeps_the_text(shell: Shell) -> None:
    await shell.put("test.note/list", text="Milk")
    editor = Editor(shell, [["text: Milk", "colour: red"]], [])
    status, out, err = await edit(shell, editor)
    assert (status, out) == (1, "")
    assert err.startswith("error: given up")
    assert str(editor.file) in err
    assert "colour: red" in editor.file.read_text()
    assert editor.file.stat().st_mode & 0o777 == 0o600
    editor.file.unlink()


async def test_somebody_else_was_faster(shell: Shell) -> None:
    await shell.put("test.note/list", text="Milk")
    editor = Editor(shell, [["Milk", "Bread"]], [["Bread", "Bread and butter"]])
    # The other one writes while the first editor is open.
    put = [*HUB, "put", "test.note/list", "--set", "text=Eggs"]
    other = f"if len(script) == 1:\n    subprocess.run({put!r}, check=True)\n"
    shell.write("editor.py", f"import subprocess\n{EDITOR}{other}")
    status, out, _ = await edit(shell, editor)
    assert status == 0, out
    assert "somebody changed it meanwhile, to revision 2" in editor.seen[1]
    assert '#:   ~ text: "Milk" -> "Eggs"' in editor.seen[1]
    assert "text: Bread" in editor.seen[1]
    assert '"Eggs" -> "Bread and butter"' in out


async def test_a_new_resource_begins_with_a_template(shell: Shell) -> None:
    editor = Editor(shell, [["text:", "text: Milk"]])
    status, out, _ = await edit(shell, editor)
    assert status == 0, out
    assert "test.note/list created, revision 1" in out
    assert "#: test.note/list does not exist yet." in editor.seen[0]
    assert re.search(r"^# about:", editor.seen[0], re.MULTILINE)
    status, _, err = await edit(shell, editor, "test.nothing/x")
    assert status == 1
    assert "test.nothing" in err


@pytest.mark.parametrize(
    ("editor", "words"),
    [("false", "ended with status 1"), ("no-such-editor -w", "can not be run")],
)
async def test_an_editor_that_fails(shell: Shell, editor: str, words: str) -> None:
    await shell.put("test.note/list", text="Milk")
    done = await shell.hub("edit", "test.note/list", EDITOR=editor)
    assert done.status == 1
    assert words in done.err
    kept = re.search(r"kept in (\S+)", done.err)
    assert kept is not None
    assert "Milk" in read(kept[1])


async def test_a_hub_that_stops_meanwhile_loses_nothing(shell: Shell) -> None:
    await shell.put("test.note/list", text="Milk")
    shell.write("ed.sh", 'sed -i s/Milk/Bread/ "$1"\nread -p "save? " answer\n')
    kept: list[str] = []

    def person(terminal: Terminal) -> None:
        terminal.expect("save")
        stopping = asyncio.run_coroutine_threadsafe(shell.house.running.api.stop(), loop)
        stopping.result(30)
        terminal.type("\n")
        terminal.expect("error: no hub runs on ")
        kept.append(terminal.expect(r"/\S+\.yaml"))
        assert terminal.end() == 1

    loop = asyncio.get_running_loop()
    await shell.at_terminal(person, "edit", "test.note/list", EDITOR="bash ed.sh")
    assert "text: Bread" in read(kept[0])


async def test_a_resource_of_a_file_is_not_opened(shell: Shell) -> None:
    await shell.ok("apply", "-f", shell.write("a.yaml", "test.note/list:\n  text: Milk\n"))
    status, _, err = await edit(shell, Editor(shell))
    assert status == 1
    assert "a.yaml:1" in err


async def test_a_real_editor_on_a_real_terminal(shell: Shell) -> None:
    await shell.put("test.note/list", text="Milk")
    shell.write("ed.sh", '#!/bin/sh\nread -p "new text: " new\nsed -i "s/Milk/$new/" "$1"\n')

    def person(terminal: Terminal) -> None:
        terminal.expect("new text: ")
        terminal.type("Bread\n")
        terminal.expect("updated, revision 2")
        assert terminal.end() == 0

    await shell.at_terminal(person, "edit", "test.note/list", EDITOR="sh ed.sh", NO_COLOR="1")


async def test_ctrl_c_in_the_editor_is_the_editors(shell: Shell) -> None:
    await shell.put("test.note/list", text="Milk")
    script = """
import os, pathlib, signal, sys
signal.signal(signal.SIGINT, lambda *_: os.write(1, b"caught"))
os.write(1, b"wait: ")
while b"\\n" not in os.read(0, 1):
    pass
file = pathlib.Path(sys.argv[1])
file.write_text(file.read_text().replace("Milk", "Bread"))
"""
    shell.write("ed.py", script)

    def person(terminal: Terminal) -> None:
        terminal.expect("wait: ")
        terminal.type("\x03")
        terminal.expect("caught")
        terminal.type("\n")
        terminal.expect("updated, revision 2")
        assert terminal.end() == 0

    await shell.at_terminal(person, "edit", "test.note/list", EDITOR=f"{sys.executable} ed.py")
