"""Main configurations: what tests a release before it is in force, and the hub's own drop-ins.

A release can not be tested alone. For a shared nginx the distribution's main file is copied, with
one thing changed: where it takes the hub's drop-in in, the copy takes the new release in. pid and
error log are its own, for `nginx -t` creates them (and truncates nothing).
"""

import fnmatch
import posixpath
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from integrations.proxy.models import Spec
from integrations.proxy.render.context import FlawError
from integrations.proxy.render.writer import literal
from integrations.proxy.syntax import MalformedError, Statement, parse

Expand = Callable[[str], Sequence[str]]
"""From an absolute pattern to the files that it stands for on the server."""
Edit = tuple[int, int, str]
"""From, to, and what goes there instead."""

_NOTE: Final = "# Written by the hub; it is replaced at each deploy."


def drop_in(base: str) -> str:
    """Return the one file that takes the hub's hosts into a shared nginx."""
    return f"{_NOTE}\ninclude {literal(base)}/current/http/*.conf;\n"


def stream_drop_in(base: str) -> str:
    """Return the one file that takes the hub's streams into a shared nginx."""
    return f"{_NOTE}\nstream {{\n    include {literal(base)}/current/stream/*.conf;\n}}\n"


def own_candidate(text: str, base: str, id: str) -> str:
    """Return the main file of an instance of the hub's own, for a release not in force yet."""
    return (
        text.replace(f"{base}/current/", f"{base}/releases/{id}/")
        .replace(f"pid {base}/run/nginx.pid;", f"pid {base}/run/candidate.pid;")
        .replace(f"error_log {base}/log/error.log ", f"error_log {base}/run/candidate.log ")
    )


def candidate(main_text: str, expand: Expand, spec: Spec, id: str, *, stream: bool) -> str:
    """Return the distribution's main file with a release in place of the hub's drop-ins.

    Raises `FlawError` naming the field of the server when nginx would never read a drop-in.
    """
    try:
        statements = parse(main_text)
    except MalformedError as error:
        raise FlawError("main_config", f"{spec['main_config']}: {error}") from None
    base, edits = spec["base"], [(0, 0, _own(spec["base"]))]
    release = f"{base}/releases/{id}"
    http = f"include {literal(release)}/http/*.conf;"
    streams = f"stream {{ include {literal(release)}/stream/*.conf; }}"
    wanted = {spec["drop_in"]: http}
    if stream:
        wanted[spec["stream_drop_in"]] = streams
    hidden = {spec["drop_in"], spec["stream_drop_in"]}
    home = posixpath.dirname(spec["main_config"])
    seen: set[str] = set()
    for statement, inside in _walk(statements, ()):
        if not inside and statement.name in ("pid", "error_log"):
            edits.append((statement.start, statement.end, ""))
        if statement.name != "include" or len(statement.words) != 2:
            continue
        pattern = posixpath.join(home, statement.words[1])
        if pattern.startswith(f"{base}/current/"):
            seen.add(spec["stream_drop_in" if "stream" in inside else "drop_in"])
            new = pattern.replace(f"{base}/current/", f"{release}/", 1)
            edits.append((statement.start, statement.end, f"include {literal(new)};"))
            continue
        found = {path for path in hidden if matches(path, pattern)}
        seen |= {path for path in found if _fits(path, spec, inside)}
        new = _include(pattern, expand, found, wanted) if found else f"include {literal(pattern)};"
        edits.append((statement.start, statement.end, new))
    _insist(spec, wanted, seen, statements)
    return _edited(main_text, edits)


def matches(path: str, pattern: str) -> bool:
    """Tell whether nginx's `include` (glob(3)) takes a file in."""
    if posixpath.dirname(path) != posixpath.dirname(pattern):
        return False
    name, wanted = posixpath.basename(path), posixpath.basename(pattern)
    return fnmatch.fnmatchcase(name, wanted) and (name[0] != "." or wanted[0] == ".")


def _own(base: str) -> str:
    pid, log = literal(f"{base}/run/candidate.pid"), literal(f"{base}/run/candidate.log")
    return f"pid {pid};\nerror_log {log};\n"


def _walk(
    statements: Sequence[Statement], inside: tuple[str, ...]
) -> Iterator[tuple[Statement, tuple[str, ...]]]:
    for one in statements:
        yield one, inside
        yield from _walk(one.block or (), (*inside, one.name))


def _include(pattern: str, expand: Expand, found: set[str], wanted: dict[str, str]) -> str:
    """Return includes of every other file a pattern stands for, and the release at its place."""
    files = sorted({*expand(pattern), *(path for path in found if path in wanted)})
    lines = []
    for path in files:
        if path in wanted and path in found:
            lines.append(wanted[path])
        elif path not in found:
            lines.append(f"include {literal(path)};")
    return "\n".join(lines)


def _fits(path: str, spec: Spec, inside: tuple[str, ...]) -> bool:
    """Tell whether a drop-in is taken in where it belongs: in `http`, or outside all blocks."""
    return inside == (("http",) if path == spec["drop_in"] else ())


def _insist(
    spec: Spec, wanted: dict[str, str], seen: set[str], statements: Sequence[Statement]
) -> None:
    main = spec["main_config"]
    if spec["drop_in"] not in seen:
        folder = posixpath.dirname(spec["drop_in"])
        raise FlawError(
            "drop_in",
            f"{main} takes {spec['drop_in']} nowhere in: name a file that an include in"
            f" its http block matches, or write `include {folder}/*.conf;` there",
        )
    if spec["stream_drop_in"] not in wanted or spec["stream_drop_in"] in seen:
        return
    here = f"`include {spec['base']}/current/stream/*.conf;`"
    if any(one.name == "stream" and one.block is not None for one in statements):
        raise FlawError(
            "stream_drop_in", f"{main} has a stream block already: write {here} into it"
        )
    raise FlawError(
        "stream_drop_in",
        f"{main} takes {spec['stream_drop_in']} nowhere in: name a file that an"
        f" include outside all blocks matches, or write `stream {{ {here[1:-1]} }}` there",
    )


def _edited(text: str, edits: Sequence[Edit]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text
