"""Starts and ends what observes a running hub."""

from typing import TYPE_CHECKING

from hub.const import EVENT_SYSTEM_LOG
from hub.observe.sources import Status, add_checks, add_sources

if TYPE_CHECKING:
    from hub.hub import Hub


def begin(hub: "Hub", mqtt: Status) -> None:
    """Keep warnings, measure the loop, ask the rooms; `mqtt()` is the MQTT room's status."""
    bus = hub.bus
    hub.system_log.told = lambda entry: bus.fire(EVENT_SYSTEM_LOG, entry)
    hub.system_log.start()
    hub.probe.start()
    add_sources(hub, hub.probe, hub.system_log, mqtt)
    add_checks(hub, hub.probe, mqtt)
    hub.health.start()
    hub.diagnostics.part("mqtt", mqtt)
    hub.diagnostics.part("hosts", hub.runners.snapshot)


def end(hub: "Hub") -> None:
    """Undo `begin`; may be called without it."""
    hub.health.stop()
    hub.probe.stop()
    hub.system_log.stop()
