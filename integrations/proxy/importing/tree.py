"""An nginx configuration as a tree of directives, each with the file and line it stands on.

Includes are followed here and not by crossplane, so that a copied tree can be read below another
root, and so that files, depth and bytes are bounded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from integrations.proxy.importing.result import Report, Unreadable, quoted
from integrations.proxy.importing.sources import Source

MAX_FILES: Final = 5000
MAX_BYTES: Final = 32 * 1024 * 1024
MAX_DEPTH: Final = 12


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive; `block` is what stands between its braces, None when it has none."""

    name: str
    args: tuple[str, ...]
    file: str
    line: int
    block: "tuple[Directive, ...] | None" = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """Return `file:line`."""
        return f"{self.file}:{self.line}"

    @property
    def inner(self) -> "tuple[Directive, ...]":
        """Return what stands between the braces."""
        return self.block or ()

    @property
    def words(self) -> str:
        """Return the directive on one line, for people: shortened, and without secrets."""
        return quoted(" ".join((self.name, *self.args)) + (" {...}" if self.block else ""))

    def arg(self, index: int = 0) -> str:
        """Return an argument; empty when there are not so many."""
        return self.args[index] if index < len(self.args) else ""

    @property
    def last(self) -> str:
        """Return the last argument; empty when there is none."""
        return self.args[-1] if self.args else ""

    def payload(self) -> dict[str, Any]:
        """Return the form that crossplane builds text from."""
        found: dict[str, Any] = {"directive": self.name, "args": list(self.args)}
        if self.block is not None:
            found["block"] = [inner.payload() for inner in self.block]
        return found


def text_of(directives: Sequence[Directive]) -> str:
    """Return directives as nginx reads them, each on a line of its own."""
    import crossplane

    built: str = crossplane.build([item.payload() for item in directives], indent=2)
    return built.strip()


def walk(directives: Sequence[Directive]) -> Iterator[Directive]:
    """Return every directive, those of blocks after the one that opens the block."""
    for item in directives:
        yield item
        yield from walk(item.inner)


def parse(text: str, file: str) -> tuple[Directive, ...]:
    """Return the directives of one text, includes left as they are.

    Raises `Unreadable` with file and line.
    """
    import crossplane

    found = crossplane.parse_string(
        text, filename=file, single=True, check_ctx=False, check_args=False
    )
    if found["errors"]:
        first = found["errors"][0]
        words = str(first["error"]).partition(" in ")[0]
        raise Unreadable(f"{file}:{first.get('line') or 1}: {words}")
    return _directives(found["config"][0]["parsed"], file)


class Reader:
    """Reads a tree from a source; what can not be read goes to the report."""

    def __init__(self, source: Source, report: Report) -> None:
        """Read the files of `source`."""
        self._source = source
        self._report = report
        self._files = 0
        self._bytes = 0

    def read(self) -> tuple[Directive, ...]:
        """Return the directives of the main file with all that it includes.

        Raises `Unreadable` when the main file can not be read, or the tree has no end.
        """
        main = self._source.main
        return self._file(main, ())

    def _file(self, path: str, above: tuple[str, ...]) -> tuple[Directive, ...]:
        self._files += 1
        if self._files > MAX_FILES:
            raise Unreadable(f"{path}: more than {MAX_FILES} files are included")
        text = self._source.text(path)
        self._bytes += len(text)
        if self._bytes > MAX_BYTES:
            raise Unreadable(f"{path}: the files together are larger than {MAX_BYTES >> 20} MiB")
        found = parse(text, self._source.shown(path))
        return tuple(self._included(found, (*above, path)))

    def _included(
        self, directives: Sequence[Directive], above: tuple[str, ...]
    ) -> Iterator[Directive]:
        """Put what is included in the place of each `include`."""
        for item in directives:
            if item.name == "include" and item.block is None:
                yield from self._include(item, above)
            elif item.block is not None:
                block = tuple(self._included(item.block, above))
                yield Directive(item.name, item.args, item.file, item.line, block)
            else:
                yield item

    def _include(self, item: Directive, above: tuple[str, ...]) -> Iterator[Directive]:
        if item.arg().rpartition("/")[2] == "mime.types":
            return
        paths = self._source.matching(item.arg())
        if not paths and not any(char in item.arg() for char in "*?["):
            todo = "give the folder that holds it with --root, or the output of `nginx -T`"
            self._report.left_out(item.place, f"{item.arg()} is not there", todo)
        for path in paths:
            if path in above or len(above) >= MAX_DEPTH:
                self._report.left_out(item.place, f"{item.arg()} includes itself")
                continue
            try:
                yield from self._file(path, above)
            except OSError as error:
                reason = error.strerror or str(error)
                self._report.left_out(item.place, f"{path} can not be read: {reason}")


def _directives(parsed: Sequence[dict[str, Any]], file: str) -> tuple[Directive, ...]:
    return tuple(
        Directive(
            item["directive"],
            tuple(item["args"]),
            file,
            item["line"],
            None if item.get("block") is None else _directives(item["block"], file),
        )
        for item in parsed
        if item["directive"] != "#"
    )
