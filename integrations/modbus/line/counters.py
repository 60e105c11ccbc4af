"""What a link counts."""

from dataclasses import dataclass

_WEIGHT = 0.1


@dataclass(slots=True)
class Counters:
    """Since the line was made; times in seconds."""

    requests: int = 0
    """Sent, with all tries."""
    answers: int = 0
    """Good ones and exceptions."""
    timeouts: int = 0
    """Unanswered, or the connection broke meanwhile."""
    bad_answers: int = 0
    refused: int = 0
    """Answers that were exceptions."""
    late: int = 0
    """Answers of a bus that came after their time."""
    reconnects: int = 0
    """Connections after the first of each."""
    bytes_in: int = 0
    bytes_out: int = 0
    latency: float | None = None
    """Moving average from question to answer."""
    last_latency: float | None = None

    def answered(self, seconds: float) -> None:
        """Note an answer and how long it took."""
        self.answers += 1
        self.last_latency = seconds
        known = self.latency
        self.latency = seconds if known is None else known + _WEIGHT * (seconds - known)
