"""A data and a configuration folder as a hub leaves them, with secrets to look for."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrage

from hub.storage import Database, Documents, tables
from hub.storage.backup import Identities, Recipients
from hub.storage.secrets import Keyring

CANARY = "canary/ÄÖ+geheim=42 %&?"
PATH = "users.name=anna.password"


@dataclass
class Stock:
    """The folders, and a key pair for backups."""

    data: Path
    config: Path
    recipient: Recipients
    identity: Identities
    secret_key: str | None = None

    @property
    def backups(self) -> Path:
        return self.data / "backups"

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Keyring]:
        """Open the database and the keyring."""
        database = Database(self.data / "hub.db")
        await database.open()
        try:
            keyring = Keyring(database, self.data / "keys" / "sealing.json", self.secret_key)
            await keyring.load()
            yield keyring
        finally:
            await database.close()

    async def put(self, key: str, secret: str) -> None:
        """Write a resource with a sealed field."""
        async with self.opened() as keyring:
            sealed = keyring.seal(secret, f"host.server/{key}:{PATH}")
            spec = {"users": [{"name": "anna", "password": {"$sealed": sealed}}]}
            row: dict[str, Any] = {
                "id": f"host.server/{key}",
                "type": "host.server",
                "spec": json.dumps(spec),
                "revision": 1,
                "source": "api",
                "deleting": False,
                "created_at": 0.0,
                "updated_at": 0.0,
            }
            async with keyring.database.begin() as connection:
                await connection.execute(tables.resources.insert(), row)

    async def secret(self, key: str) -> str:
        """Return the opened field of a resource."""
        async with self.opened() as keyring:
            async with keyring.database.read() as connection:
                spec = await connection.scalar(
                    tables.resources.select()
                    .with_only_columns(tables.resources.c.spec)
                    .where(tables.resources.c.id == f"host.server/{key}")
                )
            sealed = json.loads(str(spec))["users"][0]["password"]["$sealed"]
            return keyring.open(sealed, f"host.server/{key}:{PATH}")


def identity_pair() -> tuple[Recipients, Identities]:
    """Return a new recipient and what opens for it."""
    identity = pyrage.x25519.Identity.generate()
    return Recipients((str(identity.to_public()),)), Identities(f"# test\n{identity}\n")


async def stocked(home: Path, secret: str = CANARY, secret_key: str | None = None) -> Stock:
    """Make the folders."""
    stock = Stock(home / "data", home / "config", *identity_pair(), secret_key)
    stock.data.mkdir(parents=True)
    (stock.config / "rooms").mkdir(parents=True)
    (stock.config / "hub.yaml").write_text("hub:\n  name: Old house\nmqtt:\n  enabled: false\n")
    (stock.config / "secrets.yaml").write_text(f"password: '{secret}'\n")
    (stock.config / "secrets.yaml").chmod(0o600)
    (stock.config / "rooms" / "Küche.yaml").write_text("a: 1\n")
    await stock.put("web", secret)
    async with stock.opened() as keyring:
        sealed = keyring.seal(secret, "documents:sealed/mail:data")
        await Documents(keyring.database).save("sealed", "mail", sealed)
        await Documents(keyring.database).save("hub", "id", "0123456789abcdef" * 2)
    for name in ("mqtt/password", "mqtt/broker/passwd"):
        path = stock.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name} of {secret}\n")
    return stock
