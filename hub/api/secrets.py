"""What the websocket and the REST interface do with the sealing keys."""

from typing import TYPE_CHECKING, Any

from hub.audit import Entry, Result
from hub.errors import HubError

if TYPE_CHECKING:
    from hub.events import Context
    from hub.hub import Hub


async def rotate_keys(hub: "Hub", context: "Context", *, force: bool) -> dict[str, Any]:
    """Put a new sealing key in place of the old ones and write down who asked for it."""
    from hub.storage.rotation import rotate

    try:
        done = await rotate(hub.secrets, force=force)
    except HubError as error:
        data = {"message": error.message}
        hub.audit.note(Entry("secrets.rotate", "sealing keys", Result.FAILED, context, data))
        raise
    hub.audit.note(Entry("secrets.rotate", "sealing keys", context=context, data=done.as_dict()))
    return done.as_dict()
