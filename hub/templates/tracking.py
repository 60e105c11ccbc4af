"""Templates that are rendered again when what they read has changed, and only then."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from time import thread_time
from typing import TYPE_CHECKING, Any, Final

from hub.const import (
    EVENT_AREA_REGISTRY_UPDATED,
    EVENT_DEVICE_REGISTRY_UPDATED,
    EVENT_ENTITY_REGISTRY_UPDATED,
    EVENT_FLOOR_REGISTRY_UPDATED,
    EVENT_LABEL_REGISTRY_UPDATED,
    EVENT_RESOURCE_UPDATED,
)
from hub.templates.errors import TemplateError
from hub.templates.model import House, Reader, Rendered, Told

if TYPE_CHECKING:
    from hub.events import Event
    from hub.states import State
    from hub.templates.compiled import CompiledTemplate

_LOGGER = logging.getLogger(__name__)

ALL_SECONDS: Final = 60.0
"""How often a template that reads every state is rendered at most."""

DOMAIN_SECONDS: Final = 1.0
"""How often a template that walks through a domain, or asks registries, is rendered at most."""

REST: Final = 9.0
"""A template that took t seconds rests at least this many times t: it takes a tenth at most."""

REST_FROM: Final = 0.02
"""Renderings that take less of the processor's time need no rest."""

MAX_BURST: Final = 100
"""Renderings in one second past which a template waits for the next: it may chase itself."""

_REGISTRIES: Final = (
    *(EVENT_AREA_REGISTRY_UPDATED, EVENT_DEVICE_REGISTRY_UPDATED, EVENT_ENTITY_REGISTRY_UPDATED),
    *(EVENT_FLOOR_REGISTRY_UPDATED, EVENT_LABEL_REGISTRY_UPDATED),
)
_NOTHING: Final = Rendered(None)


class Following:
    """One followed template."""

    def __init__(
        self,
        house: House,
        template: "CompiledTemplate",
        told: Told,
        variables: Mapping[str, Any] | None = None,
        *,
        reader: Reader | None = None,
        strict: bool = False,
        timeout: float | None = None,
    ) -> None:
        """Render once; from now on `told` hears each result that differs from the last."""
        self.last: Rendered | TemplateError | None = None
        self.renderings = 0
        """How often it has been rendered."""
        self._house = house
        self._told = told
        self._render = partial(
            template.attempt, variables, reader=reader, strict=strict, timeout=timeout
        )
        self._text = template.text
        self._read = _NOTHING
        self._stops: list[Callable[[], None]] = []
        self._stop_minute: Callable[[], None] | None = None
        self._cancel: Callable[[], object] | None = None
        self._due: float | None = None
        self._rested = 0.0
        self._started = 0.0
        self._second = 0.0
        self._burst = 0
        self._stopped = False
        self.last = self._rendered()

    @property
    def read(self) -> Rendered:
        """Return what the last rendering read, also when it failed."""
        return self._read

    def refresh(self) -> None:
        """Render now; tells the listener when the result differs."""
        if self._stopped:
            return
        self._forget_due()
        result = self._rendered()
        if _same(result, self.last):
            return
        self.last = result
        self._told(result)

    def stop(self) -> None:
        """Listen no more."""
        self._stopped = True
        self._forget_due()
        self._unlisten()
        if self._stop_minute is not None:
            self._stop_minute()
            self._stop_minute = None

    # --- rendering

    def _rendered(self) -> Rendered | TemplateError:
        began = thread_time()
        now = self._house.clock.monotonic()
        self.renderings += 1
        rendered, error = self._render()
        took = thread_time() - began
        self._started = now
        self._rested = now + (took * REST if took > REST_FROM else 0.0)
        if now >= self._second + 1.0:
            self._second, self._burst = now, 0
        self._burst += 1
        if self._burst == MAX_BURST:
            _LOGGER.warning(
                "Template %r was rendered %d times in a second, it is slowed down: does what "
                "follows from it change what it reads?",
                self._text[:120],
                MAX_BURST,
            )
        self._follow(rendered)
        return rendered if error is None else error

    def _follow(self, rendered: Rendered) -> None:
        """Listen to what was read this time."""
        before, self._read = self._read, rendered
        if _listens(before) != _listens(rendered):
            self._unlisten()
            self._listen(rendered)
        if rendered.time and self._stop_minute is None:
            self._next_minute()
        elif not rendered.time and self._stop_minute is not None:
            self._stop_minute()
            self._stop_minute = None

    # --- listening

    def _listen(self, read: Rendered) -> None:
        states, bus = self._house.states, self._house.bus
        if read.all:
            self._stops.append(states.listen(self._any_changed))
        elif read.domains:
            self._stops.append(states.listen(self._domain_changed, domains=read.domains))
        if read.entities:
            self._stops.append(states.listen(self._entity_changed, entity_ids=read.entities))
        if read.registry:
            self._stops += [bus.listen(event, self._registry_changed) for event in _REGISTRIES]
        if read.resources:
            self._stops.append(bus.listen(EVENT_RESOURCE_UPDATED, self._resource_changed))

    def _unlisten(self) -> None:
        for stop in self._stops:
            stop()
        self._stops.clear()

    def _entity_changed(self, old: "State | None", new: "State | None") -> None:
        del old, new
        self._render_at(0.0)

    def _domain_changed(self, old: "State | None", new: "State | None") -> None:
        del old, new
        self._render_at(self._started + DOMAIN_SECONDS)

    def _any_changed(self, old: "State | None", new: "State | None") -> None:
        del old, new
        self._render_at(self._started + ALL_SECONDS)

    def _registry_changed(self, event: "Event") -> None:
        del event
        self._render_at(self._started + DOMAIN_SECONDS)

    def _resource_changed(self, event: "Event") -> None:
        data = event.data
        if f"{data['resource_type']}/{data['key']}" in self._read.resources:
            self._render_at(self._started + DOMAIN_SECONDS)

    # --- when

    def _render_at(self, due: float) -> None:
        """Render at a time of the monotonic clock, or at the end of this loop turn."""
        due = max(due, self._rested)
        if self._burst >= MAX_BURST:
            due = max(due, self._second + 1.0)
        if self._due is not None:
            if self._due <= due:
                return
            self._forget_due()
        now = self._house.clock.monotonic()
        if due <= now:
            self._due = 0.0
            handle = asyncio.get_running_loop().call_soon(self.refresh)
            self._cancel = handle.cancel
        else:
            self._due = due
            self._cancel = self._house.clock.call_later(due - now, self.refresh)

    def _forget_due(self) -> None:
        if self._cancel is not None:
            self._cancel()
        self._cancel = self._due = None

    def _next_minute(self) -> None:
        """Wait for the turn of the minute."""
        clock = self._house.clock
        wait = 60.0 - clock.time() % 60.0
        self._stop_minute = clock.call_later(wait, self._minute)

    def _minute(self) -> None:
        self._stop_minute = None
        if not self._stopped:
            self._next_minute()
            self._render_at(0.0)


def _listens(read: Rendered) -> tuple[object, ...]:
    return read.entities, read.domains, read.all, read.registry, bool(read.resources)


def _same(new: Rendered | TemplateError, old: Rendered | TemplateError | None) -> bool:
    """Tell whether two results would be told alike; `1`, `1.0` and `True` are different."""
    if isinstance(new, TemplateError):
        return isinstance(old, TemplateError) and old.message == new.message
    if not isinstance(old, Rendered):
        return False
    before, after = old.result, new.result
    return type(before) is type(after) and (
        before == after if isinstance(after, str | int | None) else repr(before) == repr(after)
    )
