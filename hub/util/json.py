"""JSON as bytes, with orjson and the few types of ours that it does not know."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from pathlib import PurePath
from typing import Any

import orjson

_LOGGER = logging.getLogger(__name__)

_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME

loads = orjson.loads
"""Parse JSON bytes or text; raises `ValueError` (orjson.JSONDecodeError)."""


def dumps(value: object) -> bytes:
    """Serialise to compact JSON bytes; raises `TypeError` for a type that has no JSON form."""
    return orjson.dumps(value, _default, _OPTIONS)


def kept(data: bytes) -> bytes:
    """Return a copy of exact size, for bytes that are kept.

    orjson writes into a buffer of a kilobyte or more and gives it away as it is: ten thousand
    short texts kept as they come take 90 MB.
    """
    return bytes(memoryview(data))


def dumps_lenient(value: object, what: str) -> bytes:
    """Serialise like `dumps`; a part without a JSON form becomes its text, with a log line."""
    try:
        return dumps(value)
    except TypeError as error:
        _LOGGER.warning("%s: %s, it is sent as text", what, error)
        return orjson.dumps(value, str, _OPTIONS)


def _default(value: object) -> Any:
    as_dict = getattr(value, "as_dict", None)
    if as_dict is not None:
        return as_dict()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError  # orjson names the type
