"""A real hub in a process of its own: files that are edited, the API, the command line, MQTT."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from base_station import BaseStation, Options
from base_station import rooms as parse_rooms
from base_station_house import House as Sky

from tests.peers.hub import HubProcess, run_hub
from tests.peers.modbus import Mbpoll
from tests.peers.mosquitto import Mosquitto
from tests.peers.ports import free_port_number, wait_for_port

DEMO = Path(__file__).parents[3] / "config" / "demo" / "resources" / "heating.yaml"
QUIET = "hub:\n  name: Heated house\nmqtt:\n  enabled: false\n"
RESOURCE = "/api/resources/neasmart.installation"


class Door:
    """The API of a running hub."""

    def __init__(self, hub: HubProcess, session: aiohttp.ClientSession) -> None:
        self.hub = hub
        self.session = session

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        url = self.hub.url + path
        async with self.session.request(method, url, json=body, headers=self.hub.headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def name(self, entity_id: str) -> str | None:
        status, state = await self.ask("GET", f"/api/states/{entity_id}")
        return state["attributes"]["friendly_name"] if status == 200 else None

    async def status(self, key: str = "home") -> dict[str, Any]:
        status, found = await self.ask("GET", f"{RESOURCE}/{key}")
        return found["status"] if status == 200 else {"phase": None}

    async def named(self, entity_id: str, name: str | None) -> None:
        """Wait until an entity has a name; None = until it is gone."""
        while await self.name(entity_id) != name:
            await asyncio.sleep(0.05)

    async def phase(self, phase: str | None, key: str = "home") -> dict[str, Any]:
        while (status := await self.status(key))["phase"] != phase:
            await asyncio.sleep(0.05)
        return status


@pytest.fixture
async def door(start_hub: Callable[..., HubProcess]) -> AsyncIterator[Callable[..., Door]]:
    """Return a function that starts a hub and opens its API."""
    async with aiohttp.ClientSession() as session:
        yield lambda *arguments, **options: Door(start_hub(*arguments, **options), session)


def heating(port: int) -> str:
    """Return the demo's file on another port."""
    return DEMO.read_text().replace("port: 1502", f"port: {port}")


async def test_an_edited_file_renames_a_zone_while_the_base_goes_on(
    door: Callable[..., Door], tmp_path: Path
) -> None:
    port = free_port_number()
    house = door(QUIET, resources=heating(port))
    file = house.hub.config / "resources" / "test.yaml"
    await asyncio.to_thread(wait_for_port, port)
    station = BaseStation(Sky(parse_rooms("1/1,1/2")), Options(port=port, interval=0.02))
    wire = await station.connect()
    await station.cycle(wire)
    await house.named("climate.kitchen", "Kitchen")

    file.write_text(heating(port).replace("name: Kitchen", "name: Cuisine"))
    await house.named("climate.kitchen", "Cuisine")
    assert await house.name("sensor.kitchen_temperature") == "Cuisine Temperature"

    file.write_text(heating(port).replace("name: Kitchen}", "name: [Kitchen"))
    while "test.yaml:" not in house.hub.log:
        await asyncio.sleep(0.05)
    assert await house.name("climate.kitchen") == "Cuisine"
    file.write_text(heating(port).replace("channel: 2, name: Kitchen", "channel: 77, name: K"))
    while "bases.0.zones.1.channel: expected a channel between 1 and 12" not in house.hub.log:
        await asyncio.sleep(0.05)
    assert (await house.status())["phase"] == "in_sync"

    folder = tmp_path / "resources"
    folder.mkdir()
    file.unlink()
    while "it stays and is changed through the API from now on" not in house.hub.log:
        await asyncio.sleep(0.05)
    (folder / "heating.yaml").write_text(heating(port).replace("name: Kitchen", "name: Küche"))
    done = await asyncio.to_thread(
        run_hub,
        *("apply", "-f", str(folder), "--yes"),
        HUB_URL=house.hub.url,
        HUB_TOKEN=house.hub.token,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    await house.named("climate.kitchen", "Küche")
    await station.cycle(wire)
    assert station.tally.timeouts == 0
    await wire.close()
    assert "Traceback" not in house.hub.log


async def test_a_second_installation_is_made_over_the_api(
    door: Callable[..., Door], mbpoll: Mbpoll
) -> None:
    first, second = free_port_number(), free_port_number()
    house = door(QUIET, resources=heating(first))
    await house.phase("in_sync")
    status, types = await house.ask("GET", "/api/resources")
    kind = next(item for item in types if item["resource_type"] == "neasmart.installation")
    assert (status, kind["count"], kind["has_controller"]) == (200, 1, True)
    assert [field["name"] for field in kind["form"]][:3] == ["name", "transport", "bases"]

    spec: dict[str, Any] = {
        "name": "Annex",
        "transport": {"type": "tcp", "host": "127.0.0.1", "port": second},
        "bases": [{"number": 1, "zones": [{"channel": 1, "name": "Guest room"}]}],
    }
    ws = await house.session.ws_connect(f"{house.hub.url}/api/websocket")
    await ws.receive_json()
    await ws.send_json({"type": "auth", "access_token": house.hub.token})
    await ws.receive_json()
    name = {"resource_type": "neasmart.installation", "key": "annex"}

    async def call(id_: int, command: str, **more: Any) -> Any:
        await ws.send_json({"id": id_, "type": command, **name, **more})
        while (answer := await ws.receive_json())["id"] != id_ or answer["type"] != "result":
            pass
        return answer

    wrong = {**spec, "bases": [{"number": 9, "zones": [{"channel": 1}]}]}
    answer = await call(1, "resource/put", spec=wrong)
    assert [item["path"] for item in answer["error"]["problems"]] == [
        "bases.0.number",
        "bases.0.zones.0.name",
    ]
    planned = await call(2, "resource/plan", spec=spec)
    assert [step["summary"] for step in planned["result"]["steps"]] == [
        f"start the installation on 127.0.0.1:{second}"
    ]
    taken = {**spec, "transport": {"host": "127.0.0.1", "port": first}}
    answer = await call(3, "resource/plan", spec=taken)
    assert "belongs to neasmart.installation/home" in answer["error"]["message"]
    answer = await call(4, "resource/put", spec=spec)
    assert answer["result"]["action"] == "created"
    await ws.close()
    await house.phase("in_sync", "annex")
    await asyncio.to_thread(mbpoll.write, 102, 0x0C33, port=second)
    await house.named("climate.guest_room", "Guest room")
    _, state = await house.ask("GET", "/api/states/sensor.guest_room_temperature")
    assert state["state"] == "21.5"
    _, state = await house.ask("GET", "/api/states/sensor.living_room_temperature")
    assert state["state"] == "unavailable"
    status, _ = await house.ask("PUT", f"{RESOURCE}/home", {"name": "Mine"})
    assert status == 409, "it comes from a file"


async def test_a_zone_and_an_installation_that_go_leave_the_broker(
    door: Callable[..., Door], mosquitto: Mosquitto
) -> None:
    config = f"hub:\n  hub_id: h1\nmqtt:\n  broker: {{host: 127.0.0.1, port: {mosquitto.port}}}\n"
    house, port = door(config), free_port_number()

    async def until(word: str, *, there: bool) -> dict[str, str]:
        while True:
            found = await asyncio.to_thread(mosquitto.retained)
            if there == any(word in topic + payload for topic, payload in found.items()):
                return found

    zones = [
        {"channel": 1, "name": "Guest room", "area": "Annex"},
        {"channel": 2, "name": "Bath", "area": "Annex"},
    ]
    spec: dict[str, Any] = {
        "transport": {"host": "127.0.0.1", "port": port},
        "bases": [{"number": 1, "zones": zones}],
    }
    await house.ask("PUT", f"{RESOURCE}/annex", spec)
    await until("Guest room", there=True)
    await until("Bath", there=True)
    zones[0]["name"] = "Visitors"
    await house.ask("PUT", f"{RESOURCE}/annex", spec)
    await until('"name":"Visitors"', there=True)
    await until("Guest room", there=False)
    del zones[1]
    await house.ask("PUT", f"{RESOURCE}/annex", spec)
    await until("bath", there=False)
    status, _ = await house.ask("DELETE", f"{RESOURCE}/annex")
    assert status == 200
    found = await until("neasmart", there=False)
    assert not [topic for topic in found if "guest_room" in topic]
    await house.phase(None, "annex")


async def test_a_restart_finds_the_same_entities_and_values(
    door: Callable[..., Door], mbpoll: Mbpoll
) -> None:
    port = free_port_number()
    house = door(QUIET, resources=heating(port))
    await asyncio.to_thread(wait_for_port, port)
    await asyncio.to_thread(mbpoll.write, 102, 0x0C33, port=port)
    await house.named("climate.living_room", "Living room")
    assert house.hub.stop() == 0
    house.hub.start()
    await asyncio.to_thread(wait_for_port, port)
    while True:
        _, state = await house.ask("GET", "/api/states/sensor.living_room_temperature")
        if state.get("attributes", {}).get("last_value") == 21.5:
            break
        await asyncio.sleep(0.05)
    assert state["state"] == "unavailable"


def test_the_section_of_old_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    shutil.copytree(DEMO.parents[1], tmp_path / "config")
    file = tmp_path / "config" / "hub.yaml"
    lines = len(file.read_text().splitlines())
    with file.open("a") as more:
        more.write("neasmart:\n  id: attic\n  name: Heating\n")
    done = run_hub("check-config", "--config", str(file.parent))
    assert done.returncode == 2
    assert f"hub.yaml:{lines + 1}: neasmart: installations are resources now" in done.stderr
    assert "neasmart.installation/attic:" in done.stderr
