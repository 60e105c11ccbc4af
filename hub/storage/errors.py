"""What can be wrong with the database, in words that say what to do."""

from hub.errors import HubError


class StorageError(HubError):
    """The database can not be opened, read or written; the message names the file."""

    code = "storage_error"
    http_status = 503
