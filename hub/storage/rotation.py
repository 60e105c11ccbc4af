"""New sealing keys for old: a new key first, every value sealed again, then the old ones go.

Between any two steps the key file holds every key that the database needs, so a crash costs
nothing; the next rotation finishes.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.errors import NotAllowed
from hub.storage import sealed
from hub.storage.errors import SecretUnreadable
from hub.storage.keyfile import Key

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.storage.secrets import Keyring

PASSES: Final = 10
"""How often values that were sealed with an old key meanwhile are looked for."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A sealed value that does not open."""

    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Census:
    """How many values each key seals, and which of them do not open."""

    keys: Mapping[str, int]
    readable: AbstractSet[str] = frozenset()
    """Ids of the keys of values that open."""
    unreadable: Sequence[Unreadable] = ()

    @property
    def values(self) -> int:
        """Return how many sealed values there are."""
        return sum(self.keys.values())


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did."""

    key: str
    dropped: Sequence[str]
    values: int

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {"key": self.key, "dropped": list(self.dropped), "values": self.values}


async def census(keyring: "Keyring | None", connection: "AsyncConnection") -> Census:
    """Count the sealed values by key, and open each if there is a keyring."""
    counts: Counter[str] = Counter()
    readable: set[str] = set()
    unreadable: list[Unreadable] = []
    async for rows in sealed.batches(connection):
        for row in rows:
            try:
                values = row.values()
            except ValueError:
                unreadable.append(Unreadable(row.place, f"{row.place}: holds no valid JSON"))
                continue
            for text, bind in values:
                counts[_key_of(text)] += 1
                try:
                    if keyring is not None:
                        keyring.open(text, bind)
                        readable.add(_key_of(text))
                except SecretUnreadable as error:
                    unreadable.append(Unreadable(f"{row.place}: {bind}", error.message))
    return Census(dict(counts), readable, unreadable)


async def rotate(keyring: "Keyring", *, force: bool = False) -> Rotated:
    """Make a new primary key, seal every value with it and drop the old keys.

    Readers and writers go on meanwhile. Raises `NotAllowed` while another rotation runs or, unless
    by `force`, when a value does not open: it stays as it is, and its key may still be found.
    """
    if keyring.rotating.locked():
        raise NotAllowed("The keys are being rotated already; wait for that to end")
    async with keyring.rotating:
        return await _rotate(keyring, force)


async def _rotate(keyring: "Keyring", force: bool) -> Rotated:
    database, file = keyring.database, keyring.file
    async with database.read() as connection:
        known = await census(keyring, connection)
    if known.unreadable and not force:
        raise _unreadable(known)
    old, new = keyring.keys, Key.make()
    await asyncio.to_thread(file.write, [new, *old])
    await keyring.use([new, *old])
    for _ in range(PASSES):
        async with AsyncExitStack() as paused:
            for pause in keyring.pauses:
                await paused.enter_async_context(pause())
            renewed = await _seal_again(keyring)
        if renewed:
            for reload in keyring.on_rotated:
                await reload()
            continue
        # Nobody writes while the last look is taken and the old keys go.
        async with database.begin() as connection:
            found = await census(keyring, connection)
            if len(found.unreadable) > len(known.unreadable):
                raise _unreadable(found)
            if found.readable <= {new.id}:
                file.step("before drop")
                await asyncio.to_thread(file.write, [new])
                await keyring.use([new])
                file.step("after drop")
                return Rotated(new.id, [key.id for key in old], found.values)
    raise NotAllowed(
        "Values went on being sealed with an old key; all keys were kept, rotate again"
    )


async def _seal_again(keyring: "Keyring") -> int:
    """Seal with the present key what another key sealed, in one transaction; return how many."""
    count, step = 0, keyring.file.step
    async with keyring.database.begin() as connection:
        async for rows in sealed.batches(connection):
            changed = []
            for row in rows:
                data, renewed = _renewed(keyring, row)
                if renewed:
                    changed.append((row, data))
                    count += renewed
            await sealed.update(connection, changed)
            step("rows sealed")
        step("before commit")
    step("after commit")
    return count


def _renewed(keyring: "Keyring", row: sealed.Row) -> tuple[str, int]:
    """Return a row's content under the present key and how many values changed."""
    count = 0

    def renew(text: str, bind: str) -> str:
        nonlocal count
        try:
            found = keyring.renewed(text, bind)
        except SecretUnreadable:
            return text
        count += found != text
        return found

    try:
        return row.changed(renew), count
    except ValueError:
        return row.data, 0


def _unreadable(found: Census) -> NotAllowed:
    return NotAllowed(
        f"{len(found.unreadable)} of {found.values} sealed values do not open, so all keys were "
        "kept; enter the values anew (hub secrets check lists them), or rotate by force. First: "
        f"{found.unreadable[0].message}"
    )


def _key_of(text: str) -> str:
    """Return the id of the key that sealed a text, `?` when it is none of ours."""
    parts = text.split(":")
    return parts[1] if len(parts) == 3 and len(parts[1]) == 8 else "?"
