"""What can be wrong with the database and its secrets, in words that say what to do."""

from hub.errors import HubError


class StorageError(HubError):
    """The database can not be opened, read or written; the message names the file."""

    code = "storage_error"
    http_status = 503


class SecretUnreadable(HubError):  # noqa: N818 - the wire names these without "Error"
    """A sealed value does not open: wrong key, damaged, or moved from another place."""

    code = "secret_unreadable"
    http_status = 500


class KeyFileError(HubError):
    """The file with the sealing keys can not be used; the message names the file."""

    code = "key_file_error"
    http_status = 500
