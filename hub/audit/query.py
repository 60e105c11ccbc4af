"""The statements that read the log."""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

MAX_LIMIT: Final = 1000
"""Rows that one query returns at most."""


def newest_first(
    *,
    after: int | None,
    before: int | None,
    action: str | None,
    target: str | None,
    user_id: str | None,
    result: str | None,
    since: float | None,
    until: float | None,
    limit: int,
) -> "Select[Any]":
    """Select the newest rows that fit; paged by `before`, a text ending in `*` is a beginning."""
    from sqlalchemy import select

    from hub.storage.tables import audit

    statement = select(audit).order_by(audit.c.seq.desc()).limit(max(1, min(limit, MAX_LIMIT)))
    if after is not None:
        statement = statement.where(audit.c.seq > after)
    if before is not None:
        statement = statement.where(audit.c.seq < before)
    if action is not None:
        statement = statement.where(_like(audit.c.action, action))
    if target is not None:
        statement = statement.where(_like(audit.c.target, target))
    if user_id is not None:
        statement = statement.where(audit.c.user_id == user_id)
    if result is not None:
        statement = statement.where(audit.c.result == result)
    if since is not None:
        statement = statement.where(audit.c.at >= since)
    if until is not None:
        statement = statement.where(audit.c.at < until)
    return statement


def oldest_first(after: int | None, limit: int) -> "Select[Any]":
    """Select the next rows behind `after`, with their hashes."""
    from sqlalchemy import select

    from hub.storage.tables import audit

    statement = select(audit).order_by(audit.c.seq).limit(limit)
    return statement if after is None else statement.where(audit.c.seq > after)


def _like(column: "ColumnElement[str]", wanted: str) -> "ColumnElement[bool]":
    if wanted.endswith("*"):
        return column.startswith(wanted[:-1], autoescape=True)
    return column == wanted
