"""Recorded attributes by their number: many rows share one object, read once and kept."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from hub.recorder.reading import statements
from hub.util.json import loads

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

MAX_BYTES: Final = 8 << 20
"""Texts that are kept; those used last stay."""

BATCH: Final = 500
"""Numbers asked for at once, below every database's limit of parameters."""


class Attributes:
    """What was read lately, as JSON and as mappings."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._texts: OrderedDict[int, bytes] = OrderedDict()
        self._bytes = 0

    def known(self, numbers: Iterable[int | None]) -> dict[int | None, bytes] | None:
        """Return the JSON by number when all of it was read lately."""
        found: dict[int | None, bytes] = {None: b"{}"}
        for number in numbers:
            if number is None:
                continue
            if (text := self._texts.get(number)) is None:
                return None
            self._texts.move_to_end(number)
            found[number] = text
        return found

    async def texts(
        self, connection: "AsyncConnection", numbers: Iterable[int | None]
    ) -> dict[int | None, bytes]:
        """Return the JSON by number; `{}` for None and for what is no longer there."""
        found: dict[int | None, bytes] = {None: b"{}"}
        missing = []
        for number in set(numbers):
            if number is None:
                continue
            text = self._texts.get(number)
            if text is None:
                missing.append(number)
            else:
                self._texts.move_to_end(number)
                found[number] = text
        for at in range(0, len(missing), BATCH):
            part = {"numbers": missing[at : at + BATCH]}
            for number, data in await connection.execute(statements.attributes_of(), part):
                found[number] = text = data.encode()
                self._keep(number, text)
        for number in missing:
            found.setdefault(number, b"{}")
        return found

    async def mappings(
        self, connection: "AsyncConnection", numbers: Iterable[int | None]
    ) -> dict[int | None, dict[str, Any]]:
        """Return the attributes by number, one mapping each."""
        texts = await self.texts(connection, numbers)
        return {number: loads(text) for number, text in texts.items()}

    def _keep(self, number: int, text: bytes) -> None:
        if number in self._texts:
            return
        self._texts[number] = text
        self._bytes += len(text)
        while self._bytes > MAX_BYTES:
            _, old = self._texts.popitem(last=False)
            self._bytes -= len(old)
