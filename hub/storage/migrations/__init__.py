"""From an older schema to the present one; alembic does the work, and only when there is any."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

HEAD: Final = "0003"
"""The schema that this hub writes; a test compares it with the newest file in `versions/`."""

FOLDER: Final = Path(__file__).parent


def known() -> frozenset[str]:
    """Return every schema version that can be brought up to `HEAD`."""
    found = (path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py"))
    return frozenset(found)


def upgrade(connection: "Connection", version: str | None) -> None:
    """Bring the schema from `version` (None = an empty file) to `HEAD` in this transaction."""
    if version is None:
        create(connection)
    else:
        run(connection)


def create(connection: "Connection") -> None:
    """Make all tables as they are now; a test proves the migrations lead to the same."""
    from hub.storage.tables import metadata, schema_version

    metadata.create_all(connection)
    connection.execute(schema_version.insert(), {"version_num": HEAD})


def run(connection: "Connection") -> None:
    """Run the missing migrations with alembic."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
