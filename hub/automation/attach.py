"""Triggers of one owner, listening."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hub.automation import fields
from hub.errors import HubError

if TYPE_CHECKING:
    from hub.automation.world import Unsubscribe, World
    from hub.events import Context

_LOGGER = logging.getLogger(__name__)

Fired = Callable[[dict[str, Any], "Context | None"], None]


def attach(
    world: "World",
    triggers: Sequence[Mapping[str, Any]],
    fired: Fired,
    variables: Mapping[str, Any],
    owner: str,
) -> "Unsubscribe":
    """Let triggers listen; `fired` gets the `trigger` variable, id, idx and alias included.

    One that can not listen (what it names is not there) is one log line and does not hold up the
    others.
    """
    stops: list[Unsubscribe] = []
    for index, config in enumerate(triggers):
        try:
            if fields.is_enabled(world, config["enabled"], variables):
                stops.append(_attach(world, index, config, fired, variables))
        except HubError as error:
            _LOGGER.error(  # noqa: TRY400 - the message says it all
                "%s: trigger %d (%s) does not listen: %s",
                owner,
                index,
                config["trigger"],
                error.message,
            )

    def stop() -> None:
        for one in stops:
            one()
        stops.clear()

    return stop


def _attach(
    world: "World",
    index: int,
    config: Mapping[str, Any],
    fired: Fired,
    variables: Mapping[str, Any],
) -> "Unsubscribe":
    from hub.automation.triggers import TRIGGERS

    name = {"id": config.get("id", str(index)), "idx": str(index), "alias": config.get("alias")}

    def run(found: dict[str, Any], cause: "Context | None") -> None:
        fired({**name, **found}, cause)

    if own := config["variables"]:
        variables = {**variables, **world.templates.render(own, variables)}
    return TRIGGERS[config["trigger"]].attach(world, config, run, variables)
