"""What is taken out of a download before it leaves the house."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

REDACTED: Final = "**REDACTED**"
SEALED: Final = {"sealed": True}

SHORTEST_SECRET: Final = 4
"""Known secrets below this many characters are not looked for in texts: they would hit words."""

_SECRET_KEY: Final = re.compile(
    r"pass(?:word|wd|phrase|code)?$|password|secret|token(?!_type|s$|_id)|api_?key|private_?key|"
    r"preshared|psk|credential|authori[sz]ation|cookie|bearer|\bpin$|_pin$|otp|recovery|jwt|"
    r"salt|sealing|signature|latitude|longitude|elevation",
    re.IGNORECASE,
)
_COUNTS: Final = (bool, type(None))

_SEALED_TEXT: Final = re.compile(r"v\d+:[0-9a-f]{8}:[A-Za-z0-9_=-]{20,}")
_JWT: Final = re.compile(r"eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*")
_BEARER: Final = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_PEM: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*KEY-----|\Z)", re.DOTALL
)
_URL_PASSWORD: Final = re.compile(r"(\w+://[^/\s:@]*):[^/\s@]+@")
_ASSIGNED: Final = re.compile(
    r"(?i)\b(password|passwd|passphrase|secret|token|api_?key)(\"?\s*[=:]\s*['\"]?)([^\s,;'\"}\]]+)"
)
_MAC: Final = re.compile(r"(?<![\w:-])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![\w:-])")
_IPV4: Final = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)")
_IPV6: Final = re.compile(r"(?<![\w.:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")


class Redactor:
    """Redacts one download; equal addresses get equal stand-ins in it."""

    def __init__(self, secrets: Iterable[str] = (), *, show_addresses: bool = False) -> None:
        """Look for `secrets` in every text beside what keys and forms tell."""
        known = sorted({text for text in secrets if len(text) >= SHORTEST_SECRET}, key=len)
        self._known = re.compile("|".join(map(re.escape, reversed(known)))) if known else None
        self._show_addresses = show_addresses
        self._stand_ins: dict[str, str] = {}

    def __call__(self, value: Any) -> Any:
        """Return a value as it may leave the house."""
        if isinstance(value, Mapping):
            return {self.text(str(key)): self._under(str(key), item) for key, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self(item) for item in value]
        if isinstance(value, str):
            return self.text(value)
        return value

    def text(self, text: str) -> str:
        """Return a text without secrets, and without addresses when they are not shown."""
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        text = _PEM.sub(REDACTED, text)
        text = _SEALED_TEXT.sub(REDACTED, text)
        text = _JWT.sub(REDACTED, text)
        text = _BEARER.sub(rf"\1 {REDACTED}", text)
        text = _URL_PASSWORD.sub(rf"\1:{REDACTED}@", text)
        text = _ASSIGNED.sub(_unless_redacted, text)
        if self._show_addresses:
            return text
        text = _MAC.sub(self._mac, text)
        return _IPV6.sub(self._address, _IPV4.sub(self._address, text))

    def _under(self, key: str, value: Any) -> Any:
        if key == "$sealed":
            return REDACTED
        if isinstance(value, Mapping) and ("$sealed" in value or value.get("sealed") is True):
            return dict(SEALED)
        if _SECRET_KEY.search(key) and value not in ("", [], {}) and not isinstance(value, _COUNTS):
            return REDACTED
        return self(value)

    def _mac(self, found: re.Match[str]) -> str:
        return self._stand_in(found.group().lower().replace("-", ":"), "mac")

    def _address(self, found: re.Match[str]) -> str:
        text = found.group()
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return text  # a time of day or a version
        if address.is_loopback or address.is_unspecified:
            return text
        return self._stand_in(str(address), "address")

    def _stand_in(self, text: str, kind: str) -> str:
        found = self._stand_ins.get(text)
        if found is None:
            number = sum(1 for item in self._stand_ins.values() if item.startswith(f"<{kind}")) + 1
            found = self._stand_ins[text] = f"<{kind}-{number}>"
        return found


def _unless_redacted(found: re.Match[str]) -> str:
    if found.group(3).startswith(("**", "<")):
        return found.group()
    return f"{found.group(1)}{found.group(2)}{REDACTED}"
