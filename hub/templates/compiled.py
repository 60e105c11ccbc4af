"""A compiled template: renders within its limits and tells what it read."""

import logging
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Template as Code
from jinja2.exceptions import TemplateRuntimeError

from hub.templates.current import CURRENT, Run
from hub.templates.environment import HubEnvironment
from hub.templates.errors import TemplateError
from hub.templates.limits import MAX_CHARACTERS, MAX_SECONDS, TooMuch, check_length
from hub.templates.model import Rendered
from hub.templates.native import native as as_native
from hub.templates.syntax import parse

if TYPE_CHECKING:
    from hub.templates.model import Reader
    from hub.templates.templates import Templates

_LOGGER = logging.getLogger("hub.templates")
_FILE: Final = "<template>"
_MAX_TOLD: Final = 300
"""Characters of an error: it may quote what a template made."""


def compile_code(environment: HubEnvironment, text: str) -> Code:
    """Return the code of a template; raises `TemplateError` with the line."""
    tree = parse(environment, text)
    try:
        code = environment.compile(tree, filename=_FILE)
        return Code.from_code(environment, code, environment.globals)
    except (RecursionError, MemoryError):
        raise TemplateError("The template is nested too deeply") from None
    except Exception as error:  # noqa: BLE001 - whatever a compiler fails with is told
        line = getattr(error, "lineno", None) if isinstance(error, TemplateRuntimeError) else None
        message = getattr(error, "message", None) or str(error)
        raise TemplateError(f"{type(error).__name__}: {message}", line) from None


class CompiledTemplate:
    """A template of one house."""

    __slots__ = ("_code", "_templates", "_told", "is_static", "text")

    def __init__(self, templates: "Templates", text: str, code: Code | None) -> None:
        """Stand for `text`; without code it stands for itself."""
        self._templates = templates
        self._code = code
        self._told = False
        self.text = text
        self.is_static = code is None

    def render(
        self,
        variables: Mapping[str, Any] | None = None,
        *,
        reader: "Reader | None" = None,
        native: bool = True,
        strict: bool = False,
        timeout: float | None = None,
    ) -> Any:
        """Return the result (its text, not `native`); raises `TemplateError`."""
        if self._code is None:
            return as_native(self.text) if native else self.text
        text = self._run(self._code, self._prepare(reader, strict, timeout), variables)
        return as_native(text) if native else text

    def render_tracked(
        self,
        variables: Mapping[str, Any] | None = None,
        *,
        reader: "Reader | None" = None,
        native: bool = True,
        strict: bool = False,
        timeout: float | None = None,
    ) -> Rendered:
        """Return the result and what was read; raises `TemplateError`."""
        rendered, error = self.attempt(
            variables, reader=reader, native=native, strict=strict, timeout=timeout
        )
        if error is not None:
            raise error
        return rendered

    def attempt(
        self,
        variables: Mapping[str, Any] | None = None,
        *,
        reader: "Reader | None" = None,
        native: bool = True,
        strict: bool = False,
        timeout: float | None = None,
    ) -> tuple[Rendered, TemplateError | None]:
        """Return what was read even when rendering fails: it may work when that changes."""
        if self._code is None:
            return Rendered(as_native(self.text) if native else self.text), None
        run = self._prepare(reader, strict, timeout)
        error = result = None
        try:
            result = self._run(self._code, run, variables)
            if native:
                result = as_native(result)
        except TemplateError as failed:
            error = failed
        rendered = Rendered(
            result,
            entities=frozenset(run.entities),
            domains=frozenset(run.domains),
            all=run.all,
            time=run.time,
            registry=run.registry,
            resources=frozenset(run.resources),
            warnings=tuple(run.warnings),
        )
        return rendered, error

    def _prepare(self, reader: "Reader | None", strict: bool, timeout: float | None) -> Run:
        templates = self._templates
        return Run(
            templates.house,
            MAX_SECONDS if timeout is None else timeout,
            reader,
            strict=strict,
            resource=templates.resource,
        )

    def _run(self, code: Code, run: Run, variables: Mapping[str, Any] | None) -> str:
        """Render into a text without blanks around it."""
        before, CURRENT.run = CURRENT.run, run
        parts: list[str] = []
        size = 0
        try:
            context = code.new_context(None if variables is None else dict(variables))
            for part in code.root_render_func(context):
                parts.append(part)
                size += len(part)
                if size > MAX_CHARACTERS:
                    check_length(size)
            result = "".join(parts).strip()
        except TooMuch as error:
            late = str(error).startswith("Exceeded")
            raise TemplateError(str(error), _line(code, error.__traceback__), late=late) from None
        except Exception as error:  # noqa: BLE001 - whatever a template makes fail is its error
            raise _told(code, error) from None
        finally:
            CURRENT.run = before
        if run.warnings and not self._told:
            self._told = True
            for warning in run.warnings:
                _LOGGER.warning("Template %r: %s", self.text[:120], warning)
        return result


def _told(code: Code, error: Exception) -> TemplateError:
    """Return an error that says kind, words and line."""
    if isinstance(error, RecursionError):
        words = "RecursionError: the template calls itself too deeply"
    else:
        try:
            words = f"{type(error).__name__}: {error}"
        except Exception:  # noqa: BLE001 - an error without words
            words = type(error).__name__
    if len(words) > _MAX_TOLD:
        words = words[:_MAX_TOLD] + "..."
    return TemplateError(words, _line(code, error.__traceback__))


def _line(code: Code, traceback: TracebackType | None) -> int | None:
    """Return the line of the template where an error came up."""
    line = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == _FILE:
            line = code.get_corresponding_lineno(traceback.tb_lineno)
        traceback = traceback.tb_next
    return line
