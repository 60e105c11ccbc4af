"""Templates of one house: compiled once, rendered within limits, followed by what they read."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.templates.model import House, Reader, Template, Told, Tracker
from hub.templates.validators import is_template

if TYPE_CHECKING:
    from hub.templates.compiled import CompiledTemplate
    from hub.templates.current import ResourceFacts

MAX_KEPT: Final = 1_000
"""Compiled templates that are kept."""

MAX_KEPT_CHARACTERS: Final = 2_000_000
"""Characters of all templates that are kept; their code takes some twenty times as much."""

MAX_DEPTH: Final = 64
"""Lists and mappings inside each other that `render` goes down."""


class Templates:
    """Compiles, renders and follows templates against the states of one house."""

    def __init__(self, house: House) -> None:
        """Read from `house`; Jinja is imported when the first template is compiled."""
        self.house = house
        self.resource: ResourceFacts | None = None
        """Answers `resource('type/key')`; handed in by the composition root."""
        self._kept: OrderedDict[str, CompiledTemplate] = OrderedDict()
        self._characters = 0

    def compile(self, text: str) -> Template:
        """Return a template, from a bounded cache; raises `TemplateError` with the line."""
        found = self._kept.get(text)
        if found is not None:
            self._kept.move_to_end(text)
            return found
        from hub.templates.compiled import CompiledTemplate, compile_code
        from hub.templates.environment import environment

        code = compile_code(environment(), text) if is_template(text) else None
        found = self._kept[text] = CompiledTemplate(self, text, code)
        self._characters += len(text)
        while len(self._kept) > MAX_KEPT or (
            self._characters > MAX_KEPT_CHARACTERS and len(self._kept) > 1
        ):
            old, _ = self._kept.popitem(last=False)
            self._characters -= len(old)
        return found

    def render(
        self, value: Any, variables: Mapping[str, Any] | None = None, reader: Reader | None = None
    ) -> Any:
        """Return a copy of texts, lists and mappings with every template in them rendered.

        Keys of mappings are rendered too. Raises `TemplateError`.
        """
        return self._rendered(value, variables, reader, MAX_DEPTH)

    def _rendered(
        self, value: Any, variables: Mapping[str, Any] | None, reader: Reader | None, left: int
    ) -> Any:
        if isinstance(value, str):
            if not is_template(value):
                return value
            return self.compile(value).render(variables, reader=reader)
        if not left:
            return value
        if isinstance(value, Mapping):
            return {
                self._rendered(key, variables, reader, 1): self._rendered(
                    item, variables, reader, left - 1
                )
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._rendered(item, variables, reader, left - 1) for item in value]
        return value

    def track(
        self,
        template: Template,
        told: Told,
        variables: Mapping[str, Any] | None = None,
        *,
        reader: Reader | None = None,
        strict: bool = False,
        timeout: float | None = None,
    ) -> Tracker:
        """Render at once and again when what was read changes; `told` hears each new result.

        The first result is in `tracker.last`, not told. A burst of changes in one loop turn leads
        to one rendering; `now()` is followed each minute.
        """
        from hub.templates.compiled import CompiledTemplate
        from hub.templates.tracking import Following

        if not isinstance(template, CompiledTemplate):
            raise TypeError("track takes a template that compile has made")
        return Following(
            self.house, template, told, variables, reader=reader, strict=strict, timeout=timeout
        )
