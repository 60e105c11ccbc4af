"""Certificates of an import: read from files where that is wished, else issued anew by ACME."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from integrations.proxy.importing import fits
from integrations.proxy.importing.keys import Keys, first_domain
from integrations.proxy.importing.result import Report, Spec

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

TYPE: Final = "proxy.certificate"
_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
LIVE: Final = re.compile(r"/letsencrypt/(?:live|archive)/(?P<name>[^/]+)/")
"""Where certbot keeps what Let's Encrypt issued."""


class Mode(StrEnum):
    """What becomes of certificate files that are met."""

    REPORT = "report"
    """Those of Let's Encrypt are issued anew, the others are only told."""
    READ = "read"
    """All are taken over with their keys."""
    ACME = "acme"
    """All are issued anew."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What a file of certificates holds."""

    leaf: str
    rest: str
    names: tuple[str, ...]
    """As the hub keeps them."""
    ends: str
    """The day on which it ends."""


def chain(text: str) -> Chain | None:
    """Return the certificates in a text of PEM; None when there is none that can be read."""
    found = _PEM.findall(text)
    if not found:
        return None
    from cryptography import x509

    try:
        leaf = x509.load_pem_x509_certificate(found[0].encode())
        names = _names(leaf)
    except ValueError:
        return None
    rest = "".join(f"{part}\n" for part in found[1:])
    return Chain(f"{found[0]}\n", rest, names, leaf.not_valid_after_utc.date().isoformat())


def _names(leaf: "Certificate") -> tuple[str, ...]:
    from cryptography import x509

    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found = names.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        found = []
    return tuple(known for name in found if (known := fits.domain(name)) is not None)


def flaw(found: Chain | None, key: str) -> str:
    """Return why a chain and a key can not be taken over; empty when they can."""
    if found is None:
        return "it holds no certificate that can be read"
    if not found.names:
        return "it is for no domain name"
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_private_key,
    )

    try:
        private = load_pem_private_key(key.encode(), None)
    except TypeError:
        return "its key is protected by a password"
    except ValueError:
        return "its key can not be read"
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    public = x509.load_pem_x509_certificate(found.leaf.encode()).public_key()
    if private.public_key().public_bytes(*form) != public.public_bytes(*form):
        return "its key belongs to another certificate"
    return ""


def custom(found: Chain, key: str, name: str = "") -> Spec:
    """Return the spec of a certificate that is taken over."""
    spec: Spec = {
        "domain_names": list(found.names),
        "provider": "custom",
        "certificate": found.leaf,
        "certificate_key": key,
    }
    if name:
        spec["name"] = name
    if found.rest:
        spec["intermediate_certificate"] = found.rest
    return spec


def acme(names: Sequence[str], email: str, directory: str = "") -> Spec:
    """Return the spec of a certificate that is issued anew, proven by HTTP-01."""
    how: Spec = {"challenge": "http-01"}
    if email:
        how["email"] = email
    if directory:
        how["directory"] = directory
    return {"domain_names": list(names), "provider": "acme", "acme": how}


class Certificates:
    """The certificates of one import; the same file gives the same certificate."""

    def __init__(self, keys: Keys, report: Report, mode: Mode, email: str, directory: str) -> None:
        """Issue what is issued anew for `email` at the ACME directory."""
        self.documents: dict[str, Spec] = {}
        self.mode = mode
        self._keys = keys
        self._report = report
        self._email = email
        self._directory = directory

    def issued(self, names: Sequence[str], place: str) -> str | None:
        """Return the key of a certificate that is issued anew; None when it can not be."""
        if any(name.startswith("*.") for name in names):
            self._report.left_out(
                place,
                f"the certificate for {', '.join(names)}: a wildcard is proven by DNS alone",
                "make a proxy.certificate with challenge dns-01 and fill certificate_id with it, "
                "or take the files over with --certificates read",
            )
            return None
        if not self._email:
            self._report.do(
                place, "no address for the CA's mails is known", "give it with --email", ""
            )
        return self.add(acme(names, self._email, self._directory))

    def add(self, spec: Spec, words: str = "", again: str = "") -> str:
        """Keep a certificate and return its key."""
        words = words or first_domain(spec["domain_names"], "certificate")
        key = self._keys.of(TYPE, words, again)
        self.documents[f"{TYPE}/{key}"] = spec
        return key
