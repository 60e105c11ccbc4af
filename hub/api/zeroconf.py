"""The hub's record in the local network, by which companion apps and displays find it.

Imported only when the hub listens on more than loopback: the library costs time and memory.
"""

import ipaddress
import logging
from typing import TYPE_CHECKING, Final

import ifaddr
from zeroconf import InterfaceChoice, IPVersion, NonUniqueNameException
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from hub.const import HA_VERSION

if TYPE_CHECKING:
    from hub.hub import Hub

_LOGGER = logging.getLogger(__name__)

SERVICE_TYPE: Final = "_home-assistant._tcp.local."
MAX_NAME_BYTES: Final = 63
MAX_VALUE_BYTES: Final = 230


class Announcement:
    """One published record: `start` after the server answers, `stop` before it ends."""

    def __init__(self, hub: "Hub", host: str, port: int) -> None:
        """Announce the server on `host:port`."""
        self._hub = hub
        self._host = host
        self._port = port
        self._zeroconf: AsyncZeroconf | None = None

    async def start(self) -> None:
        """Publish the record; raises `OSError` where there is no multicast."""
        any_host = self._host in ("", "0.0.0.0", "::")  # noqa: S104 - compared, not bound
        addresses = _own_addresses() if any_host else [self._host]
        if not addresses:
            _LOGGER.info("No network interface but loopback: the hub is not announced")
            return
        info = self._info(addresses)
        wide = self._host == "::" or any(":" in address for address in addresses)
        zeroconf = AsyncZeroconf(
            interfaces=InterfaceChoice.All if any_host else [self._host],
            ip_version=IPVersion.All if wide else IPVersion.V4Only,
        )
        try:
            await (await zeroconf.async_register_service(info, allow_name_change=True))
        except NonUniqueNameException as error:
            await zeroconf.async_close()
            raise OSError(f"the name {info.name} is taken") from error
        except BaseException:
            await zeroconf.async_close()
            raise
        self._zeroconf = zeroconf
        _LOGGER.info("Announced as %s at %s", info.name, ", ".join(addresses))

    async def stop(self) -> None:
        """Withdraw the record."""
        zeroconf, self._zeroconf = self._zeroconf, None
        if zeroconf is not None:
            await zeroconf.async_unregister_all_services()
            await zeroconf.async_close()

    def _info(self, addresses: list[str]) -> AsyncServiceInfo:
        hub = self._hub
        own = hub.settings.hub
        internal = own.internal_url or f"http://{_bracketed(addresses[0])}:{self._port}"
        external = own.external_url or ""
        properties = {
            "location_name": own.name,
            "uuid": hub.hub_id,
            "version": HA_VERSION,
            "internal_url": internal,
            "external_url": external,
            "base_url": external or internal,
            "requires_api_password": "True",
        }
        return AsyncServiceInfo(
            SERVICE_TYPE,
            f"{instance_name(own.name)}.{SERVICE_TYPE}",
            port=self._port,
            parsed_addresses=addresses,
            properties={key: _short(value) for key, value in properties.items()},
            server=f"{hub.hub_id}.local.",
        )


def instance_name(name: str) -> str:
    """Return the name as one label: no dots, at most 63 bytes, cut between characters."""
    label = name.replace(".", " ").strip() or "Hub"
    return label.encode()[:MAX_NAME_BYTES].decode(errors="ignore").strip()


def _short(value: str) -> str:
    """Return a value that fits into a TXT entry, or nothing."""
    return value if len(value.encode()) <= MAX_VALUE_BYTES else ""


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _own_addresses() -> list[str]:
    """Return the addresses of all interfaces but loopback, IPv4 first."""
    found = []
    for adapter in ifaddr.get_adapters():
        for item in adapter.ips:
            text = item.ip if isinstance(item.ip, str) else item.ip[0]
            address = ipaddress.ip_address(text)
            if not address.is_loopback and not (address.version == 6 and address.is_link_local):
                found.append(address)
    found.sort(key=lambda address: (address.version, int(address)))
    return [str(address) for address in found]
