"""What a scrape asks of the hub's rooms, and what health asks them.

Rooms are looked at through the hub object; nothing above is imported.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.const import VERSION
from hub.observe.health import Found, Level
from hub.observe.metrics import Family

if TYPE_CHECKING:
    from hub.hub import Hub
    from hub.observe.loop import LoopProbe
    from hub.observe.syslog import SystemLog

Status = Callable[[], Mapping[str, Any]]

_LEVELS: Final = {Level.OK: 0, Level.DEGRADED: 1, Level.FAILED: 2}
_SHOWN: Final = 5


def add_sources(hub: "Hub", probe: "LoopProbe", log: "SystemLog", mqtt: Status) -> None:
    """Let scrapes ask every room; `mqtt()` is the MQTT room's status."""
    for source in (
        lambda: core(hub),
        lambda: storage(hub),
        lambda: work(hub),
        lambda: loop(probe, log),
        lambda: broker(mqtt()),
    ):
        hub.metrics.source(source)


def add_checks(hub: "Hub", probe: "LoopProbe", mqtt: Status) -> None:
    """Let health ask every room; started and database decide whether the hub is ready."""
    health = hub.health
    health.check("started", lambda: _started(hub), critical=True)
    health.check("database", lambda: _database(hub), critical=True)
    health.check("integrations", lambda: _integrations(hub))
    health.check("jobs", lambda: _jobs(hub))
    health.check("resources", lambda: _resources(hub))
    health.check("mqtt", lambda: _mqtt(mqtt()))
    health.check("event_loop", lambda: _loop(probe))
    hub.audit.report_health = health.report("audit")
    health.set("audit", Level.OK)


# --- metrics


def core(hub: "Hub") -> Iterator[Family]:
    """Yield versions, health, events, states and services."""
    yield Family("hub_info", "The hub's version.", labels=("version",)).add(1, VERSION)
    health = Family("hub_health", "0 ok, 1 degraded, 2 failed.", labels=("item",))
    for item in hub.health.items():
        health.add(_LEVELS[item.level], item.name)
    yield health
    yield Family("hub_bus_events", "Events that somebody listened to.", "counter").add(
        hub.bus.dispatched
    )
    listeners = sum(hub.bus.counts().values())
    yield Family("hub_bus_listeners", "Listeners on the bus.").add(listeners)
    states = Family("hub_states", "Entities that have a state.", labels=("domain",))
    for domain, count in _domains(hub.states.entity_ids()).items():
        states.add(count, domain)
    yield states
    yield Family("hub_service_calls", "Service calls.", "counter").add(hub.services.calls)
    yield Family("hub_service_errors", "Service calls that failed.", "counter").add(
        hub.services.errors
    )
    yield Family("hub_tasks", "Background tasks.").add(len(hub.tasks))
    integrations = Family("hub_integration_up", "1 = set up.", labels=("integration",))
    for domain, entry in hub.integrations.items():
        integrations.add(entry.error is None, domain)
    yield integrations


def storage(hub: "Hub") -> Iterator[Family]:
    """Yield database and audit."""
    yield Family(
        "hub_database_write_seconds",
        "Write transactions, waiting included.",
        "histogram",
    ).add(hub.database.seconds)
    yield Family("hub_database_rows_waiting", "Changed rows that are not on the disk yet.").add(
        hub.database.rows.waiting
    )
    yield Family("hub_database_degraded", "1 = the disk fails.").add(hub.database.rows.degraded)
    yield Family("hub_audit_rows", "Rows appended to the audit log.", "counter").add(
        hub.audit.written
    )
    yield Family("hub_audit_rows_waiting", "Audit rows not on the disk yet.").add(hub.audit.waiting)


def work(hub: "Hub") -> Iterator[Family]:
    """Yield jobs, resources and hosts."""
    jobs = Family("hub_jobs", "Jobs that are kept, by state.", labels=("state",))
    for state, count in Counter(record.state.value for record in hub.jobs.list()).items():
        jobs.add(count, state)
    yield jobs
    phases = Family("hub_resources", "Resources by type and phase.", labels=("type", "phase"))
    found: Counter[tuple[str, str]] = Counter()
    for resource in hub.resources.store.all():
        found[(resource.type, hub.resources.board.get(resource.id).phase.value)] += 1
    for (name, phase), count in found.items():
        phases.add(count, name, phase)
    yield phases
    runners = getattr(hub, "runners", None)
    if runners is not None:
        yield from hosts(runners.snapshot())


def hosts(snapshot: Mapping[str, Mapping[str, Any]]) -> Iterator[Family]:
    """Yield the connections of the pool, by host."""
    label = ("host",)
    families = {
        "connected": Family("hub_ssh_connected", "1 = connected.", labels=label),
        "connects": Family("hub_ssh_connects", "Connections made.", "counter", label),
        "connect_failures": Family(
            "hub_ssh_connect_failures", "Connections that failed.", "counter", label
        ),
        "lost": Family("hub_ssh_connections_lost", "Connections lost.", "counter", label),
        "commands": Family("hub_ssh_commands", "Commands run.", "counter", label),
        "seconds": Family("hub_ssh_command_seconds", "Time of all commands.", "counter", label),
        "channel_retries": Family(
            "hub_ssh_channel_retries", "Channels refused and asked for again.", "counter", label
        ),
    }
    for host, values in snapshot.items():
        for name, family in families.items():
            family.add(float(values.get(name) or 0), host)
    yield from families.values()


def loop(probe: "LoopProbe", log: "SystemLog") -> Iterator[Family]:
    """Yield how late the loop is, and how much was logged."""
    yield Family("hub_event_loop_lag_seconds", "Delay of timers.", "histogram").add(probe.histogram)
    yield Family("hub_event_loop_last_lag_seconds", "Delay of the last timer.").add(probe.lag)
    yield Family("hub_event_loop_worst_lag_seconds", "Longest delay so far.").add(probe.worst)
    messages = Family("hub_log_messages", "Warnings and errors.", "counter", ("level",))
    for level, count in list(log.counts.items()):
        messages.add(count, level)
    yield messages


def broker(status: Mapping[str, Any]) -> Iterable[Family]:
    """Return what the MQTT room counts."""
    gauges = {"connected": "1 = connected.", "queued": "Messages that wait."}
    counters = {
        "published": "Messages the broker acknowledged.",
        "conflated": "Messages replaced by newer ones.",
        "dropped": "Messages dropped.",
        "refused": "Messages refused.",
        "reconnects": "Connections made anew.",
        "commands": "Commands executed.",
        "commands_refused": "Commands refused.",
    }
    found = [Family(f"hub_mqtt_{key}", text).add(status[key]) for key, text in gauges.items()]
    return found + [
        Family(f"hub_mqtt_{key}", text, "counter").add(status[key])
        for key, text in counters.items()
    ]


def _domains(entity_ids: Iterable[str]) -> Counter[str]:
    return Counter(entity_id.partition(".")[0] for entity_id in entity_ids)


# --- health


def _started(hub: "Hub") -> Found:
    if hub.phase.value == "RUNNING":
        return Level.OK, None
    return Level.FAILED, f"the hub is {hub.phase.value}"


def _database(hub: "Hub") -> Found:
    if hub.database.rows.degraded:
        return Level.FAILED, "the database can not be written, changes live in memory"
    if hub.database.corrupt_copy is not None:
        return (
            Level.DEGRADED,
            f"a damaged database is kept as {hub.database.corrupt_copy}",
        )
    return Level.OK, None


def _integrations(hub: "Hub") -> Found:
    bad = {key: entry.error for key, entry in hub.integrations.items() if entry.error}
    return _some("set up", len(hub.integrations), bad)


def _jobs(hub: "Hub") -> Found:
    if hub.jobs.degraded:
        return Level.DEGRADED, "records of jobs can not be written"
    return Level.OK, None


def _resources(hub: "Hub") -> Found:
    count, bad = 0, {}
    status_of = hub.resources.board.get
    for resource in hub.resources.store.all():
        count += 1
        status = status_of(resource.id)
        if status.phase.value == "failed":
            bad[resource.id] = status.message or "failed"
    return _some("in order", count, bad)


def _some(how: str, count: int, bad: Mapping[str, str]) -> Found:
    """Return degraded with the first few of those that are bad; None when there are none at all."""
    if not count:
        return None
    if not bad:
        return Level.OK, None
    shown = "; ".join(f"{name}: {error}" for name, error in list(bad.items())[:_SHOWN])
    return Level.DEGRADED, f"{len(bad)} of {count} not {how}: {shown}"


def _mqtt(status: Mapping[str, Any]) -> Found:
    if not status["enabled"]:
        return None
    if status["connected"]:
        return Level.OK, None
    return Level.DEGRADED, str(status["problem"] or "not connected")


def _loop(probe: "LoopProbe") -> Found:
    if probe.lag > 1.0:
        return Level.DEGRADED, f"the event loop was held up for {probe.lag:.1f} s"
    return Level.OK, None
