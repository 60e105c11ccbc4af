"""Open a connection of each kind."""

import asyncio
import ssl
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

from hub.sdk import Clock
from integrations.modbus.line.counters import Counters
from integrations.modbus.line.late import Debts
from integrations.modbus.line.options import LinkOptions, Serial, Tls, Udp
from integrations.modbus.line.wire import Wire

T = TypeVar("T")


async def open_wire(
    options: LinkOptions, clock: Clock, counters: Counters, debts: Debts | None
) -> Wire:
    """Return an open connection; OSError or TimeoutError when there is none in time."""
    echo = getattr(options.transport, "echo", False)
    wire = Wire(clock, counters, debts=debts, echo=echo)
    try:
        await within(clock, options.connect_timeout, _connect(options, wire))
        if options.connect_pause:
            await clock.sleep(options.connect_pause)
    except BaseException:
        wire.close("given up")
        raise
    return wire


async def _connect(options: LinkOptions, wire: Wire) -> None:
    loop, transport = asyncio.get_running_loop(), options.transport
    if isinstance(transport, Serial):
        import serial_asyncio_fast  # most houses have no serial line

        await serial_asyncio_fast.create_serial_connection(
            loop,
            lambda: wire,
            transport.device,
            baudrate=transport.baudrate,
            bytesize=transport.bytesize,
            parity=transport.parity,
            stopbits=transport.stopbits,
            exclusive=True,
        )
    elif isinstance(transport, Udp):
        await loop.create_datagram_endpoint(
            lambda: wire, remote_addr=(transport.host, transport.port)
        )
    elif isinstance(transport, Tls):
        context = await asyncio.to_thread(tls_context, transport)
        await loop.create_connection(
            lambda: wire,
            transport.host,
            transport.port,
            ssl=context,
            server_hostname=transport.server_name or transport.host,
        )
    else:
        await loop.create_connection(lambda: wire, transport.host, transport.port)
    await wire.opened


def tls_context(transport: Tls) -> ssl.SSLContext:
    """Return how the device is recognised, and what we show of ourselves."""
    context = ssl.create_default_context(cadata=transport.ca or None)
    if transport.certificate:
        # OpenSSL reads a certificate only from a file; it is nobody else's, and gone at once.
        with tempfile.TemporaryDirectory(prefix="modbus-") as folder:
            path = Path(folder) / "client.pem"
            path.touch(mode=0o600)
            path.write_text(f"{transport.certificate}\n{transport.key}\n", encoding="ascii")
            context.load_cert_chain(path, password=_no_password)
    return context


def _no_password() -> str:
    """Refuse a key that is encrypted; OpenSSL would ask the terminal."""
    return ""


async def within(clock: Clock, seconds: float, work: Awaitable[T]) -> T:
    """Wait for `work` at most `seconds` of the clock, then cancel it and raise TimeoutError."""
    task = asyncio.ensure_future(work)
    expired = False

    def expire() -> None:
        nonlocal expired
        expired = True
        task.cancel()

    cancel = clock.call_later(seconds, expire)
    try:
        return await task
    except asyncio.CancelledError:
        if expired:
            raise TimeoutError(f"no connection within {seconds:g} s") from None
        raise
    finally:
        cancel()
