"""`hub watch`: what happens, line by line, over the websocket."""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli import options
from hub.cli.commands.states import matcher
from hub.cli.errors import USAGE, CliError
from hub.cli.follow import line
from hub.cli.output import cell, clean, note, paint, write
from hub.cli.resources import COLOURS
from hub.cli.wire import short

if TYPE_CHECKING:
    import aiohttp

    from hub.cli.client import Client

KINDS: Final = ("states", "events", "resources", "jobs")
FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 10.0
SILENT_SECONDS: Final = 30.0

Show = Callable[[Any], str | None]


class Lost(Exception):  # noqa: N818 - names the fact
    """The connection ended."""


@click.command()
@click.argument("what", type=click.Choice(KINDS), default="states")
@click.argument("pattern", required=False)
@options.output
@options.hub
def watch(client: "Client", what: str, pattern: str | None, output: str) -> None:
    """Show changes as they happen, until Ctrl-C; a restart of the hub is waited for.

    PATTERN chooses entities (as in `hub states`), one event type, one resource type or TYPE/KEY, or
    one job. With -o json each line is one JSON object.
    """
    if output == "yaml":
        raise CliError("watch shows a table or JSON lines", status=USAGE)
    message, show = _subscription(what, pattern)
    asyncio.run(follow(client, message, show if output == "table" else _json))


def _subscription(what: str, pattern: str | None) -> tuple[dict[str, Any], Show]:
    """Return the websocket command and how its events are shown."""
    if what == "states":
        fits = matcher(pattern) if pattern else None
        message = {"type": "subscribe_events", "event_type": "state_changed"}
        return message, lambda event: _state(event, fits)
    if what == "events":
        message = {"type": "subscribe_events"}
        return message | ({"event_type": pattern} if pattern else {}), _event
    if what == "jobs":
        return {"type": "job/subscribe"} | ({"job_id": pattern} if pattern else {}), _job
    kind, _, key = (pattern or "").partition("/")
    message = {"type": "resource/subscribe"}
    message |= ({"resource_type": kind} if kind else {}) | ({"key": key} if key else {})
    return message, _resource


async def follow(client: "Client", message: dict[str, Any], show: Show) -> None:
    """Subscribe and show, again after each loss."""
    wait, known = FIRST_WAIT, False
    while True:
        began = time.monotonic()
        try:
            await _session(client, message, show)
        except Lost as error:
            if not known and not str(error).startswith("the connection"):
                raise CliError(str(error), "start the hub, or try `hub doctor`") from None
            if wait == FIRST_WAIT:
                note("the connection was lost; trying again")
        known = True
        wait = (
            FIRST_WAIT if time.monotonic() - began > LONGEST_WAIT else min(wait * 2, LONGEST_WAIT)
        )
        await asyncio.sleep(wait)


async def _session(client: "Client", message: dict[str, Any], show: Show) -> None:
    """One connection, from the log-in to its end; raises `Lost`."""
    import aiohttp

    address = client.way.address
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
    async with contextlib.AsyncExitStack() as stack:
        connector, base = None, str(address)
        if address.path is not None:
            base = "http://localhost"
            connector = aiohttp.UnixConnector(stack.enter_context(short(address.path)))
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=connector, timeout=timeout)
        )
        try:
            ws = await session.ws_connect(
                f"{base}/api/websocket", heartbeat=SILENT_SECONDS, max_msg_size=64 << 20
            )
        except (aiohttp.ClientError, OSError, TimeoutError):
            raise Lost(f"no hub answers at {address} (chosen by {client.way.chosen_by})") from None
        await stack.enter_async_context(ws)
        try:
            await _log_in(ws, client)
            await ws.send_json({"id": 1, **message})
            async for frame in ws:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    for item in _messages(frame.data):
                        _handle(item, show)
        except BrokenPipeError:  # of our own standard output
            raise
        except (aiohttp.ClientError, OSError, TypeError) as error:
            raise Lost("the connection ended") from error
    raise Lost("the connection ended")


async def _log_in(ws: "aiohttp.ClientWebSocketResponse", client: "Client") -> None:
    """Show the token; over the socket the owner needs none. Raises `CliError`."""
    token = client.token()
    async with asyncio.timeout(10):
        await ws.receive_json()
        await ws.send_json({"type": "auth"} | ({"access_token": token} if token else {}))
        answer = await ws.receive_json()
    if answer.get("type") != "auth_ok":
        raise CliError(
            str(answer.get("message", "the hub did not let us in")),
            f"log in with `hub login {client.way.address}`, or set HUB_TOKEN",
        )


def _messages(data: str) -> list[Any]:
    found = json.loads(data)
    return found if isinstance(found, list) else [found]


def _handle(item: dict[str, Any], show: Show) -> None:
    if item.get("type") == "result" and not item.get("success"):
        error = item.get("error") or {}
        raise CliError(str(error.get("message")), code=str(error.get("code")))
    if item.get("type") == "event" and (text := show(item["event"])) is not None:
        write(text)
        sys.stdout.flush()


def _json(event: Any) -> str:
    text = json.dumps(event, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(event)


def _now() -> str:
    return time.strftime("%H:%M:%S")


def _state(event: dict[str, Any], fits: Callable[[str], bool] | None) -> str | None:
    data = event["data"]
    if fits is not None and not fits(data["entity_id"]):
        return None
    old, new = data["old_state"], data["new_state"]
    if old is not None and new is not None and old["state"] == new["state"]:
        before, after = old["attributes"], new["attributes"]
        told = [
            f"{key}={cell(after.get(key))}"
            for key in {**before, **after}
            if before.get(key) != after.get(key)
        ]
        return clean(f"{_now()} {data['entity_id']} {' '.join(told)}")
    was = "(new)" if old is None else old["state"]
    now = "(gone)" if new is None else new["state"]
    return clean(f"{_now()} {data['entity_id']} {was} -> {now}")


def _event(event: dict[str, Any]) -> str:
    data = json.dumps(event["data"], ensure_ascii=False)
    return clean(f"{_now()} {event['event_type']} {data}")


def _resource(event: dict[str, Any]) -> str | None:
    if "resources" in event:
        lines = [_resource_line("is", item) for item in event["resources"]]
        return "\n".join(lines) or None
    return _resource_line(event["action"], event["resource"])


def _resource_line(action: str, item: dict[str, Any]) -> str:
    status = item.get("status") or {}
    phase = str(status.get("phase", ""))
    message = f": {status['message']}" if status.get("message") else ""
    text = f"{_now()} {action} {item['resource_type']}/{item['key']} revision {item['revision']} "
    return clean(text) + paint(clean(phase), COLOURS.get(phase, "")) + clean(message)


def _job(event: dict[str, Any]) -> str | None:
    if "lines" in event:
        return "\n".join(clean(f"{_now()}   {item['line']}") for item in event["lines"]) or None
    job = event.get("job")
    if job is None:
        return None
    state = "" if job["state"] == "running" else f" ({job['state']})"
    return clean(f"{_now()} {line(job)}{state}")
