"""Small JSON documents by namespace and key, for what needs no table of its own."""

from typing import TYPE_CHECKING, Any

from hub.util.json import dumps, loads

if TYPE_CHECKING:
    from hub.storage.database import Database


class Documents:
    """A persistent dictionary: a returned `save` is on the disk."""

    def __init__(self, database: "Database") -> None:
        """Keep the documents in `database`."""
        self._database = database

    async def load(self, namespace: str, key: str) -> Any | None:
        """Return the document, None when there is none; raises `StorageError`."""
        from hub.storage.tables import documents as table

        async with self._database.read() as connection:
            data = await connection.scalar(
                table.select()
                .with_only_columns(table.c.data)
                .where(table.c.namespace == namespace, table.c.key == key)
            )
        return None if data is None else loads(data)

    async def keys(self, namespace: str) -> list[str]:
        """Return the keys of a namespace in order; raises `StorageError`."""
        from hub.storage.tables import documents as table

        async with self._database.read() as connection:
            found = await connection.scalars(
                table.select()
                .with_only_columns(table.c.key)
                .where(table.c.namespace == namespace)
                .order_by(table.c.key)
            )
        return list(found)

    async def save(self, namespace: str, key: str, document: object) -> None:
        """Insert or replace a document; raises `StorageError`, `TypeError` for what is no JSON."""
        from hub.storage.tables import documents as table

        row = {"namespace": namespace, "key": key, "data": dumps(document).decode()}
        async with self._database.begin() as connection:
            await connection.execute(
                table.delete().where(table.c.namespace == namespace, table.c.key == key)
            )
            await connection.execute(table.insert(), row)

    async def delete(self, namespace: str, key: str) -> None:
        """Delete a document if it is there; raises `StorageError`."""
        from hub.storage.tables import documents as table

        async with self._database.begin() as connection:
            await connection.execute(
                table.delete().where(table.c.namespace == namespace, table.c.key == key)
            )
