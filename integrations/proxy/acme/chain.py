"""Reads and checks a chain with its key: what is in it, and whether it can be served."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.sdk import ServiceValidationError
from integrations.proxy.acme.ari import cert_id

if TYPE_CHECKING:
    from cryptography import x509

MAX_CHAIN: Final = 10
"""Certificates in a chain; real ones have two to four."""
MAX_BYTES: Final = 256 * 1024
_SKEW: Final = 86400.0
"""Seconds that the hub's clock may be behind."""
_BLOCK: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a certificate says of itself; times are seconds since 1970."""

    serial: str
    """Hexadecimal, upper case, as `openssl x509 -serial` prints it."""
    not_before: float
    not_after: float
    issuer: str
    names: tuple[str, ...]
    cert_id: str | None
    """The id for renewal information (RFC 9773); None without an authority key identifier."""

    @property
    def lifetime(self) -> float:
        """Return how long it is valid in all, seconds."""
        return self.not_after - self.not_before

    def as_dict(self) -> dict[str, Any]:
        """Return JSON."""
        return {
            "serial": self.serial,
            "not_before": self.not_before,
            "not_after": self.not_after,
            "issuer": self.issuer,
            "names": list(self.names),
            "cert_id": self.cert_id,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Facts":
        """Rebuild from `as_dict`."""
        return cls(**{**data, "names": tuple(data["names"])})


@dataclass(frozen=True, slots=True)
class Fields:
    """What the parts of a pair are called where they came from, for messages."""

    chain: str
    key: str
    rest: str


ISSUED: Final = Fields("the CA's answer", "the key", "the CA's answer")
UPLOADED: Final = Fields("certificate", "certificate_key", "intermediate_certificate")


async def checked(
    chain: bytes, key: bytes, names: Sequence[str], now: float, fields: Fields = ISSUED
) -> tuple[bytes, Facts]:
    """Return the chain, put in order, and what it says; in a thread.

    Raises `ServiceValidationError`, which names the field: not PEM, a key that does not belong to
    it, a name that is not covered, not valid at `now`, certificates that do not follow each other.
    """
    return await asyncio.to_thread(_checked, chain, key, names, now, fields)


def facts_of(leaf: "x509.Certificate") -> Facts:
    """Read a certificate."""
    from cryptography import x509

    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = tuple(extension.value.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        names = ()
    return Facts(
        f"{leaf.serial_number:X}",
        leaf.not_valid_before_utc.timestamp(),
        leaf.not_valid_after_utc.timestamp(),
        leaf.issuer.rfc4514_string()[:500],
        names,
        cert_id(leaf),
    )


def covers(patterns: Sequence[str], name: str) -> bool:
    """Tell whether a certificate's names cover one; `*` stands for one label (RFC 6125)."""
    wanted = name.lower()
    known = {pattern.lower() for pattern in patterns}
    return wanted in known or f"*.{wanted.partition('.')[2]}" in known


def first_der(chain: bytes) -> bytes:
    """Return the first certificate of a chain, DER."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    return x509.load_pem_x509_certificate(chain).public_bytes(Encoding.DER)


def _checked(
    chain: bytes, key: bytes, names: Sequence[str], now: float, fields: Fields
) -> tuple[bytes, Facts]:
    from cryptography.hazmat.primitives.serialization import Encoding

    leaf, *others = _loaded(chain, fields)
    _same_key(leaf, key, fields)
    facts = facts_of(leaf)
    missing = [name for name in names if not covers(facts.names, name)]
    if missing:
        held = ", ".join(facts.names) or "no name at all"
        raise ServiceValidationError(
            f"{fields.chain}: does not cover {', '.join(missing)} (it holds {held})"
        )
    if facts.not_before > now + _SKEW:
        raise ServiceValidationError(f"{fields.chain}: is not valid yet; look at the hub's clock")
    if facts.not_after <= now:
        raise ServiceValidationError(f"{fields.chain}: has expired, upload a valid one")
    ordered = [leaf, *_following(leaf, others, fields)]
    return b"".join(item.public_bytes(Encoding.PEM) for item in ordered), facts


def _loaded(chain: bytes, fields: Fields) -> "list[x509.Certificate]":
    from cryptography import x509

    blocks = _BLOCK.findall(chain) if len(chain) <= MAX_BYTES else []
    if not blocks or len(blocks) > MAX_CHAIN:
        raise ServiceValidationError(
            f"{fields.chain}: expected 1 to {MAX_CHAIN} certificates in PEM, found {len(blocks)}"
        )
    try:
        return [x509.load_pem_x509_certificate(block) for block in blocks]
    except ValueError as error:
        raise ServiceValidationError(f"{fields.chain}: can not be read ({error})") from error


def _same_key(leaf: "x509.Certificate", key: bytes, fields: Fields) -> None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_private_key,
    )

    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    try:
        own = load_pem_private_key(key, None).public_key().public_bytes(*form)
    except TypeError:
        raise ServiceValidationError(
            f"{fields.key}: is protected by a passphrase; store it without one (it is sealed here)"
        ) from None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ServiceValidationError(f"{fields.key}: is no private key in PEM ({error})") from None
    if own != leaf.public_key().public_bytes(*form):
        raise ServiceValidationError(f"{fields.key}: does not belong to {fields.chain}")


def _following(
    leaf: "x509.Certificate", others: "Sequence[x509.Certificate]", fields: Fields
) -> "list[x509.Certificate]":
    """Return the other certificates so that each has signed the one before it."""
    from cryptography.exceptions import InvalidSignature

    # people often paste the whole chain and the intermediate beside it
    left = [item for item in dict.fromkeys(others) if item != leaf]
    ordered: list[x509.Certificate] = []
    last = leaf
    while left:
        for candidate in left:
            try:
                last.verify_directly_issued_by(candidate)
            except (ValueError, TypeError, InvalidSignature):
                continue
            break
        else:
            raise ServiceValidationError(
                f"{fields.rest}: holds a certificate that has not signed the one before it"
                f" ({left[0].subject.rfc4514_string()[:200]}); give the chain without it"
            )
        left.remove(candidate)
        ordered.append(candidate)
        last = candidate
    return ordered
