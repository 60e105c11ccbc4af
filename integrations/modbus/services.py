"""The verbs of this integration beside those of its entities."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.sdk import (
    Context,
    Description,
    Hub,
    NotAllowed,
    NotFound,
    Response,
    ServiceCall,
    Unauthorized,
    Unavailable,
)
from integrations.modbus import raw
from integrations.modbus.const import BROADCAST, DEVICE, DOMAIN, LINK
from integrations.modbus.diagnostics import diagnostics
from integrations.modbus.learn import Learning
from integrations.modbus.polling.reads import Read
from integrations.modbus.scan import Scan
from integrations.modbus.verbs import VERBS
from integrations.modbus.waiting import Waiting

if TYPE_CHECKING:
    from integrations.modbus.link import Link
    from integrations.modbus.park import Park
    from integrations.modbus.polling.device import Device

_LOGGER = logging.getLogger(__name__)

Answer = dict[str, Any]

READ: Final = "read"
APPLY: Final = "apply"
LONGEST_JOB: Final = 24 * 3600.0


class Services:
    """What a call does; rights are checked before anything is looked up."""

    def __init__(self, hub: Hub, park: "Park") -> None:
        """Work on the links and devices of `hub`."""
        self.waiting = Waiting(hub.clock)
        self._hub, self._park = hub, park
        self._busy: dict[str, str] = {}

    async def registers(self, call: ServiceCall) -> Answer:
        """Tell everything that is known of a device's registers, when asked for only if newer."""
        device = self._device(call, READ)
        if "after" in call.data:
            await self.waiting.newer(device, call.data["after"], call.data["wait"])
        return {
            "device": device.key,
            "name": device.settings.name,
            "available": device.available,
            "version": device.version,
            "registers": device.registers(),
        }

    async def read_registers(self, call: ServiceCall) -> Answer:
        """Read now."""
        if "device" in call.data:
            device = self._device(call, READ)
            keys = list(dict.fromkeys(call.data["registers"]))
            _known(device, keys, "registers")
            await device.refresh(keys)
            return {"values": _shown(device, keys)}
        link, place = self._link(call, READ), call.data
        with raw.in_words(_place(link, place)):
            found = await raw.read(
                link.line, place["unit"], place["table"], place["address"], place["count"]
            )
        return {"registers": found}

    async def write_registers(self, call: ServiceCall) -> Answer:
        """Write now, or keep it for later; tells what was there before and what is there after."""
        if "device" in call.data:
            device = self._device(call, APPLY)
            values = call.data["values"]
            _known(device, values, "values")
            before = _values(device, values)
            await device.write(values)
            waiting = [key for key in values if device.pending(key) is not None]
            found = {"written": not waiting, "before": before, "after": _values(device, values)}
            return {**found, "pending": waiting} if waiting else found
        link, place = self._link(call, APPLY), call.data
        self._refuse_read_only(link, place["unit"])
        with raw.in_words(_place(link, place)):
            was, became = await raw.write(
                link.line,
                place["unit"],
                place["table"],
                place["address"],
                place["values"],
                place["function"],
            )
        _LOGGER.info("%s: %s written by %s", _place(link, place), place["values"], _who(call))
        found = {"before": was, "after": became}
        return {"written": True, **{name: item for name, item in found.items() if item is not None}}

    async def scan(self, call: ServiceCall) -> Answer:
        """Look for units, and for what can be read of them."""
        link, data = self._link(call, APPLY), call.data
        first, last = data["units"]
        ranges = [
            Read(item["table"], item["first"], item["last"] - item["first"] + 1)
            for item in data["ranges"]
        ]

        async def work(job: Any) -> Answer:
            scan = Scan(link.line, self._hub.clock, data["pause"], tell=job.progress, log=job.log)
            return await scan.run(range(first, last + 1), ranges)

        return await self._job("scan", f"{LINK}/{link.key}", link.key, work, call.context)

    async def learn(self, call: ServiceCall) -> Answer:
        """Measure what a device can stand."""
        device = self._device(call, APPLY)

        async def work(job: Any) -> Answer:
            return await Learning(device, tell=job.progress, log=job.log).run()

        target = f"{DEVICE}/{device.key}"
        return await self._job("learn", target, device.settings.link, work, call.context)

    def forget(self, call: ServiceCall) -> Answer:
        """Forget what was learned of a device; what it refused is tried again."""
        self._device(call, APPLY).forget()
        return {"forgotten": True}

    def diagnostics(self, call: ServiceCall) -> Answer:
        """Tell what a person needs to find a fault."""
        del call
        return diagnostics(self._park)

    # --- what they share

    async def _job(
        self,
        verb: str,
        target: str,
        link: str,
        work: Callable[[Any], Awaitable[Answer]],
        context: Context,
    ) -> Answer:
        """Begin a job that has a link for itself among its kind."""
        present = self._busy.get(link)
        if present is not None:
            raise NotAllowed(f"link: {LINK}/{link} is busy with another one, {present}")
        if not self._park.link(link).line.connected:
            raise Unavailable(
                f"{LINK}/{link}: {self._park.link(link).line.error or 'no connection'}"
            )
        self._busy[link] = f"{DOMAIN}.{verb} of {target}"

        async def run(job: Any) -> Answer:
            try:
                with job.cancel_anywhere():
                    return await work(job)
            finally:
                self._busy.pop(link, None)

        try:
            job = await self._hub.jobs.start(
                f"{DOMAIN}.{verb}", target, run, context, timeout=LONGEST_JOB
            )
        except BaseException:
            self._busy.pop(link, None)
            raise
        return {"job_id": job.id}

    def _device(self, call: ServiceCall, verb: str) -> "Device":
        key = call.data["device"].removeprefix(f"{DEVICE}/")
        self._demand(call.context, verb, DEVICE, key)
        if key not in self._park.devices:
            self._hub.resources.get(DEVICE, key)  # raises NotFound in the usual words
            raise Unavailable(f"device: {DEVICE}/{key} does not run yet")
        return self._park.devices[key]

    def _link(self, call: ServiceCall, verb: str) -> "Link":
        key = call.data["link"].removeprefix(f"{LINK}/")
        self._demand(call.context, verb, LINK, key)
        if key not in self._park.links:
            self._hub.resources.get(LINK, key)
            raise Unavailable(f"link: {LINK}/{key} does not run yet")
        return self._park.links[key]

    def _refuse_read_only(self, link: "Link", unit: int) -> None:
        """Keep raw writes from devices that are only to be read; a broadcast reaches them all."""
        for device in self._park.on_link(link.key):
            if device.settings.read_only and unit in {device.settings.unit, BROADCAST}:
                raise NotAllowed(f"unit: {device.settings.name} is only read: read_only is set")

    def _demand(self, context: Context, verb: str, kind: str, key: str) -> None:
        if context.user_id is None:
            return
        user = self._hub.auth.users.get(context.user_id)
        if user is None or not user.may_resource(verb, kind, key):
            raise Unauthorized


def register(hub: Hub, park: "Park") -> Callable[[], None]:
    """Register the services of the domain; returns what removes them."""
    services = Services(hub, park)
    undo = [
        hub.services.register(
            DOMAIN,
            verb.name,
            getattr(services, verb.name),
            schema=verb.schema,
            description=Description(verb.title, verb.words, verb.fields),
            response=Response.ONLY if verb.asks else Response.OPTIONAL,
            admin=verb.admin,
        )
        for verb in VERBS
    ]

    def remove() -> None:
        for one in undo:
            one()
        services.waiting.close()

    return remove


def _known(device: "Device", keys: "Mapping[str, Any] | list[str]", field: str) -> None:
    unknown = [key for key in keys if key not in device.definition.by_key]
    if unknown:
        raise NotFound(f"{field}: {device.settings.name} has no register {unknown[0][:80]!r}")


def _shown(device: "Device", keys: list[str]) -> Answer:
    wanted = set(keys)
    return {item["key"]: item for item in device.registers() if item["key"] in wanted}


def _values(device: "Device", keys: Mapping[str, Any]) -> Answer:
    """Return what registers show, lists where they show flags."""
    found = {key: device.reading(key).value for key in keys}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in found.items()}


def _place(link: "Link", place: Mapping[str, Any]) -> str:
    return f"{link.name}, unit {place['unit']}, {place['table']} {place['address']}"


def _who(call: ServiceCall) -> str:
    return call.context.user_id or "the hub itself"
