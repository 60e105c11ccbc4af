"""Reads what a broker retains, over a short connection of its own."""

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from paho.mqtt.enums import MQTTProtocolVersion

from hub.config.settings import BrokerSettings
from hub.mqtt.errors import LinkError
from hub.mqtt.link import Link, Message, Subscription

WINDOW: Final = 10.0
QUIET: Final = 0.3


async def retained(
    broker: BrokerSettings,
    protocol: MQTTProtocolVersion,
    filters: Sequence[str],
    marker: str,
) -> dict[str, bytes]:
    """Return the retained messages below `filters` by topic; raises `LinkError`.

    A message of our own on `marker` (a topic within the filters) comes behind the retained ones;
    after it, `QUIET` seconds without another one end the reading, `WINDOW` seconds end it anyway.
    """
    found: dict[str, bytes] = {}
    marked = asyncio.Event()
    activity = asyncio.Event()
    nonce = secrets.token_hex(8).encode()

    def receive(message: Message) -> None:
        activity.set()
        if message.retain:
            found[message.topic] = message.payload
        elif message.topic == marker and message.payload == nonce:
            marked.set()

    link = Link(broker, "hub-reader-" + secrets.token_hex(4), protocol, on_message=receive)
    await link.open()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(WINDOW):
                await link.subscribe(dict.fromkeys(filters, Subscription()))
                await link.publish_acked(marker, nonce)
                await marked.wait()
                await _silence(activity)
        if not link.connected:
            raise LinkError("connection lost while reading the retained messages")
    finally:
        await link.close()
    return found


async def _silence(activity: asyncio.Event) -> None:
    while True:
        activity.clear()
        try:
            async with asyncio.timeout(QUIET):
                await activity.wait()
        except TimeoutError:
            return
