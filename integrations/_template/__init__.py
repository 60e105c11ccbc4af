"""A thermometer that answers one line of text over TCP."""

from collections.abc import Awaitable, Callable
from typing import Any

from hub.sdk import Coordinator, Hub
from integrations._template.client import Thermometer
from integrations._template.const import DOMAIN
from integrations._template.sensor import TemperatureSensor


async def setup(hub: Hub, config: dict[str, Any]) -> Callable[[], Awaitable[None]]:
    """Ask once, then add the entities; raises `Unavailable` when nobody answers."""
    client = Thermometer(config["host"], config["port"])
    coordinator = Coordinator(hub, f"thermometer {config['host']}", client.read, config["interval"])
    await coordinator.start()
    await hub.entities.add(DOMAIN, [TemperatureSensor(coordinator, client.key)])

    async def unload() -> None:
        await coordinator.stop()
        await hub.entities.remove_platform(DOMAIN)

    return unload
