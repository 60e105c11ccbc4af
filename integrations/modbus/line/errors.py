"""How a request can end other than well; none of these is an error of the hub."""


class Fault(Exception):  # noqa: N818 - its kinds are named for what happened
    """The base of all; the text is for people, `word` for attributes and metrics."""

    word = "fault"


class LinkDown(Fault):
    """There is no connection; says nothing about the device."""

    word = "link_down"


class NoAnswer(Fault):
    """The device did not answer in time, or the connection broke while it was asked."""

    word = "timeout"


class BadAnswer(Fault):
    """What came is damaged, too short, or the answer to another question."""

    word = "bad_answer"


class Refused(Fault):
    """The device answered with a Modbus exception (V1.1b3, section 7): it lives."""

    word = "refused"

    def __init__(self, code: int, message: str) -> None:
        """Keep the code: 1 function, 2 address, 3 value, 4 failure, 5 acknowledge, 6 busy, ..."""
        super().__init__(message)
        self.code = code

    @property
    def is_transport(self) -> bool:
        """Tell whether a gateway says that it does not reach the device: 0x0A and 0x0B."""
        return self.code in {0x0A, 0x0B}


class Overloaded(Fault):
    """More requests wait for the link than it will ever get to."""

    word = "overloaded"
