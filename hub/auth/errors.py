"""What can go wrong on the way in; texts and codes are those of the protocol, and no secrets."""

from collections.abc import Sequence
from typing import Any

from hub.errors import HubError, InvalidInfo, NotFound


class InvalidAuth(HubError):  # noqa: N818 - the wire names these without "Error"
    """User name or password is wrong; which of them is never told."""

    code = "invalid_auth"
    http_status = 401

    def __init__(self, message: str = "Invalid authentication") -> None:
        """Keep the text the same for every reason."""
        super().__init__(message)


class TooManyAttempts(HubError):  # noqa: N818
    """Too many failed logins; `retry_after` is in seconds."""

    code = "too_many_attempts"
    http_status = 429

    def __init__(self, retry_after: float) -> None:
        """Say how long to wait."""
        self.retry_after = max(1, round(retry_after + 0.5))
        super().__init__(f"Too many failed logins, try again in {self.retry_after} s")


class LoginBlocked(HubError):  # noqa: N818
    """The credentials are right, yet the user may not come in (from there)."""

    code = "login_blocked"
    http_status = 403


class RedirectRefused(HubError):  # noqa: N818
    """The address to return to does not belong to the client."""

    code = "invalid_redirect_uri"
    http_status = 403

    def __init__(self) -> None:
        """Use the text of the protocol."""
        super().__init__("Invalid redirect URI")


class FlowNotFound(NotFound):
    """There is no such login flow: unknown, finished, expired or another client's."""

    code = "unknown_flow"

    def __init__(self, message: str = "Invalid flow specified") -> None:
        """Use the text of the protocol."""
        super().__init__(message)


class FlowBusy(HubError):  # noqa: N818
    """The same flow is being answered by another request."""

    code = "flow_in_progress"
    http_status = 409

    def __init__(self) -> None:
        """Use the text of the protocol."""
        super().__init__("Flow request already in progress")


class OnboardingRequired(HubError):  # noqa: N818
    """Nobody can log in before the first user exists."""

    code = "onboarding_required"
    http_status = 400

    def __init__(self) -> None:
        """Use the text of the protocol."""
        super().__init__("Onboarding not finished")


class NoDeleteSelf(HubError):  # noqa: N818
    """Nobody deletes himself."""

    code = "no_delete_self"
    http_status = 400

    def __init__(self) -> None:
        """Use the text of the protocol."""
        super().__init__("Unable to delete your own account")


class CredentialsExist(HubError):  # noqa: N818
    """The user has a password already, or the user name is taken."""

    code = "credentials_exist"
    http_status = 400


class InvalidUsername(HubError):  # noqa: N818
    """The user name has a form that can not be used."""

    code = "invalid_username"
    http_status = 400


class InvalidCurrentPassword(HubError):  # noqa: N818
    """The password that should be changed is another one."""

    code = "invalid_current_password"
    http_status = 400

    def __init__(self) -> None:
        """Use the text of the protocol."""
        super().__init__("Invalid current password")


class GrantError(HubError):
    """The token endpoint refuses; `body` is the JSON of OAuth, `http_status` 400 or 403."""

    code = "invalid_grant_request"
    http_status = 400

    def __init__(self, error: str, description: str | None = None, *, status: int = 400) -> None:
        """Take the OAuth error and its description."""
        super().__init__(description or error)
        self.http_status = status  # type: ignore[misc]  # OAuth has two statuses for one class
        self.body: dict[str, Any] = {"error": error}
        if description is not None:
            self.body["error_description"] = description


class UserNotFound(NotFound):
    """There is no such user."""

    code = "user_not_found"

    def __init__(self) -> None:
        """Use the text of the protocol."""
        super().__init__("User not found")


class CredentialsNotFound(NotFound):
    """The user has no password that could be changed."""

    code = "credentials_not_found"

    def __init__(self) -> None:
        """Use the text of the protocol."""
        super().__init__("Credentials not found")


class InvalidCode(HubError):  # noqa: N818
    """A code of the second factor is wrong, too old or used."""

    code = "invalid_code"
    http_status = 400

    def __init__(self, message: str = "Invalid code") -> None:
        """Keep the text the same for every reason."""
        super().__init__(message)


class WeakPassword(InvalidInfo):
    """A password that would be guessed; the message says what is wrong, never the password."""

    code = "weak_password"


class InvalidPolicy(HubError):  # noqa: N818
    """A policy does not have the documented form; every problem is told with its path."""

    code = "invalid_policy"
    http_status = 400

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        """Take (path, message) pairs."""
        super().__init__("; ".join(f"{path}: {message}" for path, message in problems[:_SHOWN]))
        self.problems = [{"path": path, "message": message} for path, message in problems]

    def as_dict(self) -> dict[str, Any]:
        """Add the problems."""
        return {**super().as_dict(), "problems": self.problems}


_SHOWN = 20
