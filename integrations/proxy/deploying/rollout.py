"""Which servers in which order: canary first, then wave by wave; pure, so tables test it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.sdk import Step

DEPLOY: Final = "deploy"
REMOVE: Final = "remove"


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a rollout goes and what it may lose, from a `proxy.group`."""

    canary: int = 0
    """Servers that are tried before all others."""
    wave: int = 8
    """Servers that are worked on at once after them."""
    failure_budget: int = 0
    """Servers that may fail before the rollout ends."""
    rollback: bool = True
    """Whether those that were done are taken back then."""
    pause: float = 0.0
    """Seconds between two waves."""

    @classmethod
    def of(cls, group: Mapping[str, Any]) -> "Pace":
        """Read the spec of a group; the defaults for servers without one."""
        if not group:
            return cls()
        return cls(
            canary=group["canary"],
            wave=group["wave"],
            failure_budget=group["failure_budget"],
            rollback=group["on_failure"] == "rollback",
            pause=group["pause"],
        )


def waves(servers: Sequence[str], pace: Pace) -> list[list[str]]:
    """Return the servers in the order in which they are worked on, together by wave."""
    first = list(servers[: pace.canary]) if len(servers) > pace.canary else []
    rest = list(servers[len(first) :])
    found = [first] if first else []
    found += [rest[at : at + pace.wave] for at in range(0, len(rest), pace.wave)]
    return found


def steps(
    id: str,
    revision: int,
    deploy: Mapping[str, int | None],
    remove: Mapping[str, int | None],
    pace: Pace,
) -> list[Step]:
    """Return one step for each wave; `deploy` and `remove`: server -> revision served there now."""
    found: list[Step] = []
    for action, servers in ((DEPLOY, deploy), (REMOVE, remove)):
        order = waves(list(servers), pace)
        for number, wave in enumerate(order):
            canary = action == DEPLOY and pace.canary and number == 0 and len(order) > 1
            verb = f"deploy {id} revision {revision} to" if action == DEPLOY else f"take {id} off"
            names = ", ".join(wave[:5]) + (f" and {len(wave) - 5} more" if len(wave) > 5 else "")
            found.append(
                Step(
                    action,
                    ", ".join(wave) if len(wave) < 4 else f"{len(wave)} servers",
                    f"{verb} {names}" + (" (canary)" if canary else ""),
                    {server: servers[server] for server in wave},
                    dict.fromkeys(wave, revision if action == DEPLOY else None),
                    {
                        "servers": wave,
                        "wave": number,
                        "first": not found,
                        "budget": pace.failure_budget,
                        "rollback": pace.rollback,
                        "pause": pace.pause if number else 0.0,
                    },
                )
            )
    return found
