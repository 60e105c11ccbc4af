"""A `proxy.group` changes nothing by itself: what is placed on it is deployed anew."""

from collections.abc import Sequence

from hub.sdk import Controller, Desired, Hub, Progress, Step
from integrations.proxy.fleet import fleet_of

Members = tuple[str, ...]


class Groups(Controller[Members]):
    """What is observed are the members for which the users of a group were woken last."""

    def __init__(self, hub: Hub) -> None:
        """Know of no group yet."""
        super().__init__(hub)
        self._fleet = fleet_of(hub)
        self._members: dict[str, Members] = {}

    async def observe(self, desired: Desired) -> Members:
        """Return the members as they were; those of now when they are seen for the first time.

        None are known when the hub ended before it could wake anybody for the newest ones.
        """
        status = self.hub.resources.status(desired.type, desired.key)
        if desired.key not in self._members and status.observed_revision != desired.revision:
            return () if self._fleet.is_used(desired.key) else self._known(desired)
        return self._known(desired)

    def _known(self, desired: Desired) -> Members:
        return self._members.setdefault(desired.key, tuple(desired.spec["servers"]))

    def plan(self, desired: Desired, observed: Members) -> Sequence[Step]:
        """Say who comes and who goes."""
        wanted = tuple(desired.spec["servers"])
        if desired.deleting or observed == wanted:
            return []
        come = [key for key in wanted if key not in observed]
        go = [key for key in observed if key not in wanted]
        said = [f"{', '.join(come)} joins"] * bool(come) + [f"{', '.join(go)} leaves"] * bool(go)
        what = f"{desired.id}: {' and '.join(said) or 'the order changes'}"
        return [Step("members", desired.key, what, list(observed), list(wanted))]

    async def apply(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Wake what is placed on the group."""
        del progress
        self._members[desired.key] = tuple(step.after)
        self._fleet.wake_users(desired.key)

    async def undo(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Wake it with the members from before."""
        del progress
        self._members[desired.key] = tuple(step.before)
        self._fleet.wake_users(desired.key)

    async def forget(self, key: str) -> None:
        """Drop what is known of a group that is gone."""
        self._members.pop(key, None)
