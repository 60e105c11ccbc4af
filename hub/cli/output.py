"""Answers as tables, JSON or YAML; what came from outside can not steer the terminal."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

FORMATS: Final = ("table", "json", "yaml")
GAP: Final = 2
CODES: Final = {"bold": 1, "red": 31, "green": 32, "yellow": 33}
MIN_WIDTH: Final = 8
"""A column is not cut below this many cells."""

Row = Mapping[str, Any]
Columns = Mapping[str, str | Callable[[Any], Any]]
"""Heading -> the key of a row, dotted for a key inside, or a function of the row."""


def emit(value: Any, output: str, columns: Columns | None = None) -> None:
    """Write an answer to standard output in the wished form.

    A list with `columns` becomes a table; a mapping two columns of keys and values.
    """
    if output == "json":
        write(as_json(value))
    elif output == "yaml":
        write(as_yaml(value).rstrip("\n"))
    elif columns is not None:
        write(table(value, columns))
    elif isinstance(value, Mapping):
        write(pairs(value))
    else:
        write(cell(value))


def write(text: str) -> None:
    """Write text that is clean already, and a line end, to standard output."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """Write a remark to standard error, so that it never mixes with an answer."""
    sys.stderr.write(clean(text, lines=True) + "\n")
    sys.stderr.flush()


def as_json(value: Any) -> str:
    """Return JSON for people and programs; what steers a terminal is written as an escape."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if all(map(str.isprintable, text.split("\n"))):
        return text
    return json.dumps(value, indent=2)


def as_yaml(value: Any) -> str:
    """Return YAML as people write it: keys in their order, texts of several lines as blocks."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Writes long texts as blocks."""

        def ignore_aliases(self, data: Any) -> bool:
            """Write equal parts out: an anchor helps nobody who edits."""
            del data
            return True

    def text(dumper: yaml.SafeDumper, data: str) -> yaml.Node:
        style = "|" if "\n" in data else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    Dumper.add_representer(str, text)
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)


def table(rows: Iterable[Any], columns: Columns) -> str:
    """Return a table with a heading; on a terminal its widest columns are cut to fit."""
    lines = [[cell(_pick(row, source)) for source in columns.values()] for row in rows]
    return align([list(columns), *lines], heading=True)


def pairs(mapping: Mapping[str, Any]) -> str:
    """Return keys and values in two columns."""
    return align([[str(key), cell(value)] for key, value in mapping.items()])


def align(lines: Sequence[Sequence[str]], *, heading: bool = False) -> str:
    """Set texts in columns as wide as their content, or as the terminal allows."""
    if not lines:
        return ""
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    limit = terminal_width()
    if limit is not None:
        _shrink(widths, limit)
    text = [_line(line, widths, cut=limit is not None) for line in lines]
    if heading:
        text[0] = paint(text[0], "bold")
    return "\n".join(text)


def cell(value: Any) -> str:
    """Return a value as one line of text for a table; nothing is a dash."""
    if value is None or value in ("", [], {}):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return clean(", ".join(value))
    if isinstance(value, Mapping) and value.get("sealed") is True:
        return "(sealed, changed)" if value.get("changed") else "(sealed)"
    return clean(json.dumps(value, ensure_ascii=False))


def clean(text: str, *, lines: bool = False) -> str:
    """Return text without what steers a terminal; line ends stay only with `lines`."""
    if text.isprintable():
        return text
    return "".join(
        [
            char if char.isprintable() or (lines and char == "\n") else _harmless(char)
            for char in text
        ]
    )


def _harmless(char: str) -> str:
    """Show a character that must not reach the terminal; joiners of scripts may."""
    if char in "\u200c\u200d\u00a0":
        return char
    if char in "\t\n\r\u2028\u2029":
        return " "
    return "\N{REPLACEMENT CHARACTER}"


def width(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(
        0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text
    )


def colours(stream: Any) -> bool:
    """Tell whether colour is wished: a terminal, and neither NO_COLOR nor TERM=dumb."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


def paint(text: str, colour: str) -> str:
    """Return text in a colour of `CODES` when standard output takes colours."""
    code = CODES.get(colour)
    return f"\x1b[{code}m{text}\x1b[0m" if code and colours(sys.stdout) else text


def when(seconds: float | None) -> str:
    """Return a time as this machine's clock shows it."""
    if seconds is None:
        return "-"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def terminal_width() -> int | None:
    """Return the cells of the terminal that reads the answer; None when it is not one."""
    if not sys.stdout.isatty():
        return None
    return width_of(sys.stdout)


def width_of(stream: Any) -> int:
    """Return the cells of a terminal; 80 when it does not know."""
    try:
        size = os.environ.get("COLUMNS") or os.get_terminal_size(stream.fileno()).columns
        return int(size) or 80
    except (OSError, ValueError):
        return 80


def _pick(row: Any, source: str | Callable[[Any], Any]) -> Any:
    if callable(source):
        return source(row)
    for part in source.split("."):
        row = row.get(part) if isinstance(row, Mapping) else None
    return row


def _shrink(widths: list[int], limit: int) -> None:
    """Take cells from the widest columns until the line fits."""
    while sum(widths) + GAP * (len(widths) - 1) > limit:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= MIN_WIDTH:
            return
        widths[widest] -= 1


def _line(texts: Sequence[str], widths: Sequence[int], *, cut: bool) -> str:
    parts = []
    for text, wanted in zip(texts, widths, strict=True):
        shown = _cut(text, wanted) if cut else text
        parts.append(shown + " " * (wanted - width(shown)))
    return (" " * GAP).join(parts).rstrip()


def _cut(text: str, wanted: int) -> str:
    """Return the beginning of a text with an ellipsis when it is too wide."""
    if width(text) <= wanted:
        return text
    while text and width(text) > wanted - 1:
        text = text[:-1]
    return text + "\N{HORIZONTAL ELLIPSIS}"
