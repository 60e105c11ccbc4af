"""`state`: entities have a value, for a while if need be."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import fields
from hub.automation.conditions.kind import Check, Compile, ConditionError, ConditionKind
from hub.errors import HubError
from hub.schema import text

if TYPE_CHECKING:
    from hub.automation.trace import Trace
    from hub.automation.world import World
    from hub.states import State

_ENTITY: Final = re.compile(
    r"input_(?:boolean|datetime|number|select|text)\.[a-z0-9]+(?:_[a-z0-9]+)*"
)
"""Values that stand for the present value of a helper."""

Result = tuple[bool, dict[str, Any]]
"""Whether it holds, and what was compared, for the trace."""


def match(value: object) -> str:
    """Accept `all` or `any`."""
    if value not in ("all", "any"):
        raise vol.Invalid("expected all or any")
    return str(value)


def _states(value: object) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def _check(config: Mapping[str, Any]) -> None:
    if "attribute" in config:
        return
    for value in config["state"]:
        if not isinstance(value, str):
            shown = {True: "on", False: "off"}.get(value, value) if value is not None else ""
            raise vol.Invalid(
                f'a state is a text: write it in quotes, such as "{shown}"', path=["state"]
            )


def of_entities(
    name: str,
    entity_ids: Sequence[str],
    every: bool,
    ask: Callable[[str, Mapping[str, Any]], Result],
) -> Check:
    """Return a check that asks one entity after the other and notes each at `entity_id/index`.

    `every`: all must hold, else one is enough. An entity that can not be answered for leaves the
    whole without an answer, unless another decides.
    """
    alone = len(entity_ids) == 1

    def check(variables: Mapping[str, Any], trace: "Trace | None", path: str) -> bool:
        result = every
        errors: list[str] = []
        for index, entity_id in enumerate(entity_ids):
            try:
                held, compared = ask(entity_id, variables)
            except HubError as error:
                errors.append(f"In '{name}' condition: {error.message}")
                continue
            if trace is not None:
                at = f"{path}/entity_id/{index}"
                trace.begin(at)
                trace.note(at, {"result": held, **compared})
                if alone:
                    trace.note(path, compared)
            if not held and every:
                return False
            result = result or held
        if errors:
            raise ConditionError("; ".join(errors))
        return result

    return check


def known(world: "World", entity_id: str) -> "State":
    """Return the state of an entity; raises `ConditionError` naming it when there is none."""
    state = world.states.get(entity_id)
    if state is None:
        raise ConditionError(f"unknown entity {entity_id}")
    return state


def compile(world: "World", config: Mapping[str, Any], inner: Compile) -> Check:  # noqa: A001
    """Compare with the values, those of helpers looked up each time."""
    del inner
    attribute = config.get("attribute")
    wanted: list[Any] = config["state"]
    lasting = config.get("for")

    def ask(entity_id: str, variables: Mapping[str, Any]) -> Result:
        state = known(world, entity_id)
        if attribute is None:
            value: Any = state.state
        elif attribute in state.attributes:
            value = state.attributes[attribute]
        else:
            return False, {"message": f"attribute '{attribute}' of {entity_id} does not exist"}
        held, compared = False, None
        for one in wanted:
            compared = _value(world, one)
            if held := value == compared:
                break
        found = {"state": value, "wanted_state": compared}
        if not held or lasting is None:
            return held, found
        seconds = fields.seconds(world, lasting, variables)
        lasted = world.clock.time() - state.last_changed
        return lasted >= seconds, {**found, "duration": lasted, "wanted_duration": seconds}

    return of_entities("state", config["entity_id"], config["match"] == "all", ask)


def _value(world: "World", wanted: object) -> object:
    """Return a value as it is, or that of the helper that it names."""
    if not isinstance(wanted, str) or _ENTITY.fullmatch(wanted) is None:
        return wanted
    state = world.states.get(wanted)
    if state is None:
        raise ConditionError(f"the 'state' entity {wanted} is unavailable")
    return state.state


KIND: Final = ConditionKind(
    "state",
    {
        vol.Required("entity_id"): fields.entity_ids,
        vol.Required("state"): _states,
        vol.Optional("attribute"): text,
        vol.Optional("for"): fields.period,
        vol.Optional("match", default="all"): match,
    },
    compile,
    _check,
)
