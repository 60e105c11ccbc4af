"""Where the history lies."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import voluptuous as vol

from hub.errors import InvalidFormat
from hub.schema.database_url import DatabaseUrl, parse

if TYPE_CHECKING:
    from sqlalchemy import URL

FILE: Final = "history.db"
"""The SQLite file in the data folder when the configuration names no database."""

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "mysql": "mysql+aiomysql",
}


@dataclass(frozen=True, slots=True)
class Address:
    """The database of the recorder; its texts never hold the password."""

    parts: DatabaseUrl
    path: Path | None
    """The SQLite file; None for a server."""

    @classmethod
    def of(cls, url: str | None, data_dir: Path) -> "Address":
        """Read the address of the configuration; raises `InvalidFormat`."""
        if url is None:
            return cls(DatabaseUrl("sqlite", path=FILE), data_dir / FILE)
        try:
            parts = parse(url)
        except vol.Invalid as error:
            raise InvalidFormat(f"recorder.url: {error.msg}") from None
        if parts.path is None:
            return cls(parts, None)
        path = data_dir / parts.path  # an absolute path stays what it is
        if path.resolve() == (data_dir / "hub.db").resolve():
            raise InvalidFormat("recorder.url: hub.db is the hub's own; name another file")
        return cls(parts, path)

    @property
    def dialect(self) -> str:
        """Return sqlite, postgresql or mysql."""
        return self.parts.dialect

    @property
    def url(self) -> "URL":
        """Return the address for SQLAlchemy; it hides the password in its texts by itself."""
        from sqlalchemy import URL

        parts = self.parts
        if self.path is not None:
            return URL.create(_DRIVERS["sqlite"], database=str(self.path))
        return URL.create(
            _DRIVERS[parts.dialect],
            username=parts.user,
            password=parts.password,
            host=parts.host,
            port=parts.port,
            database=parts.database,
        )

    def __str__(self) -> str:
        """Return the file, or the server's address without the password."""
        if self.path is not None:
            return str(self.path)
        parts = self.parts
        user = "" if parts.user is None else f"{parts.user}@"
        port = "" if parts.port is None else f":{parts.port}"
        return f"{parts.dialect}://{user}{parts.host}{port}/{parts.database}"

    def hide(self, text: str) -> str:
        """Return a text of a driver without the password, should it ever stand in it."""
        password = self.parts.password
        if not password:
            return text
        for form in {password, quote(password, safe=""), quote(password)}:
            text = text.replace(form, "**")
        return text
