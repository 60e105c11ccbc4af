"""Where sealed values lie in the database, and how to visit each of them.

A new column with sealed values is one line in `COLUMNS`; counting, checking, rotation and backups
follow.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from hub.util.json import dumps, loads

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

STORED: Final = "$sealed"
"""Key of the mapping that stands for a sealed value inside JSON."""

BATCH: Final = 50
"""Rows that are read at once; between batches the loop turns."""

Change = Callable[[str, str], str]
"""Takes a sealed text and what it is bound to; returns what is stored in its place."""


class Form(Enum):
    """How a column holds sealed texts."""

    TEXT = "text"
    """The sealed text itself."""
    JSON_TEXT = "json_text"
    """The sealed text as a JSON string."""
    SPEC = "spec"
    """JSON with `{"$sealed": text}` anywhere; each is bound to its dotted path as well."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column with sealed values."""

    table: str
    column: str
    form: Form
    bind: str
    """Pattern of what a value is bound to, filled from the row's `key` columns."""
    key: tuple[str, ...]
    where: Mapping[str, str] = field(default_factory=dict)


COLUMNS: Final = (
    Column("resources", "spec", Form.SPEC, "{id}", ("id",)),
    Column("resource_revisions", "spec", Form.SPEC, "{id}", ("id", "revision")),
    Column(
        "documents",
        "data",
        Form.JSON_TEXT,
        "documents:sealed/{key}:data",
        ("namespace", "key"),
        {"namespace": "sealed"},
    ),
    Column("totp", "secret", Form.TEXT, "totp:{user_id}:secret", ("user_id",)),
)
"""Every column with sealed values; tokens of other forms are never rotated."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row that holds sealed values; `place` names it for people."""

    column: Column
    rowid: int
    key: Mapping[str, Any]
    data: str = field(repr=False)

    @property
    def place(self) -> str:
        """Return table and key as people read them."""
        return f"{self.column.table} {'/'.join(str(part) for part in self.key.values())}"

    def values(self) -> list[tuple[str, str]]:
        """Return every sealed text with what it is bound to; raises `ValueError`."""
        found: list[tuple[str, str]] = []

        def note(text: str, bind: str) -> str:
            found.append((text, bind))
            return text

        self.changed(note)
        return found

    def changed(self, change: Change) -> str:
        """Return the column's content with every sealed text replaced; raises `ValueError`."""
        bind = self.column.bind.format_map(self.key)
        match self.column.form:
            case Form.TEXT:
                return change(self.data, bind)
            case Form.JSON_TEXT:
                return dumps(change(str(loads(self.data)), bind)).decode()
            case Form.SPEC:
                return dumps(_visited(loads(self.data), bind, (), change)).decode()


async def batches(connection: "AsyncConnection") -> AsyncIterator[list[Row]]:
    """Yield the rows that hold sealed values, some of one column at once.

    Rows may be updated on the way.
    """
    for column in COLUMNS:
        last = -1
        while found := await _batch(connection, column, last):
            yield found
            last = found[-1].rowid


async def update(connection: "AsyncConnection", changed: Sequence[tuple[Row, str]]) -> None:
    """Replace the content of the column of some rows of one batch."""
    from sqlalchemy import bindparam, literal_column, update

    from hub.storage.tables import metadata

    if not changed:
        return
    column = changed[0][0].column
    table = metadata.tables[column.table]
    await connection.execute(
        update(table)
        .where(literal_column("rowid") == bindparam("_row"))
        .values({table.c[column.column]: bindparam("_content")}),
        [{"_row": row.rowid, "_content": data} for row, data in changed],
    )


async def exist(connection: "AsyncConnection") -> bool:
    """Tell whether the database holds any sealed value."""
    async for _rows in batches(connection):
        return True
    return False


async def _batch(connection: "AsyncConnection", column: Column, after: int) -> list[Row]:
    from sqlalchemy import func, literal_column, select

    from hub.storage.tables import metadata

    table = metadata.tables[column.table]
    rowid: Any = literal_column("rowid")
    data = table.c[column.column]
    wanted = select(rowid, data, *(table.c[name] for name in column.key)).where(
        rowid > after, data.is_not(None), *(table.c[k] == v for k, v in column.where.items())
    )
    if column.form is Form.SPEC:
        wanted = wanted.where(func.instr(data, f'"{STORED}"') > 0)
    result = await connection.execute(wanted.order_by(rowid).limit(BATCH))
    return [
        Row(column, row[0], dict(zip(column.key, row[2:], strict=True)), row[1]) for row in result
    ]


def _visited(value: Any, bind: str, path: tuple[Any, ...], change: Change) -> Any:
    """Return a copy of stored JSON with its sealed texts replaced."""
    from hub.schema.markers import dotted, names

    if isinstance(value, Mapping):
        if STORED in value:
            return {**value, STORED: change(str(value[STORED]), f"{bind}:{dotted(path)}")}
        return {key: _visited(item, bind, (*path, key), change) for key, item in value.items()}
    if isinstance(value, list):
        named = zip(names(value), value, strict=True)
        return [_visited(item, bind, (*path, name), change) for name, item in named]
    return value
