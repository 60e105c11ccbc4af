"""The resource type `host.server`: a machine that integrations work on over SSH."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.errors import HubError, Unavailable
from hub.resources.controller import Controller
from hub.resources.model import Condition, Desired, DriftPolicy, ResourceType, Step
from hub.resources.types.host_schema import SCHEMA, check, server
from hub.resources.types.host_services import stored
from hub.runner import (
    AuthFailed,
    Facts,
    HostKeyChanged,
    HostKeyUnknown,
    InvalidCredential,
    Server,
    SSHRunner,
    Sudo,
    SudoRefused,
)
from hub.runner.allow import CORE

TYPE: Final = "host.server"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at the host found; `error` = how far it came."""

    facts: Facts | None = None
    rights: str | None = None
    error: HubError | None = None


class HostServer(Controller[Seen]):
    """Looks whether the hub can work on the host; there is nothing to be changed there."""

    async def observe(self, desired: Desired) -> Seen:
        """Connect, look around, ask sudo; raises what stands in the way."""
        if desired.deleting:
            return Seen()
        wanted = server(desired.key, desired.spec)
        runners = self.hub.runners
        if wanted != stored(self.hub, desired.key):
            # somebody asks what would be: the kept connection stays as it is
            async with runners.trial(wanted, CORE) as trial:
                seen = await _look(wanted, trial)
        else:
            runners.put(wanted)
            seen = await _look(wanted, runners.host(desired.key, CORE))
            if seen.error is not None:
                self._tell(desired, seen)
        if seen.error is not None:
            raise seen.error
        return seen

    def plan(self, desired: Desired, observed: Seen) -> Sequence[Step]:
        """Nothing: a server is there or not."""
        del desired, observed
        return ()

    def conditions(self, desired: Desired, observed: Seen) -> Sequence[Condition]:
        """Tell how far the hub comes: reach it, know it, log in, become root."""
        if desired.deleting:
            return ()
        return _conditions(desired, observed)

    def facts(self, desired: Desired, observed: Seen) -> Mapping[str, Any]:
        """Tell what the host is."""
        del desired
        found = {} if observed.facts is None else observed.facts.as_dict()
        if observed.rights is not None:
            found["sudo"] = observed.rights
        return found

    async def forget(self, key: str) -> None:
        """Close the connection of a server that is gone."""
        self.hub.runners.remove(key)

    async def stop(self) -> None:
        """Close every connection."""
        await self.hub.runners.close()

    def _tell(self, desired: Desired, seen: Seen) -> None:
        """Show the conditions of a look that failed; the engine adds phase and message."""
        board = self.hub.resources.board
        before = board.get(desired.id)
        since = {item.type: item for item in before.conditions}
        now = self.hub.clock.time()
        found = []
        for item in _conditions(desired, seen):
            known = since.get(item.type)
            kept = known is not None and known.status == item.status
            moment = known.since if known is not None and kept else now
            found.append(Condition(item.type, item.status, item.reason, item.message, moment))
        board.set(desired.id, before.but(conditions=found))


async def _look(wanted: Server, runner: SSHRunner) -> Seen:
    """Look as far as one gets."""
    facts: Facts | None = None
    try:
        facts = await runner.facts()
        rights = await runner.rights() if wanted.sudo is not Sudo.NONE else None
    except HubError as error:
        return Seen(facts, error=error)
    return Seen(facts, None if rights is None else rights.value)


def _conditions(desired: Desired, seen: Seen) -> list[Condition]:
    """Return the conditions in the order in which a connection is made; None = not come so far."""
    error = seen.error
    reached: bool | None = True
    known: bool | None = True
    inside: bool | None = True
    match error:
        case None | SudoRefused():
            pass
        case Unavailable() if seen.facts is None:
            reached, known, inside = False, None, None
        case HostKeyChanged() | HostKeyUnknown():
            known, inside = False, None
        case AuthFailed() | InvalidCredential():
            inside = False
        case _:
            pass
    conditions = [
        _condition("reachable", reached, error),
        _condition("host_key", known, error),
        _condition("authenticated", inside, error),
    ]
    if desired.spec["sudo"] != Sudo.NONE:
        root = None if seen.rights is None else True
        if isinstance(error, SudoRefused):
            root = False
        conditions.append(_condition("sudo", root, error))
    return conditions


def _condition(type: str, status: bool | None, error: HubError | None) -> Condition:
    if status is not False or error is None:
        return Condition(type, status)
    return Condition(type, status, error.code, error.message)


TYPES: Final = (
    ResourceType(
        name=TYPE,
        schema=SCHEMA,
        check=check,
        controller=HostServer,
        title="Server",
        description="A machine that the hub works on over SSH",
        title_of=lambda spec: spec.get("name") or spec.get("address"),
        drift=DriftPolicy.REPORT,
        observe_seconds=300.0,
        workers=16,
    ),
)
