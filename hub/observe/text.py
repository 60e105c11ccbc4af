"""Text of others, made harmless: no line of its own, no word to a terminal, no reversed reading."""

import re
from typing import Any, Final

_UNSAFE: Final = re.compile(
    # Controls (C0, DEL, C1), separators of lines and paragraphs, marks that turn the direction of
    # reading, what has no width and joins nothing, and halves of characters.
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def one_line(text: str) -> str:
    """Return a text as one line; what is unsafe is written as an escape."""
    return text if text.isprintable() else _UNSAFE.sub(_escape, text)


def json_safe(text: str) -> str:
    """Return JSON with what it may hold but a terminal must not see as JSON's own escapes."""
    return text if text.isprintable() else _UNSAFE.sub(_json_escape, text)


def storable(value: Any) -> Any:
    """Return a value without lone surrogates, which have no UTF-8 form."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {str(key): storable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(item) for item in value]
    return value


def _escape(found: re.Match[str]) -> str:
    char = found.group()
    if (short := _SHORT.get(char)) is not None:
        return short
    code = ord(char)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )


def _json_escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 65536:
        return f"\\u{code:04x}"
    code -= 65536
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
