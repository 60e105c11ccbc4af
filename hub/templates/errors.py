"""What goes wrong with a template."""

from hub.errors import HubError


class TemplateError(HubError):
    """The template is not valid, failed, took too long or made too much text."""

    code = "template_error"
    http_status = 400
