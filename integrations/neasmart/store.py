"""Measurements that survive a restart, written behind the bus; commands never get here."""

import logging
from typing import Final

from hub.sdk import Hub, HubError
from integrations.neasmart.const import DOMAIN
from integrations.neasmart.image import Image

_LOGGER = logging.getLogger(__name__)

INTERVAL: Final = 3.0
REFRESH: Final = 300.0
_LAST_RETRY: Final = 60.0


class Store:
    """One document per installation, at most one write per interval, only after changes."""

    def __init__(self, hub: Hub, image: Image, key: str) -> None:
        self.failures = 0
        self.dirty = False
        self._hub = hub
        self._image = image
        self._key = key
        self._saving = False
        self._next = 0.0
        self._saved_at = hub.clock.monotonic()

    async def restore(self) -> int:
        """Load the stored measurements as stale; a failing database costs only them."""
        try:
            document = await self._hub.documents.load(DOMAIN, self._key)
        except (HubError, OSError) as error:
            _LOGGER.warning("Measurements of %s were not restored: %s", self._key, error)
            return 0
        return self._image.restore(_measurements(document))

    def tick(self) -> None:
        """Start a write when one is due; called about once a second."""
        now = self._hub.clock.monotonic()
        if self._saving or now < self._next:
            return
        if self.dirty or (now - self._saved_at > REFRESH and self._image.measurements()):
            self._saving = True
            self._hub.tasks.spawn(self.save(), f"store measurements of {self._key}")

    async def save(self) -> None:
        """Write all measurements in one go; a failure is told once and tried again later."""
        self._saving = True
        self.dirty = False
        document = {
            str(address): [raw, round(at, 3)]
            for address, (raw, at) in self._image.measurements().items()
        }
        try:
            await self._hub.documents.save(DOMAIN, self._key, document)
        except Exception as error:  # noqa: BLE001 - durability may fail in any way
            if not self.failures:
                _LOGGER.warning("Measurements of %s are not stored: %s", self._key, error)
            self.failures += 1
            self.dirty = True
        else:
            if self.failures:
                _LOGGER.info("Measurements of %s are stored again", self._key)
            self.failures = 0
            self._saved_at = self._hub.clock.monotonic()
        finally:
            self._saving = False
            delay = min(INTERVAL * 2.0 ** min(self.failures, 10), _LAST_RETRY)
            self._next = self._hub.clock.monotonic() + delay


def _measurements(document: object) -> dict[int, tuple[int, float]]:
    found: dict[int, tuple[int, float]] = {}
    if isinstance(document, dict):
        for address, entry in document.items():
            match entry:
                case [int(raw), int(at) | float(at)] if str(address).isdecimal():
                    found[int(address)] = raw, float(at)
    return found
