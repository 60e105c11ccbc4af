"""The whole integration in a real hub: a value, an outage, the unloading."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from hub.sdk import Unavailable
from integrations._template import setup
from integrations._template.schema import CONFIG

if TYPE_CHECKING:
    from tests.peers.house import House

ENTITY = "sensor.thermometer_temperature"


async def reply(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"21.5\n")
    writer.close()
    await writer.wait_closed()


async def test_value_outage_and_unload(house: "House") -> None:
    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    config = CONFIG({"host": "127.0.0.1", "port": port, "interval": 0.05})
    unload = await setup(house.hub, config)
    state = house.hub.states.get(ENTITY)
    assert state is not None
    assert (state.state, state.attributes["unit_of_measurement"]) == ("21.5", "°C")

    gone = asyncio.Event()
    unlisten = house.hub.states.listen(
        lambda _old, new: gone.set() if new is not None and new.state == "unavailable" else None,
        entity_ids=[ENTITY],
    )
    server.close()
    await server.wait_closed()
    async with asyncio.timeout(10):
        await gone.wait()
    unlisten()

    await unload()
    assert house.hub.entities.get(ENTITY) is None


async def test_set_up_without_a_device_says_unavailable(house: "House", free_port: int) -> None:
    with pytest.raises(Unavailable, match="can not be reached"):
        await setup(house.hub, CONFIG({"host": "127.0.0.1", "port": free_port}))
