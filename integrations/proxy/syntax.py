"""nginx's configuration language, read as nginx reads it (ngx_conf_file.c, ngx_conf_read_token).

A lexer and nothing more: which directives exist, `nginx -t` knows best.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from integrations.proxy.fence import against

LONGEST_WORD: Final = 4000
"""nginx ends at 4096 bytes (NGX_CONF_BUFFER) with `too long parameter`."""
_SPACE: Final = frozenset(" \t\r\n")
_WORD: Final = re.compile(r"[^ \t\r\n;{}\"'\\#$][^ \t\r\n;{\\$]*(?=[ \t\r\n;])")
"""A word without anything special, up to what ends it; read at once."""
_ESCAPED: Final = re.compile(r"\\([\"'\\trn])")
_MEANS: Final = {"t": "\t", "r": "\r", "n": "\n"}
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class MalformedError(ValueError):
    """A text that nginx can not read; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        """Say where and what."""
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Statement:
    """A directive with its arguments, and its block if it has one."""

    words: tuple[str, ...]
    """The name and the arguments, without quotes and escapes."""
    line: int
    """From 1."""
    start: int
    """Where its first character stands in the text."""
    end: int
    """Behind its `;` or `}`."""
    block: tuple["Statement", ...] | None = field(default=None)

    @property
    def name(self) -> str:
        """Return the directive's name."""
        return self.words[0]

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return what follows the name."""
        return self.words[1:]


@dataclass(slots=True)
class _Open:
    """A block that is being read."""

    words: tuple[str, ...]
    line: int
    start: int
    inside: list[Statement]


def parse(text: str) -> tuple[Statement, ...]:
    """Return the statements of a text; raises `MalformedError` where nginx would stop."""
    open_blocks = [_Open((), 0, 0, [])]
    for words, line, start, end, sign in _tokens(text):
        if sign == "{":
            open_blocks.append(_Open(words, line, start, []))
        elif sign == ";":
            open_blocks[-1].inside.append(Statement(words, line, start, end))
        elif len(open_blocks) == 1:
            raise MalformedError(line, 'unexpected "}"')
        else:
            block = open_blocks.pop()
            open_blocks[-1].inside.append(
                Statement(block.words, block.line, block.start, end, tuple(block.inside))
            )
    if len(open_blocks) > 1:
        raise MalformedError(open_blocks[-1].line, 'unexpected end: this block has no "}"')
    return tuple(open_blocks[0].inside)


def walk(statements: Sequence[Statement]) -> Iterator[Statement]:
    """Return all statements, those of blocks behind their block's."""
    for statement in statements:
        yield statement
        yield from walk(statement.block or ())


def _tokens(text: str) -> Iterator[tuple[tuple[str, ...], int, int, int, str]]:
    """Return words, line, start and end of what `;`, `{` or `}` ends."""
    words: list[str] = []
    place, line, first, first_line = 0, 1, 0, 1
    while place < len(text):
        sign = text[place]
        if sign in _SPACE:
            line += sign == "\n"
            place += 1
            continue
        if sign == "#":
            end = text.find("\n", place)
            place = len(text) if end < 0 else end
            continue
        if sign in ";{}":
            if (sign == "}") == bool(words):
                raise MalformedError(line, f'unexpected "{sign}"')
            start = first if words else place
            place += 1
            yield tuple(words), first_line if words else line, start, place, sign
            words = []
            continue
        if not words:
            first, first_line = place, line
        end = _word_end(text, place, line)
        raw = text[place + 1 : end - 1] if sign in "\"'" else text[place:end]
        words.append(_ESCAPED.sub(_meaning, raw) if "\\" in raw else raw)
        line += text.count("\n", place, end)
        place = end
    if words:
        raise MalformedError(first_line, 'unexpected end: expected ";" or "{"')


def _word_end(text: str, place: int, line: int) -> int:
    """Return where the word ends that begins at `place`, behind its closing quote."""
    if (plain := _WORD.match(text, place)) is not None:
        return plain.end()
    quote = text[place] if text[place] in "\"'" else ""
    index = place + 1 if quote else place
    variable = False
    while index < len(text):
        sign = text[index]
        if sign == "\\":
            index += 2
            variable = False
            continue
        if quote:
            if sign == quote:
                return _after_quote(text, index + 1, line + text.count("\n", place, index))
        elif sign in _SPACE or sign == ";" or (sign == "{" and not variable):
            return index
        variable = sign == "$" or (variable and sign == "{")
        index += 1
    told = f"this {quote} is never closed" if quote else 'unexpected end: expected ";"'
    raise MalformedError(line, told)


def _after_quote(text: str, index: int, line: int) -> int:
    """Insist on what nginx wants behind a closing quote."""
    if index < len(text) and text[index] not in " \t\r\n;{)":
        raise MalformedError(line, f'unexpected "{text[index]}" behind a closing quote')
    return index


def _meaning(found: re.Match[str]) -> str:
    return _MEANS.get(found[1], found[1])


def lint(snippet: str, level: str = "server", trees: Sequence[str] = ()) -> list[tuple[int, str]]:
    """Return what stands against a snippet: a list of directives, none of them a block.

    `level` is server or location; `trees` are folders whose files must not be served.
    """
    if (control := _CONTROL.search(snippet)) is not None:
        line = snippet.count("\n", 0, control.start()) + 1
        return [(line, "expected no control characters")]
    try:
        statements = parse(snippet)
    except MalformedError as error:
        return [(error.line, error.message)]
    return [
        (statement.line, told)
        for statement in statements
        if (told := _against(statement, level, trees)) is not None
    ]


def _against(statement: Statement, level: str, trees: Sequence[str]) -> str | None:
    name = statement.name
    if statement.block is not None:
        return f"{name[:40]} opens a block; only directives that end with ; may stand here"
    if _NAME.fullmatch(name) is None:
        return "expected a directive's name: small letters, digits and _"
    if any(len(word.encode()) > LONGEST_WORD for word in statement.words):
        return f"{name}: expected words of at most {LONGEST_WORD} bytes"
    if any(_CONTROL.search(word) or "\n" in word for word in statement.words):
        return f"{name}: expected no line ends and control characters inside a word"
    told = against(name, statement.arguments, level, trees)
    return None if told is None else f"{name}: {told}"
