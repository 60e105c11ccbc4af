"""The hub's database: one SQLite file, its tables, documents and the write-behind row queue."""

from hub.storage.database import Database
from hub.storage.documents import Documents
from hub.storage.errors import StorageError
from hub.storage.keeper import Keeper
from hub.storage.rows import RowQueue

__all__ = ["Database", "Documents", "Keeper", "RowQueue", "StorageError"]
