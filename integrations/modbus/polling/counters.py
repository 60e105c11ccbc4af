"""What happened to a device since its start."""

from dataclasses import dataclass

from integrations.modbus.line.errors import BadAnswer, Fault, NoAnswer, Refused


@dataclass(slots=True)
class Counters:
    """What happened since the start."""

    requests: int = 0
    answers: int = 0
    timeouts: int = 0
    bad_answers: int = 0
    refused: int = 0
    cycles: int = 0
    missed_cycles: int = 0
    """Rounds that did not take place because the one before was not over."""
    late_cycles: int = 0
    """Rounds that left something to the next because their time was over."""
    writes: int = 0
    unconfirmed: int = 0
    superseded: int = 0
    expired: int = 0
    """Queued writes that were dropped because the device stayed away."""

    def count(self, fault: Fault) -> None:
        """Count a request that ended with a fault."""
        if isinstance(fault, NoAnswer):
            self.timeouts += 1
        elif isinstance(fault, BadAnswer):
            self.bad_answers += 1
        elif isinstance(fault, Refused):
            self.refused += 1
