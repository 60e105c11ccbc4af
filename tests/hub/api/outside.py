"""A resource type whose outside is a folder: each resource is a file there."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import voluptuous as vol

from hub.hub import Hub
from hub.resources import Controller, Desired, Progress, ResourceType, Step
from hub.schema import Reference, Secret, text


class Files(Controller[str | None]):
    """Makes a file hold the spec's text."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        super().__init__(hub)
        self.folder = folder
        self.gate = asyncio.Event()
        self.gate.set()

    async def observe(self, desired: Desired) -> str | None:
        path = self.folder / desired.key
        return path.read_text() if path.exists() else None

    def plan(self, desired: Desired, observed: str | None) -> Sequence[Step]:
        wanted = None if desired.deleting else desired.spec["text"]
        if wanted == observed:
            return ()
        if wanted is None:
            return (Step("remove", desired.key, f"remove {desired.key}", before=observed),)
        action = "create" if observed is None else "change"
        return (Step(action, desired.key, f"{action} {desired.key}", observed, wanted),)

    async def apply(self, desired: Desired, step: Step, progress: Progress) -> None:
        progress.log(f"{step.action} {desired.key}")
        progress.progress(0.5, "half way")
        await self.gate.wait()
        await progress.checkpoint()
        path = self.folder / desired.key
        if step.action == "remove":
            path.unlink(missing_ok=True)
        else:
            path.write_text(desired.spec["text"])

    async def undo(self, desired: Desired, step: Step, progress: Progress) -> None:
        path = self.folder / desired.key
        if step.before is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(step.before)


FIELDS: dict[Any, Any] = {
    vol.Required("text", description="What the file holds"): vol.All(text, vol.Length(max=1000)),
    vol.Optional("password"): Secret(min=4),
    vol.Optional("beside"): Reference("test.file"),
    vol.Optional("owner", default="root"): text,
}


def register(hub: Hub, folder: Path, domain: str = "test") -> Files:
    """Register `test.file`, kept in `folder`, and `test.note`, which has no controller."""
    folder.mkdir(exist_ok=True)
    files = Files(hub, folder)
    hub.resources.types.register(
        ResourceType(
            name=f"{domain}.file",
            schema=vol.Schema({**FIELDS, vol.Optional("beside"): Reference(f"{domain}.file")}),
            controller=lambda _hub: files,
            title="File",
            description="A file in a folder",
            entities=False,
        )
    )
    hub.resources.types.register(
        ResourceType(name=f"{domain}.note", schema=vol.Schema({vol.Required("name"): text}))
    )
    return files
