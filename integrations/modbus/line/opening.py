"""Open a connection of each kind with the client that pymodbus has for it."""

import asyncio
import logging
import socket
import ssl
import sys
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Final, TypeVar

from pymodbus import FramerType
from pymodbus.client import (
    AsyncModbusSerialClient,
    AsyncModbusTcpClient,
    AsyncModbusTlsClient,
    AsyncModbusUdpClient,
)
from pymodbus.client.base import ModbusBaseClient
from pymodbus.framer import FramerRTU, FramerSocket

from hub.sdk import Clock
from integrations.modbus.line.counters import Counters
from integrations.modbus.line.late import Debts
from integrations.modbus.line.options import LinkOptions, RtuOverTcp, Serial, Tls, Udp
from integrations.modbus.line.questions import Decoder
from integrations.modbus.line.wire import Wire

T = TypeVar("T")

_KEEPALIVE: Final = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
_PYMODBUS: Final = logging.getLogger("pymodbus.logging")


async def open_wire(
    options: LinkOptions, clock: Clock, counters: Counters, debts: Debts | None
) -> Wire:
    """Return an open connection; OSError or TimeoutError when there is none in time."""
    _PYMODBUS.addFilter(_is_wanted)
    wire = Wire(clock, counters, debts)
    try:
        await within(clock, options.connect_timeout, _connect(options, wire))
        if options.connect_pause:
            await clock.sleep(options.connect_pause)
    except BaseException:
        wire.close("given up")
        raise
    return wire


async def _connect(options: LinkOptions, wire: Wire) -> None:
    transport, more = options.transport, {}
    context = None
    if isinstance(transport, Tls):
        context = await asyncio.to_thread(tls_context, transport)
        more["server_hostname"] = transport.server_name or transport.host
    client = _client(options, context)
    # pymodbus's connect() awaits the same, and keeps to itself why it failed.
    opened, _ = await client.ctx.call_create(**more)
    if isinstance(transport, Serial):
        client.ctx.transport = opened  # pymodbus itself is told two turns of the loop later
    elif not client.connected:
        raise ConnectionAbortedError("the other side closed the connection at once")
    _keep_alive(opened.get_extra_info("socket"))
    wire.carry(client, opened)


def _client(options: LinkOptions, context: ssl.SSLContext | None) -> ModbusBaseClient:
    """Return pymodbus's client; retries and fresh connections are ours."""
    transport = options.transport
    usual: dict[str, Any] = {"timeout": options.timeout, "retries": 0, "reconnect_delay": 0}
    client: ModbusBaseClient
    if isinstance(transport, Serial):
        client = AsyncModbusSerialClient(
            transport.device,
            baudrate=transport.baudrate,
            bytesize=transport.bytesize,
            parity=transport.parity,
            stopbits=transport.stopbits,
            **usual,
        )
    elif isinstance(transport, Udp):
        client = AsyncModbusUdpClient(transport.host, port=transport.port, **usual)
    elif context is not None:
        client = AsyncModbusTlsClient(transport.host, port=transport.port, sslctx=context, **usual)
    else:
        framer = FramerType.RTU if options.is_bus else FramerType.SOCKET
        client = AsyncModbusTcpClient(transport.host, port=transport.port, framer=framer, **usual)
    client.set_max_no_responses(sys.maxsize)
    client.ctx.comm_params.handle_local_echo = (
        isinstance(transport, RtuOverTcp | Serial) and transport.echo
    )
    # Over TLS too: pymodbus's framer for it takes whatever has come for one whole frame.
    client.ctx.framer = FramerRTU(Decoder()) if options.is_bus else FramerSocket(Decoder())
    return client


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


def _keep_alive(sock: socket.socket | None) -> None:
    """Let the system notice a peer that is gone without a word."""
    if sock is None or sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sock.type == socket.SOCK_STREAM:
        for name, value in _KEEPALIVE:
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _is_wanted(record: logging.LogRecord) -> bool:
    """Keep pymodbus's frames and complaints out of the log: what they are about, we tell once.

    Exceptions pass, and everything does when somebody sets a level for this logger.
    """
    return bool(
        record.exc_info or record.levelno >= logging.CRITICAL or _PYMODBUS.level != logging.NOTSET
    )


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
