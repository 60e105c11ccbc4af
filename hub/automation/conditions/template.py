"""`template`: a template is true."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import fields
from hub.automation.conditions.kind import Check, Compile, ConditionError, ConditionKind
from hub.templates import TemplateError

if TYPE_CHECKING:
    from hub.automation.trace import Trace
    from hub.automation.world import World


def compile(world: "World", config: Mapping[str, Any], inner: Compile) -> Check:  # noqa: A001
    """Render and judge; the trace names the entities that were read."""
    del inner
    template = world.templates.compile(config["value_template"])

    def check(variables: Mapping[str, Any], trace: "Trace | None", path: str) -> bool:
        try:
            if trace is None:
                return fields.truth(template.render(variables))
            found = template.render_tracked(variables)
        except TemplateError as error:
            raise ConditionError(f"In 'template' condition: {error.message}") from error
        trace.note(path, {"entities": sorted(found.entities)})
        return fields.truth(found.result)

    return check


KIND: Final = ConditionKind("template", {vol.Required("value_template"): fields.template}, compile)
