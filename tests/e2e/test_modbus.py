"""From the page to the wire: a temperature set in the browser is read by a Modbus master."""

import asyncio
from collections.abc import Callable

import pytest
from playwright.async_api import expect

from integrations.neasmart import dpt9
from integrations.neasmart.registers import (
    MODE,
    ZONE_SETPOINT,
    ZONE_STATE,
    ZONE_TEMPERATURE,
    Mode,
    State,
    zone,
)
from tests.e2e.visits import Visit
from tests.peers.hub import HubProcess
from tests.peers.modbus import Mbpoll
from tests.peers.ports import free_port_number, wait_for_port

pytestmark = pytest.mark.timeout(90)

CONFIG = "hub:\n  name: Heated house\nmqtt:\n  enabled: false\n"
RESOURCES = """
neasmart.installation/home:
  transport: {{type: tcp, host: 127.0.0.1, port: {port}}}
  bases:
    - number: 1
      zones: [{{channel: 1, name: Study, humidity: false}}]
"""


async def test_a_modbus_master_reads_what_the_page_set(
    start_hub: Callable[..., HubProcess], visit: Visit, mbpoll: Mbpoll
) -> None:
    port = free_port_number()
    hub = start_hub(CONFIG, resources=RESOURCES.format(port=port))
    await asyncio.to_thread(wait_for_port, port)
    tab = await visit(hub)
    first = zone(1, 1)

    async def write(address: int, value: int) -> None:
        await asyncio.to_thread(mbpoll.write, address, value, port=port)

    async def read() -> int:
        return (await asyncio.to_thread(mbpoll.read, first + ZONE_SETPOINT, port=port))[0]

    await write(MODE, Mode.HEATING)
    await write(first + ZONE_STATE, State.NORMAL)
    await write(first + ZONE_SETPOINT, dpt9.encode(20.0))
    await write(first + ZONE_TEMPERATURE, dpt9.encode(19.5))
    await tab.sign_in()
    target = tab.page.get_by_role("spinbutton", name="Study")
    await expect(target).to_have_value("20.0°")
    await target.focus()
    await tab.page.keyboard.press("ArrowUp")
    told = tab.page.locator("hub-thermostat").get_by_role("status")
    await expect(told).to_have_text("Waiting for confirmation")
    wanted = dpt9.encode(20.5)
    async with asyncio.timeout(10):
        while await read() != wanted:
            await asyncio.sleep(0.05)
    await expect(told).to_have_text("Fetched, not confirmed yet")
    await write(first + ZONE_SETPOINT, wanted)
    await expect(told).to_be_empty()
    await expect(target).to_have_value("20.5°")
