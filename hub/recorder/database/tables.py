"""The tables of the history, as SQLAlchemy Core sees them, for SQLite, PostgreSQL and MySQL.

States are clustered by entity and time, so that the day of one entity is one range of the file.
Times of changes and events are microseconds since 1970, those of statistics seconds. Numbers of
names are given by the hub, never by the database, so that a batch can be written again.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects.mysql import DOUBLE, MEDIUMTEXT

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Number: Final = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite makes only `INTEGER PRIMARY KEY` the row's own number."""

LongText: Final = Text().with_variant(MEDIUMTEXT(), "mysql", "mariadb")
Double: Final = Float(53).with_variant(DOUBLE(asdecimal=False), "mysql", "mariadb")

_MYSQL: Final[dict[str, Any]] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_bin",
}
_CLUSTERED: Final[dict[str, Any]] = {"sqlite_with_rowid": False, **_MYSQL}

meta: Final = Table(
    "recorder_meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    **_CLUSTERED,
)
"""`schema` (the version; 0 = the tables are being made) and the watermarks of statistics."""

entities: Final = Table(
    "entities",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("entity_id", String(255), nullable=False),
    Index("uq_entities_entity_id", "entity_id", unique=True),
    **_MYSQL,
)

attributes: Final = Table(
    "attributes",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("hash", BigInteger, nullable=False),
    Column("data", LongText, nullable=False),
    Index(None, "hash"),
    **_MYSQL,
)
"""One row per distinct JSON object; `hash` are the first 8 bytes of its BLAKE2b, signed."""

contexts: Final = Table(
    "contexts",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("context", String(64), nullable=False),
    Column("parent", String(64)),
    Column("user_id", String(64)),
    Index(None, "context"),
    **_MYSQL,
)
"""Only where a user or a parent caused it, or an event of the same context was kept."""

states: Final = Table(
    "states",
    metadata,
    Column("entity", Integer, primary_key=True, autoincrement=False),
    Column("time", BigInteger, primary_key=True, autoincrement=False),
    Column("state", String(255)),
    Column("attributes", Number),
    Column("changed", BigInteger),
    Column("context", Number),
    **_CLUSTERED,
)
"""`state` NULL = removed; `attributes` NULL = not kept; `changed` NULL = the same as `time`."""

event_types: Final = Table(
    "event_types",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", String(64), nullable=False),
    Index("uq_event_types_name", "name", unique=True),
    **_MYSQL,
)

events: Final = Table(
    "events",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("type", Integer, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("data", LongText, nullable=False),
    Column("context", Number),
    Index(None, "time"),
    **_MYSQL,
)

statistics_meta: Final = Table(
    "statistics_meta",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("statistic_id", String(255), nullable=False),
    Column("source", String(64), nullable=False),
    Column("unit", String(64)),
    Column("unit_class", String(64)),
    Column("has_mean", Boolean, nullable=False),
    Column("has_sum", Boolean, nullable=False),
    Column("mean_type", SmallInteger, nullable=False),
    Column("name", String(255)),
    Index("uq_statistics_meta_statistic_id", "statistic_id", unique=True),
    **_MYSQL,
)


def _statistics(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("meta", Integer, primary_key=True, autoincrement=False),
        Column("start", BigInteger, primary_key=True, autoincrement=False),
        Column("mean", Double),
        Column("min", Double),
        Column("max", Double),
        Column("last", Double),
        Column("sum", Double),
        Column("state", Double),
        Column("coverage", Double),
        Column("count", Integer),
        Column("last_reset", Double),
        **_CLUSTERED,
    )


statistics_short: Final = _statistics("statistics_short")
"""5 minutes."""
statistics_hour: Final = _statistics("statistics_hour")
statistics_day: Final = _statistics("statistics_day")
"""Days of the house's time zone."""
