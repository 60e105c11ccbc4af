"""The composition root: the only place that wires rooms together, in order, and takes them down."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hub.config.settings import Profile
from hub.const import EVENT_FINAL_WRITE, EVENT_START, EVENT_STARTED, EVENT_STOP, VERSION
from hub.entities import EntityIndex
from hub.entities.generic import register_generic_services
from hub.errors import ConfigError, HubError
from hub.events import EventBus
from hub.hub import Hub, Phase
from hub.loader import Loader
from hub.observe import watching
from hub.observe.diagnostics import Diagnostics
from hub.observe.health import Health
from hub.observe.logging import form_of
from hub.observe.logging import setup as set_up_log
from hub.observe.loop import LoopProbe
from hub.observe.metrics import Metrics
from hub.observe.syslog import SystemLog
from hub.services import ServiceRegistry
from hub.states import StateMachine
from hub.util.clock import SystemClock
from hub.util.tasks import Tasks

if TYPE_CHECKING:
    from hub.api import Api
    from hub.audit import Audit
    from hub.auth import Auth
    from hub.config.settings import Settings
    from hub.events import Context
    from hub.mqtt import Mqtt
    from hub.runner.transcripts import Tell
    from hub.storage import Documents

_LOGGER = logging.getLogger(__name__)

STOP_SECONDS: Final = 4.5
"""What the whole stop may take; a step that is late is left behind with a log line."""
GC_THRESHOLDS: Final = (5_000, 5, 20)
"""Looks at the old generation are rare: one takes 50 ms when a hundred thousand rows wait."""
LEAVE_SECONDS: Final = 0.5
"""What tasks may take that nobody stopped, once everything is written."""


@dataclass(slots=True)
class Running:
    """A started hub and the rooms that only the composition root knows."""

    hub: Hub
    api: "Api"
    mqtt: "Mqtt"
    loader: Loader
    lock: contextlib.ExitStack
    """Holds the data folder for this process."""


def run(config_dir: Path, data_dir: Path, port: int | None = None, host: str | None = None) -> int:
    """Run a hub until SIGTERM or SIGINT; returns the exit status (0, 1 failed, 2 bad config)."""
    try:
        settings = load_settings(config_dir)
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)  # noqa: T201 - the answer of a command
        return 2
    production = settings.profile is Profile.PRODUCTION
    form = form_of(settings.logger.format, production=production)
    set_up_log(settings.logger.level, settings.logger.levels, form)
    for warning in settings.warnings:
        _LOGGER.warning("%s", warning)
    gc.disable()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        try:
            runner.run(_run(settings, config_dir, data_dir, port, host))
        except HubError as error:
            _LOGGER.error("The hub did not start: %s", error.message)  # noqa: TRY400
            return 1
    return 0


def load_settings(config_dir: Path) -> "Settings":
    """Read and validate the configuration; raises `ConfigError` with every problem."""
    from hub.config import load

    return load(config_dir)


async def start(
    settings: "Settings",
    config_dir: Path,
    data_dir: Path,
    port: int | None = None,
    host: str | None = None,
) -> Running:
    """Start a hub; raises `HubError` when it can not, with nothing left running."""
    from hub.storage.lock import locked

    lock = contextlib.ExitStack()
    lock.enter_context(locked(data_dir))
    try:
        hub = await _build(settings, config_dir, data_dir)
    except BaseException:
        lock.close()
        raise
    try:
        return await _start(
            hub, lock, host or settings.http.host, settings.http.port if port is None else port
        )
    except BaseException:
        await _close(hub, lock)
        raise


async def stop(running: Running) -> None:
    """Stop within 5 s: no new work, goodbye to clients, offline on MQTT, final writes."""
    hub = running.hub
    hub.phase = Phase.STOPPING
    hub.bus.fire(EVENT_STOP)
    async with _budget(STOP_SECONDS):
        await _step("the automations", hub.automations.stop(), 1.0)
        await asyncio.gather(
            _step("the resources and jobs", _end_work(hub), 3.0),
            _step("the API", running.api.stop(), 2.5),
            _step("the integrations", running.loader.unload_all(), 2.2),
        )
        await _step("the scenes", hub.scenes.stop(), 0.5)
        await _step("the helpers", hub.helpers.stop(), 0.5)
        await _step("MQTT", running.mqtt.stop(), 3.0)
        hub.phase = Phase.FINAL_WRITE
        hub.bus.fire(EVENT_FINAL_WRITE)
        await _step("the recorder", hub.recorder.stop(), 3.0)
    await _close(hub, running.lock)
    hub.phase = Phase.STOPPED


async def _end_work(hub: Hub) -> None:
    """Look at nothing any more, let applies reach a safe point, then let go of the outside."""
    await hub.resources.stop()
    await hub.jobs.stop()
    await hub.resources.close()


async def _run(
    settings: "Settings", config_dir: Path, data_dir: Path, port: int | None, host: str | None
) -> None:
    """Start, wait for a signal, stop."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    running = await start(settings, config_dir, data_dir, port, host)
    try:
        await done.wait()
        _LOGGER.info("Stopping")
    finally:
        await stop(running)
        await _leave()


async def _leave() -> None:
    """End the process here when a task does not end: the loop would wait for it for ever."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    _, stuck = await asyncio.wait(left, timeout=LEAVE_SECONDS) if left else (left, left)
    if stuck:
        names = ", ".join(sorted(task.get_name() for task in stuck))
        _LOGGER.warning("Left without %s, which did not end", names)
        logging.shutdown()
        os._exit(0)


async def _build(settings: "Settings", config_dir: Path, data_dir: Path) -> Hub:
    """Make the hub's objects and load what the database holds."""
    from hub.audit import Audit
    from hub.auth import Auth
    from hub.auth.places import Places
    from hub.automation.webhooks import Webhooks
    from hub.config.hidden import hidden_texts
    from hub.jobs import Jobs
    from hub.registry import (
        AreaRegistry,
        DeviceRegistry,
        EntityRegistry,
        FloorRegistry,
        LabelRegistry,
    )
    from hub.resources import Resources
    from hub.runner import Runners
    from hub.storage import Database, Documents
    from hub.storage.secrets import Keyring

    clock, tasks = SystemClock(), Tasks()
    bus = EventBus(tasks)
    states = StateMachine(bus, clock.time)
    database = Database(data_dir / "hub.db", clock)
    await database.open()
    secrets = Keyring(database, data_dir / "keys" / "sealing.json", settings.secret_key)
    try:
        await secrets.load()
    except BaseException:
        await database.close()
        raise
    documents = Documents(database)
    floors = FloorRegistry(bus, database, clock)
    labels = LabelRegistry(bus, database, clock)
    areas = AreaRegistry(bus, database, clock, floors=floors, labels=labels)
    devices = DeviceRegistry(bus, database, clock, areas=areas, labels=labels)
    entity_registry = EntityRegistry(
        bus,
        database,
        clock,
        areas=areas,
        labels=labels,
        taken=lambda entity_id: states.get(entity_id) is not None,
    )
    audit = Audit(database, clock, secrets.derive("audit"), keep_days=settings.audit.keep_days)
    auth = Auth(
        database,
        clock,
        sealer=secrets,
        places=Places(bus, entity_registry, devices),
        ban_after=settings.auth.ban_after,
        ban_minutes=settings.auth.ban_minutes,
        never_banned=settings.http.trusted_proxies,
    )
    audit.names = _names(auth)
    hub = Hub(
        settings=settings,
        config_dir=config_dir,
        data_dir=data_dir,
        clock=clock,
        tasks=tasks,
        bus=bus,
        states=states,
        services=ServiceRegistry(bus),
        database=database,
        documents=documents,
        secrets=secrets,
        areas=areas,
        floors=floors,
        labels=labels,
        devices=devices,
        entity_registry=entity_registry,
        entities=EntityIndex(),
        audit=audit,
        auth=auth,
        jobs=Jobs(bus, database, clock, tasks, auth.users),
        runners=Runners(clock, tasks),
        resources=Resources(database, clock, bus, auth, audit, secrets),
        metrics=Metrics(),
        diagnostics=Diagnostics(lambda: hidden_texts(settings)),
        health=Health(clock),
        system_log=SystemLog(),
        probe=LoopProbe(),
        hub_id=await _hub_id(documents),
        webhooks=Webhooks(),
    )
    _furnish(hub)
    for registry in (floors, labels, areas, devices, entity_registry):
        await registry.load()
    await auth.load()
    _watch(hub)
    await hub.jobs.load()
    await hub.resources.load()
    return hub


def _furnish(hub: Hub) -> None:
    """Make the rooms that act upon the hub as a whole."""
    from hub.automation.blueprints.library import Library
    from hub.automation.house import HouseAutomations
    from hub.automation.references import References
    from hub.automation.scenes import Scenes
    from hub.helpers import Helpers
    from hub.recorder import Recorder
    from hub.resources.facts import provider
    from hub.templates import Templates
    from hub.util import packages

    hub.templates = Templates(hub)
    hub.templates.resource = provider(hub.resources)
    hub.recorder = Recorder(hub)
    hub.helpers = Helpers(hub)
    hub.scenes = Scenes(hub)
    hub.automations = HouseAutomations(hub)
    hub.blueprints = Library(
        hub.resources, hub.config_dir, hub.automations.again, packages.shipped("blueprints")
    )
    hub.automations.blueprint = hub.blueprints.find
    hub.references = References(hub)


def _watch(hub: Hub) -> None:
    """Let the audit log hear of logins, tokens, users and registries."""
    from hub.audit import watch

    watch.watch_registries(hub.audit, hub.bus)
    hub.auth.witness.tell = watch.teller(hub.audit)
    hub.auth.witness.add = watch.adder(hub.audit)
    hub.runners.tell = _host_teller(hub.audit)


def _host_teller(audit: "Audit") -> "Tell":
    """Return what `hub.runner` tells of commands on hosts."""
    from hub.audit import Entry, Result

    def tell(
        action: str,
        target: str,
        result: str,
        context: "Context | None",
        data: Mapping[str, Any],
    ) -> None:
        audit.note(Entry(action, target, Result(result), context, data))

    return tell


def _names(auth: "Auth") -> "Callable[[str], str | None]":
    """Return the audit's way to a user's name."""

    def name(user_id: str) -> str | None:
        user = auth.users.get(user_id)
        return None if user is None else user.name

    return name


async def _start(hub: Hub, lock: contextlib.ExitStack, host: str, port: int) -> Running:
    """Open the doors first, so that clients see the hub starting, then set up the house."""
    from hub.api import Api
    from hub.auth.service_rights import ServiceRights
    from hub.mqtt import Mqtt
    from hub.resources.types.host_services import HostServices

    hub.phase = Phase.STARTING
    hub.services.permission = ServiceRights(hub.auth.users)
    hub.entities.start(hub)
    register_generic_services(hub)
    HostServices(hub).register()
    running = Running(hub, Api(hub), Mqtt(hub), Loader(hub), lock)
    if hub.settings.mqtt.enabled:
        hub.messages = running.mqtt.messages
    watching.begin(hub, running.mqtt.status)
    await running.api.start(host, port, hub.data_dir)
    try:
        await hub.recorder.start()
        hub.bus.fire(EVENT_START)
        await hub.resources.start(hub)
        await hub.helpers.start()
        await running.loader.setup_all()
        await hub.scenes.start()
        await hub.automations.start()
        await running.mqtt.start()
    except BaseException:
        await running.api.stop()
        raise
    hub.phase = Phase.RUNNING
    hub.bus.fire(EVENT_STARTED)
    hub.audit.start()
    # What the start made stays: the collector need not look at it again, nor look while it is made.
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()
    loop = asyncio.get_running_loop()
    _LOGGER.info(
        "Hub %s runs at http://%s:%s with %d entities (event loop: %s)",
        VERSION,
        host,
        port,
        len(hub.entities),
        type(loop).__module__.partition(".")[0],
    )
    return running


async def _close(hub: Hub, lock: contextlib.ExitStack) -> None:
    """Write what waits and let go of tasks, database and lock."""
    watching.end(hub)
    registries = (hub.floors, hub.labels, hub.areas, hub.devices, hub.entity_registry)
    for registry in registries:
        await _step("a registry", registry.flush(), 1.0)
    await _step("the connections to hosts", hub.runners.close(), 1.0)
    await _step("the audit log", hub.audit.flush(), 1.0)
    await hub.tasks.close(0.5)
    await _step("the database", hub.database.close(), 1.0)
    lock.close()


async def _step(name: str, work: Awaitable[object], seconds: float) -> None:
    """Do one step of the stop; a late or failing one does not hold up the others."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        _LOGGER.warning("Stopping %s took longer than %.1f s and was left behind", name, seconds)
    except Exception:
        _LOGGER.exception("Stopping %s failed", name)


@contextlib.asynccontextmanager
async def _budget(seconds: float) -> AsyncIterator[None]:
    """Leave the block at the latest after `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        _LOGGER.warning("The stop took longer than %.1f s", seconds)


async def _hub_id(documents: "Documents") -> str:
    """Return the id that this installation keeps for ever."""
    found = await documents.load("hub", "id")
    if found is None:
        found = uuid.uuid4().hex
        await documents.save("hub", "id", found)
    return str(found)


def loop_factory() -> "Callable[[], asyncio.AbstractEventLoop] | None":
    """Return uvloop's loop when it is installed, else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
