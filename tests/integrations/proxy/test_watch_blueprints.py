"""The blueprints of alerts, each set off by states that change: once for each episode."""

from pathlib import Path
from typing import Any

import pytest

from hub.automation.automations import Automations
from hub.automation.blueprints.library import Library
from hub.automation.blueprints.source import parse
from hub.automation.rehearsal.world import RehearsalWorld
from hub.config.settings import Settings
from hub.util import packages
from hub.util.clock import FakeClock
from tests.peers.house import CONFIG, House, MakeHouse

FOLDER = Path("integrations/proxy/blueprints/automation/proxy")
LIMITS = {"server_cpu": (80, 70), "server_memory": (80, 70), "server_disk": (85, 80)}


class Alerts:
    """An automation of a blueprint, and what it told."""

    def __init__(self, name: str, entity_id: str) -> None:
        self.clock = FakeClock()
        self.world = RehearsalWorld(Settings(), self.clock)
        self.automations = Automations(self.world)
        self.automations.blueprint = lambda _domain, path: (FOLDER.parent / path).read_text()
        self.told: list[tuple[str, Any]] = []
        for event in ("alert", "clear"):
            self.world.bus.listen(event, lambda fired: self.told.append((fired.type, fired.data)))
        self.name, self.entity_id = name, entity_id

    async def load(self, **inputs: Any) -> None:
        use = {
            "path": f"proxy/{self.name}.yaml",
            "input": {
                "sensor": self.entity_id,
                "alert": [{"event": "alert", "event_data": {"name": "{{ name }}"}}],
                "clear": [{"event": "clear"}],
                **inputs,
            },
        }
        await self.automations.load({"hub.automation/a": {"alias": "A", "use_blueprint": use}})
        assert self.automations.problems == {}

    async def show(self, *values: object, minutes: float = 0) -> None:
        """Show values, each for a while."""
        for value in values:
            self.world.states.set(self.entity_id, str(value), {"friendly_name": "Web"})
            await self.clock.advance(60 * minutes)

    @property
    def names(self) -> list[str]:
        return [kind for kind, _ in self.told]


@pytest.mark.parametrize("name", LIMITS)
async def test_a_load_is_told_once_for_each_episode(name: str) -> None:
    limit, back = LIMITS[name]
    alerts = Alerts(name, "sensor.web")
    await alerts.load()
    await alerts.show(limit - 1, limit, minutes=10)
    assert alerts.names == []
    await alerts.show(limit + 1, minutes=4)
    assert alerts.names == [], "not long enough"
    await alerts.show(limit + 2, minutes=2)
    assert alerts.told == [("alert", {"name": "Web"})]
    await alerts.show(*[limit - 1, limit + 5] * 10, minutes=6)
    await alerts.show("unavailable", limit + 5, "unknown", limit + 5, minutes=10)
    assert alerts.names == ["alert"], "it is still the same episode"
    await alerts.show(back - 1, minutes=4)
    assert alerts.names == ["alert"]
    await alerts.show(back - 2, minutes=2)
    assert alerts.names == ["alert", "clear"]
    await alerts.show(limit + 1, minutes=6)
    assert alerts.names == ["alert", "clear", "alert"]


async def test_limits_can_be_chosen() -> None:
    alerts = Alerts("server_cpu", "sensor.web")
    await alerts.load(above=50, back=40, wait={"seconds": 0})
    await alerts.show(10, 51, 45, 51, 39, 51)
    assert alerts.names == ["alert", "clear", "alert"]


async def test_a_certificate_that_is_not_renewed() -> None:
    alerts = Alerts("certificate_expiry", "sensor.days")
    await alerts.load()
    await alerts.show(20.5, 14.1, minutes=600)
    assert alerts.names == []
    await alerts.show(13.9, 13.8, "unavailable", 12, 1, 0, -1, minutes=600)
    assert alerts.names == ["alert"]
    await alerts.show(89.9, minutes=1)
    assert alerts.names == ["alert", "clear"]


@pytest.mark.parametrize(
    ("name", "good", "bad", "minutes"),
    [("server_drift", "off", "on", 1), ("server_away", "on", "off", 3)],
)
async def test_what_is_wrong_for_a_while(name: str, good: str, bad: str, minutes: int) -> None:
    alerts = Alerts(name, "binary_sensor.web")
    await alerts.load()
    await alerts.show(good, bad, minutes=minutes - 0.5)
    await alerts.show(good, minutes=10)
    assert alerts.names == [], "it passed"
    await alerts.show(bad, minutes=minutes + 0.5)
    assert alerts.names == ["alert"]
    await alerts.show(good, bad, good, bad, minutes=minutes - 0.5)
    assert alerts.names == ["alert"], "a link that flaps is one episode"
    await alerts.show(good, minutes=minutes + 0.5)
    assert alerts.names == ["alert", "clear"]


SHIPPED = {f"proxy/{path.name}" for path in FOLDER.glob("*.yaml")}


async def test_they_are_there_without_copying(make_house: MakeHouse) -> None:
    house = await make_house(CONFIG)
    client = await house.connect()
    found = (await client.call(type="blueprint/list", domain="automation"))["result"]
    assert len(SHIPPED) == 6
    assert set(found) >= SHIPPED
    assert all("metadata" in found[path] for path in SHIPPED)
    use = {"path": "proxy/server_cpu.yaml", "input": {"sensor": "sensor.a", "alert": []}}
    spec = {"alias": "Load", "use_blueprint": use}
    await house.hub.resources.put("hub.automation", "load", spec)
    await house.hub.automations.settle()
    assert house.hub.states.get("automation.load") is not None


TEXT = """blueprint:
  name: {name}
  domain: automation
triggers: [{{trigger: event, event_type: go}}]
actions: []
"""


async def test_the_users_own_of_the_same_path_wins(make_house: MakeHouse) -> None:
    path = "blueprints/automation/proxy/server_cpu.yaml"
    config = await make_house(CONFIG)
    await names_are(config, "Proxy server: processor")
    folder = config.folder / "config" / Path(path).parent
    folder.mkdir(parents=True)
    (folder / "server_cpu.yaml").write_text(TEXT.format(name="From a file"))
    await names_are(config, "From a file")
    client = await config.connect()
    save = {"domain": "automation", "path": "proxy/server_disk.yaml"}
    text = TEXT.format(name="From the page")
    refused = await client.call(type="blueprint/save", yaml=text, **save)
    assert refused["error"]["code"] == "not_allowed"
    saved = await client.call(type="blueprint/save", yaml=text, allow_override=True, **save)
    assert saved["result"] == {"overrides_existing": True}
    assert "From the page" in config.hub.blueprints.find("automation", "proxy/server_disk.yaml")
    assert (await client.call(type="blueprint/delete", **save))["success"]
    again = await client.call(type="blueprint/delete", **save)
    assert again["error"]["code"] == "not_allowed"
    assert "comes with the hub" in again["error"]["message"]
    assert "disk use" in config.hub.blueprints.find("automation", "proxy/server_disk.yaml")


async def names_are(house: House, name: str) -> None:
    path = "proxy/server_cpu.yaml"
    found = await house.hub.blueprints.list("automation")
    shelf = found[path]
    assert shelf.blueprint is not None
    assert shelf.blueprint.metadata["name"] == name
    assert parse(house.hub.blueprints.find("automation", path)).metadata["name"] == name


def test_what_ships_can_not_be_left(tmp_path: Path) -> None:
    class Nothing:
        def listen(self, *_: object) -> None: ...
        def list(self, _type: str) -> list[object]:
            return []

    library = Library(Nothing(), tmp_path, shipped=packages.shipped("blueprints"))  # type: ignore[arg-type]
    assert library.shipped("automation", "proxy/server_cpu.yaml") is not None
    for path in ("../../../manifest.json", "/etc/passwd", "proxy/../../../models.py", "proxy"):
        assert library.shipped("automation", path) is None
    assert library.shipped("script", "proxy/server_cpu.yaml") is None
