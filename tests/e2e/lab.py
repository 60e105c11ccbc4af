"""An outside world for the page: zones of a house as files, applied slowly enough to be watched."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from hub.errors import HubError, Unavailable
from hub.resources import Condition, Controller, Desired, Progress, ResourceType, Step
from hub.schema import Reference, Secret, port, text

if TYPE_CHECKING:
    from hub.hub import Hub
    from tests.peers.house import House

TYPE = "lab.house"
SERVER = "lab.server"
PARTS = 4
"""How many times a step stops on its way."""

ZONE = {
    vol.Required("name"): text,
    vol.Required("channel"): vol.All(int, vol.Range(min=1, max=12)),
    vol.Optional("target", default=21.0, description={"unit": "°C"}): vol.All(
        vol.Coerce(float), vol.Range(min=5, max=40)
    ),
}
SPEC = {
    vol.Required("name", description="What people call the house."): text,
    vol.Optional("mode", default="heat"): vol.In({"heat": "Heating", "cool": "Cooling"}),
    vol.Optional("port", default=1502): port,
    vol.Optional("watched", default=True): bool,
    vol.Optional("password"): Secret(min=8),
    vol.Optional("server"): Reference(SERVER),
    vol.Optional("zones", default=list): [ZONE],
    vol.Optional("tags", default=list): [text],
    vol.Optional("limits"): {vol.Optional("low"): vol.Coerce(float), vol.Optional("high"): int},
    vol.Optional("labels"): {text: text},
    vol.Optional("remarks", description={"multiline": True}): text,
    vol.Optional("extra"): object,
    vol.Optional("fail_at"): text,
}


@dataclass
class Lab:
    """The files that stand for the outside, and how fast they may be written."""

    root: Path
    pace: float = 0.0
    """Seconds that each part of a step takes."""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    away: bool = False

    def __post_init__(self) -> None:
        """Let steps pass."""
        self.gate.set()

    def read(self, key: str) -> dict[str, str]:
        """Return what is written, by file."""
        folder = self.root / key
        found = sorted(folder.iterdir()) if folder.is_dir() else []
        return {path.name: path.read_text() for path in found}

    def write(self, key: str, name: str, content: str | None) -> None:
        """Write or remove one file, as whoever changes the outside would."""
        path = self.root / key / name
        if content is None:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


class LabController(Controller[dict[str, str]]):
    """One file per zone and one for the house."""

    def __init__(self, hub: "Hub", lab: Lab) -> None:
        super().__init__(hub)
        self.lab = lab

    async def observe(self, desired: Desired) -> dict[str, str]:
        if self.lab.away:
            raise Unavailable("The lab does not answer")
        return self.lab.read(desired.key)

    def plan(self, desired: Desired, observed: dict[str, str]) -> Sequence[Step]:
        wanted = {} if desired.deleting else files(desired.spec)
        steps = [
            Step("create" if name not in observed else "change", name, f"Write {name}",
                 observed.get(name), content)
            for name, content in wanted.items()
            if observed.get(name) != content
        ]  # fmt: skip
        gone = [name for name in observed if name not in wanted]
        return [*steps, *(Step("remove", name, f"Remove {name}", observed[name]) for name in gone)]

    async def apply(self, desired: Desired, step: Step, progress: Progress) -> None:
        if progress.noted("before") is None:
            await progress.note("before", [step.before])
        for part in range(1, PARTS + 1):
            await progress.checkpoint()
            progress.log(f"{step.target}: part {part} of {PARTS}")
            progress.progress(part / PARTS, f"{step.summary} ({part} of {PARTS})")
            if self.lab.pace:
                await asyncio.sleep(self.lab.pace)
            while not self.lab.gate.is_set():
                await progress.checkpoint()
                await asyncio.sleep(0.01)
        if step.target == desired.spec.get("fail_at"):
            raise HubError(f"{step.target} can not be written")
        self.lab.write(desired.key, step.target, step.after)

    async def undo(self, desired: Desired, step: Step, progress: Progress) -> None:
        noted = progress.noted("before")
        if noted is not None:
            self.lab.write(desired.key, step.target, noted[0])

    def conditions(self, desired: Desired, observed: dict[str, str]) -> Sequence[Condition]:
        zones = [name for name in observed if name.startswith("zone-")]
        told = f"{len(zones)} of {len(desired.spec['zones'])} zones are written"
        reachable = Condition("reachable", status=True, message="The folder answers")
        return (reachable, Condition("complete", status=bool(zones), message=told))

    def facts(self, desired: Desired, observed: dict[str, str]) -> Mapping[str, Any]:
        return {"files": len(observed), "folder": desired.key}


def files(spec: Mapping[str, Any]) -> dict[str, str]:
    """Return what a spec wants written, by file."""
    head = f"{spec['name']}\nmode {spec['mode']}\nport {spec['port']}\n"
    zones = {
        f"zone-{zone['channel']}.txt": f"{zone['name']}\n{zone['target']:.1f} °C\n"
        for zone in spec["zones"]
    }
    return {"house.txt": head, **zones}


def open_lab(house: "House", root: Path) -> Lab:
    """Give a house the two resource types of the lab."""
    lab = Lab(root)
    root.mkdir(exist_ok=True)
    types = house.hub.resources.types
    types.register(
        ResourceType(
            name=TYPE, schema=vol.Schema(SPEC), controller=lambda hub: LabController(hub, lab),
            title="House", description="A pretended house, kept as files.", observe_seconds=3600.0,
        )
    )  # fmt: skip
    server = {vol.Required("address"): text, vol.Optional("password"): Secret(min=8)}
    types.register(ResourceType(name=SERVER, schema=vol.Schema(server), title="Server"))
    return lab
