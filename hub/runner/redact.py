"""Takes secrets out of texts, also where they stand in another form."""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

MASK: Final = "***"
MIN_SECRET: Final = 4
"""Shorter secrets would turn ordinary words into masks."""
_MIN_LINE: Final = 16


class Redactor:
    """Knows some secrets in all their forms: plain, base64, hexadecimal, URL and JSON encoded."""

    __slots__ = ("_needles", "_plain")

    def __init__(self, secrets: Iterable[str]) -> None:
        """Prepare the forms; lines of keys count as secrets of their own."""
        plain = {part for secret in secrets for part in _parts(secret)}
        needles = {form for part in plain for form in _forms(part)}
        self._plain = tuple(plain)
        self._needles = sorted(needles, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text with every known secret masked."""
        for needle in self._needles:
            if needle in text:
                text = text.replace(needle, MASK)
        return text

    @property
    def longest(self) -> int:
        """Return the length of the longest form."""
        return len(self._needles[0]) if self._needles else 0

    def found_in(self, text: str) -> bool:
        """Tell whether the text holds a secret in any form."""
        return any(needle in text for needle in self._needles)

    def more(self, secrets: Iterable[str]) -> "Redactor":
        """Return one that knows further secrets as well."""
        further = tuple(secrets)
        return Redactor((*self._plain, *further)) if further else self


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return the text with every one of the secrets masked."""
    return Redactor(secrets)(text)


def _parts(secret: str) -> Iterator[str]:
    """Return a secret and, of keys, each line: output may be wrapped or cut."""
    whole = secret.strip()
    if len(whole) >= MIN_SECRET:
        yield whole
    lines = [line.strip() for line in whole.splitlines()]
    if len(lines) > 1:
        yield from (
            line for line in lines if len(line) >= _MIN_LINE and not line.startswith("-----")
        )


def _forms(secret: str) -> Iterator[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    yield secret
    yield raw.hex()
    yield raw.hex().upper()
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    for encoded in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield encoded
        yield _lower_escapes(encoded)
    yield from _base64_forms(raw)


def _base64_forms(raw: bytes) -> Iterator[str]:
    """Return what stays the same of the secret's base64, wherever it begins in a longer text."""
    for lead in range(3):
        encoded = base64.b64encode(bytes(lead) + raw).decode()
        start = 0 if lead == 0 else lead + 1
        # the last letters depend on what follows
        end = (len(raw) + lead) // 3 * 4
        core = encoded[start:end]
        if len(core) >= MIN_SECRET:
            yield core
            yield core.replace("+", "-").replace("/", "_")


def _lower_escapes(encoded: str) -> str:
    pieces = encoded.split("%")
    return "%".join([pieces[0], *(piece[:2].lower() + piece[2:] for piece in pieces[1:])])
