"""What rendering one server knows: the server, its nginx, and the parts that others refer to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from integrations.proxy.const import ACCESS_LIST, CERTIFICATE
from integrations.proxy.models import Features, File, Flaw, Part
from integrations.proxy.render.defaults import complete

Spec = dict[str, Any]

RESOLVER_TIMEOUT: Final = "resolver_timeout 5s"
"""nginx's own 30 s are longer than most people wait."""


class FlawError(ValueError):
    """A part can not be rendered; `field` is the one to change."""

    def __init__(self, field: str, message: str) -> None:
        """Name the field and what to do."""
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Certificate:
    """Where a certificate and its key lie on the server."""

    chain: str
    key: str
    names: Sequence[str]


@dataclass(slots=True)
class Here:
    """One server that is being rendered."""

    server: Part
    spec: Spec
    features: Features
    parts: Mapping[str, Part]
    nameservers: Sequence[str]
    tls: bool = False
    """Whether anything listens on the https port: then names without TLS are refused there."""
    notes: list[Flaw] = field(default_factory=list)
    files: dict[str, File] = field(default_factory=dict)
    """Certificates, keys and passwords that parts in the release use."""

    @property
    def base(self) -> str:
        """Return the hub's folder on the server."""
        return str(self.spec["base"])

    @property
    def own(self) -> bool:
        """Tell whether the nginx is the hub's own."""
        return bool(self.spec["instance"] == "own")

    @property
    def default_site(self) -> str:
        """Return what names of no host get."""
        return self.spec["default_site"] or ("close" if self.own else "none")

    def note(self, part: Part, field: str, message: str) -> None:
        """Say what was left out, once."""
        note = Flaw(part.id, field, message)
        if note not in self.notes:
            self.notes.append(note)

    def certificate(self, key: str | None) -> Certificate | None:
        """Return a certificate that is issued; None = there is none, or not yet."""
        part = self.parts.get(f"{CERTIFICATE}/{key}") if key else None
        if part is None or not part.spec.get("chain") or not part.spec.get("key"):
            return None
        names = part.spec.get("domain_names") or ()
        return Certificate(
            f"{self.base}/{part.spec['chain']}", f"{self.base}/{part.spec['key']}", names
        )

    def access_list(self, key: str) -> tuple[Part, Spec]:
        """Return an access list; raises `FlawError`: without it the door would be open."""
        part = self.parts.get(f"{ACCESS_LIST}/{key}")
        if part is None:
            raise FlawError(
                "access_list_id", f"there is no {ACCESS_LIST}/{key}; it is not deployed open"
            )
        spec = complete(part)
        if not spec["items"] and not spec["clients"]:
            raise FlawError("access_list_id", f"{part.id} is empty; it is not deployed open")
        return part, spec

    def resolver(self, field: str) -> tuple[str, ...]:
        """Return the directives that name the name servers; raises `FlawError` without any."""
        servers = self.spec["resolver"] or [
            f"[{one}]" if ":" in one and not one.startswith("[") else one
            for one in self.nameservers
            if "%" not in one
        ]
        if not servers:
            raise FlawError(
                field,
                f"a name needs a name server, and none is known: fill resolver of {self.server.id},"
                " or give an address",
            )
        named = f"resolver {' '.join(servers)} valid={self.spec['resolver_valid']}s"
        return named, RESOLVER_TIMEOUT
