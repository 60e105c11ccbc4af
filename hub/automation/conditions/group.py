"""`and`, `or` and `not`: conditions inside one another."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation.conditions.kind import Check, Compile, ConditionError, ConditionKind

if TYPE_CHECKING:
    from hub.automation.trace import Trace
    from hub.automation.world import World


def _conditions(value: object) -> list[dict[str, Any]]:
    from hub.automation.validation import conditions

    found: list[dict[str, Any]] = conditions(value)
    return found


def _group(name: str, decisive: bool, answer: bool, otherwise: bool) -> ConditionKind:
    """Make a kind that gives `answer` as soon as a part is `decisive`.

    A part that can not be answered counts only when no other decides; then the group has no
    answer either.
    """

    def compile(world: "World", config: Mapping[str, Any], inner: Compile) -> Check:  # noqa: A001
        from hub.automation.conditions.compile import is_used

        parts = [
            (index, inner(part) if is_used(world, part) else None)
            for index, part in enumerate(config["conditions"])
        ]

        def check(variables: Mapping[str, Any], trace: "Trace | None", path: str) -> bool:
            errors: list[str] = []
            for index, part in parts:
                at = f"{path}/conditions/{index}"
                if trace is not None:
                    trace.begin(at)
                if part is None:
                    if trace is not None:
                        trace.note(at, {"enabled": False})
                    continue
                try:
                    if part(variables, trace, at) is decisive:
                        return answer
                except ConditionError as error:
                    errors.append(f"item {index + 1} of {len(parts)}: {error.message}")
            if errors:
                raise ConditionError(f"In '{name}' condition, {'; '.join(errors)}")
            return otherwise

        return check

    return ConditionKind(name, {vol.Required("conditions"): _conditions}, compile)


AND: Final = _group("and", decisive=False, answer=False, otherwise=True)
OR: Final = _group("or", decisive=True, answer=True, otherwise=False)
NOT: Final = _group("not", decisive=True, answer=False, otherwise=True)
