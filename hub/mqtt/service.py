"""The MQTT room as one object: broker, link, topics, discovery and commands."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from paho.mqtt.enums import MQTTProtocolVersion

from hub.config.settings import BrokerSettings, MqttSettings
from hub.const import (
    EVENT_DEVICE_REGISTRY_UPDATED,
    EVENT_ENTITY_REGISTRY_UPDATED,
    EVENT_STOP,
    VERSION,
)
from hub.errors import NotAllowed
from hub.mqtt import services
from hub.mqtt.birth import Birth
from hub.mqtt.broker import Broker, BrokerFailed, find_binary
from hub.mqtt.commands import Commands
from hub.mqtt.compare import Compare
from hub.mqtt.directory import Directory
from hub.mqtt.discovery import Announcer
from hub.mqtt.errors import TAKEN_OVER, LinkError, words
from hub.mqtt.herald import Herald
from hub.mqtt.ledger import Kind, Ledger, Row
from hub.mqtt.link import Link, Message, Subscription, Will
from hub.mqtt.messages import Messages
from hub.mqtt.outbox import Outbox
from hub.mqtt.publisher import Publisher
from hub.mqtt.reconnect import Reconnect
from hub.mqtt.rights import CommandRights
from hub.mqtt.sensor import MqttConnected
from hub.mqtt.snapshot import retained
from hub.mqtt.store import DatabaseStore
from hub.mqtt.topics import OFFLINE, ONLINE, Topics
from hub.util.json import dumps

if TYPE_CHECKING:
    from hub.events import Event
    from hub.hub import Hub

_LOGGER = logging.getLogger(__name__)

FAREWELL: Final = 2.0
REPUBLISH_RATE: Final = 500
_PLATFORM: Final = "mqtt"
_CHUNK: Final = 25


class Mqtt:
    """Publishes the hub over MQTT and takes commands; everything else goes on without a broker."""

    def __init__(
        self, hub: "Hub", settings: MqttSettings | None = None, data_dir: Path | None = None
    ) -> None:
        """Prepare; the hub's settings and data folder serve when none are given.

        The files of a broker of the hub's own lie in `<data_dir>/mqtt`.
        """
        settings = hub.settings.mqtt if settings is None else settings
        self.settings = settings
        self.topics = Topics(settings)
        self.broker: Broker | None = None
        self.problem: str | None = None
        self.outbox = Outbox()
        self.step: Callable[[str], None] = lambda _name: None
        self._hub = hub
        self._data_dir = hub.data_dir if data_dir is None else data_dir
        self._target: BrokerSettings | None = settings.broker
        self._directory = Directory(hub, settings)
        self._announcer = Announcer(settings, self.topics)
        rights = CommandRights(hub, hub.settings.mqtt)
        self._commands = Commands(hub, self.topics, self._send, rights)
        self._birth = Birth(hub, self._tell_again)
        self.messages = Messages(
            hub.tasks,
            hub.clock,
            self._dial,
            where=lambda: f"{self._where()} (messages)",
            protocol=settings.protocol,
        )
        self._ledger: Ledger | None = None
        self._publisher: Publisher | None = None
        self._herald: Herald | None = None
        self._compare: Compare | None = None
        self._reconnect: Reconnect | None = None
        self._sensor: MqttConnected | None = None
        self._tasks: list[asyncio.Task[Any]] = []
        self._comparing: asyncio.Task[None] | None = None
        self._unsubscribe: list[Callable[[], None]] = []
        self._compared = asyncio.Event()
        self._instance = secrets.token_hex(8)
        self._told = False
        self._rival = False

    @property
    def connected(self) -> bool:
        """Tell whether the broker is reached."""
        return self._link is not None

    @property
    def running(self) -> bool:
        """Tell whether MQTT is on: configured, or with a broker of its own."""
        return self._reconnect is not None

    @property
    def ledger(self) -> Ledger:
        """Return the ledger; raises `RuntimeError` while MQTT is off."""
        if self._ledger is None:
            raise RuntimeError("MQTT is off")
        return self._ledger

    async def start(self) -> None:
        """Begin; returns at once, the broker is reached in the background."""
        if not self.settings.enabled:
            return
        if self.settings.broker is None and not self._find_broker():
            return
        self._unsubscribe.append(services.register(self._hub, self.publish))
        self._sensor = MqttConnected()
        await self._hub.entities.add(_PLATFORM, [self._sensor])
        self._tasks.append(self._hub.tasks.spawn(self._run(), "mqtt"))

    async def stop(self) -> None:
        """Say offline, wait up to 2 s for the acknowledgement, disconnect, stop the broker."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()
        self._birth.stop()
        if self._publisher is not None:
            self._publisher.stop()
        link = self._link
        tasks = [*self._tasks, *([self._comparing] if self._comparing is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, self.messages.stop(), return_exceptions=True)
        self._tasks.clear()
        if link is not None and link.connected:
            await self._farewell(link)
        if self.broker is not None:
            await self.broker.stop()

    def status(self) -> dict[str, Any]:
        """Return what health and diagnostics show; nothing secret."""
        reconnect, target = self._reconnect, self._target
        return {
            "enabled": self.settings.enabled,
            "connected": self.connected,
            "problem": self.problem or (reconnect.failure if reconnect is not None else None),
            "broker": None if target is None else f"{target.host}:{target.port}",
            "managed": self.broker is not None,
            "broker_restarts": 0 if self.broker is None else self.broker.restarts,
            "reconnects": 0 if reconnect is None else reconnect.reconnects,
            "conflict": reconnect is not None and reconnect.conflict,
            "queued": len(self.outbox),
            "conflated": self.outbox.conflated,
            "dropped": self.outbox.dropped,
            "published": self.outbox.acknowledged,
            "refused": self.outbox.refused,
            "topics": 0 if self._ledger is None else len(self._ledger),
            "commands": self._commands.executed,
            "commands_refused": self._commands.refused,
        }

    async def compared(self) -> None:
        """Wait until the broker has been compared with the ledger after the present connect."""
        await self._compared.wait()

    async def settled(self) -> None:
        """Wait until everything known so far is acknowledged by the broker."""
        while True:
            if self._publisher is not None:
                await self._publisher.claimed()
            await self.outbox.drained()
            if self._herald is None or (self._herald.idle() and not len(self.outbox)):
                return
            await asyncio.sleep(0.01)

    async def orphans(self, *, clean: bool = False) -> list[str]:
        """Return retained topics of ours that the ledger does not know; `clean` clears them."""
        link, compare = self._link, self._compare
        if link is None or compare is None:
            raise LinkError("not connected to the broker")
        found = compare.orphans(await self._read(link))
        if clean:
            await link.clear_retained(found)
        return found

    async def republish(self) -> None:
        """Publish everything that the broker lacks; raises `LinkError`."""
        link, compare = self._link, self._compare
        if link is None or compare is None:
            raise LinkError("not connected to the broker")
        await compare.run(link, await self._read(link))

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False
    ) -> None:
        """Publish a message of somebody's own; from QoS 1 on wait for the acknowledgement.

        Raises `LinkError`, and `NotAllowed` for a topic that only the hub writes.
        """
        if self.topics.is_own(topic) or self.topics.is_announcement(topic):
            raise NotAllowed(f"{topic} belongs to the hub, choose another topic")
        link = self._link
        if link is None:
            raise LinkError("not connected to the broker")
        if qos:
            await link.publish_acked(topic, payload, qos=qos, retain=retain)
        else:
            link.publish(topic, payload, qos=0, retain=retain)

    async def forget(self) -> int:
        """Clear every topic of this hub from the broker and stop publishing; return how many."""
        link, herald = self._link, self._herald
        if link is None or herald is None or self._publisher is None:
            raise LinkError("not connected to the broker")
        self._publisher.stop()
        self.outbox.clear()
        topics = list(self.ledger.topics())
        await herald.clear(link, topics)
        return len(topics)

    @property
    def _link(self) -> Link | None:
        link = self._reconnect.link if self._reconnect is not None else None
        return link if link is not None and link.connected else None

    def _find_broker(self) -> bool:
        binary = find_binary()
        if binary is None:
            self.problem = "no broker"
            _LOGGER.warning(
                "MQTT is off: no broker is configured and mosquitto is not installed "
                "(apt install mosquitto, or name a broker in mqtt: broker)"
            )
            return False
        folder = self._data_dir / "mqtt"
        self.broker = Broker(binary, folder, self.settings.managed_port, self._hub.clock)
        return True

    async def _run(self) -> None:
        """Start the broker if it is ours, then keep the link open."""
        if self.broker is not None:
            try:
                await self.broker.start(self._hurry)
            except (BrokerFailed, OSError) as error:
                self.problem = str(error)
                _LOGGER.error("MQTT is off: the broker does not start: %s", error)  # noqa: TRY400
                return
            self._target = self.broker.settings
        await self._furnish()
        reconnect = self._reconnect = Reconnect(
            self._make_link,
            self._hub.clock,
            where=self._where,
            protocol=self.settings.protocol,
        )
        self.messages.start()
        await reconnect.run(self._opened, self._lost)

    async def _furnish(self) -> None:
        """Load the ledger and begin to follow states and registries."""
        hub, topics = self._hub, self.topics
        name = "managed" if self.broker is not None else self._where()
        ledger = self._ledger = Ledger(DatabaseStore(hub.database, name), topics, self.step)
        await ledger.load()
        herald = self._herald = Herald(
            hub,
            topics,
            self._directory,
            self._announcer,
            ledger,
            self.outbox,
            forget=self._forget,
        )
        publisher = self._publisher = Publisher(
            hub,
            topics,
            self._directory,
            ledger,
            self.outbox,
            on_device=herald.mark,
            on_gone=herald.retire,
            send=self._send,
        )
        self._compare = Compare(
            hub, topics, self._directory, ledger, self.outbox, publisher, herald
        )
        publisher.start()
        self._unsubscribe += [
            hub.bus.listen(EVENT_ENTITY_REGISTRY_UPDATED, self._entity_updated),
            hub.bus.listen(EVENT_DEVICE_REGISTRY_UPDATED, self._device_updated),
            # Entities that leave at the stop keep their values: the hub's status says it all.
            hub.bus.listen(EVENT_STOP, lambda _event: publisher.stop()),
        ]
        self._tasks.append(hub.tasks.spawn(herald.run(), "mqtt announcements"))

    def _make_link(
        self, protocol: MQTTProtocolVersion, on_lost: Callable[[LinkError], None]
    ) -> Link:
        return Link(
            self._find_target(),
            f"hub-{self.topics.node}",
            protocol,
            will=Will(self.topics.status, OFFLINE),
            on_message=self._receive,
            on_lost=on_lost,
        )

    def _dial(
        self,
        protocol: MQTTProtocolVersion,
        on_message: Callable[[Message], None],
        on_lost: Callable[[LinkError], None],
    ) -> Link:
        """Make the link on which messages for others arrive."""
        client_id = f"hub-{self.topics.node}-messages"
        target = self._find_target()
        return Link(target, client_id, protocol, on_message=on_message, on_lost=on_lost)

    def _find_target(self) -> BrokerSettings:
        target = self.broker.settings if self.broker is not None else self._target
        if target is None:
            raise LinkError("no broker is configured")
        self._target = target
        return target

    async def _opened(self, link: Link) -> None:
        """Subscribe, say online, send what waits, then compare in the background."""
        filters = {
            name: Subscription(no_local=True, retain_as_published=True)
            for name in self.topics.commands
        }
        for name in (self.topics.birth, self.topics.info):
            filters[name] = Subscription()
        await link.subscribe(filters)
        await self._say_online(link)
        self.outbox.open(link)
        if self._sensor is not None:
            self._sensor.show(connected=True)
        self._comparing = self._hub.tasks.spawn(self._check(link), "mqtt compare")

    async def _say_online(self, link: Link) -> None:
        own = ((self.topics.status, Kind.STATUS), (self.topics.info, Kind.INFO))
        missing = [Row(topic, kind, "hub") for topic, kind in own if topic not in self.ledger.rows]
        if missing:
            await self.ledger.put(*missing)
        info = {
            "version": VERSION,
            "hub_id": self.settings.hub_id,
            "name": self.settings.hub_name,
            "instance": self._instance,
            "entities": len(self._hub.states),
        }
        await link.publish_acked(self.topics.status, ONLINE, retain=True)
        if self._rival:
            self._rival = False
            raise LinkError(words(TAKEN_OVER), TAKEN_OVER)
        self._told = True
        await link.publish_acked(self.topics.info, dumps(info), retain=True)
        if self._publisher is not None:
            for key, payload in self._publisher.device_availability().items():
                topic = self.topics.device(key)
                if topic in self.ledger.rows:
                    self.outbox.post(topic, payload, last=True)

    async def _check(self, link: Link) -> None:
        """Compare the broker with the ledger; without being able to read, publish everything."""
        if self._compare is None or self._herald is None:
            return
        try:
            present = await self._read(link)
        except LinkError as error:
            _LOGGER.warning("The broker's retained topics can not be read: %s", error)
            present = {}
        try:
            await self._compare.run(link, present)
        except LinkError as error:
            if not link.connected:
                return
            _LOGGER.warning("Comparing the MQTT broker with the ledger failed: %s", error)
        self._herald.open(link)
        self._compared.set()

    async def _read(self, link: Link) -> dict[str, bytes]:
        if self._target is None:
            raise LinkError("no broker is configured")
        filters = [self.topics.everything, *self.topics.announcements]
        marker = f"{self.topics.root}/hub/marker"
        return await retained(self._target, link.protocol, filters, marker)

    def _lost(self, _error: LinkError) -> None:
        self._compared.clear()
        if self._comparing is not None:
            self._comparing.cancel()
        self.outbox.lost()
        if self._herald is not None:
            self._herald.lost()
        if self._sensor is not None:
            self._sensor.show(connected=False)

    async def _farewell(self, link: Link) -> None:
        with suppress(LinkError):
            await link.publish_acked(self.topics.status, OFFLINE, retain=True, within=FAREWELL)
        await link.close()

    def _receive(self, message: Message) -> None:
        if message.topic == self.topics.birth:
            self._birth.receive(message)
        elif message.topic == self.topics.info:
            # Retained before our first one: an earlier run's. After it: somebody else's.
            self._rival = self._told and self._instance.encode() not in message.payload
        else:
            self._commands.receive(message)

    def _send(self, topic: str, payload: bytes) -> None:
        """Publish an event or a refusal, unretained; while the link is down it is dropped."""
        link = self._link
        if link is not None and link.free > 0:
            with suppress(LinkError):
                link.publish(topic, payload)

    async def _tell_again(self) -> None:
        """After a birth: status, availabilities, then every value, at a bounded rate."""
        link, publisher = self._link, self._publisher
        if link is None or publisher is None:
            return
        with suppress(LinkError):
            await self._say_online(link)
            sent = 0
            for state in self._hub.states.all():
                if state.entity_id not in self.ledger.values:
                    continue
                for topic, payload in publisher.retained(state).items():
                    self.outbox.post(topic, payload, last=topic.endswith("/availability"))
                    sent += 1
                if sent >= _CHUNK:
                    sent = 0
                    await self._hub.clock.sleep(_CHUNK / REPUBLISH_RATE)
                    if self._link is not link:
                        return

    def _entity_updated(self, event: "Event") -> None:
        data, herald, publisher = event.data, self._herald, self._publisher
        if herald is None or publisher is None:
            return
        entity_id = data["entity_id"]
        herald.moved(entity_id)
        old = data.get("old_entity_id")
        if old is not None and old != entity_id:
            herald.moved(old)
            herald.retire(old)
        if not self._directory.live(entity_id):
            herald.retire(entity_id)

    def _device_updated(self, event: "Event") -> None:
        key = self._directory.key_of(event.data["device_id"])
        if key is not None and self._herald is not None:
            self._herald.mark(key)

    def _forget(self, entity_id: str) -> None:
        if self._publisher is not None:
            self._publisher.forget(entity_id)

    def _hurry(self) -> None:
        self.messages.hurry()
        if self._reconnect is not None:
            self._reconnect.hurry()

    def _where(self) -> str:
        target = self._target
        return "-" if target is None else f"{target.host}:{target.port}"
