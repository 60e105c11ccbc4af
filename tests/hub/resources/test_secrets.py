"""Secrets of specs: never shown, kept by the placeholder, bound to their place."""

import sqlite3
from typing import Any

import pytest

from hub.errors import HubError
from hub.resources import InvalidSpec, Phase
from tests.hub.resources.conftest import World

SEALED = {"sealed": True}
CANARY = "canary-7fb1-password"


def logins(*pairs: tuple[str, Any]) -> dict[str, Any]:
    return {"text": "x", "logins": [{"name": name, "password": word} for name, word in pairs]}


async def put(world: World, spec: dict[str, Any], **options: Any) -> Any:
    return await world.resources.put("test.note", "a", spec, **options)


def opened(world: World) -> list[str]:
    resource = world.resources.get("test.note", "a")
    spec = world.resources.specs.desired(resource).spec
    return [item["password"] for item in spec["logins"]]


async def test_a_secret_is_never_shown(world: World) -> None:
    change = await put(world, logins(("anna", CANARY)))
    resources = world.resources
    shown = [
        change.as_dict(),
        resources.json(resources.get("test.note", "a")),
        resources.get("test.note", "a"),
        resources.export(),
        [item.as_dict() for item in await resources.history("test.note", "a")],
        (await resources.plan("test.note", "a", logins(("anna", CANARY + "2")))).as_dict(),
    ]
    assert CANARY not in str(shown)
    assert resources.export()["test.note/a"]["logins"] == [{"name": "anna", "password": SEALED}]
    database = world.hub.database.path
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_checkpoint")
    raw = database.read_bytes() + database.with_name("hub.db-wal").read_bytes()
    assert CANARY.encode() not in raw
    assert opened(world) == [CANARY]


async def test_the_placeholder_keeps_a_secret_through_reordering(world: World) -> None:
    await put(world, logins(("anna", "password-of-anna"), ("ben", "password-of-ben")))
    change = await put(world, logins(("ben", SEALED), ("anna", SEALED)))
    assert opened(world) == ["password-of-ben", "password-of-anna"]
    assert "password" not in str(change.diff)


async def test_the_placeholder_without_a_kept_secret_is_refused(world: World) -> None:
    await put(world, logins(("anna", "password-of-anna")))
    with pytest.raises(InvalidSpec) as caught:
        await put(world, logins(("anna", SEALED), ("carl", SEALED)))
    assert [item["path"] for item in caught.value.problems] == ["logins.name=carl.password"]


async def test_the_same_secret_again_is_no_change(world: World) -> None:
    await put(world, logins(("anna", "password-of-anna")))
    assert (await put(world, logins(("anna", "password-of-anna")))).action == "unchanged"
    change = await put(world, logins(("anna", "a-new-password")))
    assert change.diff == [
        {
            "path": "logins.name=anna.password",
            "before": SEALED,
            "after": {"sealed": True, "changed": True},
        }
    ]


async def test_too_short_a_secret_is_refused_without_repeating_it(world: World) -> None:
    with pytest.raises(InvalidSpec, match="at least 8 characters") as caught:
        await put(world, logins(("anna", "hunter2")))
    assert "hunter2" not in str(caught.value)


async def test_rollback_brings_the_old_secret_back(world: World) -> None:
    await put(world, logins(("anna", "the-first-one")))
    await put(world, logins(("anna", "the-second-one")))
    await world.resources.rollback("test.note", "a", 1)
    assert opened(world) == ["the-first-one"]


async def test_a_sealed_text_moved_to_another_row_does_not_open(world: World) -> None:
    await put(world, logins(("anna", "password-of-anna"), ("ben", "password-of-ben")))
    resource = world.resources.get("test.note", "a")
    first, second = resource.spec["logins"]
    first["password"], second["password"] = second["password"], first["password"]
    with pytest.raises(HubError) as caught:
        world.resources.specs.desired(resource)
    assert caught.value.code == "secret_unreadable"


async def test_an_unreadable_secret_is_a_failed_phase(world: World) -> None:
    await world.folder("a", lines={"one": "1"}, password="password-of-a")
    resource = world.resources.get("test.folder", "a")
    resource.spec["password"]["$sealed"] = world.hub.secrets.seal("x", "elsewhere")
    await world.resources.engine._reconcile("test.folder/a")  # type: ignore[union-attr]
    status = world.resources.status("test.folder", "a")
    assert status.phase is Phase.FAILED
    assert "test.folder/a" in status.message or "secret" in status.message.lower()


async def test_specs_can_be_read_after_the_keys_were_rotated(world: World) -> None:
    from hub.storage.rotation import rotate

    await put(world, logins(("anna", "password-of-anna")))
    before = world.resources.get("test.note", "a").spec["logins"][0]["password"]
    await rotate(world.hub.secrets)
    after = world.resources.get("test.note", "a").spec["logins"][0]["password"]
    assert after != before
    assert opened(world) == ["password-of-anna"]
    await put(world, logins(("anna", SEALED)))
    assert opened(world) == ["password-of-anna"]
