"""One virtual entity of each kind."""

from collections.abc import Awaitable, Callable
from typing import Any

from hub.sdk import Hub
from integrations.demo.const import DOMAIN
from integrations.demo.entities import DemoHouse


async def setup(hub: Hub, config: dict[str, Any]) -> Callable[[], Awaitable[None]]:
    """Add the entities and let the zone live; returns the function that ends it."""
    house = DemoHouse(config.get("area"))
    await hub.entities.add(DOMAIN, house.entities)
    task = hub.tasks.spawn(house.run(hub.clock, config["interval"]), "demo zone")

    async def unload() -> None:
        task.cancel()
        await hub.entities.remove_platform(DOMAIN)

    return unload
