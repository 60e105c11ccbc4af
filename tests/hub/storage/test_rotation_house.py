"""Rotation in a whole hub whose resources are written meanwhile."""

import asyncio
import json
from typing import Any

from hub.storage import tables
from hub.storage.keyfile import KeyFile
from hub.storage.rotation import census
from hub.storage.secrets import Keyring
from tests.hub.resources.outside import PLAIN
from tests.peers.house import House, MakeHouse

SEALED = {"sealed": True}


def spec(text: str, password: Any) -> dict[str, Any]:
    return {"text": text, "logins": [{"name": "anna", "password": password}]}


async def test_resources_are_written_while_the_keys_change(make_house: MakeHouse) -> None:
    house = await make_house("mqtt:\n  enabled: false\n")
    resources = house.hub.resources
    resources.types.register(PLAIN)
    for number in range(10):
        await resources.put("test.note", f"n{number}", spec("first", f"password {number}"))
    stop = asyncio.Event()

    async def write(key: str) -> int:
        count = 0
        while not stop.is_set():
            count += 1
            await resources.put("test.note", key, spec(f"text {count}", SEALED))
        return count

    client = await house.connect()
    writers = [asyncio.create_task(write(f"n{number}")) for number in range(5)]
    keys = set()
    for _ in range(6):
        answer = await client.call(type="hub/rotate_keys")
        keys.add(answer["result"]["key"])
    stop.set()
    counts = await asyncio.gather(*writers)
    assert len(keys) == 6
    assert min(counts) > 6
    await check(house, counts)


async def check(house: House, counts: list[int]) -> None:
    """Memory and database agree, and every secret opens with the keys of the file alone."""
    database, resources = house.hub.database, house.hub.resources
    keyring = Keyring(database, house.hub.secrets.file.path)
    await keyring.look()
    assert len(KeyFile(keyring.file.path).read()) == 1
    async with database.read() as connection:
        assert (await census(keyring, connection)).unreadable == []
        rows = (await connection.execute(tables.resources.select())).all()
    stored = {row.id: (row.revision, json.loads(row.spec)) for row in rows}
    for number in range(10):
        resource = resources.get("test.note", f"n{number}")
        assert stored[resource.id] == (resource.revision, resource.spec)
        text = f"text {counts[number]}" if number < len(counts) else "first"
        assert resource.spec["text"] == text
        opened = resources.specs.desired(resource).spec["logins"][0]["password"]
        assert opened == f"password {number}"
