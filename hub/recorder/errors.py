"""What the recorder answers when it can not."""

from hub.errors import HubError


class RecorderUnavailable(HubError):  # noqa: N818 - the wire names these without "Error"
    """The recorder is off, or its database can not be used now; the message says which."""

    code = "recorder_unavailable"
    http_status = 503
