"""The ledger's rows in the hub's database."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hub.mqtt.ledger import Kind, Row
from hub.util.json import dumps, loads

if TYPE_CHECKING:
    from hub.storage import Database


class DatabaseStore:
    """Table `mqtt_ledger`, for one broker."""

    def __init__(self, database: "Database", broker: str) -> None:
        """Keep the rows of `broker` (`managed` or `host:port`) apart from those of others."""
        self._database = database
        self._broker = broker

    async def load(self) -> list[Row]:
        """Return all rows of this broker."""
        from hub.storage.tables import mqtt_ledger as table

        async with self._database.read() as connection:
            found = await connection.execute(table.select().where(table.c.broker == self._broker))
            return [
                Row(
                    row.topic,
                    Kind(row.kind),
                    row.owner,
                    row.payload_hash,
                    loads(row.components) if row.components else {},
                    bool(row.acknowledged),
                )
                for row in found
            ]

    async def put(self, rows: Iterable[Row]) -> None:
        """Insert or replace rows in one transaction."""
        from hub.storage.tables import mqtt_ledger as table

        values = [
            {
                "broker": self._broker,
                "topic": row.topic,
                "kind": row.kind.value,
                "owner": row.owner,
                "payload_hash": row.digest,
                "components": dumps(dict(row.components)).decode() if row.components else None,
                "acknowledged": row.acknowledged,
            }
            for row in rows
        ]
        async with self._database.begin() as connection:
            for start in range(0, len(values), _PART):
                part = values[start : start + _PART]
                topics = [value["topic"] for value in part]
                await connection.execute(
                    table.delete().where(table.c.broker == self._broker, table.c.topic.in_(topics))
                )
                await connection.execute(table.insert(), part)

    async def delete(self, topics: Iterable[str]) -> None:
        """Delete rows in one transaction."""
        from hub.storage.tables import mqtt_ledger as table

        names = list(topics)
        async with self._database.begin() as connection:
            for start in range(0, len(names), _PART):
                part = names[start : start + _PART]
                await connection.execute(
                    table.delete().where(table.c.broker == self._broker, table.c.topic.in_(part))
                )


_PART = 500
