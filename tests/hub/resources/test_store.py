"""Specs, revisions, references: what is written, what is refused, what survives."""

import asyncio
import sqlite3
from typing import Any

import pytest

from hub.errors import InvalidFormat, NotAllowed, NotFound, Unauthorized
from hub.events import Context
from hub.resources import Conflict, InUse, InvalidSpec, Phase
from hub.storage.errors import StorageError
from tests.hub.resources.conftest import World

SEALED = {"sealed": True}


async def put(world: World, key: str, spec: dict[str, Any], **options: Any) -> Any:
    return await world.resources.put("test.note", key, spec, **options)


async def test_a_new_resource_gets_revision_one_and_its_defaults(world: World) -> None:
    change = await put(world, "a", {"text": "one"})
    assert (change.action, change.revision) == ("created", 1)
    found = world.resources.get("test.note", "a")
    assert found.spec == {"text": "one", "logins": []}
    assert change.diff == [{"path": "text", "after": "one"}, {"path": "logins", "after": []}]


async def test_the_same_spec_again_makes_no_revision(world: World) -> None:
    await put(world, "a", {"text": "one"})
    change = await put(world, "a", {"text": "one"})
    assert (change.action, change.revision, change.diff) == ("unchanged", 1, [])
    assert len(await world.resources.history("test.note", "a")) == 1


async def test_a_stale_revision_is_refused_with_the_present_one(world: World) -> None:
    await put(world, "a", {"text": "one"})
    await put(world, "a", {"text": "two"}, if_revision=1)
    with pytest.raises(Conflict, match="revision 2, not 1") as caught:
        await put(world, "a", {"text": "three"}, if_revision=1)
    assert caught.value.current == 2
    assert world.resources.get("test.note", "a").spec["text"] == "two"


async def test_revision_zero_only_creates(world: World) -> None:
    await put(world, "a", {"text": "one"}, if_revision=0)
    with pytest.raises(Conflict):
        await put(world, "a", {"text": "two"}, if_revision=0)


async def test_of_two_writers_at_once_one_is_refused(world: World) -> None:
    await put(world, "a", {"text": "one"})
    writers = (put(world, "a", {"text": word}, if_revision=1) for word in ("left", "right"))
    results = await asyncio.gather(*writers, return_exceptions=True)
    assert sorted(type(item).__name__ for item in results) == ["Change", "Conflict"]


async def test_a_dry_run_tells_and_changes_nothing(world: World) -> None:
    await put(world, "a", {"text": "one"})
    change = await put(world, "a", {"text": "two"}, dry_run=True)
    assert change.action == "updated"
    assert change.diff == [{"path": "text", "before": "one", "after": "two"}]
    assert world.resources.get("test.note", "a").revision == 1
    change = await put(world, "a", {"text": "three"})
    assert change.revision == 2


async def test_an_invalid_spec_is_told_whole(world: World) -> None:
    with pytest.raises(InvalidSpec) as caught:
        await put(
            world, "a", {"text": 5, "wrong": 1, "logins": [{"name": "x", "password": "short"}]}
        )
    assert {item["path"] for item in caught.value.problems} == {
        "text",
        "wrong",
        "logins.0.password",
    }
    assert "short" not in str(caught.value).replace("too short", "")
    with pytest.raises(NotFound):
        world.resources.get("test.note", "a")


async def test_unknown_types_and_bad_keys_are_refused(world: World) -> None:
    with pytest.raises(NotFound, match="known are"):
        await world.resources.put("test.nothing", "a", {})
    for key in ("", "A", "a/b", "a" * 64, "-a", "..", "a\n"):
        with pytest.raises(InvalidFormat):
            await put(world, key, {"text": "one"})


async def test_references_must_lead_somewhere(world: World) -> None:
    with pytest.raises(InvalidSpec, match=r"test\.note/other does not exist"):
        await put(world, "a", {"text": "one", "about": "other"})
    await put(world, "other", {"text": "two"})
    await put(world, "a", {"text": "one", "about": "other"})
    assert world.resources.used_by("test.note", "other") == ["test.note/a"]


async def test_what_is_used_is_not_deleted(world: World) -> None:
    await put(world, "base", {"text": "one"})
    await put(world, "user", {"text": "two", "about": "base"})
    await put(world, "user2", {"text": "two", "about": "user"})
    with pytest.raises(InUse) as caught:
        await world.resources.delete("test.note", "base")
    assert caught.value.users == ["test.note/user"]
    gone = await world.resources.delete("test.note", "base", cascade=True)
    assert [change.key for change in gone] == ["user2", "user", "base"]
    assert world.resources.list("test.note") == []


async def test_a_circle_of_references_goes_as_a_whole(world: World) -> None:
    await put(world, "a", {"text": "one"})
    await put(world, "b", {"text": "two", "about": "a"})
    await put(world, "a", {"text": "one", "about": "b"})
    with pytest.raises(InUse):
        await world.resources.delete("test.note", "a")
    await world.resources.delete("test.note", "a", cascade=True)
    assert world.resources.list("test.note") == []


async def test_rollback_is_a_new_revision_and_brings_back_what_was_deleted(world: World) -> None:
    await put(world, "a", {"text": "one"})
    await put(world, "a", {"text": "two"})
    change = await world.resources.rollback("test.note", "a", 1)
    assert (change.revision, world.resources.get("test.note", "a").spec["text"]) == (3, "one")
    await world.resources.delete("test.note", "a")
    change = await world.resources.rollback("test.note", "a", 2)
    assert (change.action, change.revision) == ("created", 5)
    actions = [item.action for item in await world.resources.history("test.note", "a")]
    assert actions == ["rollback", "delete", "rollback", "update", "create"]
    with pytest.raises(NotFound, match="was deleted in revision 4"):
        await world.resources.rollback("test.note", "a", 4)


async def test_history_is_bounded(world: World) -> None:
    for number in range(9):
        await put(world, "a", {"text": str(number)})
    kept = [item.revision for item in await world.resources.history("test.note", "a")]
    assert kept == [9, 8, 7, 6, 5]
    with pytest.raises(NotFound, match="has no revision 4"):
        await world.resources.rollback("test.note", "a", 4)


async def test_diff_between_revisions(world: World) -> None:
    await put(world, "a", {"text": "one"})
    await put(world, "a", {"text": "two"})
    await put(world, "a", {"text": "three"})
    resources = world.resources
    assert await resources.diff("test.note", "a", 1, 2) == [
        {"path": "text", "before": "one", "after": "two"}
    ]
    assert await resources.diff("test.note", "a", 1) == [
        {"path": "text", "before": "one", "after": "three"}
    ]


async def test_everything_is_there_after_a_restart(world: World) -> None:
    await put(world, "base", {"text": "one"})
    await put(world, "user", {"text": "two", "about": "base"})
    store = world.resources.store
    before = {item.id: item for item in store.all()}
    await store.load()
    assert {item.id: item for item in store.all()} == before
    assert world.resources.used_by("test.note", "base") == ["test.note/user"]


async def test_a_full_disk_refuses_the_write_and_the_hub_goes_on(world: World) -> None:
    await put(world, "a", {"text": "one"})
    path = world.hub.database.path
    pages = sqlite3.connect(path).execute("PRAGMA page_count").fetchone()[0]
    async with world.hub.database.begin() as connection:
        await connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StorageError):
        await put(world, "b", {"text": "x" * 2_000_000})
    with pytest.raises(NotFound):
        world.resources.get("test.note", "b")
    assert world.resources.get("test.note", "a").spec["text"] == "one"
    async with world.hub.database.begin() as connection:
        await connection.exec_driver_sql("PRAGMA max_page_count=1073741823")
    assert (await put(world, "b", {"text": "fits"})).revision == 1


async def test_rights_are_asked_for_every_write(world: World) -> None:
    viewer = await world.hub.auth.users.create("Viewer", role="viewer")
    context = Context(user_id=viewer.id)
    await put(world, "a", {"text": "one"})
    resources = world.resources
    for attempt in (
        put(world, "a", {"text": "two"}, context=context),
        resources.delete("test.note", "a", context=context),
        resources.rollback("test.note", "a", 1, context=context),
        resources.apply("test.note", "a", context=context),
    ):
        with pytest.raises(Unauthorized):
            await attempt
    gone = Context(user_id="0" * 32)
    with pytest.raises(Unauthorized):
        await put(world, "a", {"text": "two"}, context=gone)
    assert resources.get("test.note", "a").revision == 1


async def test_every_write_is_in_the_audit_log_of_the_same_transaction(world: World) -> None:
    context = Context()
    await put(world, "a", {"text": "one"}, context=context, note="first try")
    await world.resources.delete("test.note", "a")
    with sqlite3.connect(world.hub.database.path) as connection:
        rows = connection.execute(
            "SELECT action, target, context_id, data FROM audit WHERE target = 'test.note/a'"
            " ORDER BY seq"
        ).fetchall()
    assert [row[0] for row in rows] == ["resource.put", "resource.delete"]
    assert rows[0][2] == context.id
    assert "first try" in rows[0][3]


async def test_events_and_listeners_hear_of_changes(world: World) -> None:
    heard: list[tuple[str, str]] = []
    fired: list[dict[str, Any]] = []
    world.resources.listen(lambda action, item: heard.append((action, item.key)), "test.note")
    world.hub.bus.listen("resource_updated", lambda event: fired.append(event.data))
    await put(world, "a", {"text": "one"})
    await put(world, "a", {"text": "two"})
    await world.resources.delete("test.note", "a")
    await world.until(lambda: ("removed", "a") in heard)
    assert [item for item in heard if item[0] != "status"] == [
        ("added", "a"),
        ("updated", "a"),
        ("removed", "a"),
    ]
    assert {"action", "resource_type", "key", "revision", "phase"} == set(fired[0])


async def test_a_resource_without_a_controller_is_in_sync(world: World) -> None:
    await put(world, "a", {"text": "one"})
    status = world.resources.status
    await world.until(lambda: status("test.note", "a").phase is Phase.IN_SYNC)
    assert status("test.note", "a").observed_revision == 1


async def test_many_writers_share_commits_and_none_is_lost(world: World) -> None:
    await asyncio.gather(*(put(world, f"n{number}", {"text": "x"}) for number in range(700)))
    with sqlite3.connect(world.hub.database.path) as connection:
        (count,) = connection.execute("SELECT COUNT(*) FROM resources").fetchone()
    assert count == 700


async def test_a_being_deleted_resource_takes_no_changes(world: World) -> None:
    await world.folder("a", lines={"one": "1"})
    world.controller.away = True
    await world.resources.delete("test.folder", "a")
    with pytest.raises(NotAllowed, match="being deleted"):
        await world.resources.put("test.folder", "a", {"lines": {}})
    with pytest.raises(InvalidSpec, match="is being deleted"):
        await put(world, "n", {"text": "x", "folder": "a"})
