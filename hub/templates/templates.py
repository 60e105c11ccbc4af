"""Templates of one house: compiled once, rendered within limits, followed by what they read."""

from collections.abc import Mapping
from typing import Any

from hub.templates.model import House, Reader, Template, Told, Tracker


class Templates:
    """Compiles, renders and follows templates against the states of one house."""

    def __init__(self, house: House) -> None:
        """Read from `house`; Jinja is imported when the first template is compiled."""
        self._house = house

    def compile(self, text: str) -> Template:
        """Return a template, from a bounded cache; raises `TemplateError` with the line."""
        raise NotImplementedError

    def render(
        self, value: Any, variables: Mapping[str, Any] | None = None, reader: Reader | None = None
    ) -> Any:
        """Return a copy of texts, lists and mappings with every template in them rendered."""
        raise NotImplementedError

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
        raise NotImplementedError
