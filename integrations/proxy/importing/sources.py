"""Where the files of an nginx configuration come from: a folder, or the output of `nginx -T`."""

import fnmatch
import os
import re
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

from integrations.proxy.importing.result import Unreadable

LARGEST: Final = 8 * 1024 * 1024
"""Bytes of one file."""
_HEAD: Final = re.compile(r"^# configuration file (?P<path>/.+):$", re.MULTILINE)
"""How `nginx -T` begins each file."""


class Source(Protocol):
    """Files of a configuration, by the names that the configuration has for them."""

    main: str

    def text(self, path: str) -> str:
        """Return the text of a file; raises `OSError`."""
        ...

    def data(self, path: str) -> bytes:
        """Return what another file holds (a certificate, users); raises `OSError`."""
        ...

    def matching(self, pattern: str) -> list[str]:
        """Return the files that an `include` means, sorted as nginx does."""
        ...

    def shown(self, path: str) -> str:
        """Return a file's name for people."""
        ...


class Folder:
    """A tree on this machine; with `root` a copy of one, whose absolute paths lie below it."""

    def __init__(self, place: Path, root: Path | None = None) -> None:
        """Read `place`: a main file, or the folder of `nginx.conf`. Raises `Unreadable`."""
        found = place / "nginx.conf" if place.is_dir() else place
        if not found.is_file():
            raise Unreadable(f"{found}: there is no such file; name nginx.conf or its folder")
        self._root = None if root is None else root.resolve()
        found = found.absolute()
        if self._root is not None:
            if not found.resolve().is_relative_to(self._root):
                raise Unreadable(f"{found} does not lie below {self._root}")
            found = PurePosixPath("/") / found.resolve().relative_to(self._root)  # type: ignore[assignment]
        self.main = str(found)
        self._folder = os.path.dirname(self.main)  # noqa: PTH120 - names of the tree, not paths here

    def text(self, path: str) -> str:
        """Return the text of a file; bytes that are no UTF-8 are marked."""
        return self.data(path).decode(errors="replace")

    def data(self, path: str) -> bytes:
        """Return what a file holds; raises `OSError`."""
        with self._real(path).open("rb") as file:
            found = file.read(LARGEST + 1)
        if len(found) > LARGEST:
            raise OSError(27, f"larger than {LARGEST >> 20} MiB")
        return found

    def matching(self, pattern: str) -> list[str]:
        """Return the files that an `include` means: relative to the main file's folder."""
        wanted = os.path.normpath(os.path.join(self._folder, pattern))  # noqa: PTH118 - as above
        if not any(char in wanted for char in "*?["):
            return [wanted] if self._is_file(wanted) else []
        above, name = os.path.split(wanted)
        places = self.matching_folders(above)
        return sorted(
            f"{place}/{item.name}"
            for place in places
            for item in _listed(self._real(place))
            if fnmatch.fnmatchcase(item.name, name)
            and (name.startswith(".") or not item.name.startswith("."))
            and self._is_file(f"{place}/{item.name}")
        )

    def matching_folders(self, pattern: str) -> list[str]:
        """Return the folders of a pattern such as `/etc/nginx/*/live`."""
        if not any(char in pattern for char in "*?["):
            return [pattern]
        above, name = os.path.split(pattern)
        return sorted(
            f"{place}/{item.name}"
            for place in self.matching_folders(above)
            for item in _listed(self._real(place))
            if fnmatch.fnmatchcase(item.name, name) and item.is_dir()
        )

    def shown(self, path: str) -> str:
        """Return a file's name from the tree's folder, when it is below."""
        return path.removeprefix(f"{self._folder}/")

    def _is_file(self, path: str) -> bool:
        try:
            return self._real(path).is_file()
        except OSError:
            return False

    def _real(self, path: str) -> Path:
        """Return where a file lies here; links of a copied tree are followed below its root."""
        if self._root is None:
            return Path(path)
        place = self._root / path.lstrip("/")
        for _ in range(16):
            if not place.is_symlink():
                break
            target = os.readlink(place)  # noqa: PTH115 - the text of the link, not a path here
            place = (
                self._root / target.lstrip("/") if target.startswith("/") else place.parent / target
            )
        found = place.resolve()
        if not found.is_relative_to(self._root):
            raise OSError(40, "the link leads out of the tree")
        return found


class Dump:
    """What `nginx -T` wrote: every file of the configuration, one after the other."""

    def __init__(self, text: str) -> None:
        """Take the text. Raises `Unreadable`."""
        heads = list(_HEAD.finditer(text))
        if not heads:
            raise Unreadable(
                "expected the output of `nginx -T`: no line `# configuration file ...:`"
            )
        ends = [*(head.start() for head in heads[1:]), len(text)]
        self._files = {
            head["path"]: text[head.end() : end].lstrip("\n")
            for head, end in zip(heads, ends, strict=True)
        }
        self.main = heads[0]["path"]
        self._folder = os.path.dirname(self.main)  # noqa: PTH120 - names of another machine

    def text(self, path: str) -> str:
        """Return the text of a file; raises `OSError`."""
        if path not in self._files:
            raise FileNotFoundError(2, "not in the output of `nginx -T`", path)
        return self._files[path]

    def data(self, path: str) -> bytes:
        """Raise `OSError`: only configuration files are in such a text."""
        raise FileNotFoundError(2, "not in the output of `nginx -T`", path)

    def matching(self, pattern: str) -> list[str]:
        """Return the files that an `include` means."""
        wanted = os.path.normpath(os.path.join(self._folder, pattern))  # noqa: PTH118 - as above
        depth = wanted.count("/")
        return sorted(
            path
            for path in self._files
            if path.count("/") == depth and fnmatch.fnmatchcase(path, wanted)
        )

    def shown(self, path: str) -> str:
        """Return a file's name from the folder of the main file, when it is below."""
        return path.removeprefix(f"{self._folder}/")


def is_dump(path: Path) -> str | None:
    """Return the text of a file that `nginx -T` printed; None for any other."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        if b"# configuration file /" not in file.read(65536):
            return None
    return path.read_text(errors="replace")


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
