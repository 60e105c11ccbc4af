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
from tests.peers.ports import wait_until

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
    counts = [0] * 5

    async def write(number: int) -> None:
        while not stop.is_set():
            counts[number] += 1
            text = f"text {counts[number]}"
            await resources.put("test.note", f"n{number}", spec(text, SEALED))

    client = await house.connect()
    writers = [asyncio.create_task(write(number)) for number in range(5)]
    keys = set()
    for rotations in range(1, 7):
        answer = await client.call(type="hub/rotate_keys")
        keys.add(answer["result"]["key"])
        await wait_until(lambda least=rotations: min(counts) > least)
    stop.set()
    await asyncio.gather(*writers)
    assert len(keys) == 6
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
