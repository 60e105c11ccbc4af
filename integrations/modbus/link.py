"""One link at work: its line, and what else uses it - a gateway, a recording."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from hub.sdk import Hub
from integrations.modbus.capture import LinkCapture
from integrations.modbus.const import DOMAIN
from integrations.modbus.gateway.options import GatewayOptions
from integrations.modbus.gateway.server import Gateway
from integrations.modbus.line.client import Line
from integrations.modbus.line.options import LinkOptions

_MEGABYTE: Final = 1_000_000

_HALF_DONE: Final = "half done"

Told = Callable[[], None]


class Link:
    """What lives in this process for one `modbus.link`."""

    def __init__(self, hub: Hub, key: str, spec: Mapping[str, Any]) -> None:
        """Prepare; nothing is opened before `start`."""
        self.key = key
        self.spec = dict(spec)
        self.gateway: Gateway | None = None
        self.capture: LinkCapture | None = None
        self._half_done: frozenset[str] = frozenset()
        """Fields of a change that failed: nobody knows which of it runs."""
        self._hub = hub
        self._told: dict[Told, None] = {}
        self.line = self._new_line()

    @property
    def name(self) -> str:
        """Return what people call it."""
        return str(self.spec.get("name") or self.key)

    @property
    def parts(self) -> dict[str, Any]:
        """Return what runs, as `plan` compares it; what is half done is neither old nor new."""
        return {**self.spec, **dict.fromkeys(self._half_done, _HALF_DONE)}

    def listen(self, told: Told) -> Callable[[], None]:
        """Call `told()` when the line connects, is lost, or could not be reached."""
        self._told[told] = None
        return lambda: (self._told.pop(told, None), None)[1]

    async def start(self) -> None:
        """Open the line; one that can not be opened goes on trying by itself."""
        self._heed()
        await self.line.start()
        await self._set_capture()
        await self._set_gateway()

    async def stop(self) -> None:
        """Close everything."""
        await self._no_gateway()
        await self._no_capture()
        await self.line.stop()

    async def become(self, spec: Mapping[str, Any]) -> None:
        """Follow another spec; there may be another line afterwards, also when it fails."""
        before, self.spec = self.spec, dict(spec)
        try:
            await self._follow(before, spec)
        except BaseException:
            fields = {**before, **spec}
            self._half_done |= {name for name in fields if before.get(name) != spec.get(name)}
            self.spec = before
            raise
        else:
            self._half_done = frozenset()
        finally:
            self._tell()

    async def _follow(self, before: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
        if self._half_done or self.line.options != LinkOptions.from_spec(spec):
            await self._no_gateway()
            await self._no_capture()
            old, self.line = self.line, self._new_line()
            await old.stop()
            await self.start()
            return
        if before.get("capture") != spec.get("capture"):
            await self._no_capture()
            await self._set_capture()
        if before.get("gateway") != spec.get("gateway"):
            await self._no_gateway()
            await self._set_gateway()

    # private

    def _new_line(self) -> Line:
        return Line(LinkOptions.from_spec(self.spec), self._hub.clock)

    def _heed(self) -> None:
        line = self.line

        def told() -> None:
            if self.line is line:
                self._tell()

        line.listen(told)

    def _tell(self) -> None:
        for told in tuple(self._told):
            told()

    async def _set_capture(self) -> None:
        wanted = self.spec.get("capture") or {}
        if wanted.get("enabled"):
            path = self._hub.data_dir / DOMAIN / f"{self.key}.jsonl"
            limit = int(wanted["size_mb"] * _MEGABYTE)
            self.capture = LinkCapture(self.line, path, self._hub.clock, limit)
            self.capture.start()

    async def _no_capture(self) -> None:
        if self.capture is not None:
            await self.capture.stop()
            self.capture = None

    async def _set_gateway(self) -> None:
        wanted = self.spec.get("gateway")
        if wanted is not None:
            options = GatewayOptions.from_spec(wanted)
            self.gateway = Gateway(self.line, options, self._hub.clock)
            self.gateway.on_change = self._tell
            await self.gateway.start()

    async def _no_gateway(self) -> None:
        if self.gateway is not None:
            await self.gateway.stop()
            self.gateway = None
