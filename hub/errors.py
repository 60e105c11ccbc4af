"""Every error the hub raises on purpose, each with a code that is stable on the wire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


class HubError(Exception):
    """An expected failure of a service or integration that is not the caller's mistake."""

    code: ClassVar[str] = "home_assistant_error"
    http_status: ClassVar[int] = 500
    translation_key: str | None = None
    by_code: ClassVar[dict[str, type["HubError"]]] = {}

    def __init__(
        self,
        message: str,
        *,
        placeholders: Mapping[str, str] | None = None,
        translation_key: str | None = None,
    ) -> None:
        """Hold a message that a person can act on; it never contains a secret."""
        super().__init__(message)
        self.message = message
        self.placeholders = dict(placeholders or {})
        if translation_key is not None:
            self.translation_key = translation_key

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Register the class under its code, so that a client can rebuild it from the wire."""
        super().__init_subclass__(**kwargs)
        HubError.by_code.setdefault(cls.code, cls)

    def as_dict(self) -> dict[str, Any]:
        """Return the `error` object of a websocket result."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.translation_key is not None:
            error["translation_key"] = self.translation_key
            error["translation_placeholders"] = self.placeholders
            error["translation_domain"] = "homeassistant"
        return error


HubError.by_code[HubError.code] = HubError


class InvalidFormat(HubError):  # noqa: N818 - the wire names these without "Error"
    """The message, body or field does not have the documented form."""

    code = "invalid_format"
    http_status = 400


class ServiceValidationError(HubError):
    """The caller's mistake, found by the service."""

    code = "service_validation_error"
    http_status = 400


class NotFound(HubError):  # noqa: N818
    """The named thing does not exist."""

    code = "not_found"
    http_status = 404


class ServiceNotFound(NotFound):
    """The named service does not exist."""

    http_status = 400
    translation_key = "service_not_found"

    def __init__(self, domain: str, service: str) -> None:
        """Name the missing service."""
        super().__init__(
            f"Service {domain}.{service} not found.",
            placeholders={"domain": domain, "service": service},
        )


class Unauthorized(HubError):  # noqa: N818
    """The user is known but may not do this."""

    code = "unauthorized"
    http_status = 403

    def __init__(self, message: str = "Unauthorized") -> None:
        """Keep the text short: it must not tell what exists."""
        super().__init__(message)


class Unavailable(HubError):  # noqa: N818
    """The outside system can not be reached at the moment; trying again may help."""

    code = "unavailable"
    http_status = 503


class InvalidInfo(HubError):  # noqa: N818
    """A registry refuses the value: a name is taken, an id is unknown or malformed."""

    code = "invalid_info"
    http_status = 400


class NotAllowed(HubError):  # noqa: N818
    """The operation is refused in the present situation."""

    code = "not_allowed"
    http_status = 400


class NotSupported(HubError):  # noqa: N818
    """The operation is impossible for this entity or installation."""

    code = "not_supported"
    http_status = 400


class TimedOut(HubError):  # noqa: N818
    """The outside did not answer in time; the outcome is unknown."""

    code = "timeout"
    http_status = 504


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a configuration file."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        """Render as `file:line: message`."""
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.message}"


class ConfigError(HubError):
    """The configuration has problems; all of them are listed."""

    code = "invalid_config"
    http_status = 400

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Take every problem found; the message is one line for each."""
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
