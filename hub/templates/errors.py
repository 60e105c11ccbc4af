"""What goes wrong with a template."""

from hub.errors import HubError


class TemplateError(HubError):
    """The template is not valid, failed, took too long or made too much text."""

    code = "template_error"
    http_status = 400

    def __init__(self, message: str, line: int | None = None, *, late: bool = False) -> None:
        """Name the line, counted from 1; `late` when the time was over."""
        super().__init__(message if line is None else f"{message} (line {line})")
        self.line = line
        self.late = late
