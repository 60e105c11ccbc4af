"""From normalised actions to steps that can be started."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from hub.automation.actions.calls import Call, Fire, Scene
from hub.automation.actions.flow import (
    Checks,
    Choose,
    Condition,
    If,
    Inner,
    Parallel,
    Repeat,
    Stop,
    Variables,
)
from hub.automation.actions.step import Step, Steps
from hub.automation.actions.waits import Delay, WaitForTrigger, WaitTemplate
from hub.automation.conditions.compile import compile as compiled

if TYPE_CHECKING:
    from hub.automation.world import World

Actions = Sequence[Mapping[str, Any]]


def steps(world: "World", actions: Actions) -> Steps:
    """Return normalised actions as steps."""
    return Steps([_step(world, action) for action in actions])


def checks(world: "World", conditions: Sequence[Mapping[str, Any]]) -> Checks:
    """Return normalised conditions that must all hold."""
    return Checks([compiled(world, condition) for condition in conditions])


def _step(world: "World", config: Mapping[str, Any]) -> Step:
    kind = config["kind"]
    if (plain := _PLAIN.get(kind)) is not None:
        return plain(config)
    return _NESTED[kind](world, config)


def _choose(world: "World", config: Mapping[str, Any]) -> Step:
    options = [
        (checks(world, option["conditions"]), steps(world, option["sequence"]))
        for option in config["choose"]
    ]
    return Choose(config, options, steps(world, config["default"]))


def _if(world: "World", config: Mapping[str, Any]) -> Step:
    return If(
        config,
        checks(world, config["if"]),
        steps(world, config["then"]),
        steps(world, config["else"]),
    )


def _repeat(world: "World", config: Mapping[str, Any]) -> Step:
    given = config["repeat"]
    return Repeat(
        config,
        steps(world, given["sequence"]),
        checks(world, given["while"]) if "while" in given else None,
        checks(world, given["until"]) if "until" in given else None,
    )


def _parallel(world: "World", config: Mapping[str, Any]) -> Step:
    return Parallel(
        config, [(branch, steps(world, branch["sequence"])) for branch in config["parallel"]]
    )


_PLAIN: Final[dict[str, Callable[[Mapping[str, Any]], Step]]] = {
    "action": Call,
    "scene": Scene,
    "event": Fire,
    "delay": Delay,
    "wait_template": WaitTemplate,
    "wait_for_trigger": WaitForTrigger,
    "variables": Variables,
    "stop": Stop,
}

_NESTED: Final[dict[str, Callable[["World", Mapping[str, Any]], Step]]] = {
    "choose": _choose,
    "if": _if,
    "repeat": _repeat,
    "parallel": _parallel,
    "sequence": lambda world, config: Inner(config, steps(world, config["sequence"])),
    "condition": lambda world, config: Condition(config, compiled(world, config["condition"])),
}
