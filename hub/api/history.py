"""Rows of history as JSON: the compressed ones of the websocket, the full ones of REST."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import eq
from typing import TYPE_CHECKING, Final

from hub.api.errors import AnswerTooLarge
from hub.const import UNAVAILABLE
from hub.recorder.reading.columns import Columns
from hub.recorder.reading.queries import ATTRIBUTE_DOMAINS, SIGNIFICANT_DOMAINS, Wanted
from hub.util.json import dumps
from hub.util.times import iso

if TYPE_CHECKING:
    from hub.hub import Hub
    from hub.states import State

MAX_BYTES: Final = 64 << 20
"""The largest answer that is made."""


@dataclass(frozen=True, slots=True)
class Form:
    """Which rows are wanted and how they are written."""

    wanted: Wanted
    minimal: bool = False
    """Only the first row in full, the others without attributes and without repetitions."""
    attributes: bool = True

    def full(self, entity_id: str) -> bool:
        """Tell whether every row of an entity is written in full."""
        return not self.minimal or entity_id.partition(".")[0] in ATTRIBUTE_DOMAINS


class Writer:
    """Writes the rows of one entity as JSON objects, a piece at a time."""

    def __init__(self, entity_id: str, form: Form) -> None:
        """Write in the form that was asked for."""
        self.entity_id = entity_id
        self._whole = form.full(entity_id)
        self.attributes = form.attributes
        self.minimal = form.minimal
        self._last: str | None = None
        self.time = 0
        """Microseconds of the newest row that was taken."""

    def write(self, rows: Columns, texts: Mapping[int | None, bytes]) -> bytes:
        """Return the next rows, separated by commas; `texts` is the JSON of their attributes."""
        states = [UNAVAILABLE if state is None else state for state in rows.states]
        self.time = rows.times[-1]
        if self._whole:
            return self._full(rows, states, texts)
        first = b""
        times = rows.times
        if self._last is None:
            first = self._full(rows.between(0, 1), states[:1], texts)
            self._last = states[0]
            states, times = states[1:], times[1:]
        if not states:
            return first
        if states[0] == self._last or any(map(eq, states, states[1:])):
            states, times = _without_repetitions(self._last, states, times)
        if not states:
            return first
        self._last = states[-1]
        more = self._short(states, times)
        return b"%b,%b" % (first, more) if first else more

    def _full(
        self, rows: Columns, states: Sequence[str], texts: Mapping[int | None, bytes]
    ) -> bytes:
        raise NotImplementedError

    def _short(self, states: Sequence[str], times: Sequence[int]) -> bytes:
        raise NotImplementedError


class Compressed(Writer):
    """`{"s","a","lu"[,"lc"]}`, times in epoch seconds."""

    def _full(
        self, rows: Columns, states: Sequence[str], texts: Mapping[int | None, bytes]
    ) -> bytes:
        count = len(states)
        changed = rows.changed or [None] * count
        if not self.attributes:
            told = [b"" if self.minimal else b',"a":{}'] * count
        else:
            told = [b',"a":' + texts[number] for number in rows.attributes or [None] * count]
        parts = []
        for state, more, time, since in zip(
            _quoted(states), told, _seconds(rows.times), changed, strict=True
        ):
            if since is None:
                parts.append(b'{"s":"%b"%b,"lu":%b}' % (state, more, time))
            else:
                before = dumps(since / 1e6)
                parts.append(b'{"s":"%b"%b,"lu":%b,"lc":%b}' % (state, more, time, before))
        return b",".join(parts)

    def _short(self, states: Sequence[str], times: Sequence[int]) -> bytes:
        cells: list[bytes] = [b""] * (2 * len(states))
        cells[::2] = _quoted(states)
        cells[1::2] = _seconds(times)
        return ((b'{"s":"%b","lu":%b},' * len(states)) % tuple(cells))[:-1]


class Plain(Writer):
    """State objects as `GET /api/states` gives them, without a context."""

    def _full(
        self, rows: Columns, states: Sequence[str], texts: Mapping[int | None, bytes]
    ) -> bytes:
        head = b'{"entity_id":"%b","state":"' % self.entity_id.encode()
        numbers = rows.attributes or [None] * len(states)
        changed = rows.changed or [None] * len(states)
        parts = []
        for state, number, time, since in zip(
            _quoted(states), numbers, rows.times, changed, strict=True
        ):
            told = texts[number] if self.attributes else b"{}"
            updated = iso(time / 1e6)
            before = updated if since is None else iso(since / 1e6)
            parts.append(
                b'%b%b","attributes":%b,"last_changed":"%b","last_updated":"%b"}'
                % (head, state, told, before.encode(), updated.encode())
            )
        return b",".join(parts)

    def _short(self, states: Sequence[str], times: Sequence[int]) -> bytes:
        return b",".join(
            [
                b'{"state":"%b","last_changed":"%b"}' % (state, iso(time / 1e6).encode())
                for state, time in zip(_quoted(states), times, strict=True)
            ]
        )


def live_row(state: "State | None", time: float, attributes: bool) -> bytes:
    """Return the compressed row of a state just taken; None = the entity was removed."""
    if state is None:
        told = b',"a":{}' if attributes else b""
        return b'{"s":"%b"%b,"lu":%b}' % (UNAVAILABLE.encode(), told, dumps(time))
    row = b'{"s":%b' % dumps(state.state)
    if attributes:
        row += b',"a":' + state.attributes_json
    row += b',"lu":' + dumps(state.last_updated)
    if state.last_changed != state.last_updated:
        row += b',"lc":' + dumps(state.last_changed)
    return row + b"}"


Seen = Callable[[Columns], None]


async def written(
    hub: "Hub",
    entity_ids: Sequence[str],
    form: Form,
    writer: type[Writer],
    seen: Seen | None = None,
) -> AsyncIterator[tuple[str, bytes]]:
    """Yield rows in pieces, as entity id and JSON; `seen` hears of each piece.

    Raises `AnswerTooLarge` past `MAX_BYTES`, and `RecorderUnavailable`.
    """
    history = hub.recorder.history
    known: Writer | None = None
    total = 0
    wanted = replace(form.wanted, details=not form.minimal)
    async for rows in history.rows(entity_ids, wanted):
        if known is None or rows.entity_id != known.entity_id:
            if known is not None and (piece := _held_back(hub, form, known, seen)):
                yield known.entity_id, piece
            known = writer(rows.entity_id, form)
        if seen is not None:
            seen(rows)
        numbers = rows.attributes if form.attributes else None
        texts = await history.texts(numbers or ())
        piece = known.write(rows, texts)
        total += len(piece)
        if total > MAX_BYTES:
            raise AnswerTooLarge(
                f"The answer is larger than {MAX_BYTES >> 20} MiB: ask for a shorter range, fewer "
                "entities, or for a chart with max_points"
            )
        if piece:
            yield rows.entity_id, piece
    if known is not None and (piece := _held_back(hub, form, known, seen)):
        yield known.entity_id, piece


def _held_back(hub: "Hub", form: Form, writer: Writer, seen: Seen | None) -> bytes:
    """Return the row of the present state where a policy keeps it from being written so far."""
    entity_id, wanted = writer.entity_id, form.wanted
    state = hub.states.get(entity_id)
    policy = hub.recorder.policies.of(entity_id)
    if state is None or policy.plain or policy.record == "none":
        return b""
    significant = wanted.significant and state.domain not in SIGNIFICANT_DOMAINS
    time = state.last_changed if significant else state.last_updated
    if not writer.time < round(time * 1e6) <= round(wanted.end * 1e6):
        return b""
    changed = None if time == state.last_changed else round(state.last_changed * 1e6)
    rows = Columns(entity_id, [round(time * 1e6)], [state.state], [0], [changed])
    if seen is not None:
        seen(rows)
    return writer.write(rows, {0: state.attributes_json})


async def by_entity(
    hub: "Hub", entity_ids: Sequence[str], form: Form, seen: Seen | None = None
) -> bytes:
    """Return `{ENTITY:[ROW]}`; entities without rows are left out."""
    parts: list[bytes] = []
    last = None
    async for entity_id, piece in written(hub, entity_ids, form, Compressed, seen):
        if entity_id == last:
            parts += (b",", piece)
        else:
            parts += (b"" if last is None else b"],", b'"%b":[' % entity_id.encode(), piece)
        last = entity_id
    return b"{%b%b}" % (b"".join(parts), b"" if last is None else b"]")


async def lists(hub: "Hub", entity_ids: Sequence[str], form: Form) -> bytes:
    """Return `[[ROW]]` as REST gives it; entities without rows are left out."""
    parts: list[bytes] = []
    last = None
    async for entity_id, piece in written(hub, entity_ids, form, Plain):
        if entity_id == last:
            parts += (b",", piece)
        else:
            parts += (b"[" if last is None else b"],[", piece)
        last = entity_id
    return b"[%b%b]" % (b"".join(parts), b"" if last is None else b"]")


def _without_repetitions(
    last: str | None, states: Sequence[str], times: Sequence[int]
) -> tuple[list[str], list[int]]:
    kept_states: list[str] = []
    kept_times: list[int] = []
    for state, time in zip(states, times, strict=True):
        if state != last:
            kept_states.append(state)
            kept_times.append(time)
            last = state
    return kept_states, kept_times


def _quoted(states: Sequence[str]) -> list[bytes]:
    """Return states as the inside of JSON texts."""
    joined = "\n".join(states)
    if joined.isascii() and '"' not in joined and "\\" not in joined:
        parts = joined.encode().split(b"\n")
        if len(parts) == len(states) and joined.replace("\n", " ").isprintable():
            return parts
    return [dumps(state)[1:-1] for state in states]


def _seconds(times: Sequence[int]) -> list[bytes]:
    """Return microseconds as JSON numbers in seconds."""
    return dumps([time / 1e6 for time in times])[1:-1].split(b",")
