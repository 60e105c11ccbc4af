"""What `/metrics` tells of links and devices."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from hub.sdk import BreakerState, MetricFamily

if TYPE_CHECKING:
    from integrations.modbus.park import Park

_STATES: Final = {BreakerState.CLOSED: 0, BreakerState.OPEN: 1, BreakerState.HALF_OPEN: 2}


def families(park: "Park") -> Iterable[MetricFamily]:
    """Return one family per thing that is counted; labels are the keys of resources."""
    labels = ("link", "device")
    requests = MetricFamily("modbus_requests", "Requests sent", "counter", labels)
    errors = MetricFamily(
        "modbus_errors", "Requests that brought nothing", "counter", (*labels, "error_type")
    )
    writes = MetricFamily("modbus_writes", "Writes sent", "counter", labels)
    cycles = MetricFamily("modbus_poll_cycles", "Rounds of reads", "counter", labels)
    missed = MetricFamily("modbus_missed_cycles", "Rounds left out", "counter", labels)
    state = MetricFamily("circuit_breaker_state", "0 closed, 1 open, 2 half-open", "gauge", labels)
    changes = MetricFamily("circuit_breaker_changes", "Changes of state", "counter", labels)
    latency = MetricFamily("modbus_latency_seconds", "Newest answer's time", "gauge", ("link",))
    for key, link in park.links.items():
        state.add(_STATES[link.line.breaker.state], key, "")
        changes.add(link.line.breaker.changes, key, "")
        if link.line.counters.latency is not None:
            latency.add(link.line.counters.latency, key)
    for key, device in park.devices.items():
        names, counters = (device.settings.link, key), device.counters
        requests.add(counters.requests, *names)
        for kind in ("timeouts", "bad_answers", "refused", "unconfirmed"):
            errors.add(getattr(counters, kind), *names, kind)
        writes.add(counters.writes, *names)
        cycles.add(counters.cycles, *names)
        missed.add(counters.missed_cycles, *names)
        state.add(_STATES[device.breaker.state], *names)
        changes.add(device.breaker.changes, *names)
    return (requests, errors, writes, cycles, missed, state, changes, latency)
