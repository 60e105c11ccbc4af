"""What is never recorded, whatever a policy says: passwords, codes, sealed values."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from hub.observe.redact import REDACTED, SEALED
from hub.util.json import dumps_lenient

_SECRET_KEY: Final = re.compile(
    r"passw(?:or)?d|pass(?:phrase|code)$|secret|token$|api_?key|private_?key|"
    r"preshared|(?:^|_)psk$|credential|authori[sz]ation|cookie|bearer|(?:^|_)pin$|"
    r"(?:^|_)(?:t?otp|jwt)$|recovery_code",
    re.IGNORECASE,
)
_CODES: Final = frozenset({"alarm_control_panel", "lock"})
"""Domains whose services take a code that opens doors."""
_TEXTS: Final = frozenset({"text", "input_text"})
"""Domains whose services take a text that may be a password's entity's."""
_MAX_KEYS: Final = 10_000
_DEEPEST: Final = 64

_known: dict[str, bool] = {}


def is_secret(key: object) -> bool:
    """Tell whether values under this key are kept out of the history."""
    if not isinstance(key, str):
        return False
    found = _known.get(key)
    if found is None:
        if len(_known) >= _MAX_KEYS:
            _known.clear()
        found = _known[key] = _SECRET_KEY.search(key) is not None
    return found


def cleaned(value: Any, depth: int = 0) -> Any:
    """Return a value without secrets; the same object when there are none in it.

    Raises `RecursionError` for what is nested too deep, or holds itself.
    """
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(value, Mapping):
        if value.get("sealed") is True or "$sealed" in value:
            return dict(SEALED)
        found = {
            key: REDACTED
            if is_secret(key) and not _tells_nothing(item)
            else cleaned(item, depth + 1)
            for key, item in value.items()
        }
        return value if all(found[key] is value[key] for key in found) else found
    if isinstance(value, (list, tuple)):
        items = [cleaned(item, depth + 1) for item in value]
        same = all(new is old for new, old in zip(items, value, strict=True))
        return value if same else items
    return value


def _tells_nothing(value: object) -> bool:
    return value is None or value == "" or isinstance(value, bool)


def event_json(type: str, data: Mapping[str, Any]) -> bytes:
    """Serialise what is kept of an event."""
    try:
        return as_json(cleaned_event(type, data), type)
    except RecursionError:
        return b"{}"


def cleaned_event(type: str, data: Mapping[str, Any]) -> Any:
    """Return an event's data without secrets, codes of locks and texts that may be passwords."""
    found = cleaned(data)
    if type != "call_service":
        return found
    domain, inner = data.get("domain"), found.get("service_data")
    if not isinstance(inner, Mapping):
        return found
    if domain in _CODES and inner.get("code"):
        return {**found, "service_data": {**inner, "code": REDACTED}}
    if domain in _TEXTS and inner.get("value"):
        return {**found, "service_data": {**inner, "value": REDACTED}}
    return found


def as_json(value: object, what: str) -> bytes:
    """Serialise whatever it is: parts without a JSON form become their texts."""
    try:
        return dumps_lenient(value, what)
    except (TypeError, ValueError, RecursionError):
        # half characters, numbers beyond 64 bits, odd keys
        try:
            text = json.dumps(
                value, default=str, skipkeys=True, ensure_ascii=False, separators=(",", ":")
            )
            return text.encode("utf-8", "replace")
        except (TypeError, ValueError, RecursionError):
            return b"{}"
