"""Integrations: found by folder name, set up one by one, retried when the outside is away."""

import asyncio
import importlib
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from hub.const import EVENT_COMPONENT_LOADED
from hub.errors import HubError, Unavailable
from hub.hub import LoadedIntegration
from hub.util.packages import PACKAGE, manifest

if TYPE_CHECKING:
    from hub.hub import Hub

_LOGGER = logging.getLogger(__name__)

SETUP_SECONDS: Final = 30.0
UNLOAD_SECONDS: Final = 2.0
FIRST_RETRY: Final = 5.0
LAST_RETRY: Final = 300.0

Unload = Callable[[], Awaitable[None]]


class Loader:
    """Sets up the configured integrations; one failing touches no other."""

    def __init__(self, hub: "Hub") -> None:
        """Load into `hub`."""
        self._hub = hub

    async def setup_all(self) -> None:
        """Set up every configured integration, side by side."""
        await asyncio.gather(
            *(
                self._setup(domain, config)
                for domain, config in self._hub.settings.integrations.items()
            )
        )

    async def unload_all(self) -> None:
        """Unload every integration, each within 2 s."""
        loaded = [item for item in self._hub.integrations.values() if item.unload is not None]
        await asyncio.gather(*(self._unload(item) for item in loaded))

    async def _setup(self, domain: str, config: Any) -> None:
        """Set up one integration, and go on trying when it says that the outside is away."""
        entry = LoadedIntegration(domain, {})
        self._hub.integrations[domain] = entry
        try:
            entry.manifest = manifest(domain)
            module = importlib.import_module(f"{PACKAGE}.{domain}")
        except Exception as error:
            entry.error = f"could not be loaded: {error}"
            _LOGGER.exception("Integration %s could not be loaded", domain)
            return
        if not await self._attempt(entry, module.setup, config):
            self._hub.tasks.spawn(
                self._retry(entry, module.setup, config), f"set-up of integration {domain}"
            )

    async def _attempt(
        self, entry: LoadedIntegration, setup: Callable[..., Awaitable[Unload]], config: Any
    ) -> bool:
        """Try once; False when another attempt may help."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(SETUP_SECONDS):
                entry.unload = await setup(self._hub, config)
        except (Unavailable, TimeoutError) as error:
            message = str(error) or f"set-up took longer than {SETUP_SECONDS:g} s"
            if entry.error != message:
                _LOGGER.warning("Integration %s is not ready: %s", entry.domain, message)
            entry.error = message
            return False
        except HubError as error:
            entry.error = error.message
            _LOGGER.error("Integration %s failed: %s", entry.domain, error.message)  # noqa: TRY400
            return True
        except Exception as error:
            entry.error = f"{type(error).__name__}: {error}"
            _LOGGER.exception("Integration %s failed", entry.domain)
            return True
        entry.error = None
        entry.setup_seconds = time.monotonic() - started
        self._hub.bus.fire(EVENT_COMPONENT_LOADED, {"component": entry.domain})
        return True

    async def _retry(
        self, entry: LoadedIntegration, setup: Callable[..., Awaitable[Unload]], config: Any
    ) -> None:
        """Try again with growing distances and jitter, for ever."""
        delay = FIRST_RETRY
        while True:
            await self._hub.clock.sleep(delay * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
            if await self._attempt(entry, setup, config):
                return
            delay = min(delay * 2, LAST_RETRY)

    async def _unload(self, entry: LoadedIntegration) -> None:
        if entry.unload is None:
            return
        try:
            async with asyncio.timeout(UNLOAD_SECONDS):
                await entry.unload()
        except TimeoutError:
            _LOGGER.warning("Integration %s did not unload in time", entry.domain)
        except Exception:
            _LOGGER.exception("Integration %s failed while it was unloaded", entry.domain)
        entry.unload = None
