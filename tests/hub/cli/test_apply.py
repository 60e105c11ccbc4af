"""`hub plan` and `hub apply`: files of resources made true, and followed until they are."""

import asyncio
import json
from pathlib import Path

import pytest

from hub.resources import Phase
from tests.hub.cli.conftest import HUB, Shell

FOLDER = "test.folder/{key}:\n  lines: {{a: {a}, b: two}}\n"


async def test_a_folder_is_planned_applied_and_followed(shell: Shell) -> None:
    shell.write("files/one.yaml", FOLDER.format(key="x", a="one"))
    shell.write("files/deep/two.yaml", "test.note/list:\n  text: !include text.yaml\n")
    shell.write("files/deep/text.yaml", "test.note/other:\n  text: Milk\n")
    shell.write("files/.hidden.yaml", "nonsense")
    shell.write("files/deep/two.yaml", "test.note/list:\n  text: !secret words\n")
    shell.write("files/secrets.yaml", "words: Open Sesame\n")
    plan = await shell.ok("plan", "-f", "files")
    assert "would create test.folder/x" in plan
    assert "  1. write a\n  2. write b\n" in plan
    assert not (shell.outside / "x").exists()
    done = await shell.hub("apply", "-f", "files")
    assert done.status == 0, done
    assert "test.folder/x created, revision 1\n" in done.out
    assert done.err.endswith("all is live\n")
    assert (shell.outside / "x" / "a").read_text() == "one"
    resource = shell.hub_.resources.get("test.folder", "x")
    assert resource.place is not None
    assert Path(resource.place.file) == shell.home / "files/one.yaml"
    assert resource.place.line == 1
    again = await shell.hub("apply", "-f", "files")
    assert (again.status, again.out) == (0, "3 unchanged\n")


async def test_a_change_is_shown_and_followed(shell: Shell) -> None:
    shell.write("x.yaml", FOLDER.format(key="x", a="one"))
    await shell.ok("apply", "-f", "x.yaml")
    shell.write("x.yaml", FOLDER.format(key="x", a="eins"))
    would = await shell.ok("apply", "-f", "x.yaml", "--dry-run")
    assert would == 'would update test.folder/x\n  ~ lines.a: "one" -> "eins"\n'
    assert (shell.outside / "x" / "a").read_text() == "one"
    await shell.ok("apply", "-f", "x.yaml")
    assert (shell.outside / "x" / "a").read_text() == "eins"
    assert "1. write a" in await shell.ok("plan", "test.folder/x", "-f", "-", stdin="lines: {a: x}")
    assert "nothing to do" in await shell.ok("plan", "test.folder/x")


async def test_a_mistake_names_file_and_line_and_nothing_is_applied(shell: Shell) -> None:
    shell.write("files/good.yaml", FOLDER.format(key="x", a="one"))
    shell.write("files/bad.yaml", "test.note/list:\n  text: Milk\n   more: x\n")
    done = await shell.hub("apply", "-f", "files")
    assert (done.status, done.out) == (2, "")
    assert "files/bad.yaml:3: not valid YAML" in done.err
    logins = "  text: x\n  logins:\n    - name: anna\n"
    notes = f"test.note/a:\n{logins}      password: short\ntest.note/b:\n{logins}"
    shell.write("files/bad.yaml", f"{notes}test.nothing/a: {{}}\n")
    done = await shell.hub("apply", "-f", "files")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("error: 3 problems, nothing was written\n")
    assert "\nfiles/bad.yaml:5: test.note/a: logins.0.password: too short" in done.err
    assert "\nfiles/bad.yaml:9: test.note/b: logins.0.password: " in done.err
    assert "\nfiles/bad.yaml:10: test.nothing/a: " in done.err
    assert shell.hub_.resources.list() == []


async def test_what_fails_is_told_with_its_reason(shell: Shell) -> None:
    shell.write("good.yaml", FOLDER.format(key="good", a="one"))
    shell.write("bad.yaml", "test.folder/bad:\n  lines: {a: one}\n  fail_at: a\n")
    done = await shell.hub("apply", "-f", "good.yaml", "-f", "bad.yaml")
    assert done.status == 1
    assert "test.folder/bad failed: " in done.err
    assert "a can not be written" in done.err
    assert "error: 1 of 2 is not live\nhint: " in done.err
    assert (shell.outside / "good" / "a").read_text() == "one"
    # The next write is followed anew: the old failure is not taken for its own.
    shell.write("bad.yaml", "test.folder/bad:\n  lines: {a: one}\n")
    again = await shell.hub("apply", "-f", "bad.yaml")
    assert again.status == 0, again


async def test_what_takes_too_long_is_left_to_the_hub(shell: Shell) -> None:
    shell.write("slow.yaml", "test.folder/slow:\n  lines: {a: one}\n  hang_at: a\n")
    done = await shell.hub("apply", "-f", "slow.yaml", "--timeout", "0.5")
    assert done.status == 1
    assert "test.folder/slow: not ready in time" in done.err
    assert (await shell.hub("apply", "-f", "slow.yaml", "--no-wait")).status == 0


async def test_what_goes_on_is_told_where_nothing_moves(shell: Shell) -> None:
    shell.write("slow.yaml", "test.folder/slow:\n  lines: {a: one}\n  hang_at: a\n")
    process = await asyncio.create_subprocess_exec(
        *HUB, "apply", "-f", "slow.yaml", cwd=shell.home, env=shell.environment,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    line = b""
    async with asyncio.timeout(30):
        while b"write a" not in line:
            line = await process.stderr.readline()
            assert line, "it ended"
    process.terminate()
    await process.communicate()


async def test_pruning_removes_what_the_files_no_longer_name(shell: Shell) -> None:
    shell.write("files/x.yaml", FOLDER.format(key="x", a="one"))
    shell.write("files/y.yaml", FOLDER.format(key="y", a="one"))
    await shell.put("test.note/other", text="of the API")
    await shell.ok("apply", "-f", "files")
    (shell.home / "files/y.yaml").unlink()
    kept = await shell.hub("apply", "-f", "files")
    assert kept.out == "1 unchanged\n"
    would = await shell.ok("apply", "-f", "files", "--prune", "--dry-run")
    assert "would delete test.folder/y" in would
    done = await shell.hub("apply", "-f", "files", "--prune")
    assert done.status == 0, done
    assert not (shell.outside / "y").exists()
    assert [item.id for item in shell.hub_.resources.list()] == ["test.folder/x", "test.note/other"]


async def test_drift_is_repaired_on_request(shell: Shell) -> None:
    await shell.put("test.folder/x", lines={"a": "one"})
    assert (await shell.hub("apply", "test.folder/x")).status == 0
    (shell.outside / "x" / "a").write_text("changed by hand")
    assert "1. write a" in await shell.ok("plan", "test.folder/x")
    assert await shell.ok("apply", "test.folder/x") == "test.folder/x applied\n"
    assert (shell.outside / "x" / "a").read_text() == "one"
    none = await shell.hub("apply", "test.folder/x")
    assert (none.status, none.err) == (0, "test.folder/x: nothing to do\n")
    assert shell.hub_.resources.status("test.folder", "x").phase is Phase.IN_SYNC


async def test_a_repair_that_fails_is_told(shell: Shell) -> None:
    await shell.put("test.folder/x", lines={"a": "one"}, fail_at="a")
    done = await shell.hub("apply", "test.folder/x")
    assert done.status == 1
    assert "a can not be written" in done.err
    assert "hint: see its log with `hub jobs log " in done.err


async def test_a_resource_of_a_file_is_changed_there(shell: Shell) -> None:
    name = shell.write("x.yaml", "\ntest.note/list:\n  text: Milk\n")
    await shell.ok("apply", "-f", name)
    for arguments in (["put", "test.note/list", "--set", "text=x"], ["delete", "test.note/list"]):
        done = await shell.hub(*arguments)
        assert done.status == 1
        assert f"{shell.home}/x.yaml:2" in done.err


async def test_secrets_and_includes_are_those_of_the_configuration(shell: Shell) -> None:
    shell.write("config/hub.yaml", "")
    shell.write("config/secrets.yaml", "words: Open Sesame\n")
    shell.write("config/resources/a.yaml", "test.note/a:\n  text: !secret words\n")
    assert "created" in await shell.ok("apply", "-f", "config/resources")
    assert shell.hub_.resources.get("test.note", "a").spec["text"] == "Open Sesame"
    twice = await shell.hub("apply", "-f", "config/resources", "-f", "config/resources/a.yaml")
    assert twice.status == 2
    assert "test.note/a is given twice; first in config/resources/a.yaml:1" in twice.err


async def test_json_for_programs(shell: Shell) -> None:
    shell.write("x.yaml", FOLDER.format(key="x", a="one"))
    planned = json.loads(await shell.ok("plan", "-f", "x.yaml", "-o", "json"))
    assert [step["action"] for step in planned[0]["plan"]["steps"]] == ["write", "write"]
    done = await shell.hub("apply", "-f", "x.yaml", "-o", "json")
    assert [item["action"] for item in json.loads(done.out)] == ["created"]
    dry = json.loads(await shell.ok("apply", "-f", "x.yaml", "-o", "json", "--dry-run"))
    assert [item["action"] for item in dry] == ["unchanged"]


async def test_the_export_of_one_hub_fills_another(shell: Shell) -> None:
    await shell.put("test.folder/x", lines={"a": "one"}, password="correct horse")
    await shell.put("test.note/list", text="Milk")
    exported = await shell.hub("export", "-f", "all.yaml")
    assert exported.err == "2 resources in all.yaml\n"
    file = shell.home / "all.yaml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "sealed: true" in file.read_text()
    assert "correct horse" not in file.read_text()
    assert (await shell.hub("export", "-f", "all.yaml")).status == 1
    assert "2 unchanged" in await shell.ok("import", "all.yaml")
    await shell.ok("delete", "test.folder/x")
    await shell.ok("delete", "test.note/list")
    refused = await shell.hub("import", "all.yaml")
    assert refused.status == 1
    assert "test.folder/x is not valid\n  password: no secret is kept here" in refused.err
    assert await shell.ok("get", "test.note") == "there is no test.note yet\n"
    file.write_text(
        file.read_text().replace("sealed: true", "").replace("password:", "password: new horse")
    )
    done = await shell.hub("import", "all.yaml")
    assert done.status == 0, done
    assert shell.hub_.resources.get("test.folder", "x").place is None
    only = await shell.ok("export", "test.note")
    assert only == "test.note/list:\n  text: Milk\n  logins: []\n"


@pytest.mark.parametrize("name", ["none.yaml", "empty.yaml", "list.yaml"])
async def test_files_without_resources(shell: Shell, name: str) -> None:
    shell.write("empty.yaml", "")
    shell.write("list.yaml", "- test.note/a\n")
    done = await shell.hub("apply", "-f", name)
    assert done.status == 2
    assert name in done.err
