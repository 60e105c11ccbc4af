"""An outside world for tests: files in a folder, made to match by a real controller."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import voluptuous as vol

from hub.errors import HubError, Unavailable
from hub.hub import Hub
from hub.resources import (
    Controller,
    Desired,
    DriftPolicy,
    NotProved,
    Progress,
    Recovery,
    ResourceType,
    Step,
)
from hub.schema import Reference, Secret, text

Observed = dict[str, str]

SPEC = {
    vol.Required("lines"): {text: text},
    vol.Optional("name"): text,
    vol.Optional("password"): Secret(min=8),
    vol.Optional("fail_at"): text,
    vol.Optional("hang_at"): text,
    vol.Optional("note"): Reference("test.note"),
    vol.Optional("bad_proof", default=False): bool,
}
"""`lines` are files by name with their content."""


class FolderController(Controller[Observed]):
    """Keeps `<root>/<key>/<name>` equal to `lines`, one step per file."""

    root: Path
    away = False

    def folder(self, desired: Desired) -> Path:
        return self.root / desired.key

    async def observe(self, desired: Desired) -> Observed:
        if self.away:
            raise Unavailable("The folder is away")
        folder = self.folder(desired)
        if not folder.is_dir():
            return {}
        return {path.name: path.read_text() for path in sorted(folder.iterdir())}

    def plan(self, desired: Desired, observed: Observed) -> Sequence[Step]:
        wanted = {} if desired.deleting else desired.spec["lines"]
        steps = [
            Step("write", name, f"write {name}", observed.get(name), line)
            for name, line in wanted.items()
            if observed.get(name) != line
        ]
        gone = [
            Step("remove", name, f"remove {name}", line)
            for name, line in observed.items()
            if name not in wanted
        ]
        return steps + gone

    async def apply(self, desired: Desired, step: Step, progress: Progress) -> None:
        if progress.noted("before") is None:
            await progress.note("before", [step.before])
        if step.target == desired.spec.get("fail_at"):
            self.write(desired, step.target, "half")
            raise HubError(f"{step.target} can not be written")
        if step.target == desired.spec.get("hang_at"):
            self.write(desired, step.target, "half")
            while True:
                await progress.checkpoint()
                await asyncio.sleep(0.01)
        self.write(desired, step.target, step.after)
        progress.progress(1.0)
        progress.log(f"{step.target} is written")

    async def prove(self, desired: Desired, progress: Progress) -> None:
        await super().prove(desired, progress)
        if desired.spec["bad_proof"]:
            raise NotProved("nobody reads it")

    async def undo(self, desired: Desired, step: Step, progress: Progress) -> None:
        noted = progress.noted("before")
        if noted is not None:
            self.write(desired, step.target, noted[0])

    async def forget(self, key: str) -> None:
        folder = self.root / key
        if folder.is_dir():
            folder.rmdir()

    def write(self, desired: Desired, name: str, content: str | None) -> None:
        path = self.folder(desired) / name
        if content is None:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)


def folder_type(root: Path, **options: Any) -> ResourceType:
    """Return a type whose resources are folders below `root`."""

    def controller(hub: Hub) -> FolderController:
        made = FolderController(hub)
        made.root = root
        return made

    fields: dict[str, Any] = {"name": "test.folder", "title": "Folder", "observe_seconds": 3600.0}
    return ResourceType(schema=vol.Schema(SPEC), controller=controller, **{**fields, **options})


PLAIN = ResourceType(
    name="test.note",
    schema=vol.Schema(
        {
            vol.Required("text"): text,
            vol.Optional("about"): Reference("test.note"),
            vol.Optional("folder"): Reference("test.folder"),
            vol.Optional("logins", default=list): [
                {vol.Required("name"): text, vol.Required("password"): Secret(min=8)}
            ],
        }
    ),
    keep_revisions=5,
)
"""A type without a controller."""

__all__ = ["PLAIN", "DriftPolicy", "FolderController", "Recovery", "folder_type"]
