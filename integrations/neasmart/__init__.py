"""Rehau Neasmart 2.0 heating zones over Modbus: the hub is the slave, the base its master."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hub.sdk import Hub


async def setup(hub: Hub, config: Any) -> Callable[[], Awaitable[None]]:
    """Open every configured line and add its entities; a busy port is a status, no failure."""
    from integrations.neasmart.binary_sensor import line_flags
    from integrations.neasmart.climate import climates
    from integrations.neasmart.const import DOMAIN
    from integrations.neasmart.coordinator import Installation
    from integrations.neasmart.models import Settings
    from integrations.neasmart.select import selects
    from integrations.neasmart.sensor import line_sensors, zone_sensors
    from integrations.neasmart.services import register
    from integrations.neasmart.switch import SuppressNoise

    installations = [Installation(hub, Settings.from_config(item)) for item in config]

    unregister = register(hub, installations)

    async def unload() -> None:
        unregister()
        await asyncio.gather(*(installation.stop() for installation in installations))
        await hub.entities.remove_platform(DOMAIN)

    try:
        for installation in installations:
            await installation.start()
            line = (
                *line_flags(installation),
                *line_sensors(installation),
                *selects(installation),
                SuppressNoise(installation),
            )
            zones = (*climates(installation), *zone_sensors(installation))
            await hub.entities.add(DOMAIN, (*line, *zones))
    except BaseException:
        await unload()
        raise
    return unload
