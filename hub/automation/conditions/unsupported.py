"""Kinds that Home Assistant knows and the hub does not, refused in words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NoReturn

import voluptuous as vol

from hub.automation.conditions.kind import Compile, ConditionKind
from hub.errors import NotSupported

if TYPE_CHECKING:
    from hub.automation.world import World

_ZONE: Final = (
    "conditions of the kind zone are not supported: there are no zones, "
    "use a state condition on what tells who is at home"
)


def _refuse(config: Mapping[str, Any]) -> NoReturn:
    del config
    raise vol.Invalid(_ZONE, path=["condition"])


def _compile(world: "World", config: Mapping[str, Any], inner: Compile) -> NoReturn:
    del world, config, inner
    raise NotSupported(_ZONE)


_ANYTHING: Final[dict[Any, Any]] = {vol.Extra: object}

ZONE: Final = ConditionKind("zone", _ANYTHING, _compile, _refuse)
