"""JSON, base64, checksums and packed bytes."""

import base64
import hashlib
import re
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from hub.templates import texts
from hub.templates.current import CURRENT
from hub.templates.functions.logic import NO_DEFAULT, missing_default
from hub.templates.limits import TooMuch, check_length, weigh
from hub.templates.proxies import StateProxy

_FORMAT: Final = re.compile(r"[<>=!@]?\d{0,3}[xcbB?hHiIlLqQnNefdsp]")


def from_json(value: Any, default: Any = NO_DEFAULT) -> Any:
    """Return what a JSON text says."""
    try:
        return orjson.loads(value if isinstance(value, bytes) else texts.text(value))
    except orjson.JSONDecodeError:
        if default is NO_DEFAULT:
            raise missing_default("from_json", value) from None
        return default


def to_json(
    value: Any, ensure_ascii: bool = False, pretty_print: bool = False, sort_keys: bool = False
) -> str:
    """Return a value as JSON."""
    options = orjson.OPT_NON_STR_KEYS
    if pretty_print:
        options |= orjson.OPT_INDENT_2
    if sort_keys:
        options |= orjson.OPT_SORT_KEYS
    if isinstance(value, list | tuple | dict | set):
        weigh(CURRENT.get(), value)
    found = orjson.dumps(value, _plain, options).decode()
    if ensure_ascii and not found.isascii():
        check_length(len(found))
        found = "".join(x if x.isascii() else _escaped(x) for x in found)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, StateProxy):
        return value.as_dict()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    raise TypeError


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(
        f"\\u{units[place] << 8 | units[place + 1]:04x}" for place in range(0, len(units), 2)
    )


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else texts.text(value).encode()


def base64_encode(value: Any) -> str:
    """Return a text or bytes in base64."""
    return base64.b64encode(_bytes(value)).decode()


def base64_decode(value: Any, encoding: str | None = "utf-8") -> str | bytes:
    """Return the text behind base64; its bytes when `encoding` is none."""
    found = base64.b64decode(_bytes(value))
    return found.decode(encoding) if encoding else found


def from_hex(value: str) -> bytes:
    """Return the bytes that a text of hexadecimal digits stands for."""
    return bytes.fromhex(value)


def _hashed(name: str) -> Callable[[Any], str]:
    def function(value: Any) -> str:
        return hashlib.new(name, _bytes(value), usedforsecurity=False).hexdigest()

    return function


def pack(value: Any, format_string: str) -> bytes | None:
    """Return a value as bytes in a form of `struct`."""
    _check_struct(format_string)
    return struct.pack(format_string, value)


def unpack(value: bytes, format_string: str, offset: int = 0) -> Any:
    """Return the value that bytes hold in a form of `struct`."""
    _check_struct(format_string)
    return struct.unpack_from(format_string, value, offset)[0]


def _check_struct(form: str) -> None:
    if len(form) > 8 or not _FORMAT.fullmatch(form):
        raise TooMuch(f"The struct format {form[:20]!r} is not one value, such as '>I'")


_BOTH: Final[dict[str, Any]] = {
    "base64_decode": base64_decode,
    "base64_encode": base64_encode,
    "from_hex": from_hex,
    "from_json": from_json,
    "md5": _hashed("md5"),
    "pack": pack,
    "sha1": _hashed("sha1"),
    "sha256": _hashed("sha256"),
    "sha512": _hashed("sha512"),
    "to_json": to_json,
    "unpack": unpack,
}
GLOBALS: Final[dict[str, Any]] = _BOTH
FILTERS: Final[dict[str, Callable[..., Any]]] = _BOTH
TESTS: Final[dict[str, Callable[..., Any]]] = {}
