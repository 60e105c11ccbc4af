"""What can be wrong with a backup, in words that say what to do."""

from hub.errors import HubError


class BackupError(HubError):
    """A backup can not be made, opened, proved or put back; the message names file and reason."""

    code = "backup_error"
    http_status = 500
