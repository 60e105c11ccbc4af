"""What Nginx Proxy Manager keeps: read from its database, or from what its API answered.

Tables and columns as its migrations make them (NginxProxyManager/nginx-proxy-manager,
`backend/migrations`); columns of newer or older versions are passed on as they are.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from integrations.proxy.importing.result import Unreadable

Row = dict[str, Any]

TABLES: Final = {
    "proxy_host": "proxy-hosts",
    "redirection_host": "redirection-hosts",
    "dead_host": "dead-hosts",
    "stream": "streams",
    "access_list": "access-lists",
    "certificate": "certificates",
    "user": "users",
    "setting": "settings",
}
"""Table -> the last word of its address below `/api/nginx/` (users and settings: `/api/`)."""

JSON_COLUMNS: Final = ("domain_names", "locations", "meta", "roles")
ODD: Final = "(odd)"
"""Of a row: the names of columns that held something else than NPM writes."""
KINDS: Final[Mapping[type, frozenset[str]]] = {
    str: frozenset(
        (
            *("forward_host", "forward_ip", "forward_scheme", "forward_path", "advanced_config"),
            *("forward_domain_name", "forwarding_host", "name", "nice_name", "provider", "path"),
            *("username", "password", "address", "directive", "email", "value"),
        )
    ),
    int: frozenset(
        (
            *("forward_port", "forward_http_code", "incoming_port", "forwarding_port", "enabled"),
            *("access_list_id", "certificate_id", "owner_user_id", "ssl_forced", "preserve_path"),
            *("hsts_enabled", "hsts_subdomains", "http2_support", "tcp_forwarding"),
            *("udp_forwarding", "satisfy_any", "pass_auth", "caching_enabled", "block_exploits"),
            *("allow_websocket_upgrade", "trust_forwarded_proto"),
        )
    ),
    list: frozenset(("domain_names", "locations", "items", "clients")),
    dict: frozenset(("meta", "owner", "access_list", "certificate")),
}
LARGEST: Final = 512 * 1024 * 1024
"""Bytes of a database."""
LARGEST_VALUE: Final = 4 * 1024 * 1024
LARGEST_EXPORT: Final = 64 * 1024 * 1024
MOST_ROWS: Final = 20_000
SQLITE_MAGIC: Final = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Npm:
    """One Nginx Proxy Manager: rows by table, and the folders beside its database."""

    tables: Mapping[str, Sequence[Row]] = field(repr=False)
    """Access lists hold their `items` and `clients`; what was deleted is not here."""
    data: Path | None = None
    """Its `/data`: custom certificates, custom configuration."""
    letsencrypt: Path | None = None
    """Its `/etc/letsencrypt`."""

    def rows(self, table: str) -> Sequence[Row]:
        """Return the rows of a table, by id."""
        return self.tables.get(table, ())


def read(path: Path) -> Npm:
    """Read a database file, the data folder, an export file or a folder of such.

    Raises `Unreadable`.
    """
    if path.is_dir():
        return _folder(path)
    try:
        with path.open("rb") as file:
            start = file.read(len(SQLITE_MAGIC))
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    if start == SQLITE_MAGIC:
        return Npm(database(path), *_beside(path.parent))
    return Npm(_with_expanded(_export(_loaded(path), str(path))))


def database(path: Path) -> dict[str, list[Row]]:
    """Return the rows of a `database.sqlite`, which is opened for reading alone.

    Raises `Unreadable`.
    """
    if path.stat().st_size > LARGEST:
        raise Unreadable(f"{path}: larger than {LARGEST >> 20} MiB")
    try:
        with _opened(path) as connection:
            there = {
                name
                for (name,) in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table'"
                )
            }
            if "proxy_host" not in there:
                raise Unreadable(f"{path}: no table proxy_host; is it NPM's database.sqlite?")
            found = {name: _rows(connection, name) for name in TABLES if name in there}
            for name, table in (("items", "access_list_auth"), ("clients", "access_list_client")):
                _belonging(found, name, _rows(connection, table) if table in there else [])
    except sqlite3.Error as error:
        todo = "copy database.sqlite while NPM is stopped, with a -wal file if there is one"
        raise Unreadable(f"{path}: {error}; {todo}") from None
    return found


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database that nobody here has made: read-only, small values, no code in it."""
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=5)) as connection:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.row_factory = None
        yield connection


def _rows(connection: sqlite3.Connection, table: str) -> list[Row]:
    """Return the rows of a table that are not deleted; at most `MOST_ROWS`."""
    cursor = connection.execute(f'SELECT * FROM "{table}" LIMIT {MOST_ROWS + 1}')  # noqa: S608 - names of ours
    names = [column[0] for column in cursor.description]
    found = [dict(zip(names, values, strict=True)) for values in cursor]
    if len(found) > MOST_ROWS:
        raise Unreadable(f"table {table} has more than {MOST_ROWS} rows")
    return _kept(found)


def _belonging(tables: dict[str, list[Row]], name: str, rows: Sequence[Row]) -> None:
    """Put users and addresses into their access lists, as the API answers them."""
    for access_list in tables.get("access_list", []):
        access_list[name] = [row for row in rows if row["access_list_id"] == access_list["id"]]


def _kept(rows: Sequence[Any]) -> list[Row]:
    """Return rows that are not deleted, by number, with values of the kinds that NPM writes."""
    found = [
        _clean(_decoded(row), position)
        for position, row in enumerate(rows, 1)
        if isinstance(row, dict) and not row.get("is_deleted")
    ]
    return sorted(found, key=lambda row: (isinstance(row["id"], str), row["id"]))


def _decoded(row: Row) -> Row:
    """Return a row with its JSON columns as values; what is no JSON stays a text."""
    for name in JSON_COLUMNS:
        if isinstance(row.get(name), str):
            try:
                row[name] = json.loads(row[name])
            except ValueError:
                continue
    return row


def _clean(row: Row, position: int) -> Row:
    """Take out values of another kind than the column's; their names are kept under `ODD`."""
    found: Row = {}
    odd: list[str] = []
    for name, value in row.items():
        kind = next((kind for kind, names in KINDS.items() if name in names), None)
        if kind is list and isinstance(value, list):
            if name == "domain_names":
                found[name] = [item for item in value if isinstance(item, str)]
            else:
                found[name] = [_clean(item, 0) for item in value if isinstance(item, dict)]
            odd += [name] if len(found[name]) < len(value) else []
        elif value is None or kind is None or isinstance(value, kind):
            found[name] = value
        else:
            odd.append(name)
    if not isinstance(found.get("id"), int | str):
        found["id"] = position
    if odd:
        found[ODD] = sorted(odd)
    return found


def _folder(folder: Path) -> Npm:
    for place in (folder, folder / "data"):
        if (place / "database.sqlite").is_file():
            return Npm(database(place / "database.sqlite"), *_beside(place))
    found: dict[str, list[Row]] = {}
    for table, name in TABLES.items():
        for file in (folder / f"{name}.json", folder / f"{table}.json"):
            if file.is_file():
                found |= _export({table: _loaded(file)}, str(file))
    if not found:
        names = ", ".join(f"{name}.json" for name in TABLES.values())
        raise Unreadable(f"{folder}: neither database.sqlite nor one of {names}")
    return Npm(_with_expanded(found), *_beside(folder))


def _beside(place: Path) -> tuple[Path | None, Path | None]:
    """Return NPM's data folder and that of Let's Encrypt, as its compose file lays them out."""
    places = (place / "letsencrypt", place.parent / "letsencrypt")
    return place, next((item for item in places if item.is_dir()), None)


def _loaded(path: Path) -> Any:
    try:
        if path.stat().st_size > LARGEST_EXPORT:
            raise Unreadable(f"{path}: larger than {LARGEST_EXPORT >> 20} MiB")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise Unreadable(f"{path}: neither a SQLite database nor JSON ({error})") from None


def _export(value: Any, where: str) -> dict[str, list[Row]]:
    """Return rows by table from `{"proxy-hosts": [...], ...}`; raises `Unreadable`."""
    if not isinstance(value, dict):
        raise Unreadable(
            f"{where}: expected an object such as {{'proxy-hosts': [...], 'certificates': [...]}}"
        )
    found: dict[str, list[Row]] = {}
    for table, name in TABLES.items():
        for key in (table, name, name.replace("-", "_")):
            if key not in value:
                continue
            if not isinstance(value[key], list):
                raise Unreadable(f"{where}: {key}: expected a list of what the API answers")
            found[table] = _kept(value[key])
    if not found:
        raise Unreadable(f"{where}: none of the keys {', '.join(TABLES.values())}")
    return found


def _with_expanded(tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Take access lists and certificates from where the API expanded them, if nowhere else."""
    hosts = [row for rows in tables.values() for row in rows]
    for table in ("access_list", "certificate"):
        if table not in tables:
            inside = [row[table] for row in hosts if isinstance(row.get(table), dict)]
            tables[table] = _kept(list({row.get("id"): row for row in inside}.values()))
    return tables
