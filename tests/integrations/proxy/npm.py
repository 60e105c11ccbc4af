"""A Nginx Proxy Manager for tests: its real tables, rows as it writes them, its folders."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TABLES = (Path(__file__).parents[2] / "fixtures/proxy/npm.sql").read_text()
THEN = "2025-10-28 04:17:54"


class Npm:
    """A data folder with a database."""

    def __init__(self, data: Path) -> None:
        data.mkdir(parents=True)
        self.data = data
        self.path = data / "database.sqlite"
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(TABLES)

    def add(self, table: str, **values: Any) -> int:
        """Write a row and return its number."""
        row = {"created_on": THEN, "modified_on": THEN, "meta": {}, **values}
        if table in ("proxy_host", "redirection_host", "dead_host", "stream", "access_list",
                     "certificate"):  # fmt: skip
            row.setdefault("owner_user_id", 1)
        unknown = {"user": ("meta",), "setting": ("created_on", "modified_on")}
        for name in unknown.get(table, ()):
            del row[name]
        held = [json.dumps(it) if isinstance(it, list | dict) else it for it in row.values()]
        names = ", ".join(f"`{name}`" for name in row)
        marks = ", ".join("?" * len(row))
        with closing(sqlite3.connect(self.path)) as connection, connection:
            done = connection.execute(f"INSERT INTO `{table}` ({names}) VALUES ({marks})", held)  # noqa: S608
            return done.lastrowid or 0

    def host(self, *names: str, **values: Any) -> int:
        """Write a proxy host."""
        row = {"forward_host": "10.0.0.1", "forward_port": 8080, "locations": []}
        return self.add("proxy_host", **row | {"domain_names": list(names)} | values)


def pair(*names: str, days: float = 90) -> tuple[str, str]:
    """Return a certificate signed by itself and its key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return made.public_bytes(serialization.Encoding.PEM).decode(), private.decode()
