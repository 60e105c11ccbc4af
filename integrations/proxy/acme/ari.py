"""Renewal information (RFC 9773): a certificate's id, and the window a CA suggests."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from integrations.proxy.acme.jws import encoded

if TYPE_CHECKING:
    from cryptography import x509

CHECK: Final = (60.0, 6 * 3600.0)
"""Between what seconds the next look lies, whatever the CA says (RFC 9773 section 4.3.2)."""


@dataclass(frozen=True, slots=True)
class Window:
    """When a CA wants a certificate to be renewed; times are seconds since 1970."""

    start: float
    end: float
    check_at: float
    """When to ask again."""
    url: str | None = None
    """A page for people that says why."""

    def as_dict(self) -> dict[str, Any]:
        """Return JSON."""
        return {"start": self.start, "end": self.end, "check_at": self.check_at, "url": self.url}


def cert_id(certificate: "x509.Certificate") -> str | None:
    """Return the certID (RFC 9773 section 4.1); None without an authority key identifier."""
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    key = found.value.key_identifier
    return None if key is None else joined(key, certificate.serial_number)


def joined(key_identifier: bytes, serial: int) -> str:
    """Return a certID; the serial as the content bytes of its DER integer."""
    size = serial.bit_length() // 8 + 1
    return f"{encoded(key_identifier)}.{encoded(serial.to_bytes(size, 'big'))}"


def window(data: object, retry_after: float | None, now: float) -> Window | None:
    """Read an answer; None when it holds no window, or one that ends before it begins."""
    if not isinstance(data, Mapping) or not isinstance(data.get("suggestedWindow"), Mapping):
        return None
    suggested = data["suggestedWindow"]
    start, end = _moment(suggested.get("start")), _moment(suggested.get("end"))
    if start is None or end is None or end <= start:
        return None
    url = data.get("explanationURL")
    wait = CHECK[1] if retry_after is None else min(max(retry_after, CHECK[0]), CHECK[1])
    return Window(start, end, now + wait, url[:500] if isinstance(url, str) else None)


def _moment(value: object) -> float | None:
    """Read an RFC 3339 time."""
    if not isinstance(value, str):
        return None
    try:
        found = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if found.tzinfo is None else found.timestamp()
