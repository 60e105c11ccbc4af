"""What a certificate's spec asks for, with the defaults that its schema leaves open."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.sdk import dumps
from integrations.proxy.acme.order import HTTP
from integrations.proxy.models import Spec
from integrations.proxy.schema.certificate import LETS_ENCRYPT


@dataclass(frozen=True, slots=True)
class Wanted:
    """One certificate as it is desired."""

    names: tuple[str, ...]
    custom: bool
    directory: str
    email: str
    challenge: str
    key_type: str
    profile: str | None
    ca_certificate: str | None
    dns: Mapping[str, Any] = field(repr=False)
    eab: tuple[str, str] | None = field(repr=False)
    upload: tuple[str, str, str] | None = field(repr=False)
    """Certificate, key and intermediates, PEM."""

    @property
    def kid(self) -> str | None:
        """Return the id of the external account."""
        return None if self.eab is None else self.eab[0]

    @property
    def fingerprint(self) -> str:
        """Return what tells one that needs another certificate from one that does not.

        Names in another order, another address or another way to show the names need none.
        """
        if self.upload is not None:
            what: list[Any] = ["custom", *self.upload]
        else:
            what = ["acme", self.directory, self.key_type, self.profile]
        return hashlib.sha256(dumps([sorted(self.names), *what])).hexdigest()


def wanted(spec: Spec) -> Wanted:
    """Read an open spec of a `proxy.certificate`."""
    custom = spec["provider"] == "custom"
    acme: Mapping[str, Any] = spec.get("acme") or {}
    eab = acme.get("eab")
    upload = None
    if custom:
        rest = spec.get("intermediate_certificate") or ""
        upload = (spec["certificate"], spec["certificate_key"], rest)
    return Wanted(
        names=tuple(name.lower() for name in spec["domain_names"]),
        custom=custom,
        directory=acme.get("directory") or LETS_ENCRYPT,
        email=acme.get("email") or "",
        challenge=acme.get("challenge") or HTTP,
        key_type=acme.get("key_type") or "ecdsa-p256",
        profile=acme.get("profile"),
        ca_certificate=acme.get("ca_certificate"),
        dns=acme.get("dns") or {},
        eab=None if eab is None else (eab["kid"], eab["hmac_key"]),
        upload=upload,
    )
