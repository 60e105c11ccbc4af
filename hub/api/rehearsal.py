"""What both doors do about replays, references and traces."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import voluptuous as vol

from hub.api import automations
from hub.errors import InvalidFormat, NotFound
from hub.schema import entity_id, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.auth.user import User
    from hub.events import Context
    from hub.hub import Hub

REPLAY: Final[dict[Any, Any]] = {
    vol.Required("entity_id"): entity_id,
    vol.Required("start"): text,
    vol.Optional("end"): vol.Any(None, text),
    vol.Optional("config"): vol.Any(None, dict),
}
OF: Final[dict[Any, Any]] = {vol.Required("entity_id"): entity_id}
RENAME: Final[dict[Any, Any]] = {
    vol.Required("old_entity_id"): entity_id,
    vol.Required("new_entity_id"): entity_id,
    vol.Optional("dry_run", default=False): bool,
}
TRACE: Final[dict[Any, Any]] = {
    vol.Required("entity_id"): text,
    vol.Optional("run_id"): text,
}


async def replay(hub: "Hub", user: "User", asked: "Mapping[str, Any]") -> dict[str, Any]:
    """Return what an automation would have done; times without a zone are the house's."""
    from hub.automation.rehearsal.replay import replay as play

    start = _epoch(hub, "start", asked["start"])
    end = None if asked.get("end") is None else _epoch(hub, "end", asked["end"])
    return await play(hub, asked["entity_id"], start, end, asked.get("config"), user)


def _epoch(hub: "Hub", name: str, value: str) -> float:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(hub.settings.hub.time_zone))
        return moment.astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        raise InvalidFormat(f"{name}: expected a time such as 2026-01-15T22:00:00+01:00") from None


async def rename(
    hub: "Hub", user: "User", asked: "Mapping[str, Any]", context: "Context"
) -> dict[str, Any]:
    """Write the new id of an entity wherever the old one is named."""
    return await hub.references.rename(
        asked["old_entity_id"], asked["new_entity_id"], context, user, dry_run=asked["dry_run"]
    )


def traces(hub: "Hub", user: "User", asked: "Mapping[str, Any]") -> Any:
    """Return the kept runs of an automation or script, oldest first, or one run in full.

    The rights are those of `trace/list`; raises `NotFound` and `Unauthorized`.
    """
    entity_id = asked["entity_id"]
    item = hub.automations.get(entity_id)
    if not user.may_resource("read", f"hub.{item.kind}", item.key):
        raise NotFound(f"There is no automation or script {entity_id}")
    if "run_id" in asked:
        return automations.trace(hub, user, item.kind, item.id, asked["run_id"]).as_dict()
    return [trace.short() for trace in automations.traces(hub, user, item.kind, item.id)]
