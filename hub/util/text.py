"""Text to identifiers."""

import re

_NOT_WORD = re.compile(r"[^a-z0-9]+")


def slugify(text: str, fallback: str = "unknown") -> str:
    """Reduce text to `[a-z0-9_]`, other scripts transliterated: `"A b Ç"` -> `"a_b_c"`.

    Text without any letter or digit gives `fallback`.
    """
    if not text.isascii():
        from anyascii import anyascii

        text = anyascii(text)
    return _NOT_WORD.sub("_", text.lower()).strip("_") or fallback
