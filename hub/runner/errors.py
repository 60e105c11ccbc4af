"""What can go wrong on a host; every message names the host and what to do, and no secret."""

from typing import Any

from hub.errors import HubError, TimedOut, Unavailable


class Unreachable(Unavailable):
    """No connection to the host at the moment; nothing was run, trying again may help."""

    code = "unreachable"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        """Say in how many seconds the hub itself tries again, when it waits."""
        super().__init__(message)
        self.retry_after = retry_after


class AuthFailed(HubError):  # noqa: N818 - the wire names these without "Error"
    """The host refuses user or credential; not tried again until the credential changes."""

    code = "auth_failed"
    http_status = 502


class InvalidCredential(HubError):  # noqa: N818
    """The private key can not be read: no key, or another passphrase."""

    code = "invalid_credential"
    http_status = 400


class HostKeyUnknown(HubError):  # noqa: N818
    """No key of the host is trusted yet; `seen` is what it showed."""

    code = "host_key_unknown"
    http_status = 409

    def __init__(self, message: str, *, seen: Any = None) -> None:
        """Keep the key that was shown, for the one who has to compare it."""
        super().__init__(message)
        self.seen = seen


class HostKeyChanged(HubError):  # noqa: N818
    """The host shows a key that is not trusted; no credential was sent."""

    code = "host_key_changed"
    http_status = 409

    def __init__(self, message: str, *, seen: Any = None) -> None:
        """Keep the key that was shown."""
        super().__init__(message)
        self.seen = seen


class SudoRefused(HubError):  # noqa: N818
    """The command needs root and the user may not become root; nothing was run."""

    code = "sudo_refused"
    http_status = 502


class CommandNotAllowed(HubError):  # noqa: N818
    """The integration may not run this program, or an argument can not be sent; nothing was run."""

    code = "command_not_allowed"
    http_status = 403


class CommandFailed(HubError):  # noqa: N818
    """The command ran and said that it failed."""

    code = "command_failed"
    http_status = 502


class CommandTimedOut(TimedOut):
    """The command did not end in time and was stopped where that was possible."""


class OutcomeUnknown(HubError):  # noqa: N818
    """The connection was lost while the command ran: it may or may not have done its work."""

    code = "outcome_unknown"
    http_status = 502


class DiskFull(HubError):  # noqa: N818
    """There is no room for the file on the host; what was there before is untouched."""

    code = "disk_full"
    http_status = 507


class AccessDenied(HubError):  # noqa: N818
    """The user on the host may not read or write the file."""

    code = "access_denied"
    http_status = 502


class TooLarge(HubError):  # noqa: N818
    """The file is larger than the caller wants to hold in memory."""

    code = "too_large"
    http_status = 413
