"""A hub with two resource types: notes without a controller, folders with one."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.hub import Hub
from hub.resources import Phase, Resources, Status
from tests.hub.resources.outside import PLAIN, FolderController, folder_type
from tests.peers.house import House, MakeHouse


@dataclass
class World:
    """A hub, its resources and the folder that stands for the outside."""

    house: House
    root: Path

    @property
    def hub(self) -> Hub:
        return self.house.hub

    @property
    def resources(self) -> Resources:
        return self.house.hub.resources

    @property
    def controller(self) -> FolderController:
        engine = self.resources.engine
        assert engine is not None
        lane = engine.lanes.opened("test.folder")
        assert lane is not None
        assert isinstance(lane.controller, FolderController)
        return lane.controller

    def read(self, key: str) -> dict[str, str]:
        folder = self.root / key
        return {path.name: path.read_text() for path in sorted(folder.iterdir())}

    async def until(self, condition: Callable[[], Any]) -> Any:
        while not (found := condition()):
            await asyncio.sleep(0.01)
        return found

    async def phase(self, key: str, *phases: Phase, revision: int | None = None) -> Status:
        """Wait until a folder is in one of these phases, with a certain revision live."""

        def reached() -> Status | None:
            status = self.resources.status("test.folder", key)
            right = revision is None or status.observed_revision == revision
            return status if status.phase in phases and right else None

        found: Status = await self.until(reached)
        return found

    async def folder(self, key: str, **spec: Any) -> Status:
        """Write a folder and wait until it is there."""
        change = await self.resources.put("test.folder", key, spec)
        return await self.phase(key, Phase.IN_SYNC, revision=change.revision)


MakeWorld = Callable[..., Awaitable[World]]


@pytest.fixture
async def make_world(make_house: MakeHouse, tmp_path: Path) -> MakeWorld:
    """Return a function that starts a hub with the two types; options go to the folder type."""

    async def make(**options: Any) -> World:
        house = await make_house("mqtt:\n  enabled: false\n")
        root = tmp_path / "outside"
        root.mkdir(exist_ok=True)
        house.hub.resources.types.register(folder_type(root, **options))
        house.hub.resources.types.register(PLAIN)
        return World(house, root)

    return make


@pytest.fixture
async def world(make_world: MakeWorld) -> World:
    """Return a running hub with the two types."""
    return await make_world()
