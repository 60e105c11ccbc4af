"""Failures of the door itself."""

from hub.errors import HubError


class PortUnusable(HubError):  # noqa: N818 - names the fact
    """The configured address can not be opened; the message says what to do."""

    code = "port_unusable"
