"""What a person can choose about an import."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from integrations.proxy.importing.certificates import Mode
from integrations.proxy.importing.result import Placement


@dataclass(frozen=True, slots=True)
class Options:
    """What a person can choose."""

    placement: Placement
    certificates: Mode = Mode.REPORT
    email: str = ""
    directory: str = ""
    """The ACME directory; empty = the hub's default."""
    prefix: str = ""
    """Begins every key."""
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of users that are only known by a hash."""
