"""What the spec of a `proxy.certificate` holds."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import voluptuous as vol

from hub.sdk import Reference, Secret, described, port, positive_seconds, text
from integrations.proxy.const import GROUP, SERVER
from integrations.proxy.schema.blocks import NAME
from integrations.proxy.schema.names import domain, domain_pattern
from integrations.proxy.schema.numbers import itself, listing, maybe, one_of, reference
from integrations.proxy.schema.texts import address, line, url

LETS_ENCRYPT: Final = "https://acme-v02.api.letsencrypt.org/directory"
_PEM: Final = re.compile(
    r"(?:-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+"
)
_MAIL: Final = re.compile(r"[A-Za-z0-9.!#%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")
_SCRIPT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_PROFILE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@described(type="string", multiline=True, max_length=200_000)
def certificates(value: object) -> str:
    """Accept one or more certificates, PEM."""
    written = text(value).replace("\r\n", "\n").strip() + "\n"
    if len(written) > 200_000 or _PEM.fullmatch(written) is None:
        raise vol.Invalid("expected certificates as PEM: -----BEGIN CERTIFICATE----- ...")
    return written


@described(type="string", max_length=255)
def _mail(value: object) -> str:
    written = text(value)
    if _MAIL.fullmatch(written) is None:
        raise vol.Invalid("expected a mail address")
    return written


@described(type="string", max_length=64)
def _profile(value: object) -> str:
    written = text(value)
    if _PROFILE.fullmatch(written) is None:
        raise vol.Invalid("expected the name of a profile, such as classic or shortlived")
    return written


@described(type="string", max_length=1000)
def _directory(value: object) -> str:
    written = url(value)
    if urlsplit(written).scheme != "https":
        raise vol.Invalid("expected an https address: ACME has no other (RFC 8555, section 6.1)")
    return written


@described(type="string", max_length=64)
def _script(value: object) -> str:
    written = text(value)
    if _SCRIPT.fullmatch(written) is None:
        raise vol.Invalid(
            "expected the plain name of a file in the folder hooks beside hub.yaml, without a path"
        )
    return written


_EAB: Final[dict[Any, Any]] = {
    vol.Required("kid", description="Key id that the authority gave"): line(1, 200),
    vol.Required("hmac_key", description="Key that the authority gave, base64url"): Secret(
        min=8, max=1000
    ),
}
_RFC2136: Final[dict[Any, Any]] = {
    vol.Required("provider", description="A name server that takes updates"): "rfc2136",
    vol.Required("server", description="Address of the name server"): address,
    vol.Optional("port", default=53, description="Its port"): port,
    vol.Optional("zone", description="Zone; found by asking when left out"): maybe(domain),
    vol.Required("key_name", description="Name of the TSIG key"): domain,
    vol.Required("key_secret", description="The TSIG key, base64"): Secret(min=8, max=1000),
    vol.Optional("algorithm", default="hmac-sha256", description="Of the TSIG key"): one_of(
        "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"
    ),
    vol.Optional("ttl", default=60, description="Of the record, in seconds"): vol.All(
        vol.Coerce(int), vol.Range(min=1, max=86400, msg="expected seconds from 1 to 86400")
    ),
    vol.Optional(
        "propagation", default=120, description={"description": "Longest wait", "unit": "s"}
    ): positive_seconds,
}
_HOOK: Final[dict[Any, Any]] = {
    vol.Required("provider", description="A program or address of one's own"): "hook",
    vol.Optional(
        "script", description="File in the folder hooks; gets present|cleanup, name and value"
    ): maybe(_script),
    vol.Optional("url", description="Address that is posted to instead"): maybe(url),
    vol.Optional("token", description="Bearer token of the address"): Secret(min=1, max=4000),
    vol.Optional(
        "propagation", default=120, description={"description": "Longest wait", "unit": "s"}
    ): positive_seconds,
}
_DNS: Final = {"rfc2136": vol.Schema(_RFC2136), "hook": vol.Schema(_HOOK)}


@described(schema=vol.Any(*_DNS.values()))
def _dns(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise vol.Invalid("expected a mapping with a provider")
    provider = value.get("provider")
    if not isinstance(provider, str) or provider not in _DNS:
        raise vol.Invalid(f"expected one of {', '.join(_DNS)}", path=["provider"])
    found: dict[str, Any] = _DNS[provider](value)
    return found


_ACME: Final[dict[Any, Any]] = {
    vol.Optional("directory", default=LETS_ENCRYPT, description="The authority"): _directory,
    vol.Optional("email", description="Told by the authority when something is wrong"): maybe(
        _mail
    ),
    vol.Optional("challenge", default="http-01", description="How a name is proven"): one_of(
        "http-01", "dns-01"
    ),
    vol.Optional("dns", description="Who writes the records of dns-01"): maybe(_dns),
    vol.Optional("key_type", default="ecdsa-p256", description="Kind of the key"): one_of(
        "ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072", "rsa-4096"
    ),
    vol.Optional("profile", description="Profile, if the authority has some"): maybe(_profile),
    vol.Optional("eab", description="Account at the authority"): maybe(_EAB),
    vol.Optional("ca_certificate", description="Trusted for the authority's own TLS, PEM"): maybe(
        certificates
    ),
}

CERTIFICATE: Final = vol.Schema(
    {
        vol.Optional("name", description="What people call it"): NAME,
        vol.Required("domain_names", description="Names it stands for"): listing(
            domain_pattern, 1, 100, "domain names", itself
        ),
        vol.Optional("provider", default="acme", description="Issued, or your own"): one_of(
            "acme", "custom"
        ),
        vol.Optional("acme", description="How it is issued"): maybe(_ACME),
        vol.Optional("certificate", description="Your own, PEM"): maybe(certificates),
        vol.Optional("certificate_key", description="Its key, PEM"): Secret(min=50, max=20_000),
        vol.Optional("intermediate_certificate", description="Those above it, PEM"): maybe(
            certificates
        ),
        vol.Optional(
            "servers", default=list, description="Servers beside those that use it"
        ): listing(Reference(SERVER), 0, 500, "servers", itself),
        vol.Optional("group", default=None, description="Group beside those that use it"): (
            reference(GROUP)
        ),
    }
)
"""A certificate with its key."""


def check_certificate(spec: Mapping[str, Any]) -> None:
    """Refuse what the fields forbid together; raises `vol.Invalid`."""
    if spec["provider"] == "custom":
        _check_custom(spec)
        return
    for field in ("certificate", "certificate_key", "intermediate_certificate"):
        if spec.get(field) is not None:
            raise vol.Invalid("expected provider custom", path=[field])
    acme: Mapping[str, Any] = spec.get("acme") or _DEFAULT_ACME
    if acme["challenge"] == "dns-01":
        if acme.get("dns") is None:
            raise vol.Invalid("expected who writes the records", path=["acme", "dns"])
        _check_hook(acme["dns"])
        return
    for index, name in enumerate(spec["domain_names"]):
        if name.startswith("*."):
            raise vol.Invalid(
                "needs acme.challenge dns-01: authorities prove wildcards no other way",
                path=["domain_names", index],
            )


def _check_custom(spec: Mapping[str, Any]) -> None:
    for field in ("certificate", "certificate_key"):
        if spec.get(field) is None:
            raise vol.Invalid("expected your own, as PEM", path=[field])
    if spec.get("acme") is not None:
        raise vol.Invalid("expected provider acme, or none of this", path=["acme"])


def _check_hook(dns: Mapping[str, Any]) -> None:
    if dns["provider"] != "hook":
        return
    if (dns.get("script") is None) == (dns.get("url") is None):
        raise vol.Invalid("expected a script or a url", path=["acme", "dns", "script"])


_DEFAULT_ACME: Final[Mapping[str, Any]] = vol.Schema(_ACME)({})
