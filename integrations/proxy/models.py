"""What the rooms of this integration hand to each other; plain values, nothing of the outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Spec = Mapping[str, Any]

HTTP2_DIRECTIVE: Final = (1, 25, 1)
"""`http2 on;`; before it a parameter of `listen` (nginx CHANGES 1.25.1)."""
HTTP3: Final = (1, 25, 0)
REJECT_HANDSHAKE: Final = (1, 19, 4)
RESOLVE_IN_UPSTREAM: Final = (1, 27, 3)
"""`server name resolve;` in the open source edition (nginx CHANGES 1.27.3)."""


@dataclass(frozen=True, slots=True)
class Features:
    """What an nginx can do, read from `nginx -V`."""

    version: tuple[int, int, int]
    modules: frozenset[str] = frozenset()
    """Compiled in: `http_v2`, `http_v3`, `http_ssl`, `http_auth_request`, `http_stub_status`,
    `http_realip`, `stream`, `stream_ssl`, `stream_ssl_preread`: configure's words between
    `--with-` and `_module`."""
    dynamic: frozenset[str] = frozenset()
    """Built as dynamic modules (`--with-...=dynamic`): there only when something loads them."""
    loaded: frozenset[str] = frozenset()
    """Dynamic modules that the present main configuration loads, by the same words."""
    user: str | None = None
    """Whom the workers run as, from `--user=`; None = not told."""
    modules_path: str | None = None
    """The folder of dynamic modules, from `--modules-path=`; None = not told."""

    @property
    def text(self) -> str:
        """Return the version as people write it."""
        return ".".join(map(str, self.version))

    def has(self, module: str) -> bool:
        """Tell whether a module can be used."""
        return module in self.modules or module in self.loaded

    def at_least(self, version: tuple[int, int, int]) -> bool:
        """Compare versions."""
        return self.version >= version


@dataclass(frozen=True, slots=True)
class Part:
    """A resource as it is deployed: its id (`proxy.host/blog`), revision and spec.

    Holds no secret: passwords of access lists are hashes, a certificate is only what is public.
    """

    id: str
    revision: int
    spec: Spec = field(repr=False)

    @property
    def type(self) -> str:
        """Return the resource type."""
        return self.id.partition("/")[0]

    @property
    def key(self) -> str:
        """Return the resource's key."""
        return self.id.partition("/")[2]

    def as_dict(self) -> dict[str, Any]:
        """Return the form in a manifest."""
        return {"revision": self.revision, "spec": dict(self.spec)}


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate chain with its private key, both PEM."""

    chain: bytes
    key: bytes = field(repr=False)
    serial: str
    """Hexadecimal, upper case, without leading zeros, as `openssl x509 -serial` prints it."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a release."""

    path: str
    """Below the release (`http/host-blog.conf`), or `files/<name>` for what all releases share:
    then its name holds the hash of what is in it."""
    data: bytes = field(repr=False)
    mode: int = 0o644
    part: str | None = None
    """The id of the part it was made from."""
    fields: tuple[str | None, ...] = ()
    """For each line (from 0) the field of the part's spec that caused it, dotted."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a part can not be deployed, in words that name the field."""

    part: str
    field: str
    message: str

    def __str__(self) -> str:
        """Render as people read it."""
        place = f"{self.field}: " if self.field else ""
        return f"{self.part}: {place}{self.message}"


@dataclass(frozen=True, slots=True)
class Rendered:
    """The files of one server, with what stands against them and what is to be known."""

    files: Sequence[File]
    flaws: Sequence[Flaw] = ()
    """Parts with a flaw are not in `files`."""
    notes: Sequence[Flaw] = ()
    """What was left out because the server can not do it, or waits for a certificate."""
