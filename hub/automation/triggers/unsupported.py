"""Kinds that Home Assistant knows and the hub does not, refused in words."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

import voluptuous as vol

from hub.automation.triggers.kind import Run, TriggerKind
from hub.errors import NotSupported

if TYPE_CHECKING:
    from hub.automation.world import World

_INSTEAD: Final = {
    "calendar": "use time triggers, or a schedule helper with a state trigger",
    "conversation": "there is no voice assistant",
    "geo_location": "there are no zones",
    "persistent_notification": "use an event trigger",
    "sentence": "there is no voice assistant",
    "tag": "use an event trigger on tag_scanned",
    "zone": "there are no zones: use a state trigger on what tells who is at home",
}


def _refuse(name: str, config: Mapping[str, Any]) -> NoReturn:
    del config
    raise vol.Invalid(
        f"triggers of the kind {name} are not supported: {_INSTEAD[name]}", path=["trigger"]
    )


def _attach(
    world: "World", config: Mapping[str, Any], run: Run, variables: Mapping[str, Any]
) -> NoReturn:
    del world, run, variables
    raise NotSupported(f"triggers of the kind {config['trigger']} are not supported")


_ANYTHING: Final[dict[Any, Any]] = {vol.Extra: object}

KINDS: Final = tuple(
    TriggerKind(name, _ANYTHING, _attach, partial(_refuse, name)) for name in _INSTEAD
)
