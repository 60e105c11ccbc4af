"""One installation at work: the line, its clockwork, and who is told what changed."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from hub.sdk import Hub, NotAllowed, Unavailable
from integrations.neasmart.capture import Capture
from integrations.neasmart.command import Command
from integrations.neasmart.image import Image
from integrations.neasmart.models import Settings
from integrations.neasmart.options import TCP, Options
from integrations.neasmart.pdu import Slave
from integrations.neasmart.registers import COMMANDS, MODE, STATE
from integrations.neasmart.server import Server
from integrations.neasmart.store import Store

_LOGGER = logging.getLogger(__name__)

TICK: Final = 1.0
REFRESH: Final = 60.0
"""How often ages and counters are published although nothing else changed, in seconds."""
_RESTORE_SECONDS: Final = 5.0
_SAVE_SECONDS: Final = 1.5

Write = Callable[[], None]


class Installation:
    """Turns changes of the image into entity writes, each entity once per loop turn."""

    def __init__(self, hub: Hub, settings: Settings) -> None:
        self.hub = hub
        self.settings = settings
        self.image = Image(
            stale_after=settings.stale_after,
            command_timeout=settings.command_timeout,
            fahrenheit=settings.fahrenheit,
            monotonic=hub.clock.monotonic,
            wall=hub.clock.time,
        )
        self._slave = Slave(
            self.image,
            settings.unit_ids,
            broadcast=settings.broadcast,
            sniff_only=settings.sniff_only,
        )
        self.server = self._line_at(settings.options)
        self.server.suppress_noise = settings.suppress_noise
        self.store = Store(hub, self.image, settings.key)
        self.on_health: Callable[[], None] | None = None
        """Called when the line opens or fails, and when a base station falls silent or speaks."""
        self._by_address: dict[int, dict[Write, None]] = {}
        self._by_group: dict[int, dict[Write, None]] = {}
        self._line: dict[Write, None] = {}
        self._health = self._how_it_fares()
        self._flush_waits = False
        self._line_changed = False
        self._refreshed_at = hub.clock.monotonic()
        self._noise = (0, 0)
        self._cancel: Callable[[], None] | None = None

    async def start(self) -> None:
        """Open the line, restore measurements as stale, queue the start-up commands."""
        self.image.on_change = self._wake
        self.server.on_status = self._status
        await self.server.start()
        try:
            async with asyncio.timeout(_RESTORE_SECONDS):
                await self.store.restore()
        except TimeoutError:
            _LOGGER.warning("The database is slow; measurements were not restored")
        for address, value in (
            (MODE, self.settings.startup_mode),
            (STATE, self.settings.startup_state),
        ):
            if value and not self.settings.sniff_only:
                self.image.command(address, value, expires=False)
        self._cancel = self.hub.clock.call_later(TICK, self._tick)

    async def move(self, options: Options) -> None:
        """Open another line in place of this one; raises Unavailable, then the old one goes on."""
        old, new = self.server, self._line_at(options)
        new.suppress_noise = old.suppress_noise
        shared = old.options.collides(options)
        if shared:
            await old.stop()
        try:
            await new.start()
            await new.tried.wait()
            if new.error is not None:
                raise Unavailable(new.error)
        except BaseException:
            await new.stop()
            if shared:
                await old.start()
            raise
        self.server = new
        old.on_status, new.on_status = None, self._status
        if not shared:
            await old.stop()
        self._noise = (0, 0)
        self._status()

    def adopt(self, settings: Settings) -> None:
        """Follow new settings at once; the line itself is not touched."""
        before, self.settings = self.settings, settings
        self.image.stale_after = settings.stale_after
        self.image.command_timeout = settings.command_timeout
        self.image.fahrenheit = settings.fahrenheit
        self._slave.serve(
            settings.unit_ids, broadcast=settings.broadcast, sniff_only=settings.sniff_only
        )
        if settings.suppress_noise != before.suppress_noise:
            self.server.suppress_noise = settings.suppress_noise
        if (settings.capture, settings.capture_limit) != (before.capture, before.capture_limit):
            old, self.server.capture = self.server.capture, self._capture(settings.options)
            if old is not None:
                self.hub.tasks.spawn(old.flush(), "write the rest of the bus capture")
        self._status()

    async def stop(self) -> None:
        """Close the line and store what is not yet stored."""
        if self._cancel is not None:
            self._cancel()
            self._cancel = None
        self.image.on_change = self.server.on_status = self.on_health = None
        await self.server.stop()
        try:
            async with asyncio.timeout(_SAVE_SECONDS):
                await self.store.save()
        except TimeoutError:
            _LOGGER.warning("The database is slow; the last measurements were not stored")

    def command(self, address: int, raw: int) -> Command:
        """Queue a command and publish it at once; NotAllowed when only listening."""
        if self.settings.sniff_only:
            raise NotAllowed(f"{self.settings.name} only listens (sniff_only is set)")
        command = self.image.command(address, raw)
        self.flush()
        return command

    def follow(self, addresses: Iterable[int], write: Write) -> Callable[[], None]:
        """Call `write` once per loop turn in which one of the registers or its group changed."""
        wanted = tuple(addresses)
        places = [self._by_address.setdefault(address, {}) for address in wanted]
        places += [self._by_group.setdefault(address // 100, {}) for address in wanted]
        if not wanted:
            places.append(self._line)
        for place in places:
            place[write] = None

        def unfollow() -> None:
            for place in places:
                place.pop(write, None)

        return unfollow

    def flush(self) -> None:
        """Publish all changes now."""
        self._flush_waits = False
        addresses, groups = self.image.take_changes()
        writes: dict[Write, None] = {}
        for address in addresses:
            writes |= self._by_address.get(address, {})
        for group in groups:
            writes |= self._by_group.get(group, {})
        if self._line_changed or not addresses.isdisjoint(COMMANDS):
            writes |= self._line
        if self._line_changed:
            for followers in self._by_group.values():
                writes |= followers
        status, self._line_changed = self._line_changed, False
        if not addresses <= COMMANDS:
            self.store.dirty = True
        for write in writes:
            try:
                write()
            except Exception:
                _LOGGER.exception("An entity of %s was not updated", self.settings.name)
        if groups or status:
            self._tell_health()

    # private

    def _wake(self) -> None:
        if not self._flush_waits:
            self._flush_waits = True
            asyncio.get_running_loop().call_soon(self.flush)

    def _status(self) -> None:
        self._line_changed = True
        self._wake()

    def _tick(self) -> None:
        self._cancel = self.hub.clock.call_later(TICK, self._tick)
        self.image.tick()
        self.server.sweep()
        self.store.tick()
        if self.server.capture is not None:
            self.hub.tasks.spawn(self.server.capture.flush(), "write the bus capture")
        now = self.hub.clock.monotonic()
        if now - self._refreshed_at >= REFRESH:
            self._refreshed_at = now
            self._tell_noise()
            self._status()

    def _tell_noise(self) -> None:
        counters = self.server.counters()
        foreign, damaged = counters.foreign, counters.crc_errors
        before, self._noise = self._noise, (foreign, damaged)
        if self.server.suppress_noise or before == self._noise:
            return
        _LOGGER.info(
            "%s: %d foreign and %d damaged frames in the last minute",
            self.settings.name,
            foreign - before[0],
            damaged - before[1],
        )

    def _how_it_fares(self) -> tuple[object, ...]:
        fresh = self.image.fresh
        zones = (base.zones for base in self.settings.bases)
        return self.server.error, *(any(fresh(zone.address // 100) for zone in of) for of in zones)

    def _tell_health(self) -> None:
        before, self._health = self._health, self._how_it_fares()
        if self._health != before and self.on_health is not None:
            self.on_health()

    def _line_at(self, options: Options) -> Server:
        return Server(
            self._slave, options, capture=self._capture(options), sleep=self.hub.clock.sleep
        )

    def _capture(self, options: Options) -> Capture | None:
        path = self.settings.capture
        if path is None:
            return None
        framing = "mbap" if options.transport == TCP else "rtu"
        return Capture(self.hub.data_dir / path, framing, self.settings.capture_limit)
