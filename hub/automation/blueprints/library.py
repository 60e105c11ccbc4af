"""Every blueprint of the house: resources, the configuration folder, what integrations ship."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import voluptuous as vol

from hub.automation.blueprints.resources import TYPE
from hub.automation.blueprints.resources import path as valid_path
from hub.automation.blueprints.source import MAX_TEXT, Blueprint, parse
from hub.errors import NotFound
from hub.util.text import slugify

if TYPE_CHECKING:
    from hub.resources import Resource, Resources

FOLDER: Final = "blueprints"
MAX_FILES: Final = 1000

Names = list[str]


@dataclass(frozen=True, slots=True)
class Shelf:
    """One blueprint of the list: read, or why it can not be."""

    path: str
    key: str
    """The key of its resource; for a file the one it would have."""
    place: str | None
    """The file that owns it, None for one that the API may change."""
    blueprint: Blueprint | None = None
    error: str | None = None


Shelves = list[Shelf]


class Library:
    """Finds blueprints by domain and path.

    A resource wins over a file of the configuration, and that over one that ships with an
    integration, of the same path.
    """

    def __init__(
        self,
        resources: "Resources",
        config_dir: Path,
        changed: Callable[[Names], object] = lambda _names: None,
        shipped: Sequence[Path] = (),
    ) -> None:
        """Look into `<config_dir>/blueprints/<domain>/`, then into `<domain>/` of `shipped`.

        `changed` hears which resources use a blueprint that was saved or deleted.
        """
        self._resources = resources
        self._tell = changed
        self._config = config_dir
        self._own = config_dir / FOLDER
        self._shipped = tuple(shipped)
        self._index: dict[tuple[str, str], Resource] | None = None
        resources.listen(self._changed, TYPE)

    def find(self, domain: str, path: str) -> str:
        """Return the text of a blueprint; raises `NotFound`."""
        if (resource := self.resource(domain, path)) is not None:
            return str(resource.spec["source"])
        file = self.file(domain, path) or self.shipped(domain, path)
        if file is not None:
            return _text(file)
        raise NotFound(f"There is no {domain} blueprint {path}")

    async def list(self, domain: str) -> dict[str, Shelf]:
        """Return the blueprints of a domain by path."""
        shelves = await asyncio.to_thread(lambda: list(self._of_files(domain)))
        found = {shelf.path: shelf for shelf in shelves}
        for (its_domain, path), resource in sorted(self._indexed().items()):
            if its_domain == domain:
                place = None if resource.place is None else str(resource.place)
                found[path] = _shelf(path, resource.key, place, str(resource.spec["source"]))
        return dict(sorted(found.items()))

    def resource(self, domain: str, path: str) -> "Resource | None":
        """Return the resource that holds a blueprint."""
        return self._indexed().get((domain, path))

    def file(self, domain: str, path: str) -> Path | None:
        """Return the user's file of a blueprint; None also for a path that leads out of there."""
        return _below(self._own / domain, path)

    def shipped(self, domain: str, path: str) -> Path | None:
        """Return the file of a blueprint that comes with an integration."""
        found = (_below(folder / domain, path) for folder in self._shipped)
        return next((file for file in found if file is not None), None)

    def users(self, domain: str, path: str) -> Names:
        """Return the ids of the resources that use a blueprint."""
        found = []
        for item in self._resources.list(f"hub.{domain}"):
            use = item.spec.get("use_blueprint")
            if isinstance(use, dict) and use.get("path") == path:
                found.append(item.id)
        return found

    def _changed(self, action: str, resource: "Resource") -> None:
        if action != "status":
            self._index = None
            self._tell(self.users(resource.spec["domain"], resource.spec["path"]))

    def _indexed(self) -> "dict[tuple[str, str], Resource]":
        if self._index is None:
            self._index = {
                (str(item.spec["domain"]), str(item.spec["path"])): item
                for item in reversed(self._resources.list(TYPE))
            }
        return self._index

    def _of_files(self, domain: str) -> Iterator[Shelf]:
        """Yield all files, those that win last."""
        for root in (*reversed(self._shipped), self._own):
            folder = root / domain
            files = sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")])[:MAX_FILES]
            for file in files:
                path = file.relative_to(folder).as_posix()
                if _below(folder, path) is not None:
                    place = file.relative_to(self._place_of(root)).as_posix()
                    yield _shelf(path, key_of(domain, path), place, _text(file))

    def _place_of(self, root: Path) -> Path:
        """Return what the place of a file is told from: the configuration, or the packages."""
        return self._config if root == self._own else root.parents[2]


def _below(folder: Path, path: str) -> Path | None:
    """Return a file of a folder; None also for a path that leads out of it."""
    try:
        valid_path(path)
    except vol.Invalid:
        return None
    folder = folder.resolve()
    file = (folder / path).resolve()
    return file if file.is_relative_to(folder) and file.is_file() else None


def key_of(domain: str, path: str) -> str:
    """Return the key under which a blueprint is saved."""
    return slugify(f"{domain} {path.rpartition('.')[0]}")[:60].strip("_")


def _shelf(path: str, key: str, place: str | None, source: str) -> Shelf:
    try:
        return Shelf(path, key, place, parse(source))
    except vol.Invalid as error:
        return Shelf(path, key, place, error=error.error_message)


def _text(file: Path) -> str:
    """Return what a file says; one that can not be read says nothing."""
    try:
        with file.open(encoding="utf-8") as opened:
            return opened.read(MAX_TEXT + 1)
    except (OSError, UnicodeDecodeError):
        return ""
