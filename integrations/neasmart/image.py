"""The register image: what the base reads, what it reported, and what we ask of it."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from integrations.neasmart.command import Command, Latency, Phase
from integrations.neasmart.registers import COMMANDS, GLOBAL, GROUPS, KINDS, Kind, decode, same

SIZE: Final = 65536
_REMEMBERED_UNDOCUMENTED: Final = 256


@dataclass(frozen=True, slots=True)
class Reading:
    """One register as the hub sees it: value, quality good/stale/none, reason, wall time."""

    value: float | None
    quality: str
    reason: str | None = None
    at: float | None = None


class Image:
    """One image for all unit ids; synchronous, in memory, the truth while the hub runs.

    `served` is what a reader on the bus gets, as big-endian bytes. Command registers serve the
    open command, else what the base reported, else 0 ("no data": the base writes its own).
    """

    def __init__(
        self,
        *,
        stale_after: float = 180.0,
        command_timeout: float = 30.0,
        fahrenheit: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.served = bytearray(2 * SIZE)
        self.queued: set[int] = set()
        self.open: dict[int, Command] = {}
        self.last: dict[int, Command] = {}
        self.latency = Latency()
        self.undocumented: dict[int, int] = {}
        self.undocumented_writes = 0
        self.protected_writes = 0
        self.expired = 0
        self.monotonic = monotonic
        self.stale_after = stale_after
        self.command_timeout = command_timeout
        self.fahrenheit = fahrenheit
        self.on_change: Callable[[], None] | None = None
        self._wall = wall
        self._reported: dict[int, int] = {}
        self._heard: dict[int, float] = {}
        self._restored: dict[int, float] = {}
        self._group_heard: list[float] = [-math.inf] * GROUPS
        self._stale = [True] * GROUPS
        self._changed: set[int] = set()
        self._woken: set[int] = set()

    # the bus side

    def write(self, address: int, data: bytes, now: float) -> None:
        """Take words the base wrote, as big-endian bytes; commands in flight stay protected."""
        for offset in range(0, len(data), 2):
            self.store(address, data[offset] << 8 | data[offset + 1], now)
            address += 1

    def store(self, address: int, raw: int, now: float) -> None:
        """Take one word the base wrote."""
        if address not in KINDS:
            self._store_undocumented(address, raw)
            return
        group = address // 100
        self._group_heard[group] = now
        if self._stale[group]:
            self._stale[group] = False
            self._woken.add(group)
            self._notify()
        if address in COMMANDS:
            self._report(address, raw, now)
        else:
            self._measure(address, raw)
        self._heard[address] = now

    def delivered(self, address: int, count: int, now: float) -> None:
        """Note that the base read these registers; call it only while `queued` is not empty."""
        for found in [item for item in self.queued if address <= item < address + count]:
            self.queued.discard(found)
            command = self.open[found]
            command.delivered(now)
            self.latency.read = now - command.queued_at
            self._mark(found)

    # the hub side

    def command(self, address: int, raw: int, *, expires: bool = True) -> Command:
        """Queue a command; the newest wins. ValueError for no command register or no data."""
        if address not in COMMANDS:
            raise ValueError(f"register {address} takes no commands")
        if not 0 < raw < SIZE:
            raise ValueError(f"not a command: {raw}")
        now = self.monotonic()
        deadline = now + self.command_timeout if expires else math.inf
        command = Command(address, raw, now, deadline)
        self.open[address] = self.last[address] = command
        self.queued.add(address)
        self._serve(address, raw)
        self._mark(address)
        return command

    def tick(self) -> None:
        """Expire commands nobody read in time and let silent groups go stale."""
        now = self.monotonic()
        for address in [item for item in self.queued if self.open[item].deadline <= now]:
            self.expired += 1
            self._finish(address, Phase.EXPIRED, now, "not_read_in_time")
        for group, heard in enumerate(self._group_heard):
            if not self._stale[group] and now - heard > self.stale_after:
                self._stale[group] = True
                self._woken.add(group)
                self._notify()

    def reading(self, address: int) -> Reading:
        """Return the newest report of the base for a documented register."""
        raw = self.reported(address)
        if raw is None:
            return Reading(None, "none", "never_received")
        decoded = decode(KINDS[address], raw, fahrenheit=self.fahrenheit)
        at = self.reported_at(address)
        if decoded.value is None:
            return Reading(None, "none", decoded.reason, at)
        if address in self._restored:
            return Reading(decoded.value, "stale", "restored", at)
        if self._stale[address // 100]:
            return Reading(decoded.value, "stale", "not_reported_in_time", at)
        return Reading(decoded.value, "good", None, at)

    def reported(self, address: int) -> int | None:
        """Return the last word the base wrote here, or None when it never did."""
        if address in COMMANDS:
            return self._reported.get(address)
        if address in self._heard or address in self._restored:
            return self.served[2 * address] << 8 | self.served[2 * address + 1]
        return None

    def reported_at(self, address: int) -> float | None:
        """Return the wall time of the base's last write to this register."""
        heard = self._heard.get(address)
        if heard is None:
            return self._restored.get(address)
        return self._wall() - (self.monotonic() - heard)

    def fresh(self, group: int = GLOBAL) -> bool:
        """Tell whether a zone (1..60) or the global block (0) reported in time."""
        return not self._stale[group]

    def age(self, group: int = GLOBAL) -> float | None:
        """Return the seconds since the group's last write, None before the first."""
        heard = self._group_heard[group]
        return None if heard == -math.inf else self.monotonic() - heard

    def take_changes(self) -> tuple[set[int], set[int]]:
        """Return and forget the registers and the groups (by freshness) that changed."""
        changes = self._changed, self._woken
        self._changed, self._woken = set(), set()
        return changes

    # durability: measurements only, commands never

    def measurements(self) -> dict[int, tuple[int, float]]:
        """Return raw word and wall time of every measurement ever received or restored."""
        found: dict[int, tuple[int, float]] = {}
        for address in self._heard.keys() | self._restored.keys():
            raw, at = self.reported(address), self.reported_at(address)
            if address not in COMMANDS and raw is not None and at is not None:
                found[address] = raw, at
        return found

    def restore(self, measurements: Mapping[int, tuple[int, float]]) -> int:
        """Load stored measurements as stale; return how many. Command registers are skipped."""
        count = 0
        for address, (raw, at) in measurements.items():
            if address in COMMANDS or address not in KINDS or address in self._heard:
                continue
            if 0 <= raw < SIZE:
                self._serve(address, raw)
                self._restored[address] = at
                count += 1
        return count

    # private

    def _measure(self, address: int, raw: int) -> None:
        place = 2 * address
        known = address in self._heard
        if known and (self.served[place] << 8 | self.served[place + 1]) == raw:
            return
        self._restored.pop(address, None)
        self._serve(address, raw)
        self._mark(address)

    def _report(self, address: int, raw: int, now: float) -> None:
        known = self._reported.get(address)
        self._reported[address] = raw
        if raw != known:
            self._mark(address)
        command = self.open.get(address)
        if command is None:
            self._serve(address, raw)
        elif same(KINDS[address], raw, command.raw):
            if command.delivered_at is not None:
                self.latency.confirm = now - command.delivered_at
            self._finish(address, Phase.CONFIRMED, now)
        elif command.phase is Phase.QUEUED:
            self.protected_writes += 1
        elif raw:
            standby = KINDS[address] is Kind.SETPOINT and decode(Kind.SETPOINT, raw).reason
            reason = "zone_in_standby" if standby == "not_applicable" else "base_kept_other_value"
            self._finish(address, Phase.REJECTED, now, reason)

    def _finish(self, address: int, phase: Phase, now: float, reason: str | None = None) -> None:
        self.open.pop(address).finish(phase, now, reason)
        self.queued.discard(address)
        self._serve(address, self._reported.get(address, 0))
        self._mark(address)

    def _store_undocumented(self, address: int, raw: int) -> None:
        self.undocumented_writes += 1
        self._serve(address, raw)
        if address in self.undocumented or len(self.undocumented) < _REMEMBERED_UNDOCUMENTED:
            self.undocumented[address] = raw

    def _serve(self, address: int, raw: int) -> None:
        place = 2 * address
        self.served[place] = raw >> 8
        self.served[place + 1] = raw & 0xFF

    def _mark(self, address: int) -> None:
        self._changed.add(address)
        self._notify()

    def _notify(self) -> None:
        if self.on_change is not None:
            self.on_change()
