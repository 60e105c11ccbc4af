"""A world of its own: bus, states, services that only record, and a clock that somebody moves."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hub.automation.rehearsal.calls import RecordedServices
from hub.automation.rehearsal.phases import GivenResources
from hub.automation.rehearsal.places import Places
from hub.automation.webhooks import Webhooks
from hub.events import Context, EventBus
from hub.states import StateMachine
from hub.templates import Templates
from hub.util.clock import FakeClock
from hub.util.tasks import Tasks

if TYPE_CHECKING:
    from hub.automation.world import Messages, Unsubscribe
    from hub.config.settings import Settings
    from hub.registry import (
        AreaRegistry,
        DeviceRegistry,
        EntityRegistry,
        FloorRegistry,
        LabelRegistry,
    )
    from hub.services import ServiceRegistry
    from hub.util.clock import Clock


class Bus(EventBus):
    """Stamps what is fired with the world's own time."""

    def __init__(self, tasks: Tasks, now: Callable[[], float]) -> None:
        """Ask `now()` for the time."""
        super().__init__(tasks)
        self._now = now

    def fire(
        self,
        event_type: str,
        data: dict[str, Any] | None = None,
        context: Context | None = None,
        origin: str = "LOCAL",
        time: float | None = None,
    ) -> None:
        """Tell every listener of this type."""
        super().fire(event_type, data, context, origin, self._now() if time is None else time)


class Broker:
    """MQTT without a broker: what a test publishes reaches those who subscribed."""

    def __init__(self) -> None:
        """Start without subscribers."""
        self._taken: list[tuple[str, Callable[[str, bytes, int, bool], object]]] = []

    def subscribe(
        self, topic: str, qos: int, callback: Callable[[str, bytes, int, bool], object]
    ) -> "Unsubscribe":
        """Call `callback(topic, payload, qos, retain)` for each message of a filter."""
        del qos
        entry = (topic, callback)
        self._taken.append(entry)
        return lambda: self._taken.remove(entry) if entry in self._taken else None

    def publish(self, topic: str, payload: bytes, qos: int = 0, retain: bool = False) -> None:
        """Hand a message to every filter that it matches."""
        for pattern, callback in tuple(self._taken):
            if matches(pattern, topic):
                callback(topic, payload, qos, retain)


def matches(pattern: str, topic: str) -> bool:
    """Tell whether a topic is meant by a filter with `+` and `#`."""
    wanted, given = pattern.split("/"), topic.split("/")
    for index, part in enumerate(wanted):
        if part == "#":
            return True
        if index >= len(given) or part not in ("+", given[index]):
            return False
    return len(wanted) == len(given)


class RehearsalWorld:
    """All that automations act upon, with nothing outside behind it."""

    def __init__(
        self,
        settings: "Settings",
        clock: FakeClock,
        *,
        make_own: bool = True,
        tasks: Tasks | None = None,
    ) -> None:
        """Start empty at the clock's time."""
        self.settings = settings
        self.time = clock
        self.clock: Clock = clock
        self.tasks = Tasks() if tasks is None else tasks
        self.bus: EventBus = Bus(self.tasks, clock.time)
        self.past: float | None = None
        """When what is written now happened; None = at the clock's time."""
        self.states = StateMachine(self.bus, self._now)
        self.places = Places(self.bus, clock)
        self.floors: FloorRegistry = self.places.floors
        self.labels: LabelRegistry = self.places.labels
        self.areas: AreaRegistry = self.places.areas
        self.devices: DeviceRegistry = self.places.devices
        self.entity_registry: EntityRegistry = self.places.entities
        self.calls = RecordedServices(self.bus, clock, make_own=make_own)
        self.services: ServiceRegistry = self.calls
        self.webhooks = Webhooks()
        self.broker = Broker()
        self.messages: Messages | None = self.broker
        self.resources = GivenResources(self)
        self.templates = Templates(self)
        self.templates.resource = self.resources.facts

    def _now(self) -> float:
        return self.time.time() if self.past is None else self.past

    async def close(self) -> None:
        """End what still waits."""
        await self.tasks.close(1.0)


def moved(settings: "Settings", **house: Any) -> "Settings":
    """Return settings with another time zone, place or language of the house."""
    return replace(settings, hub=replace(settings.hub, **house))
