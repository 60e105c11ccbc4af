"""The audit log: its rows, the proof that nobody changed them, and new rows as they come."""

from typing import Any, Final

import voluptuous as vol

from hub.api.websocket.command import Message, Then, command
from hub.api.websocket.connection import Connection
from hub.audit import Result
from hub.audit.query import MAX_LIMIT
from hub.schema import text

_seq: Final = vol.All(int, vol.Range(min=0))
_time: Final = vol.All(vol.Any(int, float), vol.Range(min=0, max=2**40))
FILTER: Final = {
    vol.Optional("after"): _seq,
    vol.Optional("before"): _seq,
    vol.Optional("action"): text,
    vol.Optional("target"): text,
    vol.Optional("user_id"): text,
    vol.Optional("result"): vol.In([result.value for result in Result]),
    vol.Optional("since"): _time,
    vol.Optional("until"): _time,
    vol.Optional("limit"): vol.All(int, vol.Range(min=1, max=MAX_LIMIT)),
}
"""What a list may be narrowed to; `action` and `target` may end in `*`, times are epoch seconds."""


@command("audit/list", FILTER, admin=True, verb="read")
async def audit_list(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Return rows, newest first; the next page has `before` = the last `seq`."""
    wanted = {key: value for key, value in message.items() if key not in ("id", "type")}
    return await connection.hub.audit.query(**wanted)


@command("audit/verify", admin=True, verb="read")
async def audit_verify(connection: Connection, message: Message) -> dict[str, Any]:
    """Prove every row; `problems` names those that are not what was written."""
    del message
    return (await connection.hub.audit.verify()).as_dict()


@command("audit/subscribe", admin=True, verb="read")
def audit_subscribe(connection: Connection, message: Message) -> Then:
    """Send `{"rows": [...]}`, oldest first, soon after rows were written."""
    message_id = message["id"]

    def start() -> None:
        unlisten = connection.hub.audit.listen(
            lambda rows: connection.send_event(message_id, {"rows": rows})
        )
        connection.subscribe(message_id, unlisten)

    return Then(None, start)
