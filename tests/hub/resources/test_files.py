"""The folder `resources` of the configuration, and documents from elsewhere."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from hub.config.documents import Document
from hub.errors import ConfigError
from hub.resources import FileOwned, InUse, Source
from tests.hub.resources.conftest import World
from tests.peers.ports import wait_until

ONE = "test.note/one:\n  text: first\ntest.note/two:\n  text: second\n  about: one\n"


def folder(world: World) -> Path:
    found = world.hub.config_dir / "resources"
    found.mkdir(exist_ok=True)
    return found


async def apply(world: World) -> None:
    files = world.resources.files
    assert files is not None
    await files.apply()


async def test_files_become_resources_with_their_lines(world: World) -> None:
    (folder(world) / "notes.yaml").write_text(ONE)
    await apply(world)
    two = world.resources.get("test.note", "two")
    assert (two.source, str(two.place)) == (Source.FILE, "resources/notes.yaml:3")
    with pytest.raises(FileOwned, match=r"resources/notes.yaml:3: change it there"):
        await world.resources.put("test.note", "two", {"text": "third"})
    with pytest.raises(FileOwned):
        await world.resources.delete("test.note", "two")


async def test_a_changed_file_is_seen_by_itself(world: World) -> None:
    path = folder(world) / "notes.yaml"
    path.write_text(ONE)
    await apply(world)
    path.write_text(ONE.replace("first", "anew"))
    get = world.resources.get
    await world.until(lambda: get("test.note", "one").spec["text"] == "anew")
    assert get("test.note", "one").revision == 2
    assert get("test.note", "two").revision == 1


async def test_what_was_read_first_is_not_applied_last(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is told that the files are applied must not find an older state of them later."""
    files = world.resources.files
    assert files is not None
    read, begun, go = files._read, threading.Event(), threading.Event()

    def slow() -> Any:
        found = read()
        if not begun.is_set():
            begun.set()
            go.wait(30)
        return found

    path = folder(world) / "notes.yaml"
    path.write_text(ONE)
    monkeypatch.setattr(files, "_read", slow)
    first = asyncio.create_task(files.apply())
    await wait_until(begun.is_set)
    path.write_text(ONE.replace("first", "anew"))
    second = asyncio.create_task(files.apply())
    await asyncio.wait([second], timeout=0.3)  # as far as it comes beside the other
    go.set()
    await asyncio.gather(first, second)
    assert world.resources.get("test.note", "one").spec["text"] == "anew"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("test.note/one:\n  text: [\n", 3, "not valid YAML"),
        ("test.note/one:\n  text: anew\n  wrong: 1\n", 3, "wrong: extra keys not allowed"),
        ("test.note/one:\n  text: 5\n", 2, "text: expected a text"),
        ("test.note/one:\n  text: x\n  about: nowhere\n", None, "test.note/nowhere does not exist"),
        ("test.note/one: 5\n", 1, "expected its fields"),
        ("nonsense: {}\n", 1, "expected type/key"),
        ("test.none/one: {}\n", 1, "There is no resource type"),
        ("- a\n", 1, "expected resources"),
        ("test.note/one:\n  text: !secret missing\n", 2, "has no such name"),
    ],
)
async def test_a_mistake_keeps_the_old_version_and_names_its_line(
    world: World, text: str, line: int | None, words: str
) -> None:
    path = folder(world) / "notes.yaml"
    path.write_text("test.note/one:\n  text: first\n")
    await apply(world)
    path.write_text(text)
    (folder(world) / "other.yaml").write_text("test.note/new:\n  text: fine\n")
    await apply(world)
    assert world.resources.files is not None
    (problem, *_) = world.resources.files.problems
    assert words in problem.message
    if line is not None:
        assert (Path(problem.file).name, problem.line) == ("notes.yaml", line)
    (item,) = [item for item in world.hub.health.items() if item.name == "resource_files"]
    assert (item.level, words in str(item.message)) == ("degraded", True)
    assert world.resources.get("test.note", "one").spec["text"] == "first"
    assert [item.key for item in world.resources.list("test.note")] == ["one"]


async def test_what_leaves_the_files_stays_and_belongs_to_the_api(world: World) -> None:
    path = folder(world) / "notes.yaml"
    path.write_text(ONE)
    await apply(world)
    path.write_text("test.note/one:\n  text: first\n")
    await apply(world)
    two = world.resources.get("test.note", "two")
    assert (two.source, two.place, two.revision) == (Source.API, None, 1)
    await world.resources.put("test.note", "two", {"text": "mine now"})


async def test_a_resource_may_move_between_files_of_the_folder(world: World) -> None:
    (folder(world) / "a.yaml").write_text("test.note/one:\n  text: first\n")
    await apply(world)
    (folder(world) / "a.yaml").unlink()
    (folder(world) / "b.yaml").write_text("# moved\ntest.note/one:\n  text: first\n")
    await apply(world)
    one = world.resources.get("test.note", "one")
    assert (str(one.place), one.revision) == ("resources/b.yaml:2", 1)


async def test_twice_the_same_name_is_told(world: World) -> None:
    (folder(world) / "a.yaml").write_text("test.note/one:\n  text: first\n")
    (folder(world) / "b.yaml").write_text("test.note/one:\n  text: other\n")
    await apply(world)
    assert world.resources.files is not None
    assert "is given twice; first in" in world.resources.files.problems[0].message
    assert world.resources.list("test.note") == []


def documents(file: str | None, **specs: dict[str, Any]) -> list[Document]:
    return [
        Document(f"test.note/{key}", spec, file, line)
        for line, (key, spec) in enumerate(specs.items(), 1)
    ]


async def test_documents_are_written_all_or_none(world: World) -> None:
    wrong = documents("/etc/notes.yaml", a={"text": "one"}, b={"text": 1}, c={"texd": "x"})
    with pytest.raises(ConfigError) as caught:
        await world.resources.apply_documents(wrong)
    lines = {problem.line for problem in caught.value.problems}
    assert lines == {2, 3}
    assert world.resources.list("test.note") == []


async def test_documents_may_refer_to_each_other_in_any_order(world: World) -> None:
    found = documents(None, a={"text": "x", "about": "b"}, b={"text": "y", "about": "a"})
    changes = await world.resources.apply_documents(found)
    assert [change.action for change in changes] == ["created", "created"]


async def test_pruning_removes_what_its_files_no_longer_name(world: World) -> None:
    both = documents("/srv/site/notes.yaml", a={"text": "x"}, b={"text": "y"})
    await world.resources.apply_documents(both)
    await world.resources.put("test.note", "c", {"text": "by hand"})
    changes = await world.resources.apply_documents(both[:1], prune=["/srv/site"], dry_run=True)
    assert [(item.key, item.action) for item in changes] == [("a", "unchanged"), ("b", "deleted")]
    await world.resources.apply_documents(both[:1], prune=["/srv/site"])
    await world.until(lambda: [i.key for i in world.resources.list("test.note")] == ["a", "c"])


async def test_pruning_spares_what_is_used(world: World) -> None:
    both = documents("/srv/notes.yaml", a={"text": "x"}, b={"text": "y"})
    await world.resources.apply_documents(both)
    await world.resources.put("test.note", "user", {"text": "z", "about": "b"})
    with pytest.raises(InUse):
        await world.resources.apply_documents(both[:1], prune=["/srv/notes.yaml"])
    assert len(world.resources.list("test.note")) == 3


async def test_one_file_does_not_take_what_another_owns(world: World) -> None:
    await world.resources.apply_documents(documents("/srv/a.yaml", n={"text": "x"}))
    with pytest.raises(FileOwned, match=r"/srv/a.yaml:1"):
        await world.resources.apply_documents(documents("/srv/b.yaml", n={"text": "y"}))


async def test_an_export_can_be_imported(world: World) -> None:
    await world.resources.put("test.note", "a", {"text": "x"})
    logins = [{"name": "anna", "password": "password-of-anna"}]
    await world.resources.put("test.note", "b", {"text": "y", "about": "a", "logins": logins})
    exported = world.resources.export()
    changes = await world.resources.apply_documents(
        [Document(name, spec) for name, spec in exported.items()]
    )
    assert {change.action for change in changes} == {"unchanged"}
    assert "password-of-anna" not in str(exported)
