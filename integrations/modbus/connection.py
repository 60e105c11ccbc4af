"""How devices and links fare: one sensor and one button of each device, two entities of a link."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.sdk import (
    BinarySensorEntity,
    BreakerState,
    ButtonEntity,
    DeviceInfo,
    Entity,
    EntityCategory,
    SensorEntity,
    StateClass,
    Unavailable,
)
from integrations.modbus.const import DOMAIN
from integrations.modbus.entity import DeviceEntity, timestamp

if TYPE_CHECKING:
    from integrations.modbus.link import Link
    from integrations.modbus.polling.device import Device

REFRESH: Final = 60.0
"""How often the counters of a link are published although nothing else happened, in seconds."""
LINK_DOWN: Final = "link_down"
STATES: Final = {
    BreakerState.CLOSED: "ok",
    BreakerState.HALF_OPEN: "trying",
    BreakerState.OPEN: "away",
}


class Connection(DeviceEntity, SensorEntity):
    """Whether a device answers, is being tried again, or is left alone for a while."""

    device_class = "enum"
    entity_category = EntityCategory.DIAGNOSTIC
    translation_key = "connection"
    options = (*STATES.values(), LINK_DOWN)

    def __init__(self, source: "Device") -> None:
        """Show one device."""
        super().__init__(source, "device-connection", "Connection")
        self._was_heard = False

    async def added(self) -> None:
        """Follow link, breaker and, now and then, the counters."""
        self._unfollow = [
            self.source.follow_health(self.write),
            self.source.follow_rounds(self._heard),
        ]

    @property
    def native_value(self) -> str | None:
        """Return how it is; None = nobody has asked it yet."""
        source = self.source
        if not source.line.connected:
            return LINK_DOWN
        if source.breaker.state is BreakerState.CLOSED and not self._has_answered:
            return None
        return STATES[source.breaker.state]

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return what went wrong last, when it is tried again, and the counters."""
        source, breaker = self.source, self.source.breaker
        counters, learned = source.counters, source.learned
        found: dict[str, Any] = {
            "requests": counters.requests,
            "answers": counters.answers,
            "timeouts": counters.timeouts,
            "refused": counters.refused,
            "bad_answers": counters.bad_answers,
            "missed_cycles": counters.missed_cycles,
            "holes": len(learned.holes),
            "refused_registers": len(learned.dead),
        }
        if breaker.last_error is not None:
            found["last_error"] = breaker.last_error
        if breaker.opened_at is not None:
            clock = source.clock
            found["opened_at"] = timestamp(clock.time() - clock.monotonic() + breaker.opened_at)
            found["retry_in"] = round(breaker.retry_in)
        return found

    @property
    def _has_answered(self) -> bool:
        return bool(self.source.counters.answers or self.source.counters.refused)

    def _heard(self) -> None:
        """Publish the first answer, which is no change of link or breaker."""
        if not self._was_heard and self._has_answered:
            self._was_heard = True
            self.write()


class ReadNow(DeviceEntity, ButtonEntity):
    """Reads everything of a device at once."""

    entity_category = EntityCategory.DIAGNOSTIC
    translation_key = "read_now"

    def __init__(self, source: "Device") -> None:
        """Read one device."""
        super().__init__(source, "device-read-now", "Read now")

    async def added(self) -> None:
        """Follow whether it can be reached."""
        self._unfollow = [self.source.follow_health(self.write)]

    @property
    def available(self) -> bool:
        """Tell whether it can be asked, also one that is left alone."""
        return self.source.line.connected

    @property
    def unavailable_reason(self) -> str | None:
        """Say why it can not."""
        return LINK_DOWN

    async def press(self) -> None:
        """Read now, before a wait is over; raises `Unavailable` when it still does not answer."""
        breaker = self.source.breaker
        if breaker.state is BreakerState.OPEN:
            breaker.hurry()
        await self.source.refresh()
        if breaker.state is BreakerState.OPEN:
            raise Unavailable(f"{self.source.settings.name}: {breaker.last_error}")


class LinkEntity(Entity):
    """An entity of a link; published when the line changes, and once a minute."""

    entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, link: "Link", key: str, name: str) -> None:
        """Be the part `key` of a link."""
        self.link = link
        self.unique_id = f"link:{link.key}|{key}"
        self.device = link_info(link)
        self.name = name
        self._undo: list[Callable[[], None]] = []

    async def added(self) -> None:
        """Follow the line."""
        self._undo = [self.link.listen(self.write)]
        self._later()

    async def removed(self) -> None:
        """Follow no more."""
        for undo in self._undo:
            undo()
        self._undo = []

    def _later(self) -> None:
        self._undo[1:] = [self.hub.clock.call_later(REFRESH, self._again)]

    def _again(self) -> None:
        self._later()
        self.write()


class LinkConnected(LinkEntity, BinarySensorEntity):
    """Whether a link has a connection; the reason says why it has none."""

    device_class = "connectivity"
    translation_key = "link"

    def __init__(self, link: "Link") -> None:
        """Show one link."""
        super().__init__(link, "connected", "Link")

    @property
    def is_on(self) -> bool:
        """Tell whether requests can be sent."""
        return self.link.line.connected

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return where it goes, why it is down, and how fast answers come."""
        line, transport = self.link.line, self.link.spec["transport"]
        counters = line.counters
        found: dict[str, Any] = {
            "transport": transport["type"],
            "place": line.options.transport.place,
            "requests": counters.requests,
            "reconnects": counters.reconnects,
            "latency_ms": None if counters.latency is None else round(counters.latency * 1000, 1),
        }
        if self.link.gateway is not None:
            found["gateway_clients"] = self.link.gateway.clients
        if line.error is not None:
            found["reason"] = line.error
        return found


class LinkErrors(LinkEntity, SensorEntity):
    """How many requests over a link brought nothing."""

    state_class = StateClass.TOTAL_INCREASING
    translation_key = "errors"

    def __init__(self, link: "Link") -> None:
        """Show one link."""
        super().__init__(link, "errors", "Errors")

    @property
    def native_value(self) -> float:
        """Return timeouts and bad answers; what a device refuses is an answer."""
        counters = self.link.line.counters
        return counters.timeouts + counters.bad_answers

    @property
    def extra_attributes(self) -> Mapping[str, Any]:
        """Return them by kind."""
        counters = self.link.line.counters
        return {
            "timeouts": counters.timeouts,
            "bad_answers": counters.bad_answers,
            "late_answers": counters.late,
            "refused": counters.refused,
        }


def device_entities(source: "Device") -> list[Entity]:
    """Return what every device has beside the entities of its definition."""
    return [Connection(source), ReadNow(source)]


def link_entities(link: "Link") -> list[Entity]:
    """Return what every link has."""
    return [LinkConnected(link), LinkErrors(link)]


def link_info(link: "Link") -> DeviceInfo:
    """Return what the registry is told about a link."""
    return DeviceInfo(
        identifiers=frozenset({(DOMAIN, f"link:{link.key}")}),
        name=link.name,
        model=f"Modbus {link.spec['transport']['type']}",
    )
