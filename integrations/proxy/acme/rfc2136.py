"""DNS-01 by dynamic updates (RFC 2136) signed with a TSIG key (RFC 8945), with dnspython."""

import asyncio
import base64
import socket
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from integrations.proxy.acme.dns import DnsFailed

if TYPE_CHECKING:
    from dns.message import Message
    from dns.name import Name

SECONDS: Final = 10.0
"""The longest that the name server may take for one question."""
TTL: Final = 60
_ALIASES: Final = 8
"""CNAMEs that are followed from a record to where it really is."""


class Rfc2136:
    """One name server that takes updates."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Take `server`, `port`, `zone`, `key_name`, `algorithm`, `key_secret`, `ttl`."""
        self._options = options
        self._server = str(options["server"])
        self._port = int(options.get("port") or 53)
        self._address: str | None = None

    async def add(self, record: str, value: str) -> None:
        """Add a value; those of others stay."""
        name, zone = await self._place(record)
        update = self._update(zone)
        update.add(name, int(self._options.get("ttl") or TTL), "TXT", f'"{value}"')
        await self._send(update, f"adding {name}")

    async def remove(self, record: str, value: str) -> None:
        """Remove this value alone."""
        name, zone = await self._place(record)
        update = self._update(zone)
        update.delete(name, "TXT", f'"{value}"')
        await self._send(update, f"removing {name}")

    async def seen(self, record: str, values: Sequence[str]) -> bool:
        """Ask the name server itself."""
        import dns.message
        import dns.rdatatype

        name, _zone = await self._place(record)
        answer = await self._ask(dns.message.make_query(name, dns.rdatatype.TXT))
        found = {
            b"".join(item.strings).decode("ascii", "replace")
            for rrset in answer.answer
            if rrset.rdtype == dns.rdatatype.TXT
            for item in rrset
        }
        return found >= set(values)

    async def _place(self, record: str) -> "tuple[Name, Name]":
        """Return where a record really is: behind CNAMEs of this server, and in which zone."""
        import dns.name

        try:
            name = await self._behind(dns.name.from_text(record))
            zone = self._options.get("zone")
            found = dns.name.from_text(zone) if zone else await self._zone(name)
        except dns.name.NameTooLong as error:
            raise DnsFailed(f"acme.dns: {record} is too long for a name") from error
        if not name.is_subdomain(found):
            raise DnsFailed(f"acme.dns.zone: {name} is not in the zone {found}")
        return name, found

    async def _behind(self, name: "Name") -> "Name":
        import dns.message
        import dns.rdatatype

        for _ in range(_ALIASES):
            answer = await self._ask(dns.message.make_query(name, dns.rdatatype.CNAME))
            targets = [
                rrset[0].target for rrset in answer.answer if rrset.rdtype == dns.rdatatype.CNAME
            ]
            if not targets:
                return name
            name = targets[0]
        raise DnsFailed(f"acme.dns: {name} is behind more than {_ALIASES} aliases")

    async def _zone(self, name: "Name") -> "Name":
        """Return the zone of a name: the owner of the SOA that the server gives with authority."""
        import dns.flags
        import dns.message
        import dns.rdatatype

        answer = await self._ask(dns.message.make_query(name, dns.rdatatype.SOA))
        for rrset in (*answer.answer, *answer.authority):
            if rrset.rdtype == dns.rdatatype.SOA and answer.flags & dns.flags.AA:
                zone: Name = rrset.name
                return zone
        raise DnsFailed(
            f"acme.dns.server: {self._server} has no authority over {name}; name the server that"
            " holds the zone, or give acme.dns.zone"
        )

    def _update(self, zone: "Name") -> Any:
        import dns.name
        import dns.tsig
        import dns.update

        try:
            secret = base64.b64decode(self._options["key_secret"], validate=True)
        except ValueError as error:
            raise DnsFailed("acme.dns.key_secret: is not base64") from error
        algorithm = dns.name.from_text(self._options.get("algorithm") or "hmac-sha256")
        key = dns.tsig.Key(self._options["key_name"], secret, algorithm)
        return dns.update.UpdateMessage(zone, keyring=key)

    async def _send(self, update: "Message", what: str) -> None:
        import dns.rcode

        answer = await self._ask(update)
        if answer.rcode() != dns.rcode.NOERROR:
            raise DnsFailed(
                f"acme.dns: {self._server} refuses {what}: {dns.rcode.to_text(answer.rcode())}"
                " (may the key update the zone?)"
            )

    async def _ask(self, message: "Message") -> "Message":
        """Send a message over TCP, where nothing is cut short."""
        import dns.asyncquery
        import dns.exception
        import dns.tsig

        try:
            async with asyncio.timeout(SECONDS):
                address = await self._resolved()
                return await dns.asyncquery.tcp(message, address, SECONDS, self._port)
        except (TimeoutError, dns.exception.Timeout):
            why = f"no answer within {SECONDS:g} s"
        except (dns.tsig.PeerError, dns.tsig.BadSignature) as error:
            raise DnsFailed(
                f"acme.dns.key_secret: {self._server} does not know the key"
                f" {self._options['key_name']} with this secret and algorithm ({error})"
            ) from error
        except (OSError, EOFError, dns.exception.DNSException) as error:
            why = str(error) or type(error).__name__
        raise DnsFailed(f"acme.dns.server: {self._server} port {self._port}: {why}")

    async def _resolved(self) -> str:
        if self._address is None:
            found = await asyncio.get_running_loop().getaddrinfo(
                self._server, self._port, type=socket.SOCK_STREAM
            )
            self._address = str(found[0][4][0])
        return self._address
