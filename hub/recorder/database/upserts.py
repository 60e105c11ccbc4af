"""Insert or replace rows, in the words of each database."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncConnection


async def upsert(
    connection: "AsyncConnection", table: "Table", rows: Sequence[Mapping[str, Any]]
) -> None:
    """Write rows; those with the primary key of one that exists replace its other columns."""
    if not rows:
        return
    dialect = connection.dialect.name
    keys = [column.name for column in table.primary_key]
    others = [name for name in rows[0] if name not in keys]
    statement: Any
    if dialect in ("mysql", "mariadb"):
        from sqlalchemy.dialects.mysql import insert as mysql_insert

        statement = mysql_insert(table)
        statement = statement.on_duplicate_key_update(
            {name: statement.inserted[name] for name in others}
        )
    else:
        if dialect == "postgresql":
            from sqlalchemy.dialects.postgresql import insert
        else:
            from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
        statement = insert(table)
        statement = statement.on_conflict_do_update(
            index_elements=keys, set_={name: statement.excluded[name] for name in others}
        )
    await connection.execute(statement, list(rows))


async def put_meta(connection: "AsyncConnection", values: Mapping[str, str]) -> None:
    """Write rows of `recorder_meta`."""
    from hub.recorder.database.tables import meta

    await upsert(connection, meta, [{"name": name, "value": values[name]} for name in values])


async def read_meta(connection: "AsyncConnection", *names: str) -> dict[str, str]:
    """Return rows of `recorder_meta` by name; those that are not there are left out."""
    from sqlalchemy import select

    from hub.recorder.database.tables import meta

    found = await connection.execute(
        select(meta.c.name, meta.c.value).where(meta.c.name.in_(names))
    )
    return {str(name): str(value) for name, value in found}
