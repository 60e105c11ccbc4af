"""The whole integration in a real hub: a value, an outage, a change, the removal."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from integrations._template.resources import TYPES
from tests.peers.ports import wait_until

if TYPE_CHECKING:
    from tests.peers.house import House

(TYPE,) = TYPES
ENTITY = "sensor.cellar_temperature"


@asynccontextmanager
async def thermometer(answer: bytes = b"21.5\n") -> AsyncIterator[int]:
    async def reply(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


def spec(port: int, **more: Any) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": port, "name": "Cellar", "interval": 0.05, **more}


Phase = Callable[[str], Awaitable[Any]]


@pytest.fixture
async def phase(house: "House") -> Phase:
    """Return a function that waits for a phase of the thermometer; the type is known."""
    house.hub.resources.types.register(TYPE)

    async def reached(wanted: str) -> Any:
        await wait_until(lambda: house.hub.resources.status(TYPE.name, "cellar").phase == wanted)
        return house.hub.resources.status(TYPE.name, "cellar")

    return reached


def shown(house: "House") -> str | None:
    state = house.hub.states.get(ENTITY)
    return None if state is None else state.state


async def test_value_outage_and_removal(house: "House", phase: Phase) -> None:
    async with thermometer() as port:
        await house.hub.resources.put(TYPE.name, "cellar", spec(port))
        await phase("in_sync")
        await wait_until(lambda: shown(house) == "21.5")
        state = house.hub.states.get(ENTITY)
        assert state is not None
        assert state.attributes["unit_of_measurement"] == "°C"
    await wait_until(lambda: shown(house) == "unavailable")
    await house.hub.resources.delete(TYPE.name, "cellar")
    await wait_until(lambda: house.hub.entity_registry.get(ENTITY) is None)
    assert shown(house) is None
    assert house.hub.devices.by_identifier(("template", "cellar")) is None


async def test_a_change_is_taken_back_when_nobody_answers(
    house: "House", phase: Phase, free_port: int
) -> None:
    async with thermometer() as port, thermometer(b"7\n") as other:
        await house.hub.resources.put(TYPE.name, "cellar", spec(port))
        await phase("in_sync")
        await house.hub.resources.put(TYPE.name, "cellar", spec(free_port))
        status = await phase("failed")
        assert "can not be reached" in status.message
        assert (status.outcome, shown(house)) == ("rolled_back", "21.5")
        await house.hub.resources.put(TYPE.name, "cellar", spec(other, name="Attic"))
        await phase("in_sync")
        await wait_until(lambda: shown(house) == "7.0")
        state = house.hub.states.get(ENTITY)
        assert state is not None
        assert state.attributes["friendly_name"] == "Attic Temperature"


async def test_without_a_device_it_is_tried_again(
    house: "House", phase: Phase, free_port: int
) -> None:
    await house.hub.resources.put(TYPE.name, "cellar", spec(free_port))
    status = await phase("failed")
    assert status.retry_at is not None
    assert shown(house) is None
