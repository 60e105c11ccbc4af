"""Where a host is listened for, its TLS, and the answer to certificate challenges."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from integrations.proxy.models import HTTP2_DIRECTIVE, HTTP3, REJECT_HANDSHAKE, Part
from integrations.proxy.render.context import Certificate, Here
from integrations.proxy.render.upstream import bracketed
from integrations.proxy.render.writer import Page, literal

CHALLENGES: Final = "/.well-known/acme-challenge/"
_CIPHERS: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)
TLS: Final = ("ssl_protocols TLSv1.2 TLSv1.3", f"ssl_ciphers {_CIPHERS}")
"""Mozilla's intermediate profile, version 5.7, without its DHE ciphers, which want a file of their
own. In every server block: nginx takes the protocols of the first one before it knows the name."""


def listens(here: Here, port: int, flags: str = "") -> list[str]:
    """Return the `listen` directives of a port on every address the server has for hosts."""
    addresses: Sequence[str] = here.spec["addresses"]
    if not addresses:
        return [f"listen {port}{flags}", f"listen [::]:{port}{flags}"]
    return [f"listen {bracketed(literal(one))}:{port}{flags}" for one in addresses]


def listen_http(here: Here, page: Page, flags: str = "") -> None:
    """Listen for http."""
    page.add(None, *listens(here, here.spec["http_port"], flags))


def listen_https(
    here: Here, page: Page, part: Part, spec: Mapping[str, Any], certificate: Certificate
) -> None:
    """Listen for https, with HTTP/2 and HTTP/3 as far as this nginx has them."""
    features, port = here.features, here.spec["https_port"]
    http2 = spec["http2_support"] and features.has("http_v2")
    directive = features.at_least(HTTP2_DIRECTIVE)
    page.add(None, *listens(here, port, " ssl http2" if http2 and not directive else " ssl"))
    if http2 and directive:
        page.add("http2_support", "http2 on")
    if spec["http2_support"] and not http2:
        here.note(part, "http2_support", f"nginx {features.text} was built without HTTP/2")
    if spec.get("http3_support"):
        if quic(here):
            page.add("http3_support", *listens(here, port, " quic"), "http3 on")
        else:
            told = f"nginx {features.text} has no HTTP/3; it is there from 1.25, if built in"
            here.note(part, "http3_support", told)
    use(page, certificate)


def use(page: Page, certificate: Certificate, cache: str = "hub_tls") -> None:
    """Present a certificate, to clients that know TLS 1.2."""
    page.add(
        "certificate_id",
        f"ssl_certificate {literal(certificate.chain)}",
        f"ssl_certificate_key {literal(certificate.key)}",
        *TLS,
        f"ssl_session_cache shared:{cache}:10m",
        "ssl_session_timeout 1d",
        "ssl_session_tickets off",
    )


def quic(here: Here) -> bool:
    """Tell whether this nginx speaks HTTP/3."""
    return here.features.at_least(HTTP3) and here.features.has("http_v3")


def refuse_https(here: Here, page: Page, names: Sequence[str]) -> bool:
    """Refuse TLS for names that have none, lest another host answers; False = not possible."""
    if not here.tls or not here.features.at_least(REJECT_HANDSHAKE):
        return False
    page.open(None, "server")
    page.add(None, *listens(here, here.spec["https_port"], " ssl"))
    page.add("domain_names", f"server_name {' '.join(map(literal, names))}")
    page.add(None, *TLS, "ssl_reject_handshake on")
    page.close()
    return True


def challenges(here: Here, page: Page) -> None:
    """Answer certificate challenges before anything else, without any door (RFC 8555, 8.3)."""
    open_ = ["auth_basic off", "allow all"]
    if here.features.has("http_auth_request"):
        open_.append("auth_request off")
    page.block(
        None,
        f"location ^~ {CHALLENGES}",
        f"root {literal(here.base + '/acme')}",
        "default_type text/plain",
        *open_,
        "log_not_found off",
    )


def own_log(here: Here) -> str:
    """Return the directive of the access log."""
    if not here.spec["access_log"]:
        return "access_log off"
    path = literal(f"{here.base}/log/access.json")
    return f"access_log {path} hub_json buffer=64k flush=1s"


def begin(here: Here, page: Page, part: Part, names: Sequence[str]) -> None:
    """Write what every server block of a part begins with, behind its `listen`."""
    page.add("domain_names", f"server_name {' '.join(map(literal, names))}")
    page.add(None, f"set $hub_host {literal(part.id)}", own_log(here))


def variable(key: str) -> str:
    """Return a resource's key as part of a variable's or zone's name; two keys never share one."""
    return key.replace("_", "_u").replace("-", "_d").replace(".", "_p")
