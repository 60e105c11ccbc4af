"""Connections: one for the writer, a few for readers, each with limits of its own."""

import ssl
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

    from hub.recorder.database.address import Address

READERS: Final = 4
"""Connections that read at once; further readers wait up to `POOL_SECONDS`."""
POOL_SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 10.0
BUSY_SECONDS: Final = 5.0
"""How long SQLite waits for another program's lock before an attempt counts as failed."""
STATEMENT_SECONDS: Final = 60
"""What a server may take for one statement."""

_WRITER_PRAGMAS: Final = (
    "synchronous=NORMAL",
    "cache_size=-16384",
    "journal_size_limit=16777216",
)
_READER_PRAGMAS: Final = ("query_only=ON", "cache_size=-8192")


def make_engine(
    address: "Address", *, writer: bool, busy_seconds: float = BUSY_SECONDS
) -> "AsyncEngine":
    """Make the pool of the writer (one connection) or of the readers; nothing is opened yet."""
    from sqlalchemy import event
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(
        address.url,
        **_way_in(address, busy_seconds),
        pool_size=1 if writer else READERS,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_pre_ping=address.path is None,
        pool_recycle=1800,
        hide_parameters=True,
    )
    if address.dialect == "sqlite":
        _set_up_sqlite(engine, writer=writer)
    elif address.dialect == "mysql":
        event.listen(engine.sync_engine, "connect", _limit_mysql)
    return engine


def _set_up_sqlite(engine: "AsyncEngine", *, writer: bool) -> None:
    from sqlalchemy import event

    def connected(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in _WRITER_PRAGMAS if writer else _READER_PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begun(connection: "Connection") -> None:
        # The driver is in autocommit mode; a writer takes its lock at once instead of failing
        # when it turns from reading to writing.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "begin", begun)


def _limit_mysql(connection: Any, _record: object) -> None:
    """Let the server end what takes too long; MySQL and MariaDB name that differently."""
    cursor = connection.cursor()
    for statement in (
        f"SET SESSION max_statement_time = {STATEMENT_SECONDS}",
        f"SET SESSION max_execution_time = {STATEMENT_SECONDS * 1000}",
    ):
        try:
            cursor.execute(statement)
        except Exception:  # noqa: BLE001, S112 - the other server's name
            continue
        break
    cursor.execute("SET SESSION innodb_lock_wait_timeout = 10")
    cursor.close()


def _way_in(address: "Address", busy_seconds: float) -> dict[str, Any]:
    """Return how SQLAlchemy gets a connection of the driver."""
    if address.path is not None:
        from hub.util.sqlite import opener

        return {"async_creator": opener(address.path, timeout=busy_seconds, isolation_level=None)}
    return {"connect_args": _connect_args(address)}


def _connect_args(address: "Address") -> dict[str, Any]:
    secure = address.parts.ssl
    if address.dialect == "postgresql":
        found: dict[str, Any] = {
            "timeout": CONNECT_SECONDS,
            "command_timeout": STATEMENT_SECONDS + 10,
            "server_settings": {
                "application_name": "hub recorder",
                "statement_timeout": str(STATEMENT_SECONDS * 1000),
                "lock_timeout": "10000",
                "jit": "off",
            },
        }
        return found if secure is None else {**found, "ssl": secure}
    found = {"connect_timeout": CONNECT_SECONDS, "charset": "utf8mb4"}
    return {**found, "ssl": ssl.create_default_context()} if secure == "verify-full" else found
