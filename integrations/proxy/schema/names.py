"""Domain names and hosts: ASCII after IDNA, so that what is deployed is what a browser asks for."""

import ipaddress
import re
import unicodedata
from typing import Any, Final

import voluptuous as vol

from hub.sdk import described, text

LDH: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""Letters, digits, hyphens (RFC 1123, section 2.1)."""
_LOOSE: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
"""As names of containers and of Windows machines are."""
LONGEST_NAME: Final = 253
LONGEST_LABEL: Final = 63

_TOGETHER: Final = (
    frozenset({"CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"CJK", "HANGUL"}),
    frozenset({"CJK", "BOPOMOFO"}),
)
"""Scripts that one language writes side by side (UTS 39, section 5.1)."""
_LOOKALIKES: Final = frozenset(
    "\u0430\u0441\u0501\u0435\u04bb\u0456\u0458\u04cf\u043e"
    "\u0440\u051b\u0455\u051d\u0445\u0443\u0475\u0461\u04af\u04bd"
    "\u03b1\u03b9\u03ba\u03bd\u03c1\u03c5\u03c9\u03b7\u03c4\u03bf"
)
"""Cyrillic and Greek letters that are drawn as Latin ones."""


def _refuse(expected: str) -> vol.Invalid:
    return vol.Invalid(f"expected {expected}")


@described(type="string", max_length=LONGEST_NAME)
def domain(value: object) -> str:
    """Accept a domain name without wildcard; names of other scripts become `xn--`."""
    return _name(text(value), "a domain name such as www.example.com", LDH)


@described(type="string", max_length=LONGEST_NAME)
def domain_pattern(value: object) -> str:
    """Accept a domain name; `*.` may stand for its leftmost label."""
    written = text(value)
    rest = written.removeprefix("*.")
    if "*" in rest:
        raise _refuse("a wildcard only as the leftmost label: *.example.com")
    star = "*." if rest != written else ""
    name = _name(rest, "a domain name such as www.example.com or *.example.com", LDH)
    if len(star + name) > LONGEST_NAME:
        raise _refuse(f"at most {LONGEST_NAME} characters in a domain name")
    return star + name


@described(type="string", max_length=LONGEST_NAME)
def host(value: object) -> str:
    """Accept an address, or a name that may hold `_`; IPv6 with or without brackets."""
    written = text(value)
    bare = written[1:-1] if written.startswith("[") and written.endswith("]") else written
    address = ip(bare)
    if address is not None:
        return address
    return _name(written, "an address, or a name such as app.internal", _LOOSE)


@described(type="string", max_length=LONGEST_NAME + 6)
def host_header(value: object) -> str:
    """Accept `host` or `host:port`, as in the header Host (RFC 9110, section 7.2)."""
    name, port = split_port(text(value))
    found = host(name)
    bracketed = f"[{found}]" if ":" in found else found
    return bracketed if port is None else f"{bracketed}:{port}"


def split_port(written: str) -> tuple[str, int | None]:
    """Take `name:port` or `[v6]:port` apart; a bare IPv6 address has no port."""
    head, colon, tail = written.rpartition(":")
    if not colon or (":" in head and not head.endswith("]")) or written.endswith("]"):
        return written, None
    if not (tail.isascii() and tail.isdecimal() and 1 <= int(tail[:6]) <= 65535):
        raise _refuse("a port between 1 and 65535 behind the colon")
    return head, int(tail)


def ip(written: str) -> str | None:
    """Return an address in its normal form; None = not an address."""
    if "%" in written or not written.isascii():
        return None
    try:
        return str(ipaddress.ip_address(written))
    except ValueError:
        return None


def _name(written: str, expected: str, label: re.Pattern[str]) -> str:
    """Return a name in small ASCII letters."""
    labels = [_label(part, expected) for part in written.lower().split(".")]
    name = ".".join(labels)
    if len(name) > LONGEST_NAME:
        raise _refuse(f"at most {LONGEST_NAME} characters in a name")
    for part in labels:
        if len(part) > LONGEST_LABEL:
            raise _refuse(f"at most {LONGEST_LABEL} characters between two dots")
        if label.fullmatch(part) is None:
            raise _refuse(f"{expected}: letters, digits, hyphens and dots")
        if part[2:4] == "--":
            _check_encoded(part)
    if labels[-1].isdecimal():
        raise _refuse(f"{expected}; what ends in a number is read as an address")
    return name


def _label(part: str, expected: str) -> str:
    if part.isascii():
        return part
    label = unicodedata.normalize("NFC", part)
    _check_script(label)
    import idna

    try:
        return idna.encode(label).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise _refuse(f"{expected}; this character is in no domain name (RFC 5891)") from None


def _check_encoded(part: str) -> None:
    """Refuse `xn--` labels that stand for nothing, or for a disguise."""
    import idna

    try:
        label: Any = idna.decode(part)
    except (idna.IDNAError, UnicodeError):
        raise _refuse("a valid name behind xn-- (RFC 5891)") from None
    _check_script(label)


def _check_script(label: str) -> None:
    scripts = {
        unicodedata.name(letter, "UNKNOWN").split()[0].partition("-")[0]
        for letter in label
        if unicodedata.category(letter).startswith("L")
    }
    if len(scripts) > 1 and not any(scripts <= known for known in _TOGETHER):
        raise _refuse("letters of one script only: mixed ones make names that look alike")
    letters = {letter for letter in label if unicodedata.category(letter).startswith("L")}
    if letters and letters <= _LOOKALIKES:
        raise _refuse("a name that does not look like another one in Latin letters")
