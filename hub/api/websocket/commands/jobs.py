"""Jobs: listed, followed, cancelled."""

from typing import Any, Final

import voluptuous as vol

from hub.api import resources as work
from hub.api.websocket.command import Message, Raw, Then, command
from hub.api.websocket.connection import Connection
from hub.api.websocket.topics import JobTopic
from hub.jobs import JobState
from hub.jobs.access import sees_all_jobs
from hub.schema import integer, text

_ID: Final = {vol.Required("job_id"): text}


@command(
    "job/list",
    {
        vol.Optional("state"): vol.In([state.value for state in JobState]),
        vol.Optional("target"): text,
        vol.Optional("limit", default=100): vol.All(integer, vol.Range(min=1, max=1000)),
    },
    verb="read",
)
def list_jobs(connection: Connection, message: Message) -> Raw:
    """Return jobs, newest first."""
    return Raw(work.jobs(connection.hub, connection.user, message))


@command("job/get", _ID, verb="read")
def get(connection: Connection, message: Message) -> dict[str, Any]:
    """Return one job."""
    return work.job(connection.hub, connection.user, message["job_id"]).as_dict()


@command("job/cancel", _ID, verb="apply")
async def cancel(connection: Connection, message: Message) -> dict[str, Any]:
    """Ask a job to end at its next safe point."""
    hub, user = connection.hub, connection.user
    return (await work.cancel(hub, user, message["job_id"], connection.context())).as_dict()


@command("job/log", {**_ID, vol.Optional("after", default=0): work.REVISION}, verb="read")
async def log(connection: Connection, message: Message) -> Any:
    """Return a job's log lines above a number."""
    record = work.job(connection.hub, connection.user, message["job_id"])
    return [line.as_dict() for line in await connection.hub.jobs.log(record.id, message["after"])]


@command("job/subscribe", {vol.Optional("job_id"): text, vol.Optional("log"): bool}, verb="read")
def subscribe(connection: Connection, message: Message) -> Then:
    """Send one job and its log lines, or all jobs that have not ended; then every change."""
    hub, user, message_id = connection.hub, connection.user, message["id"]
    job_id = message.get("job_id")
    if job_id is not None:
        work.job(hub, user, job_id)
    lines = message.get("log", job_id is not None)
    topic = JobTopic(hub, job_id, lines, None if sees_all_jobs(user) else user)

    def start() -> None:
        leave = connection.fanout.subscribe_topic(connection, message_id, topic)
        connection.subscribe(message_id, leave)
        for event in topic.first():
            connection.send_event(message_id, Raw(event))
        connection.flush()

    return Then(None, start)
