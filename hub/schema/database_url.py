"""Addresses of databases as a person writes them: `postgresql://user:password@host:5432/name`.

No message repeats the address, for it may hold a password.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

import voluptuous as vol

from hub.schema.validators import text

_DIALECTS: Final[Mapping[str, str]] = {
    "sqlite": "sqlite",
    "sqlite+aiosqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "postgresql+asyncpg": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mysql+aiomysql": "mysql",
    "mariadb+aiomysql": "mysql",
}
SHORT: Final = ("sqlite", "postgresql", "postgres", "mysql", "mariadb")
"""The schemes that people are told of."""

SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_OPTIONS: Final[Mapping[str, frozenset[str]]] = {
    "sqlite": frozenset(),
    "postgresql": frozenset({"sslmode"}),
    "mysql": frozenset({"charset", "ssl"}),
}


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """The parts of an address; `path` is for SQLite alone, the others for servers."""

    dialect: str
    """sqlite, postgresql or mysql."""
    path: str | None = None
    host: str | None = None
    port: int | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    database: str | None = None
    ssl: str | None = None
    """One of `SSL_MODES`; for MySQL only disable and verify-full."""


def database_url(value: object) -> str:
    """Accept the address of a database as it is written."""
    address = text(value)
    parse(address)
    return address


def parse(address: str) -> DatabaseUrl:
    """Take an address apart; raises `vol.Invalid` without a word of the address but its scheme."""
    scheme, mark, rest = address.partition("://")
    dialect = _DIALECTS.get(scheme.lower())
    if not mark or dialect is None:
        named = f"not {scheme}" if mark and scheme.replace("+", "").isalnum() else "an address"
        raise vol.Invalid(
            f"expected a database: {', '.join(f'{name}://' for name in SHORT)}; got {named}"
        )
    if dialect == "sqlite":
        return _file(rest)
    return _server(dialect, rest)


def _file(rest: str) -> DatabaseUrl:
    host, _, path = rest.partition("/")
    if host or not path or path.startswith(":memory:") or "?" in path:
        raise vol.Invalid(
            "expected sqlite:///name.db (in the data folder) or sqlite:////full/path.db, "
            "without options"
        )
    return DatabaseUrl("sqlite", path=unquote(path))


def _server(dialect: str, rest: str) -> DatabaseUrl:
    try:
        parts = urlsplit(f"//{rest}")
        port, host = parts.port, parts.hostname
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise vol.Invalid(
            "the database's address is malformed: expected "
            f"{dialect}://user:password@host:port/name; in a password write @ as %40, : as %3A, "
            "/ as %2F, # as %23, ? as %3F, % as %25"
        ) from None
    name = unquote(parts.path.removeprefix("/"))
    if not host or not name or "/" in name or parts.fragment:
        raise vol.Invalid(
            f"expected {dialect}://user:password@host:port/name, with the host and the name of a "
            "database; in a password write @ as %40, / as %2F, # as %23, ? as %3F"
        )
    options = dict(pairs)
    if unknown := sorted(options.keys() - _OPTIONS[dialect]):
        raise vol.Invalid(
            f"the database's address has no option {unknown[0][:40]!r}; there is "
            f"{', '.join(sorted(_OPTIONS[dialect]))}"
        )
    return DatabaseUrl(
        dialect,
        host=host,
        port=port,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        database=name,
        ssl=_ssl(dialect, options),
    )


def _ssl(dialect: str, options: Mapping[str, str]) -> str | None:
    if options.get("charset", "utf8mb4") != "utf8mb4":
        raise vol.Invalid("the database's charset must be utf8mb4")
    if dialect == "mysql" and "ssl" in options:
        if options["ssl"] not in ("true", "false"):
            raise vol.Invalid("the option ssl must be true or false")
        return "verify-full" if options["ssl"] == "true" else "disable"
    mode = options.get("sslmode")
    if mode is not None and mode not in SSL_MODES:
        raise vol.Invalid(f"the option sslmode must be one of {', '.join(SSL_MODES)}")
    return mode
