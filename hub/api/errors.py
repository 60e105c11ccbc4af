"""Failures of the door itself, and of questions about the past."""

from hub.errors import HubError


class PortUnusable(HubError):  # noqa: N818 - names the fact
    """The configured address can not be opened; the message says what to do."""

    code = "port_unusable"


class InvalidStartTime(HubError):  # noqa: N818 - the wire names these without "Error"
    """The start of a range is no ISO time, or lies where it may not."""

    code = "invalid_start_time"
    http_status = 400


class InvalidEndTime(HubError):  # noqa: N818
    """The end of a range is no ISO time, or lies before its start."""

    code = "invalid_end_time"
    http_status = 400


class InvalidEntityIds(HubError):  # noqa: N818
    """One of the ids does not have the form of an entity id."""

    code = "invalid_entity_ids"
    http_status = 400


class InvalidTimeRange(HubError):  # noqa: N818
    """A range has only one of its two ends, or ends before it starts."""

    code = "invalid_time_range"
    http_status = 400


class InvalidUnits(HubError):  # noqa: N818
    """Numbers can not be told in the wished unit."""

    code = "invalid_units"
    http_status = 400


class UnknownStatisticId(HubError):  # noqa: N818
    """There are no statistics of this name."""

    code = "unknown_statistic_id"
    http_status = 404


class AnswerTooLarge(HubError):  # noqa: N818
    """The answer would be larger than the hub sends at once; the message says what to ask."""

    code = "answer_too_large"
    http_status = 400
