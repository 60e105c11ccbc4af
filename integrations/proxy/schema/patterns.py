"""Regular expressions of locations: a subset that ends, and that means the same everywhere."""

import re
from typing import Final

import voluptuous as vol

from hub.sdk import described, text

_ESCAPE: Final = r"\\[dwsDWSbB./$^|()?*+\[\]-]"
_CLASS: Final = r"\[\^?(?:\\[dws./^\[\]-]|[A-Za-z0-9](?:-[A-Za-z0-9])?|[_./,%@~+*()])+-?\]"
_ATOM: Final = re.compile(
    rf"(?P<open>\((?:\?:)?)|(?P<close>\))|(?P<many>[*+]\??)|(?P<maybe>\?\??)"
    rf"|{_ESCAPE}|{_CLASS}|[A-Za-z0-9/_~,@%!=:&.^$|-]"
)
MOST_REPEATS: Final = 4


@described(type="string", max_length=200)
def regex(value: object) -> str:
    """Accept a pattern of letters, classes, groups and single repeats.

    No braces, no groups repeated with `*` or `+`, no look-around and no names of groups: such
    patterns can run for minutes, open a block, or set a variable.
    """
    written = text(value)
    if len(written) > 200 or not written:
        raise vol.Invalid("expected a pattern of 1 to 200 characters")
    _scan(written)
    try:
        re.compile(written)
    except re.error as error:
        raise vol.Invalid(f"expected a regular expression: {error.msg}") from None
    return written


def _scan(written: str) -> None:
    place = repeats = 0
    behind = ""
    while place < len(written):
        found = _ATOM.match(written, place)
        if found is None:
            raise vol.Invalid(
                "expected a simple pattern such as ^/img/[a-z0-9_-]+\\.(png|jpg)$; "
                f"character {place + 1} is not among what it may hold"
            )
        kind = found.lastgroup or "one"
        if kind == "many":
            repeats += 1
            if behind == "close":
                raise vol.Invalid("expected no * or + behind a group: it may run for minutes")
        if kind in ("many", "maybe") and behind in ("many", "maybe", "open", ""):
            raise vol.Invalid("expected something before each repeat")
        behind, place = kind, found.end()
    if repeats > MOST_REPEATS:
        raise vol.Invalid(f"expected at most {MOST_REPEATS} repeats: more may run for minutes")
