"""`hub get`, `put`, `delete`, `history`, `diff`, `rollback`: one resource at a time."""

import json

import pytest
import yaml

from tests.hub.cli.conftest import Shell

NOTE = "text: Milk\nlogins:\n  - name: anna\n    password: correct horse\n"


async def test_types_then_keys_then_one(shell: Shell) -> None:
    await shell.put("test.note/list", text="Milk")
    types = await shell.ok("get")
    assert types.splitlines()[0].split() == ["TYPE", "COUNT", "TITLE"]
    assert ["test.note", "1", "test.note"] in [line.split() for line in types.splitlines()]
    keys = await shell.ok("get", "test.note")
    assert keys.splitlines()[0].startswith("KEY")
    assert keys.splitlines()[1].split()[:4] == ["list", "list", "in_sync", "1"]
    one = await shell.ok("get", "test.note/list")
    assert "revision  1 (live: 1)" in one
    assert "  text: Milk" in one


async def test_yaml_is_what_put_and_apply_read(shell: Shell) -> None:
    shell.write("note.yaml", NOTE)
    await shell.ok("put", "test.note/list", "-f", "note.yaml")
    text = await shell.ok("get", "test.note/list", "-o", "yaml")
    assert yaml.safe_load(text)["test.note/list"]["logins"][0] == {
        "name": "anna",
        "password": {"sealed": True},
    }
    assert "unchanged" in await shell.ok("put", "test.note/list", "-f", "-", stdin=text)
    assert "1 unchanged" in await shell.ok("apply", "-f", "-", stdin=text)


async def test_json_is_the_whole_wire_form(shell: Shell) -> None:
    await shell.put("test.note/list", text="Milk")
    found = json.loads(await shell.ok("get", "test.note/list", "-o", "json"))
    assert found["status"]["phase"] == "in_sync"
    assert [
        item["key"] for item in json.loads(await shell.ok("get", "test.note", "-o", "json"))
    ] == ["list"]
    assert {"test.note", "test.folder"} <= {
        item["resource_type"] for item in json.loads(await shell.ok("get", "-o", "json"))
    }


async def test_put_creates_changes_and_says_what(shell: Shell) -> None:
    shell.write("note.yaml", NOTE)
    would = await shell.ok("put", "test.note/list", "-f", "note.yaml", "--dry-run")
    assert would.startswith("would create test.note/list\n")
    assert await shell.ok("get", "test.note") == "there is no test.note yet\n"
    made = await shell.ok("put", "test.note/list", "-f", "note.yaml", "--note", "first")
    assert made.startswith("test.note/list created, revision 1\n")
    assert '+ text: "Milk"' in made
    changed = await shell.ok(
        "put",
        "test.note/list",
        "--set",
        "text=Bread",
        "--set",
        "logins.name=anna.password=new horse",
    )
    assert '~ text: "Milk" -> "Bread"' in changed
    assert "~ logins.name=anna.password: (sealed) -> (sealed, changed)" in changed
    assert "correct horse" not in changed + made + would
    assert "new horse" not in changed


async def test_an_old_revision_is_not_written_over(shell: Shell) -> None:
    await shell.put("test.note/list", text="Milk")
    await shell.put("test.note/list", text="Bread")
    shell.write("note.yaml", "text: Eggs\n")
    stale = await shell.hub("put", "test.note/list", "-f", "note.yaml", "--if-revision", "1")
    assert stale.status == 1
    assert "is at revision 2" in stale.err
    assert "hint: " in stale.err
    only_new = await shell.hub("put", "test.note/list", "-f", "note.yaml", "--if-revision", "0")
    assert only_new.status == 1
    await shell.ok("put", "test.note/list", "-f", "note.yaml", "--if-revision", "2")


async def test_every_problem_of_a_spec_is_told(shell: Shell) -> None:
    bad = "colour: red\nlogins:\n  - name: anna\n    password: short\n"
    done = await shell.hub("put", "test.note/list", "-f", "-", stdin=bad)
    assert done.status == 1
    assert done.err.startswith("error: test.note/list is not valid\n")
    for place in ("text", "colour", "logins"):
        assert f"\n  {place}" in done.err


async def test_a_file_that_is_not_yaml_names_its_line(shell: Shell) -> None:
    shell.write("note.yaml", "text: Milk\n  more: x\n")
    done = await shell.hub("put", "test.note/list", "-f", "note.yaml")
    assert done.status == 2
    assert "note.yaml:2: not valid YAML" in done.err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("text", "expected path=value"),
        ("text.more=1", "text has no fields"),
        ("logins.name=eva.password=x", "no item has name=eva"),
        ("logins.5.name=x", "the list has 1 items"),
        ("logins.first.name=x", "by number or as field=text"),
    ],
)
async def test_a_wrong_path_is_explained(shell: Shell, change: str, words: str) -> None:
    shell.write("note.yaml", NOTE)
    done = await shell.hub("put", "test.note/list", "-f", "note.yaml", "--set", change)
    assert done.status == 2
    assert words in done.err
    assert "hint: write --set path=value" in done.err


async def test_history_diff_and_rollback(shell: Shell) -> None:
    await shell.ok("put", "test.note/list", "-f", "-", "--note", "first", stdin="text: Milk\n")
    await shell.put("test.note/list", text="Bread")
    history = (await shell.ok("history", "test.note/list")).splitlines()
    assert [line.split()[0] for line in history] == ["REVISION", "2", "1"]
    assert "Owner" in history[2]
    assert history[2].endswith("first")
    assert await shell.ok("diff", "test.note/list", "1") == '~ text: "Milk" -> "Bread"\n'
    assert await shell.ok("diff", "test.note/list", "2", "1") == '~ text: "Bread" -> "Milk"\n'
    last = await shell.hub("diff", "test.note/list")
    assert (last.out, last.err) == ('~ text: "Milk" -> "Bread"\n', "from revision 1 to 2\n")
    old = await shell.ok("get", "test.note/list", "--revision", "1", "-o", "yaml")
    assert yaml.safe_load(old)["test.note/list"]["text"] == "Milk"
    would = await shell.ok("rollback", "test.note/list", "1", "--dry-run")
    assert would.startswith("would update test.note/list")
    back = await shell.ok("rollback", "test.note/list", "1")
    assert "test.note/list updated, revision 3" in back
    missing = await shell.hub("get", "test.note/list", "--revision", "9")
    assert missing.status == 1
    assert "has no revision 9" in missing.err


async def test_a_used_resource_stays_until_all_go(shell: Shell) -> None:
    await shell.put("test.note/a", text="A")
    await shell.put("test.note/b", text="B", about="a")
    used = await shell.hub("delete", "test.note/a")
    assert used.status == 1
    assert "test.note/b" in used.err
    assert "--cascade" in used.err
    would = await shell.ok("delete", "test.note/a", "--cascade", "--dry-run")
    assert would == "would delete test.note/b\nwould delete test.note/a\n"
    gone = await shell.ok("delete", "test.note/a", "--cascade")
    assert gone == "test.note/b deleted\ntest.note/a deleted\n"
    assert await shell.ok("get", "test.note") == "there is no test.note yet\n"
    back = await shell.ok("rollback", "test.note/a", "1")
    assert "test.note/a created" in back


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["get", "test.nothing"], 1, "test.nothing"),
        (["get", "test.note/none"], 1, "There is no test.note/none"),
        (["get", "test.note", "--revision", "1"], 2, "--revision needs TYPE/KEY"),
        (["put", "test.note"], 2, "nothing to write"),
        (["put", "test.note", "--set", "text=1"], 2, "does not name a resource"),
        (["put", "test.note/a", "-f", "none.yaml"], 2, "none.yaml"),
        (["history", "test.note/none"], 1, "there never was"),
        (["rollback", "test.note/none", "x"], 2, "is not a valid integer"),
        (["plan"], 2, "name TYPE/KEY or a file"),
        (["apply"], 2, "name either TYPE/KEY or files"),
        (["gte"], 2, "Did you mean 'get'?"),
    ],
)
async def test_a_mistake_is_one_line_and_what_to_do(
    shell: Shell, arguments: list[str], status: int, words: str
) -> None:
    done = await shell.hub(*arguments)
    assert (done.status, done.out) == (status, "")
    assert done.err.startswith("error: ")
    assert words in done.err


async def test_text_of_the_hub_can_not_steer_the_terminal(shell: Shell) -> None:
    evil = "\x1b[31mred\x07\x9b2J\u202e"
    await shell.put("test.note/evil", text=evil)
    for form in ("table", "json", "yaml"):
        shown = await shell.ok("get", "test.note/evil", "-o", form)
        assert not {"\x1b", "\x07", "\x9b"} & set(shown)
    assert json.loads(await shell.ok("get", "test.note/evil", "-o", "json"))["spec"]["text"] == evil
