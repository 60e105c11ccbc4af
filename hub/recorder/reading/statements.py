"""The statements that read the past, built once each and compiled once per database."""

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Select


@cache
def numbers_of() -> "Select[*tuple[Any, ...]]":
    """Return the numbers of named entities: `entity_ids`."""
    from sqlalchemy import bindparam, select

    from hub.recorder.database.tables import entities

    names: Any = bindparam("entity_ids", expanding=True)
    return select(entities.c.entity_id, entities.c.id).where(entities.c.entity_id.in_(names))


@cache
def first_rows(significant: bool) -> "Select[*tuple[Any, ...]]":
    """Return the row that held at `start` and the first one behind it, up to `end`: 0 to 2 rows."""
    from sqlalchemy import bindparam, select, union_all

    from hub.recorder.database.tables import states

    columns = (states.c.time, states.c.state, states.c.attributes, states.c.changed)
    of = states.c.entity == bindparam("entity")
    start: Any = bindparam("start")
    end: Any = bindparam("end")
    held = select(*columns).where(of, states.c.time <= start).order_by(states.c.time.desc())
    after = select(*columns).where(of, states.c.time > start, states.c.time <= end)
    if significant:
        after = after.where(_state_changed())
    both = union_all(
        select(held.limit(1).subquery("held")),
        select(after.order_by(states.c.time).limit(1).subquery("after")),
    ).subquery("both")
    return select(both).order_by(both.c.time)


@cache
def piece(dialect: str, significant: bool, details: bool) -> "Select[*tuple[Any, ...]]":
    """Return rows of `entity` above `after` up to `end`, at most `limit`, as columns.

    SQLite gives one JSON list per column and PostgreSQL one array, which costs a quarter of what
    rows cost and leaves the loop alone meanwhile; MySQL gives rows, its lists are cut at a length.
    """
    from sqlalchemy import bindparam, func, select

    from hub.recorder.database.tables import states

    columns = [states.c.time, states.c.state]
    if details:
        columns += [states.c.attributes, states.c.changed]
    rows = select(*columns).where(
        states.c.entity == bindparam("entity"),
        states.c.time > bindparam("after"),
        states.c.time <= bindparam("end"),
    )
    if significant:
        rows = rows.where(_state_changed())
    rows = rows.order_by(states.c.time).limit(bindparam("limit"))
    if dialect == "sqlite":
        return select(*(func.json_group_array(column) for column in rows.subquery("rows").c))
    if dialect == "postgresql":
        return select(*(func.array_agg(column) for column in rows.subquery("rows").c))
    return rows


@cache
def held_at() -> "Select[*tuple[Any, ...]]":
    """Return the rows that held at `start`, of the entities with the numbers `entities`."""
    from sqlalchemy import and_, bindparam, func, select

    from hub.recorder.database.tables import contexts, entities, states

    earlier = states.alias("earlier")
    newest = (
        select(func.max(earlier.c.time))
        .where(earlier.c.entity == entities.c.id, earlier.c.time <= bindparam("start"))
        .scalar_subquery()
    )
    joined = entities.join(
        states, and_(states.c.entity == entities.c.id, states.c.time == newest)
    ).outerjoin(contexts, contexts.c.id == states.c.context)
    return (
        select(*_change_columns())
        .select_from(joined)
        .where(entities.c.id.in_(bindparam("entities", expanding=True)))
        .order_by(states.c.time, states.c.entity)
    )


@cache
def changes_between() -> "Select[*tuple[Any, ...]]":
    """Return rows above `after` up to `end` in time order, of the numbers `entities`.

    The entities come first in the join: each is one short range of the table, which has no order
    by time alone.
    """
    from sqlalchemy import and_, bindparam, select

    from hub.recorder.database.tables import contexts, entities, states

    joined = entities.join(
        states,
        and_(
            states.c.entity == entities.c.id,
            states.c.time > bindparam("after"),
            states.c.time <= bindparam("end"),
        ),
    ).outerjoin(contexts, contexts.c.id == states.c.context)
    return (
        select(*_change_columns())
        .select_from(joined)
        .where(entities.c.id.in_(bindparam("entities", expanding=True)))
        .order_by(states.c.time, states.c.entity)
        .limit(bindparam("limit"))
    )


@cache
def events_between(typed: bool) -> "Select[*tuple[Any, ...]]":
    """Return events behind (`after`, `id`) up to `end`, oldest first; `typed`: of the `types`."""
    from sqlalchemy import bindparam, or_, select

    from hub.recorder.database.tables import contexts, event_types, events

    after: Any = bindparam("after")
    joined = events.join(event_types, event_types.c.id == events.c.type)
    found = (
        select(
            events.c.id,
            events.c.time,
            event_types.c.name,
            events.c.data,
            contexts.c.context,
            contexts.c.parent,
            contexts.c.user_id,
        )
        .select_from(joined.outerjoin(contexts, contexts.c.id == events.c.context))
        .where(
            events.c.time >= after,
            events.c.time <= bindparam("end"),
            or_(events.c.time > after, events.c.id > bindparam("id")),
        )
        .order_by(events.c.time, events.c.id)
        .limit(bindparam("limit"))
    )
    if typed:
        found = found.where(event_types.c.name.in_(bindparam("types", expanding=True)))
    return found


@cache
def attributes_of() -> "Select[*tuple[Any, ...]]":
    """Return the JSON of the attributes with the numbers `numbers`."""
    from sqlalchemy import bindparam, select

    from hub.recorder.database.tables import attributes

    numbers: Any = bindparam("numbers", expanding=True)
    return select(attributes.c.id, attributes.c.data).where(attributes.c.id.in_(numbers))


@cache
def all_entities() -> "Select[*tuple[Any, ...]]":
    """Return every entity's number and name."""
    from sqlalchemy import select

    from hub.recorder.database.tables import entities

    return select(entities.c.id, entities.c.entity_id)


@cache
def oldest_change() -> "Select[*tuple[Any, ...]]":
    """Return the time of the oldest row: the beginning of each entity's range is looked at."""
    from sqlalchemy import func, select

    from hub.recorder.database.tables import entities, states

    first = select(func.min(states.c.time)).where(states.c.entity == entities.c.id)
    each = select(first.scalar_subquery().label("first")).subquery("each")
    return select(func.min(each.c.first))


def _state_changed() -> Any:
    """Return the condition that the state's text changed, or the entity was removed."""
    from sqlalchemy import or_

    from hub.recorder.database.tables import states

    return or_(states.c.changed.is_(None), states.c.state.is_(None))


def _change_columns() -> tuple[Any, ...]:
    from hub.recorder.database.tables import contexts, entities, states

    return (
        states.c.time,
        entities.c.entity_id,
        states.c.state,
        states.c.attributes,
        states.c.changed,
        contexts.c.context,
        contexts.c.parent,
        contexts.c.user_id,
    )
