"""An entity's present value and the change that led to it, with every wire form kept as bytes.

The wire forms are Home Assistant's: the full state object, and the compressed form of
`subscribe_entities` (added: `{"s","a","c","lc","lu"}`; changed: `{"+":{...},"-":{"a":[...]}}`).
"""

from typing import Any

from hub.const import EVENT_STATE_CHANGED, LOCAL
from hub.events import Context, Event
from hub.util.json import dumps, dumps_lenient, kept
from hub.util.times import iso


class State:
    """The value of one entity at one time. Immutable but for `last_reported`."""

    __slots__ = (
        "_attributes_json",
        "_compressed",
        "_json",
        "attributes",
        "context",
        "entity_id",
        "last_changed",
        "last_reported",
        "last_updated",
        "state",
    )

    def __init__(
        self,
        entity_id: str,
        state: str,
        attributes: dict[str, Any],
        last_changed: float,
        last_updated: float,
        context: Context,
    ) -> None:
        """Take ownership of `attributes`; times are epoch seconds."""
        self.entity_id = entity_id
        self.state = state
        self.attributes = attributes
        self.last_changed = last_changed
        self.last_updated = last_updated
        self.last_reported = last_updated
        self.context = context
        self._json: bytes | None = None
        self._compressed: bytes | None = None
        self._attributes_json: bytes | None = None

    @property
    def domain(self) -> str:
        """Return the part of the entity id before the dot."""
        return self.entity_id.partition(".")[0]

    @property
    def object_id(self) -> str:
        """Return the part of the entity id behind the dot."""
        return self.entity_id.partition(".")[2]

    @property
    def name(self) -> str:
        """Return the friendly name, else the object id in words."""
        name = self.attributes.get("friendly_name")
        return self.object_id.replace("_", " ") if name is None else str(name)

    @property
    def attributes_json(self) -> bytes:
        """Return the attributes as one JSON object."""
        if (value := self._attributes_json) is None:
            value = self._attributes_json = kept(dumps_lenient(self.attributes, self.entity_id))
        return value

    @property
    def json(self) -> bytes:
        """Return the full state object as JSON."""
        if (value := self._json) is None:
            updated = iso(self.last_updated)
            changed = updated if self.last_changed == self.last_updated else iso(self.last_changed)
            reported = (
                updated if self.last_reported == self.last_updated else iso(self.last_reported)
            )
            value = self._json = (
                b'{"entity_id":"%b","state":%b,"attributes":%b,"last_changed":"%b",'
                b'"last_reported":"%b","last_updated":"%b","context":%b}'
                % (
                    self.entity_id.encode(),
                    dumps(self.state),
                    self.attributes_json,
                    changed.encode(),
                    reported.encode(),
                    updated.encode(),
                    self.context.json,
                )
            )
        return value

    @property
    def compressed(self) -> bytes:
        """Return the value of this entity in the `a` part of `subscribe_entities`."""
        if (value := self._compressed) is None:
            context = self.context
            plain = context.user_id is None and context.parent_id is None
            value = b'{"s":%b,"a":%b,"c":%b,"lc":%b' % (
                dumps(self.state),
                self.attributes_json,
                dumps(context.id) if plain else context.json,
                repr(self.last_changed).encode(),
            )
            if self.last_updated != self.last_changed:
                value += b',"lu":' + repr(self.last_updated).encode()
            value = self._compressed = value + b"}"
        return value

    def as_dict(self) -> dict[str, Any]:
        """Return the full state object."""
        return {
            "entity_id": self.entity_id,
            "state": self.state,
            "attributes": self.attributes,
            "last_changed": iso(self.last_changed),
            "last_reported": iso(self.last_reported),
            "last_updated": iso(self.last_updated),
            "context": self.context.as_dict(),
        }

    def report(self, now: float) -> None:
        """Note that the same value was written again at `now`."""
        self.last_reported = now
        self._json = None

    def share_attributes(self, old: "State") -> None:
        """Keep one mapping and one serialised form for attributes equal to the old state's."""
        self.attributes = old.attributes
        self._attributes_json = old._attributes_json  # noqa: SLF001 - the same class

    def __repr__(self) -> str:
        """Show id, value and attributes."""
        return f"<State {self.entity_id}={self.state} {self.attributes}>"


class StateChanged(Event):
    """A `state_changed` event that serialises each state once."""

    __slots__ = ("_diff", "entity_id", "new", "old")

    def __init__(
        self, entity_id: str, old: State | None, new: State | None, time: float, context: Context
    ) -> None:
        """Describe creation (`old` is None), change, or removal (`new` is None)."""
        self.type = EVENT_STATE_CHANGED
        self.data = {"entity_id": entity_id, "old_state": old, "new_state": new}
        self.origin = LOCAL
        self.time = time
        self._context = context
        self._json = None
        self._diff: bytes | None = None
        self.entity_id = entity_id
        self.old = old
        self.new = new

    @property
    def diff(self) -> bytes:
        """Return the change as the value of this entity in the `c` part; needs both states."""
        if (value := self._diff) is None:
            if self.old is None or self.new is None:
                raise ValueError(f"{self.entity_id} was added or removed, there is no difference")
            value = self._diff = compressed_diff(self.old, self.new)
        return value

    def _data_json(self) -> bytes:
        return b'{"entity_id":"%b","old_state":%b,"new_state":%b}' % (
            self.entity_id.encode(),
            b"null" if self.old is None else self.old.json,
            b"null" if self.new is None else self.new.json,
        )


def compressed_diff(old: State, new: State) -> bytes:
    """Return `{"+":{...}[,"-":{"a":[...]}]}`: what a client that knows `old` lacks of `new`."""
    plus: dict[str, Any] = {}
    if old.state != new.state:
        plus["s"] = new.state
    if old.last_changed != new.last_changed:
        plus["lc"] = new.last_changed
    elif old.last_updated != new.last_updated:
        plus["lu"] = new.last_updated
    if old.context is not new.context:
        context = _context_diff(old.context, new.context)
        if context is not None:
            plus["c"] = context
    if old.attributes is not new.attributes:
        before, after = old.attributes, new.attributes
        added = {
            key: value
            for key, value in after.items()
            if key not in before or _differs(before[key], value)
        }
        if added:
            plus["a"] = added
        removed = [key for key in before if key not in after]
        if removed:
            return dumps_lenient({"+": plus, "-": {"a": removed}}, new.entity_id)
    return dumps_lenient({"+": plus}, new.entity_id)


def _context_diff(old: Context, new: Context) -> str | dict[str, str | None] | None:
    """Return the new id, or the changed parts as an object, or nothing."""
    changed: dict[str, str | None] = {}
    if old.user_id != new.user_id:
        changed["user_id"] = new.user_id
    if old.parent_id != new.parent_id:
        changed["parent_id"] = new.parent_id
    if old.id == new.id and not changed:
        return None
    if not changed:
        return new.id
    changed["id"] = new.id
    return changed


def _differs(before: object, after: object) -> bool:
    """Compare two attribute values; `1`, `1.0` and `True` are different on the wire."""
    return before != after or before.__class__ is not after.__class__
