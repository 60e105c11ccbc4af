"""Templates in an immutable sandbox, with limits and with a record of what each one reads."""

from hub.templates.errors import TemplateError
from hub.templates.model import House, Reader, Rendered, Template, Tracker
from hub.templates.templates import Templates

__all__ = ["House", "Reader", "Rendered", "Template", "TemplateError", "Templates", "Tracker"]
