"""Many resources at once: from files, from an import, with pruning."""

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from hub.config.documents import Document
from hub.errors import ConfigError, HubError, Problem
from hub.resources.errors import InvalidSpec
from hub.resources.model import Place, Source
from hub.resources.store import Write

if TYPE_CHECKING:
    from hub.events import Context
    from hub.resources.catalogue import Catalogue
    from hub.resources.model import Resource
    from hub.resources.specs import Specs
    from hub.resources.store import Store

FOLDER: Final = "resources"
"""The folder of the configuration whose files the hub watches."""


class Batches:
    """Turns documents into writes; every mistake in all of them is told at once."""

    def __init__(self, store: "Store", types: "Catalogue", specs: "Specs") -> None:
        """Validate and seal with `specs`."""
        self._store = store
        self._types = types
        self._specs = specs

    def writes(
        self,
        documents: Sequence[Document],
        prune: Sequence[str],
        owned: Sequence[str],
        context: "Context",
        config_dir: Path | None,
    ) -> list[Write]:
        """Return the writes that make the store equal to `documents`; raises `ConfigError`."""
        places = {
            document.id: None
            if document.file is None
            else Place(shown(document.file, config_dir), document.line)
            for document in documents
        }
        own = frozenset(place.file for place in places.values() if place is not None)
        folders = [shown(name, config_dir) for name in prune]
        problems: list[Problem] = []
        found: list[Write] = []
        for document in documents:
            kind, _, key = document.id.partition("/")
            place = places[document.id]
            try:
                normal = self._specs.normal(kind, key, document.spec)
            except HubError as error:
                problems += told(document, error)
                continue
            found.append(
                Write(
                    kind,
                    key,
                    self._specs.maker(kind, key, normal),
                    context,
                    source=Source.API if place is None else Source.FILE,
                    place=place,
                    takes=own | self._vanished(document.id, [*folders, *owned]),
                )
            )
        if problems:
            raise ConfigError(sorted(problems))
        return [*found, *self._pruned({*places}, folders, context)]

    def _vanished(self, id: str, folders: Sequence[str]) -> frozenset[str]:
        """Return the file that a resource came from, when the documents speak for it."""
        present = self._store.get(id)
        if present is None or present.place is None or not _under(present.place.file, folders):
            return frozenset()
        return frozenset({present.place.file})

    def _pruned(
        self, named: Iterable[str], folders: Sequence[str], context: "Context"
    ) -> list[Write]:
        """Return the removal of what came from these files and is not named any more."""
        kept = set(named)
        gone = [
            resource
            for resource in self._store.all()
            if resource.place is not None
            and resource.id not in kept
            and not resource.deleting
            and _under(resource.place.file, folders)
        ]
        lingering = self.lingering(gone)
        return [
            Write(
                resource.type,
                resource.key,
                None,
                context,
                deleting=resource.id in lingering,
                takes=frozenset({resource.place.file}),
                note=f"no longer in {resource.place.file}",
            )
            for resource in gone
            if resource.place is not None
        ]

    def lingering(self, going: Iterable["Resource"]) -> set[str]:
        """Return the ids of those that are not gone at once when they are deleted.

        A controller takes its resources out of the world first, and what they refer to stays until
        then, though no controller looks after it.
        """
        left = {item.id: item for item in going}
        found = {name for name, item in left.items() if self._types.is_controlled(item.type)}
        before = -1
        while before != len(found):
            before = len(found)
            found |= {name for name in left.keys() - found if self._stays_for(name, found)}
        return found

    def _stays_for(self, id: str, lingering: set[str]) -> bool:
        """Tell whether somebody refers to a resource who is still to be taken out of the world."""
        users = ((user, self._store.get(user)) for user in self._store.users(id))
        return any(user in lingering or (item and item.deleting) for user, item in users)


def shown(file: str, config_dir: Path | None) -> str:
    """Return a file's name as resources carry it: relative to the configuration folder.

    Both may be given relative to where the hub was started.
    """
    path = Path(file)
    if config_dir is not None:
        folder, whole = config_dir.resolve(), path.resolve()
        if whole.is_relative_to(folder):
            return whole.relative_to(folder).as_posix()
    return path.as_posix()


def _under(file: str, folders: Sequence[str]) -> bool:
    """Tell whether a file is one of these files, or lies in one of these folders."""
    path = PurePosixPath(file)
    return any(path.is_relative_to(folder) for folder in folders)


def told(document: Document, error: HubError) -> list[Problem]:
    """Return what is wrong with a document, each with the line of its field."""
    file = document.file or document.id
    if not isinstance(error, InvalidSpec):
        return [Problem(file, document.line, f"{document.id}: {error.message}")]
    return [
        Problem(
            *_where(document, item["path"], file),
            f"{document.id}: {item['path'] + ': ' if item['path'] else ''}{item['message']}",
        )
        for item in error.problems
    ]


def _where(document: Document, path: str, file: str) -> tuple[str, int | None]:
    """Return file and line of a field, or of the nearest one that contains it."""
    places = document.places or {}
    by_path = {".".join(str(part) for part in keys): at for keys, at in places.items()}
    parts = path.split(".")
    while parts:
        if (found := by_path.get(".".join(parts))) is not None:
            return found
        parts.pop()
    return file, document.line
